"""docs/security.md and docs/cost.md say what the code says."""

from __future__ import annotations

import re
from datetime import timedelta

from pilotlight.domain.step import Timing
from stacks.signed import ANY_RESOURCE
from stacks.wildcards import SIGNED_WILDCARDS
from tests.stacks.costs import PAGE, CostLine, table, turns_of, written
from tests.stacks.described import CHECKOUT


def signed_table() -> str:
    """The signed list as docs/security.md shows it."""
    rows = []
    for entry in SIGNED_WILDCARDS:
        actions = ", ".join(f"`{action}`" for action in entry.actions)
        resource = "any" if entry.resource == ANY_RESOURCE else f"`{entry.resource}`"
        rows.append(f"| {entry.name} | {actions} | {resource} | {entry.reason} |")
    return "\n".join(["| what | actions | resource | reason |", "|---|---|---|---|", *rows])


def test_the_signed_list_is_shown_as_it_is():
    page = (CHECKOUT / "docs" / "security.md").read_text()

    (shown,) = re.findall(r"<!-- wildcards -->\n(.*?)\n<!-- /wildcards -->", page, re.DOTALL)

    assert shown == signed_table()


def test_the_costs_are_those_of_what_is_described():
    page = PAGE.read_text()

    assert written(page) == page, "docs/cost.md is stale; run `PYTHONPATH=lambdas python -m tests.stacks.costs`"
    assert "| alarms |" in page
    assert "| state transitions |" in page


def test_a_table_of_costs_adds_up():
    lines = [CostLine("alarms", 12, 0.10), CostLine("GB of logs", 0.0876, 0.76)]

    shown = table(lines)

    assert "| alarms | 12 | 1.200 |" in shown
    assert "| GB of logs | 0.088 | 0.067 |" in shown
    assert "| **together** | | **1.27** |" in shown


def test_a_step_is_looked_at_rarely_before_it_can_be_done_and_often_afterwards():
    """Two minutes in which it cannot be done are four looks of 30 s; then comes one each 10 s."""
    timing = Timing(
        shortest=timedelta(minutes=2),
        typical=timedelta(minutes=3),
        longest=timedelta(minutes=9),
        poll=timedelta(seconds=10),
        give_up=timedelta(minutes=20),
    )

    assert turns_of(timing) == 1 + 4 + 6
