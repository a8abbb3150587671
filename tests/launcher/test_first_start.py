"""The first start sets everything up by itself; every later start is silent and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.launcher.fresh_checkout import FreshCheckout

pytestmark = pytest.mark.full


def test_with_nothing_but_python_the_first_start_sets_up_with_pip_and_the_second_is_silent(
    checkout: FreshCheckout,
) -> None:
    first = checkout.start("rehearse", "my plan.yaml")
    stamp = (checkout.venv / "pilotlight-stamp").stat()
    venv = (checkout.venv / "pyvenv.cfg").stat()
    second = checkout.start("rehearse", "my plan.yaml")

    assert first.code == 0
    assert "setting up .venv for rehearse with pip" in first.errors
    assert first.command["arguments"] == ["rehearse", "my plan.yaml"]
    assert first.command["tiny"] == ["tiny-rehearse 1.0"]
    assert (second.code, second.errors) == (0, "")
    assert second.command == first.command
    assert (checkout.venv / "pilotlight-stamp").stat().st_mtime_ns == stamp.st_mtime_ns
    assert (checkout.venv / "pyvenv.cfg").stat().st_mtime_ns == venv.st_mtime_ns


def test_with_uv_on_the_machine_uv_makes_the_venv_and_installs(checkout: FreshCheckout) -> None:
    checkout.with_uv()

    finished = checkout.start("validate")

    assert "with uv" in finished.errors
    assert finished.command["tiny"] == ["tiny-rehearse 1.0"]
    assert not list(checkout.venv.glob("lib/python*/site-packages/pip"))


def test_the_command_gets_our_import_roots_and_a_python_that_keeps_what_it_compiles(
    checkout: FreshCheckout, tmp_path: Path
) -> None:
    checkout.with_uv()
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "cli").mkdir(parents=True)
    (elsewhere / "cli" / "__main__.py").write_text("raise SystemExit('not ours')")

    finished = checkout.start("show", cwd=elsewhere)

    environment = finished.command["environment"]
    assert environment["PYTHONPATH"] == f"{checkout.top}:{checkout.top}/lambdas"
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert environment["AWS_PROFILE"] == "of-the-user"


def test_a_command_that_needs_more_gets_more_and_the_narrower_ones_find_it_done(
    checkout: FreshCheckout,
) -> None:
    checkout.with_uv().with_node("v22.1.0")
    checkout.start("rehearse")

    tests = checkout.start("test", "--full")
    rehearsal = checkout.start("rehearse")
    synthesis = checkout.start("synth")

    assert "setting up .venv for test with uv" in tests.errors
    assert tests.command["tiny"] == ["tiny-rehearse 1.0", "tiny-test 1.0"]
    assert (rehearsal.errors, synthesis.errors) == ("", "")


def test_where_node_is_too_old_the_commands_that_need_it_bring_it(checkout: FreshCheckout) -> None:
    checkout.with_uv().with_node("v20.20.2")

    rehearsal = checkout.start("rehearse")
    synthesis = checkout.start("synth")
    again = checkout.start("deploy")

    assert rehearsal.command["tiny"] == ["tiny-rehearse 1.0"]
    assert synthesis.command["tiny"] == ["tiny-node 1.0", "tiny-rehearse 1.0", "tiny-synth 1.0"]
    assert again.errors == ""


def test_a_changed_lock_is_installed_at_the_next_start(checkout: FreshCheckout) -> None:
    checkout.with_uv()
    checkout.start("rehearse")
    checkout.lock("rehearse", "tiny-rehearse", "2.0")

    finished = checkout.start("rehearse")

    assert finished.command["tiny"] == ["tiny-rehearse 2.0"]


def test_a_lock_that_goes_back_is_installed_again(checkout: FreshCheckout) -> None:
    checkout.with_uv().with_node("v22.1.0")
    checkout.lock("test", "tiny-rehearse", "1.0")
    checkout.start("test")
    checkout.lock("rehearse", "tiny-rehearse", "2.0")
    checkout.lock("test", "tiny-rehearse", "2.0")
    checkout.start("rehearse")
    checkout.lock("rehearse", "tiny-rehearse", "1.0")
    checkout.lock("test", "tiny-rehearse", "1.0")

    finished = checkout.start("test")

    assert finished.command["tiny"] == ["tiny-rehearse 1.0"]


def test_a_venv_that_somebody_made_by_hand_is_completed_and_keeps_what_it_has(
    checkout: FreshCheckout,
) -> None:
    checkout.program("uv", 'exec "$UV" "$@"')
    checkout.python(f"import venv; venv.create({str(checkout.venv)!r})")
    (checkout.venv / "notes").write_text("mine")

    finished = checkout.start("rehearse")

    assert finished.command["tiny"] == ["tiny-rehearse 1.0"]
    assert (checkout.venv / "notes").read_text() == "mine"
