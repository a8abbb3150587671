"""What a run-book says beside its steps: when it applies, who decides, and what each stage waits for."""

from __future__ import annotations

from datetime import timedelta

from pilotlight.domain.durations import say_duration, say_elapsed
from pilotlight.domain.plan import AnyPlan, Arming, Plan, PlanKind
from pilotlight.domain.policy import FencePolicy
from pilotlight.domain.stages import StageName
from pilotlight.domain.step import OutputOf

_WHO_STARTS = {
    Arming.OBSERVE: "nobody is moved: armed 'observe', the controller only says what it would do",
    Arming.MANUAL: "a person starts the run: armed 'manual', the controller only says when it would",
    Arming.STAGED: "armed 'staged', the controller starts with prepare by itself; a person approves the rest",
    Arming.AUTOMATIC: "armed 'automatic', the controller starts by itself",
}

_WHAT_FOR = {
    StageName.FENCE: "; closes the old primary",
    StageName.AFTER: "; users are served, so a failure here is a follow-up",
}


def when(plan: Plan) -> str:
    """What has to be so before anybody is moved."""
    lasted, each = say_duration(plan.decision.must_last), say_duration(plan.decision.look_every)
    seen_from = [region for region in (plan.regions.standby, plan.regions.witness) if region]
    return f"{plan.regions.primary} has been dark for {lasted}, looked at each {each} from {' and '.join(seen_from)}"


def who(plan: Plan) -> str:
    """Who starts a run, and who may."""
    approvers = len(plan.people.approvers)
    may = f"; {approvers} may approve" if approvers else ""
    return f"{_WHO_STARTS[plan.arming]}{may}"


def moment(stage: StageName, before: StageName | None, begins: timedelta) -> str:
    """When a stage begins: how long after the decision that typically is, and what it waits for.

    Parameters: `before` is the stage before it that has steps.
    """
    if stage is StageName.PREPARE:
        return "at once; harms nothing"
    typically = f"{say_elapsed(begins.total_seconds())} after the decision, " if begins else ""
    passes_gate = before in (None, StageName.PREPARE)
    waits = "the gate is passed" if passes_gate else f"all of {before} is done"
    return f"{typically}once {waits}{_WHAT_FOR.get(stage, '')}"


def closing(plan: Plan) -> str:
    """What becomes of a primary that does not answer, and of one that does."""
    within = say_duration(plan.fence.drain_within)
    silent = (
        "keeps the writer where it is"
        if plan.fence.policy is FencePolicy.REQUIRE
        else "is noted as moved first, and closed when it returns"
    )
    return (
        f"a primary that answers is drained for up to {within}; a planned run that cannot show by then that nothing is "
        f"missing opens it again and moves nothing; a primary that does not answer {silent}"
    )


def failing(plan: AnyPlan) -> str:
    """What becomes of a run in which a step failed."""
    waits = plan.gates.failed_step_waits
    if not (waits and plan.people.approvers):
        return "a step that fails ends the run; nobody is asked"
    where = "" if plan.kind is PlanKind.RUNBOOK else ", where nothing stands closed for it"
    return (
        f"a step that fails is asked about for {say_duration(waits)} in its stage{where}: a person may retry it, skip "
        "it where that is said, or abort; then the run ends"
    )


def needed(needs: tuple[OutputOf, ...]) -> str:
    """What a step takes from others; empty where it takes nothing."""
    taken = dict.fromkeys(f"the {need.output} of {need.step}" for need in needs)
    return f"needs {' and '.join(taken)}" if taken else ""
