"""The way from the launcher to a command: what the command needs, whether `.venv` has it, and the start.

Fails by handing over to `cli.setting_up`, which says in one sentence what is missing. Runs before the
private virtual environment exists, so it and what it imports keep to the standard library; and at every
start, so to little of that.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / "pilotlight-stamp"
"""A line `set digest` for each requirement set installed; any other content marks a set-up under way."""

LOCKS = {
    "rehearse": CHECKOUT / "requirements.txt",
    "synth": CHECKOUT / "requirements" / "synth.txt",
    "test": CHECKOUT / "requirements" / "test.txt",
    "node": CHECKOUT / "requirements" / "node.txt",
}
NARROWER = {"synth": ("rehearse",), "test": ("synth", "rehearse")}
"""The sets that a wider set's lock holds whole, with the same versions."""

SET_OF_COMMAND = {"test": "test", "nightly": "test", "synth": "synth", "deploy": "synth", "cdk": "synth"}
"""The commands that need more than the rehearse set; they are also those that need Node."""


def launch(arguments: Sequence[str]) -> int:
    """Run the command in `.venv`, in place of this process. Returns an exit code only when set-up fails."""
    sets = sets_for(arguments)
    if missing(sets):
        from cli.setting_up import set_up

        failure = set_up(sets)
        if failure is not None:
            print(f"pilotlight: {failure}", file=sys.stderr)
            return 2
    start(arguments)


def sets_for(arguments: Sequence[str]) -> tuple[str, ...]:
    """Name the requirement sets of a command line; its first word that is no option is the command."""
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    wanted = SET_OF_COMMAND.get(command)
    if wanted is None:
        return ("rehearse",)
    return (wanted,) if has_node() else (wanted, "node")


def has_node() -> bool:
    """Whether the machine's own Node will do; once the wheel is here that is not asked again."""
    if installed().get("node"):
        return False
    from cli.node import node_on_path

    return node_on_path(os.environ) is not None


def missing(sets: Sequence[str]) -> list[str]:
    """Name those of the sets that `.venv` does not hold as they are locked now."""
    if not VENV_PYTHON.exists():
        return list(sets)
    held = installed()
    return [name for name in sets if held.get(name) != digest(name)]


def installed() -> Mapping[str, str]:
    """Read the stamp: each set with the digest of its lock. Empty while a set-up is under way."""
    try:
        lines = STAMP.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return dict(line.split(" ", 1) for line in lines if " " in line)


def digest(name: str) -> str:
    """Identify the present content of a set's lock."""
    return hashlib.sha256(LOCKS[name].read_bytes()).hexdigest()


def start(arguments: Sequence[str]) -> NoReturn:
    """Become `.venv/bin/python -m cli`, with the checkout's import roots and no others."""
    environment = dict(os.environ)
    # Packages are installed uncompiled: with it every start would compile them anew, for nothing.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPATH"] = os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "lambdas")])
    # -P: a directory named `cli` where the user stands must not be taken for ours.
    os.execve(VENV_PYTHON, [str(VENV_PYTHON), "-P", "-m", "cli", *arguments], environment)
