"""What can happen to a plan's world in a rehearsal, each with the outcome that a plan in order comes to."""

from __future__ import annotations

from datetime import timedelta

from pilotlight.domain.errors import PlanRefused
from rehearsal.scenarios import darkness, planned, resources, slack, writers
from rehearsal.scenarios.scenario import BEFORE_ONSET, Scenario
from rehearsal.scenarios.writers import primary_returns

__all__ = ["BEFORE_ONSET", "SCENARIOS", "Scenario", "scenario"]

SCENARIOS: dict[str, Scenario] = {
    each.name: each
    for each in (*darkness.SCENARIOS, *resources.SCENARIOS, *writers.SCENARIOS, *planned.SCENARIOS, *slack.SCENARIOS)
}
_AT_A_MOMENT = {"primary-returns": primary_returns}


def scenario(name: str, at: timedelta | None = None) -> Scenario:
    """The scenario of that name, at a chosen moment after the onset where it has one.

    Raises `PlanRefused` naming the scenarios that there are, or those that take a moment.
    """
    found = SCENARIOS.get(name)
    if found is None:
        raise PlanRefused(f"There is no scenario '{name}'; there are {', '.join(SCENARIOS)}.")
    if at is None:
        return found
    if name not in _AT_A_MOMENT:
        raise PlanRefused(f"Scenario '{name}' has no moment to choose; only {', '.join(_AT_A_MOMENT)} takes --at.")
    return _AT_A_MOMENT[name](at)
