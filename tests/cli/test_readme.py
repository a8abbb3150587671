"""Every command of the README and of the pages about operations and drills runs, and every file they name is there."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from deployment.application import application
from deployment.drill import drill
from deployment.foundation import foundation
from deployment.guard import guard
from deployment.observing import observers
from deployment.resources import MetricAlarm, Stack
from deployment.signals import signals
from deployment.users import users
from pilotlight.domain.plan import Plan
from planfile import load
from tests.cli.test_rehearse import ROOT, pilotlight

pytestmark = pytest.mark.full

PAGES = {name: (ROOT / name).read_text() for name in ("README.md", "docs/operations.md", "docs/drills.md")}
COMMANDS = sorted({found for page in PAGES.values() for found in re.findall(r"(\./pilotlight [a-z][^`\n]*)", page)})
WORDS = (
    "abort",
    "ack",
    "approve",
    "change",
    "drill",
    "failover",
    "hold",
    "override",
    "release",
    "retry",
    "skip",
    "status",
)
NEEDS_AN_ACCOUNT = {"cdk", "deploy", *WORDS}
LOOKS_AT_AN_ACCOUNT = ("./pilotlight readiness plans/fileflow.yaml",)
SELF = "./pilotlight test"
FINDS_SOMETHING = ("./pilotlight readiness",)
"""What ends with 1 for the plan of this repository, because it says of itself that others have no plan."""


def needs_an_account(command: str) -> bool:
    in_account = command in LOOKS_AT_AN_ACCOUNT or "--from cloudwatch" in command
    return in_account or command.split()[1] in NEEDS_AN_ACCOUNT


def test_it_names_the_commands_that_this_test_knows() -> None:
    assert "./pilotlight rehearse plans/fileflow.yaml" in COMMANDS
    assert SELF in COMMANDS


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if not needs_an_account(c) and not c.startswith((SELF, "./pilotlight synth"))]
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


@pytest.mark.parametrize("command", [c for c in COMMANDS if needs_an_account(c) or c.startswith(SELF)])
def test_a_command_that_is_not_run_here_exists_with_its_options(command: str) -> None:
    passed_on = command.startswith(("./pilotlight cdk ", "./pilotlight deploy"))
    options = [] if passed_on else [word for word in command.split() if word.startswith("--")]

    done = help_of(command.split()[1])

    assert done.returncode == 0
    assert all(option in done.stdout for option in options)


@cache
def help_of(name: str) -> subprocess.CompletedProcess[str]:
    return pilotlight(name, "--help")


@pytest.mark.parametrize("page", PAGES)
def test_what_it_links_to_is_there(page: str) -> None:
    links = set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGES[page]))

    assert links
    assert [link for link in sorted(links) if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_the_page_about_operations_names_every_alarm() -> None:
    named = re.findall(r"`([A-Za-z-]+)`", PAGES["docs/operations.md"].partition("## What an alarm means")[2])
    patterns = [re.sub("APP|MACHINE|FUNCTION", ".+", name) for name in named]
    alarms = [
        resource.name
        for path in ("plans/fileflow.yaml", "plans/megaticket.yaml")
        for stack in stacks_of(load(ROOT / path))
        for resource in stack.resources
        if isinstance(resource, MetricAlarm)
    ]

    assert len(alarms) > 20
    assert [alarm for alarm in alarms if not any(re.fullmatch(pattern, alarm) for pattern in patterns)] == []


def stacks_of(plan: Plan) -> list[Stack]:
    shared = [foundation(plan.account, plan.regions.standby), *observers([plan])]
    return [*shared, application(plan), *signals(plan), *guard(plan), *users(plan), *drill(plan)]
