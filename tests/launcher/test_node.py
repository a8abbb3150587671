"""Node comes from the machine where it is new enough, and node_modules are installed once per lock."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from cli.installing import SetUpFailure
from cli.node import NO_NODE, Node, find_node, node_on_path
from tests.launcher.fresh_checkout import FreshCheckout

NPM = """
echo "$@" >> "$HOME/npm.log"
/bin/rm -rf node_modules
/bin/mkdir node_modules
"""
INSTALL = """
import os
from cli.node import find_node, install_node_modules
install_node_modules(find_node(os.environ), with_checks={with_checks})
"""


@pytest.fixture
def checkout(checkout: FreshCheckout) -> FreshCheckout:
    """A checkout with locked node packages, on a machine with Node and an npm that keeps a log."""
    (checkout.top / "package-lock.json").write_text("{}")
    checkout.with_node("v24.19.0")
    checkout.program("npm", NPM)
    return checkout


def installations(checkout: FreshCheckout) -> list[str]:
    """The command lines that npm was given."""
    return (checkout.home / "npm.log").read_text().splitlines()


def test_a_new_enough_node_of_the_machine_is_taken(checkout: FreshCheckout) -> None:
    found = node_on_path(checkout.environment())

    assert found == Node(checkout.programs / "node", (str(checkout.programs / "npm"),), 24)


@pytest.mark.parametrize("version", ["v20.20.2", "24", ""])
def test_a_node_that_is_too_old_or_does_not_say_is_passed_over(checkout: FreshCheckout, version: str) -> None:
    checkout.with_node(version)

    assert node_on_path(checkout.environment()) is None


def test_a_node_without_npm_is_passed_over(checkout: FreshCheckout) -> None:
    (checkout.programs / "npm").unlink()

    assert node_on_path(checkout.environment()) is None


def test_with_no_node_anywhere_the_sentence_says_who_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(SetUpFailure) as refusal:
        find_node({"PATH": ""})

    assert str(refusal.value) == NO_NODE


def test_jsii_and_the_programs_of_npm_use_the_node_that_was_found() -> None:
    environment = Node(Path("/opt/a node/bin/node"), ("npm",), 23).environment({"PATH": "/bin", "HOME": "/me"})

    assert environment == {
        "PATH": "/opt/a node/bin:/bin",
        "HOME": "/me",
        "JSII_NODE": "/opt/a node/bin/node",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "23",
    }


def test_node_modules_are_installed_once_and_serve_the_deployment_too(checkout: FreshCheckout) -> None:
    first = checkout.python(INSTALL.format(with_checks=True))
    second = checkout.python(INSTALL.format(with_checks=True))
    deployment = checkout.python(INSTALL.format(with_checks=False))

    assert first.errors == "pilotlight: installing node_modules (once; some seconds) ...\n"
    assert (second.errors, deployment.errors) == ("", "")
    assert installations(checkout) == ["ci --fetch-retries=1 --fetch-retry-mintimeout=1000"]


def test_a_deployment_installs_the_cdk_alone_and_the_checks_add_their_engines(
    checkout: FreshCheckout,
) -> None:
    checkout.python(INSTALL.format(with_checks=False))
    checkout.python(INSTALL.format(with_checks=True))

    assert [line.split()[1] for line in installations(checkout)] == ["--omit=dev", "--fetch-retries=1"]


def test_a_changed_lock_is_installed_again(checkout: FreshCheckout) -> None:
    checkout.python(INSTALL.format(with_checks=True))
    (checkout.top / "package-lock.json").write_text('{"changed": true}')

    checkout.python(INSTALL.format(with_checks=True))

    assert len(installations(checkout)) == 2


def test_an_installation_that_failed_is_begun_again(checkout: FreshCheckout) -> None:
    checkout.program("npm", f"{NPM}\nexit 1")
    checkout.python(INSTALL.format(with_checks=True))
    checkout.program("npm", NPM)

    finished = checkout.python(INSTALL.format(with_checks=True))

    assert finished.code == 0
    assert len(installations(checkout)) == 2
