"""The short look at the standby inside a run: the preflight of every step of its plan."""

from __future__ import annotations

from pilotlight.domain.errors import AwsError
from pilotlight.domain.plan import AnyPlan, Plan
from pilotlight.domain.read_only import ReadOnlyAws
from pilotlight.domain.step import Finding, Severity, StepContext
from pilotlight.domain.traffic import Traffic
from pilotlight.handlers.private import web_of
from pilotlight.handlers.runtime import Runtime
from pilotlight.readiness.kept import SORT, Kept, partition
from pilotlight.steps import kind_and_params


def inspect(runtime: Runtime, plan: AnyPlan) -> list[tuple[str, Finding]]:
    """The findings of all steps, by step name. What cannot be looked at is a warning: only what is known to be
    impossible blocks a run."""
    found: list[tuple[str, Finding]] = []
    for step in plan.steps().values():
        its_kind, params = kind_and_params(step)
        try:
            found += [
                (step.name, finding) for finding in its_kind.preflight(params, context_of(runtime, plan, step.name))
            ]
        except AwsError as error:
            sentence = f"Step {step.name} could not be checked ahead: {error.sentence}."
            found.append((step.name, Finding(Severity.WARNING, "not-checked", sentence)))
    return found


def known_readiness(runtime: Runtime, plan: AnyPlan) -> str:
    """How old the last scheduled look is, and what it came to; empty where nobody has looked, as at a run-book."""
    note = runtime.control.note(partition(plan.name), SORT)
    return Kept.from_item(note).sentence(runtime.now()) if note else ""


def context_of(runtime: Runtime, plan: AnyPlan, step: str) -> StepContext:
    """The context of a look that belongs to no step's turn: reads only."""
    aws, web = ReadOnlyAws(runtime.aws), web_of(runtime, plan)
    return StepContext.of_no_run(plan.place, step, runtime.now(), aws, web, traffic_of(plan))


def traffic_of(plan: AnyPlan) -> Traffic | None:
    """What the plan says of its users' ways; a run-book moves nobody."""
    return plan.traffic if isinstance(plan, Plan) else None
