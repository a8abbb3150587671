"""However a set-up ends, the next start leads to a whole `.venv`; two set-ups at once do not meet in it."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from tests.launcher.fresh_checkout import FreshCheckout, finish

INSTALL_FAILS_ONCE = """
if [ "$1" = pip ] && [ ! -e "$HOME/failed" ]; then
    : > "$HOME/failed"
    : > .venv/half-made
    {how}
fi
exec "$UV" "$@"
"""


def test_a_launcher_killed_while_it_installs_is_repaired_by_the_next_start(checkout: FreshCheckout) -> None:
    checkout.program("uv", INSTALL_FAILS_ONCE.format(how="kill -KILL $PPID; exit 1"))

    killed = checkout.start("rehearse")
    repaired = checkout.start("rehearse")
    after = checkout.start("rehearse")

    assert killed.code == -signal.SIGKILL
    assert repaired.command["tiny"] == ["tiny-rehearse 1.0"]
    assert not (checkout.venv / "half-made").exists()
    assert after.errors == ""


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP"])
def test_an_interrupted_set_up_says_so_takes_its_installer_along_and_is_repaired(
    checkout: FreshCheckout, name: str
) -> None:
    checkout.program("uv", INSTALL_FAILS_ONCE.format(how=f"kill -{name} $PPID; exec /usr/bin/tail -f /dev/null"))

    interrupted = checkout.start("rehearse")
    repaired = checkout.start("rehearse")

    assert interrupted.code == 130
    assert interrupted.errors.splitlines()[1:] == ["pilotlight: set-up was interrupted; the next start repairs it."]
    assert repaired.command["tiny"] == ["tiny-rehearse 1.0"]
    assert not (checkout.venv / "half-made").exists()


def test_an_interruption_while_more_is_added_is_repaired_too(checkout: FreshCheckout) -> None:
    checkout.with_node("v22.1.0").program("uv", 'exec "$UV" "$@"')
    checkout.start("rehearse")
    checkout.program("uv", INSTALL_FAILS_ONCE.format(how="kill -KILL $PPID; exit 1"))

    checkout.start("test")
    repaired = checkout.start("rehearse")

    assert repaired.command["tiny"] == ["tiny-rehearse 1.0"]
    assert not (checkout.venv / "half-made").exists()


def test_a_venv_whose_python_is_gone_is_made_anew(checkout: FreshCheckout) -> None:
    checkout.with_uv()
    checkout.start("rehearse")
    python = checkout.venv / "bin" / "python"
    python.unlink()
    python.symlink_to("/gone/with/an/upgrade")

    finished = checkout.start("rehearse")

    assert finished.command["tiny"] == ["tiny-rehearse 1.0"]


def test_a_venv_that_was_made_anew_claims_nothing_of_the_old_one(checkout: FreshCheckout) -> None:
    checkout.with_uv().with_node("v22.1.0")
    checkout.start("test")
    (checkout.venv / "bin" / "python").unlink()
    checkout.start("rehearse")

    finished = checkout.start("test")

    assert finished.command["tiny"] == ["tiny-rehearse 1.0", "tiny-test 1.0"]


def test_an_empty_venv_directory_counts_as_none(checkout: FreshCheckout) -> None:
    checkout.with_uv()
    checkout.venv.mkdir()

    finished = checkout.start("rehearse")

    assert finished.command["tiny"] == ["tiny-rehearse 1.0"]


def test_of_two_first_starts_one_installs_and_the_other_waits_for_it(checkout: FreshCheckout) -> None:
    gate = checkout.home / "gate"
    os.mkfifo(gate)
    installing = 'echo installing >> "$HOME/log"; read go < "$HOME/gate"'
    checkout.program("uv", f'if [ "$1" = pip ]; then {installing}; fi; exec "$UV" "$@"')

    first = checkout.begin("rehearse")
    one = next_line(first)
    second = checkout.begin("rehearse")
    two = next_line(second)
    gate.write_text("go\n")
    ends = finish(first), finish(second)

    assert one.startswith("pilotlight: setting up .venv")
    assert two == "pilotlight: waiting for another set-up of this checkout ...\n"
    assert [end.code for end in ends] == [0, 0]
    assert [end.command["tiny"] for end in ends] == [["tiny-rehearse 1.0"]] * 2
    assert (checkout.home / "log").read_text() == "installing\n"


def test_an_installer_that_outlives_its_launcher_is_waited_for(checkout: FreshCheckout) -> None:
    gate = checkout.home / "gate"
    os.mkfifo(gate)
    orphan = "kill -KILL $PPID; read go < $HOME/gate; : > .venv/written-late; exit 1"
    checkout.program("uv", INSTALL_FAILS_ONCE.format(how=orphan))

    killed = checkout.begin("rehearse")
    killed.wait()
    second = checkout.begin("rehearse")
    waiting = next_line(second)
    gate.write_text("go\n")
    finished = finish(second)
    finish(killed)

    assert waiting == "pilotlight: waiting for another set-up of this checkout ...\n"
    assert finished.command["tiny"] == ["tiny-rehearse 1.0"]
    assert not (checkout.venv / "written-late").exists()


def next_line(process: subprocess.Popen[str]) -> str:
    """The next line that a running start prints beside its output."""
    assert process.stderr is not None
    return process.stderr.readline()
