"""The exit code of `./pilotlight test` counts every check and every test; the last line is pytest's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.node import Node
from cli.testing import sandbox
from tests.launcher.fresh_checkout import Finished, FreshCheckout

TESTS = """
import os
import pytest

def test_of_the_developers_set():
    assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
    assert "AWS_PROFILE" not in os.environ

@pytest.mark.full
def test_of_the_full_set():
    pass

@pytest.mark.nightly
def test_of_the_night():
    pass
"""
SETTINGS = """
[pytest]
testpaths = tests
markers =
    full: all of CI
    nightly: unbounded
"""


@pytest.fixture
def checkout(checkout: FreshCheckout) -> FreshCheckout:
    """A checkout with three tests, one of each tier, and node_modules that need nothing."""
    (checkout.top / "tests").mkdir()
    (checkout.top / "tests" / "test_tiers.py").write_text(TESTS)
    (checkout.top / "pytest.ini").write_text(SETTINGS)
    (checkout.top / "package-lock.json").write_text("{}")
    checkout.with_node("v22.1.0").program("npm", "/bin/mkdir -p node_modules")
    return checkout


def run_tests(checkout: FreshCheckout, tier: str = "DEVELOPER", *arguments: str, check: str = "pass") -> Finished:
    """Run the tests of a checkout in one process, with one static check and none but xdist of the plugins."""
    return checkout.python(
        "import sys; from cli import testing; "
        f"testing.CHECKS = {{'the check': ('-c', {check!r})}}; "
        f"sys.exit(testing.run_tests(testing.Tier.{tier}, ['-n0', *{arguments!r}]))",
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
        PYTEST_ADDOPTS="-p xdist",
    )


@pytest.mark.parametrize(
    ("tier", "summary"),
    [
        ("DEVELOPER", "1 passed, 2 deselected"),
        ("FULL", "2 passed, 1 deselected"),
        ("NIGHTLY", "3 passed"),
    ],
)
def test_each_tier_runs_its_tests_in_the_sandbox(checkout: FreshCheckout, tier: str, summary: str) -> None:
    finished = run_tests(checkout, tier)

    assert finished.code == 0
    assert f" {summary} in " in finished.said.splitlines()[-1]
    assert "pilotlight: the check passed" in finished.errors


def test_a_failed_check_fails_the_whole_and_is_named_above_the_closing_line(checkout: FreshCheckout) -> None:
    finished = run_tests(checkout, check="print('line 7 is wrong'); raise SystemExit(1)")

    assert finished.code == 1
    assert "line 7 is wrong" in finished.errors
    *_, named, closing = finished.said.splitlines()
    assert "failed before the tests, see above: the check" in named
    assert " 1 passed, 2 deselected in " in closing


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("-k", "nowhere"), 1),
        (("tests/no_such_file.py",), 2),
    ],
)
def test_the_arguments_of_pytest_are_passed_on_and_no_tests_at_all_is_a_failure(
    checkout: FreshCheckout, arguments: tuple[str, ...], code: int
) -> None:
    finished = run_tests(checkout, "DEVELOPER", *arguments)

    assert finished.code == code


def test_a_failed_test_and_a_test_that_cannot_be_read_are_both_not_as_expected(
    checkout: FreshCheckout,
) -> None:
    (checkout.top / "tests" / "test_failing.py").write_text("def test_it():\n    assert False")
    failing = run_tests(checkout)
    (checkout.top / "tests" / "test_failing.py").write_text("import no_such_module")
    unreadable = run_tests(checkout)

    assert (failing.code, unreadable.code) == (1, 1)


def test_nothing_of_the_users_aws_reaches_the_sandbox() -> None:
    environ = {
        "PATH": "/bin",
        "AWS_PROFILE": "mine",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "https://x",
    }

    environment = sandbox(environ, Node(Path("/opt/node/bin/node"), ("npm",), 22))

    assert {name: value for name, value in environment.items() if name.startswith("AWS_")} == {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    assert environment["JSII_NODE"] == "/opt/node/bin/node"
    assert environment["CDK_VALIDATION"] == "false"
