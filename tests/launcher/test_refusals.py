"""What is missing is said in one sentence that names the thing, the reason and the way out; the exit
code is 2."""  # LONG

from __future__ import annotations

import ast
import os
import sys

import pytest

from cli.installing import DISK_FULL, HASH_DIFFERS, INDEX_OUT_OF_REACH, NothingFetched, meaning_of
from tests.launcher.fresh_checkout import SOURCE, FreshCheckout

OLD_PYTHON = "sys.version_info = (3, 9, 18)"


def test_too_old_a_python_is_named_with_the_way_to_a_newer_one(checkout: FreshCheckout) -> None:
    finished = checkout.start("rehearse", machine=OLD_PYTHON)

    assert finished.code == 2
    assert finished.errors == (
        f"pilotlight: this is Python 3.9 ({sys.executable}), and 3.11 or newer is needed: get one with "
        "`uv python install 3.13`, `brew install python@3.13` or from https://www.python.org/downloads/, "
        "then start again.\n"
    )
    assert not checkout.venv.exists()


def test_too_old_a_python_gives_way_to_a_newer_one_that_starts(checkout: FreshCheckout) -> None:
    checkout.with_uv()
    checkout.program("python3.14", "exit 127")
    checkout.program("python3.12", f'exec "{sys.executable}" "$@"')

    finished = checkout.start("rehearse", "plan.yaml", machine=OLD_PYTHON)

    assert finished.command["arguments"] == ["rehearse", "plan.yaml"]


def test_an_old_python_can_read_the_launcher_as_far_as_its_refusal() -> None:
    launcher = (SOURCE / "pilotlight").read_text()

    tree = ast.parse(launcher, feature_version=(3, 7))

    imported = {name.name for node in tree.body if isinstance(node, ast.Import) for name in node.names}
    assert imported == {"os", "subprocess", "sys"}


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_the_venv_module_is_told_where_to_get_it(checkout: FreshCheckout, module: str) -> None:
    finished = checkout.start("rehearse", machine=f"sys.modules[{module!r}] = None")

    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert finished.code == 2
    assert finished.errors.splitlines()[-1] == (
        f"pilotlight: This Python ({sys.executable}) has no {module} module, and without it no virtual "
        f"environment can be made: install it (Debian and Ubuntu: `apt install python{version}-venv`), or "
        "install uv, and start again."
    )


def test_without_the_network_set_up_says_so_and_nothing_else(checkout: FreshCheckout) -> None:
    checkout.with_uv()
    checkout.lock_out_of_reach("rehearse")

    finished = checkout.start("rehearse")

    assert finished.code == 2
    assert finished.errors.splitlines()[1:] == [f"pilotlight: {INDEX_OUT_OF_REACH}"]


def test_without_the_network_what_was_installed_before_stays_good(checkout: FreshCheckout) -> None:
    checkout.with_uv().with_node("v22.1.0")
    checkout.start("rehearse")
    checkout.lock_out_of_reach("test")

    refused = checkout.start("test")
    rehearsal = checkout.start("rehearse")

    assert refused.code == 2
    assert (rehearsal.code, rehearsal.errors) == (0, "")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (
            "WARNING: Retrying ... NewConnectionError('...: [Errno 101] Network is unreachable')",
            INDEX_OUT_OF_REACH,
        ),
        ("npm error code EAI_AGAIN", INDEX_OUT_OF_REACH),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", HASH_DIFFERS),
        ("ERROR: Could not install packages: [Errno 28] No space left on device", DISK_FULL),
    ],
)
def test_the_words_of_the_installers_become_one_sentence(said: str, meant: str) -> None:
    failure = meaning_of(said)

    assert str(failure) == meant
    assert isinstance(failure, NothingFetched) == (meant is not DISK_FULL)


def test_words_that_are_not_known_are_passed_on(checkout: FreshCheckout) -> None:
    checkout.program("uv", "echo something entirely new; exit 7")

    finished = checkout.start("rehearse")

    assert finished.code == 2
    assert finished.errors.splitlines()[-1] == "    something entirely new"


def test_a_checkout_that_cannot_be_written_is_named_with_the_reason(checkout: FreshCheckout) -> None:
    lock = checkout.top / ".venv.lock"
    lock.mkdir()

    finished = checkout.start("rehearse")

    reason = os.strerror(21)
    assert finished.code == 2
    assert finished.errors == (
        f"pilotlight: The private .venv cannot be made in {checkout.top} ({reason}: {lock}): make the "
        "directory writable, or copy the checkout to a place of your own, and start again.\n"
    )


def test_a_venv_of_somebody_else_without_a_fit_python_is_left_alone(checkout: FreshCheckout) -> None:
    checkout.venv.mkdir()
    (checkout.venv / "notes").write_text("mine")

    finished = checkout.start("rehearse")

    assert finished.code == 2
    assert finished.errors.splitlines()[-1] == (
        f"pilotlight: {checkout.venv} was not made by ./pilotlight and holds no Python 3.11 or newer: move "
        "it away or remove it, and start again."
    )
    assert (checkout.venv / "notes").read_text() == "mine"
