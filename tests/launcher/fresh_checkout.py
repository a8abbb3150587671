"""A fresh copy of the launcher in a path with spaces, on a machine that has only what a test puts there.

The requirement sets are local wheels, so that nothing comes over the network; uv and pip are the real ones.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60
"""After this long a launcher counts as hanging; nothing here takes a tenth of it."""

COMMAND = """
import json, os, sys
from importlib.metadata import distributions
from cli.launching import CHECKOUT

names = sorted(found.name + " " + found.version for found in distributions() if found.name.startswith("tiny"))
print(json.dumps({"arguments": sys.argv[1:], "tiny": names, "environment": dict(os.environ)}))
"""
"""What stands in for the pilotlight command: it tells how it was started, and what was installed for it."""

AT_A_TERMINAL = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
"""
"""Python that undoes what `nohup` and a shell's `&` hand down: tests that run under them would see both ignored."""


@dataclass(frozen=True)
class Finished:
    """How a start ended."""

    code: int
    said: str
    errors: str

    @property
    def command(self) -> dict[str, Any]:
        """What the command told of its start."""
        told: dict[str, Any] = json.loads(self.said)
        return told


class FreshCheckout:
    """A checkout and the machine around it."""

    def __init__(self, place: Path) -> None:
        self.top = place / "a path with spaces"
        self.programs = place / "bin"
        self.home = place / "home"
        for directory in (self.top, self.programs, self.home):
            directory.mkdir()
        shutil.copy(SOURCE / "pilotlight", self.top)
        shutil.copytree(SOURCE / "cli", self.top / "cli", ignore=shutil.ignore_patterns("__pycache__"))
        (self.top / "cli" / "__main__.py").write_text(COMMAND)
        (self.top / "requirements").mkdir()
        for name in ("rehearse", "synth", "test", "node"):
            self.lock(name, f"tiny-{name}")

    @property
    def venv(self) -> Path:
        return self.top / ".venv"

    def lock(self, set_name: str, package: str, version: str = "1.0") -> None:
        """Lock a requirement set to one tiny package in a local wheel."""
        wheels = self.top / "wheels"
        wheels.mkdir(exist_ok=True)
        wheel = build_wheel(wheels, package, version)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lock = self.lock_file(set_name)
        # Both installers take the directory as seen from the lock.
        where = os.path.relpath(wheels, lock.parent)
        lock.write_text(f"--no-index\n--find-links {where}\n{package}=={version} --hash=sha256:{digest}\n")

    def lock_out_of_reach(self, set_name: str) -> None:
        """Lock a requirement set to a package of an index that nobody answers for."""
        nobody = "--index-url http://127.0.0.1:9/simple"
        self.lock_file(set_name).write_text(f"{nobody}\nfar-away==1.0 --hash=sha256:{'0' * 64}\n")

    def lock_file(self, set_name: str) -> Path:
        """Where a requirement set is locked."""
        if set_name == "rehearse":
            return self.top / "requirements.txt"
        return self.top / "requirements" / f"{set_name}.txt"

    def program(self, name: str, script: str) -> Path:
        """Put a shell script on the machine's PATH. In it, the real uv is `$UV`."""
        program = self.programs / name
        program.write_text(f'#!/bin/sh\nUV="{real_uv()}"\n{script}\n')
        program.chmod(0o755)
        return program

    def with_uv(self) -> FreshCheckout:
        """Put the real uv on the machine's PATH."""
        (self.programs / "uv").symlink_to(real_uv())
        return self

    def with_node(self, version: str) -> FreshCheckout:
        """Put a Node on the machine's PATH that knows its version, and an npm."""
        self.program("node", f"echo {version}")
        self.program("npm", ":")
        return self

    def begin(self, *arguments: str, machine: str = "", cwd: Path | None = None) -> subprocess.Popen[str]:
        """Start the launcher and let it run; `machine` is Python that changes the interpreter first."""
        start = (
            f"{AT_A_TERMINAL}import runpy, sys; sys.argv = sys.argv[1:]; {machine}\n"
            "runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        return subprocess.Popen(
            [sys.executable, "-c", start, str(self.top / "pilotlight"), *arguments],
            cwd=cwd or self.top,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(self, *arguments: str, machine: str = "", cwd: Path | None = None) -> Finished:
        """Start the launcher and wait for its end."""
        return finish(self.begin(*arguments, machine=machine, cwd=cwd))

    def python(self, statements: str, **environment: str) -> Finished:
        """Run Python that imports the checkout's own `cli`, with this Python's packages."""
        process = subprocess.Popen(
            [sys.executable, "-c", statements],
            cwd=self.top,
            env={**self.environment(), "PYTHONPATH": str(self.top), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return finish(process)

    def environment(self) -> dict[str, str]:
        return {
            "PATH": str(self.programs),
            "HOME": str(self.home),
            "UV_HTTP_RETRIES": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_PROFILE": "of-the-user",
        }


def finish(process: subprocess.Popen[str]) -> Finished:
    """Wait for a start to end."""
    said, errors = process.communicate(timeout=PATIENCE_SECONDS)
    return Finished(process.returncode, said, errors)


def build_wheel(directory: Path, package: str, version: str) -> Path:
    """Write the smallest wheel that installers accept."""
    module = package.replace("-", "_")
    wheel = directory / f"{module}-{version}-py3-none-any.whl"
    about = f"{module}-{version}.dist-info"
    files = {
        f"{module}.py": "",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{about}/RECORD"))
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            # ZipInfo's fixed date: the same wheel, built again, has the same hash.
            archive.writestr(zipfile.ZipInfo(name), content)
    return wheel


def real_uv() -> Path:
    """The uv of the test set, or the machine's."""
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert uv is not None, "the test set brings uv: start the tests with ./pilotlight test"
    return Path(uv)
