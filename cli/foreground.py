"""Runs a program in the user's terminal, to its end."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

from cli.launching import CHECKOUT

INTERRUPTED = 130


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program in the checkout and give its exit code; 130 if interrupted, once it has finished."""
    with subprocess.Popen(command, cwd=CHECKOUT, env=environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()
            return INTERRUPTED
