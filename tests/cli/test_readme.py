"""Every command of the README runs, and every file it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.test_rehearse import ROOT, pilotlight

README = (ROOT / "README.md").read_text()
COMMANDS = sorted(set(re.findall(r"(\./pilotlight [a-z][^`\n]*)", README)))
NEEDS_AN_ACCOUNT = (
    "./pilotlight deploy",
    "./pilotlight cdk",
    "./pilotlight change",
    "./pilotlight failover",
    "./pilotlight status",
)
SELF = "./pilotlight test"
FINDS_SOMETHING = ("./pilotlight readiness",)
"""What ends with 1 for the plan of this repository, because it says of itself that others have no plan."""


def test_it_names_the_commands_that_this_test_knows() -> None:
    assert "./pilotlight rehearse plans/fileflow.yaml" in COMMANDS
    assert SELF in COMMANDS


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if not c.startswith((*NEEDS_AN_ACCOUNT, SELF, "./pilotlight synth"))]
)
def test_a_command_of_the_readme_works(command: str) -> None:
    done = pilotlight(*command.split()[1:])

    assert done.returncode == (1 if command.startswith(FINDS_SOMETHING) else 0), done.stderr


@pytest.mark.full
@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("./pilotlight synth")])
def test_synthesis_works_without_credentials(command: str, tmp_path: Path) -> None:
    done = pilotlight(*command.split()[1:], "--output", str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("*.template.json"))


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith((*NEEDS_AN_ACCOUNT, SELF))])
def test_a_command_that_is_not_run_here_exists(command: str) -> None:
    done = pilotlight(command.split()[1], "--help")

    assert done.returncode == 0


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_what_it_links_to_is_there(link: str) -> None:
    assert (ROOT / link).exists()
