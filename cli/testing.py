"""What stands behind `./pilotlight test` and `nightly`: the static checks, then pytest, in a sandbox.

The exit code is 0 only if every check and every test passed and there was a test to run; 1 if not, 2 for a
usage or set-up error, 130 when interrupted. The last output is pytest's own. pytest loads this module as a
plugin (`-p cli.testing`) so that its summary names the checks that failed before it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol

from cli.foreground import INTERRUPTED, run
from cli.installing import SetUpFailure, say
from cli.launching import CHECKOUT
from cli.node import Node, find_node, install_node_modules

LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"
CHECKS = {
    "ruff check": ("-m", "ruff", "check", "--quiet"),
    "ruff format": ("-m", "ruff", "format", "--check"),
    "mypy": ("-m", "mypy", "--no-error-summary"),
    "lint-imports": ("-c", LINT_IMPORTS, "--no-logo"),
}
FAILED_CHECKS = "PILOTLIGHT_FAILED_CHECKS"
"""The environment variable by which pytest's summary learns of the checks that failed before it."""

NOT_AS_EXPECTED = 1
USAGE = 2
PYTEST_USAGE_ERROR = 4


class Tier(Enum):
    """How much of the test suite runs; the value is the pytest marker expression that selects it."""

    DEVELOPER = "not full and not nightly"
    FULL = "not nightly"
    NIGHTLY = ""


def run_tests(tier: Tier, pytest_arguments: Sequence[str]) -> int:
    """Run the static checks and the tests of a tier. The user's pytest arguments win over ours."""
    try:
        node = find_node(os.environ)
        if tier is not Tier.DEVELOPER:
            install_node_modules(node, with_checks=True)
        environment = sandbox(os.environ, node)
        failed = [name for name in CHECKS if not passes(name, environment)]
        tests = run_pytest(tier, pytest_arguments, {**environment, FAILED_CHECKS: ", ".join(failed)})
    except SetUpFailure as failure:
        say(str(failure))
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    if tests == INTERRUPTED:
        return INTERRUPTED
    if tests == PYTEST_USAGE_ERROR:
        return USAGE
    return NOT_AS_EXPECTED if failed or tests != 0 else 0


def sandbox(environ: Mapping[str, str], node: Node) -> dict[str, str]:
    """The environment of the tests: nothing of the user's AWS, and a Node that will do."""
    kept = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    return {
        **node.environment(kept),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # The CDK's validator starts for 1.4 s at each synthesis; the one test that is about it turns it on.
        "CDK_VALIDATION": "false",
    }


def passes(check: str, environment: Mapping[str, str]) -> bool:
    """Run one static check: a line of progress, and its words only if it fails."""
    started = time.monotonic()
    finished = subprocess.run(
        [sys.executable, *CHECKS[check]],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    good = finished.returncode == 0
    say(f"{check} {'passed' if good else 'FAILED'} ({time.monotonic() - started:.1f} s)")
    if not good:
        print(finished.stdout, file=sys.stderr, flush=True)
    return good


def run_pytest(tier: Tier, pytest_arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run pytest and give its exit code."""
    selection = ("-m", tier.value) if tier.value else ()
    ours = ("-p", "cli.testing", "-n", "2", "--dist", "loadfile", *selection)
    return run([sys.executable, "-m", "pytest", *ours, *pytest_arguments], environment)


class TerminalReporter(Protocol):
    """The part of pytest's terminal reporter that the summary needs."""

    def write_sep(self, separator: str, title: str, *, red: bool) -> None:
        """Write a line of separators around a title."""


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Name the failed checks right above pytest's closing line, which knows nothing of them."""
    if failed := os.environ.get(FAILED_CHECKS):
        terminalreporter.write_sep("=", f"failed before the tests, see above: {failed}", red=True)
