"""The page of a plan in the order of its run: ready, controller, needed, prepare, gate, fence, move, serve, after."""

from __future__ import annotations

from collections.abc import Iterator

from cli.by_hand.gates import STAGE_SAYS, controller, drained, fence_says, gate, needed, ready, returns
from cli.by_hand.steps import tasks_of
from cli.by_hand.view import Page, Section
from pilotlight.domain.durations import say_duration
from pilotlight.domain.plan import Plan
from pilotlight.domain.runbook import Runbook
from pilotlight.domain.stages import StageName

_TITLES = {
    StageName.PREPARE: "Prepare",
    StageName.FENCE: "Fence: close the old primary",
    StageName.MOVE: "Move the writer",
    StageName.SERVE: "Serve, and latch traffic last",
    StageName.AFTER: "After",
}


def page_of(plan: Plan | Runbook) -> Page:
    """All that stands on the page of a plan; the same plan gives the same page."""
    return Page(
        title=f"{plan.name} by hand",
        lead=f"How people {plan.say_intent()}, for the day when the controller itself is gone.",
        facts=tuple(_facts(plan)),
        digest=plan.digest(),
        sections=tuple(_sections(plan)),
    )


def _facts(plan: Plan | Runbook) -> Iterator[str]:
    yield f"account {plan.account}"
    if isinstance(plan, Plan):
        yield f"{plan.regions.primary} to {plan.regions.standby}"
        yield f"objectives: back within {say_duration(plan.objectives.rto)}"
        yield f"at most {say_duration(plan.objectives.rpo)} of writes lost"
    if isinstance(plan, Runbook):
        yield plan.region
        yield f"done within {say_duration(plan.objectives.rto)}"


def _sections(plan: Plan | Runbook) -> Iterator[Section]:
    yield ready(plan)
    yield controller(plan)
    yield needed(plan)
    for stage in StageName:
        if stage is StageName.FENCE:
            yield gate(plan)
        tasks = tasks_of(plan, stage)
        if not tasks:
            continue
        if stage is StageName.FENCE and isinstance(plan, Plan):
            yield Section(stage.value, _TITLES[stage], fence_says(plan), (*tasks, drained(plan)))
        else:
            of_users = stage is not StageName.SERVE or isinstance(plan, Plan)
            title, says = (_TITLES[stage], STAGE_SAYS[stage]) if of_users else ("Serve", "See each step done first.")
            yield Section(stage.value, title, (says, *_side_by_side(plan, stage)), tasks)
    yield returns(plan)


def _side_by_side(plan: Plan | Runbook, stage: StageName) -> Iterator[str]:
    if len(plan.stages.of(stage)) > 1:
        yield "Lanes stand side by side: two people may work at two of them, each in the order of the lane."
