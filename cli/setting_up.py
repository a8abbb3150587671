"""Sets the private `.venv` up: makes it, installs requirement sets, repairs what was left half made.

Fails with one sentence that says what is missing and how to get it: a module of the standard library, the
network, a writable directory, a `.venv` that can be used. The stamp is written last and atomically; a
`.venv` of ours without a whole stamp was interrupted, and is made anew. Standard library only.
"""

from __future__ import annotations

import importlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from cli.installing import NothingFetched, SetUpFailure, installation_lock, run_installer, say
from cli.launching import CHECKOUT, LOCKS, NARROWER, STAMP, VENV, VENV_PYTHON, digest, installed, missing

UNFINISHED = "unfinished\n"


def set_up(sets: Sequence[str]) -> str | None:
    """Bring `.venv` to hold the sets, or say in a sentence why not. An interruption is passed on."""
    for signum in (signal.SIGTERM, signal.SIGHUP):
        # nohup ignores SIGHUP, and means it.
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, signal.default_int_handler)
    try:
        with installation_lock() as lock:
            # Looked at again: while this start waited, another may have done the work.
            if todo := missing(sets):
                bring_in(todo, PrivateVenv(shutil.which("uv"), lock))
    except SetUpFailure as failure:
        return str(failure)
    except OSError as error:
        return (
            f"The private .venv cannot be made in {CHECKOUT} ({error.strerror}: {error.filename}): make "
            "the directory writable, or copy the checkout to a place of your own, and start again."
        )
    except KeyboardInterrupt:
        say("set-up was interrupted; the next start repairs it.")
        raise
    return None


def bring_in(sets: Sequence[str], venv: PrivateVenv) -> None:
    """Install the sets, making `.venv` first where there is none to build on."""
    started = time.monotonic()
    say(f"setting up .venv for {' and '.join(sets)} with {venv.installer} (once; up to a minute) ...")
    still_good = venv.make_usable()
    try:
        venv.install(sets)
    except NothingFetched:
        if still_good:
            write_stamp(still_good)
        raise
    brought = {name: digest(name) for wanted in sets for name in (wanted, *NARROWER.get(wanted, ()))}
    write_stamp({**still_good, **brought})
    say(f"set up in {time.monotonic() - started:.0f} s.")


def write_stamp(held: Mapping[str, str]) -> None:
    """Say, all at once, what `.venv` holds."""
    draft = STAMP.with_suffix(".draft")
    draft.write_text("".join(f"{name} {held[name]}\n" for name in sorted(held)), encoding="utf-8")
    draft.replace(STAMP)


class PrivateVenv:
    """The virtual environment and what fills it: uv where the machine has it, else the venv's own pip."""

    def __init__(self, uv: str | None, lock: int) -> None:
        self._uv = uv
        self._lock = lock
        self.installer = "uv" if uv else "pip"

    def make_usable(self) -> Mapping[str, str]:
        """Leave a `.venv` to install into, marked as unfinished; give the stamp of what in it stays good."""
        held = installed()
        if held and VENV_PYTHON.exists():
            STAMP.write_text(UNFINISHED, encoding="utf-8")
            return {name: lock for name, lock in held.items() if lock == digest(name)}
        if STAMP.exists():
            shutil.rmtree(VENV)
        if VENV.exists() and any(VENV.iterdir()):
            self._take_over()
        else:
            self._create()
        return {}

    def _create(self) -> None:
        # The mark goes first: without it an interrupted .venv would be taken for somebody else's.
        VENV.mkdir(exist_ok=True)
        STAMP.write_text(UNFINISHED, encoding="utf-8")
        # Started by a venv's own Python, the launcher must not build on it: that venv may just be gone.
        python = getattr(sys, "_base_executable", sys.executable)
        if self._uv:
            self._run([self._uv, "venv", "--quiet", "--allow-existing", "--python", python, str(VENV)])
            return
        require_modules("venv", "ensurepip")
        self._run([python, "-m", "venv", str(VENV)])

    def _take_over(self) -> None:
        """Build on a `.venv` that somebody made by hand; refuse one without a fit Python."""
        new_enough = "import sys; sys.exit(sys.version_info < (3, 11))"
        try:
            fit = subprocess.run([VENV_PYTHON, "-c", new_enough], check=False).returncode == 0
        except OSError:
            fit = False
        if not fit:
            raise SetUpFailure(
                f"{VENV} was not made by ./pilotlight and holds no Python 3.11 or newer: move it away or "
                "remove it, and start again."
            )

    def install(self, sets: Sequence[str]) -> None:
        """Install exactly what the sets' locks say, every file checked against its hash."""
        locks = [word for name in sets for word in ("-r", str(LOCKS[name]))]
        python = str(VENV_PYTHON)
        if self._uv:
            self._run([self._uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", *locks])
            return
        # A .venv that uv made has no pip.
        if not any(VENV.glob("lib/python*/site-packages/pip")):
            require_modules("ensurepip")
            self._run([python, "-m", "ensurepip", "--default-pip"])
        how = ["--quiet", "--no-input", "--disable-pip-version-check", "--retries", "2", "--no-user"]
        # Compiling everything takes longer than the rest of the set-up; Python compiles what it imports.
        self._run([python, "-m", "pip", "install", *how, "--no-compile", "--require-hashes", *locks])

    def _run(self, command: Sequence[str]) -> None:
        run_installer(command, self._lock)


def require_modules(*names: str) -> None:
    """Refuse a Python whose packager left out what makes virtual environments."""
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise SetUpFailure(
                f"This Python ({sys.executable}) has no {name} module, and without it no virtual "
                "environment can be made: install it (Debian and Ubuntu: "
                f"`apt install python{version}-venv`), or install uv, and start again."
            ) from error
