"""A plan as people want to see it before they trust it: what each step does, how long the recovery takes.

The expected time since onset is the time to detect, plus how long the darkness must last, plus the steps.
It is an upper bound: darkness that an observer saw before the alarm came counts towards what must last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from pilotlight import requirements
from pilotlight.domain.plan import AnyPlan, Clock, HealthCheck, Plan
from pilotlight.domain.runbook import Runbook
from pilotlight.domain.stages import AwaitStep, RunStep, StageName, StartStep
from pilotlight.domain.step import Harm, OutputOf, StepKind, Timing
from planfile.critical_path import NO_TIME, Timetable, timetable
from planfile.draft import Kinds


@dataclass(frozen=True)
class Span:
    """A time in its three cases."""

    shortest: timedelta
    typical: timedelta
    longest: timedelta

    def __add__(self, other: Span) -> Span:
        return Span(self.shortest + other.shortest, self.typical + other.typical, self.longest + other.longest)

    @classmethod
    def always(cls, time: timedelta) -> Span:
        """A time that is the same in all cases."""
        return cls(time, time, time)


class Role(StrEnum):
    """What an entry of a lane does with its step."""

    RUN = "run"
    START = "start"
    AWAIT = "await"


@dataclass(frozen=True)
class ShownEntry:
    """One entry of a lane. `critical` says that its step is on the critical path of a typical run.

    `needs` are the outputs that its step takes from others, `asks` whether it waits for a person's word,
    `skippable` whether people may go on without it, should it fail.
    """

    step: str
    role: Role
    kind: str
    title: str
    harm: Harm
    timing: Timing
    critical: bool
    needs: tuple[OutputOf, ...]
    asks: bool
    skippable: bool


@dataclass(frozen=True)
class ShownRequirement:
    """One requirement with what its kind calls it."""

    name: str
    kind: str
    title: str


@dataclass(frozen=True)
class ShownObjective:
    """One objective beside what is expected; `expected` is None where no step stands for it. `since` is a clock, or
    the start of a run-book or of its step."""

    resource: str
    since: str
    rto: timedelta
    rpo: timedelta | None
    step: str | None
    expected: Span | None

    @property
    def met(self) -> bool | None:
        """Whether a typical run meets it; None where nothing is expected."""
        return None if self.expected is None else self.expected.typical <= self.rto


@dataclass(frozen=True)
class Overview:
    """A plan with its steps' titles and times. `expected` is the recovery, counted from three clocks; of a run-book,
    which detects nothing, from the decision alone. `begins` is when each stage of a typical run begins, counted from
    the decision."""

    plan: Plan | Runbook
    stages: Mapping[StageName, Mapping[str, tuple[ShownEntry, ...]]]
    begins: Mapping[StageName, timedelta]
    critical: tuple[str, ...]
    detection: Span | None
    expected: Mapping[Clock, Span]
    overall: ShownObjective
    resources: tuple[ShownObjective, ...]
    requirements: tuple[ShownRequirement, ...]


def overview(plan: Plan | Runbook, kinds: Kinds) -> Overview:
    """Look over a sound plan; raises KeyError for a kind that does not exist."""
    timings = {step.name: kinds[step.kind].timing for step in plan.steps().values()}
    shortest = timetable(plan, {name: timing.shortest for name, timing in timings.items()})
    typical = timetable(plan, {name: timing.typical for name, timing in timings.items()})
    longest = timetable(plan, {name: timing.longest for name, timing in timings.items()})
    path = Span(shortest.recovery, typical.recovery, longest.recovery)
    stages = {stage: _lanes(plan, stage, kinds, typical.critical) for stage in StageName}
    begins = dict(zip(StageName, (NO_TIME, *typical.stage_ends.values()), strict=False))
    if isinstance(plan, Runbook):
        overall = ShownObjective(plan.name, "start", plan.objectives.rto, None, None, path)
        own = tuple(_step_objective(name, promised, timings[name]) for name, promised in plan.objectives.steps.items())
        required = tuple(_requirements(plan))
        return Overview(plan, stages, begins, typical.critical, None, {Clock.DECIDED: path}, overall, own, required)
    check = plan.signals.health_check
    detection = detection_budget(check) if check else silence_budget(plan)
    before = {
        Clock.ONSET: detection + Span.always(plan.decision.must_last),
        Clock.DETECTED: Span.always(plan.decision.must_last),
        Clock.DECIDED: Span.always(NO_TIME),
    }
    expected = {clock: span + path for clock, span in before.items()}
    objectives = plan.objectives
    overall = ShownObjective(
        plan.application, Clock.ONSET.value, objectives.rto, objectives.rpo, None, expected[Clock.ONSET]
    )
    return Overview(
        plan,
        stages,
        begins,
        typical.critical,
        detection,
        expected,
        overall,
        _resources(plan, before, shortest, typical, longest),
        tuple(_requirements(plan)),
    )


def _step_objective(name: str, promised: timedelta, timing: Timing) -> ShownObjective:
    return ShownObjective(
        name, "its start", promised, None, name, Span(timing.shortest, timing.typical, timing.longest)
    )


def detection_budget(check: HealthCheck) -> Span:
    """From onset to the alarm's event on the bus in the standby.

    A checker flips after `failures` looks in a row, `interval` apart (Route 53 Developer Guide, "How Route 53
    determines whether a health check is healthy"); putting the checkers' verdicts together adds up to two looks or
    30 s, which is an estimate. From there to the event it takes 60 s to 4 min: "several minutes might elapse"
    (Route 53 Developer Guide, "Monitoring health checks using CloudWatch"), and the numbers are estimates too.
    """
    looks = check.interval * check.failures
    flip = Span(looks, looks + timedelta(seconds=10), looks + max(2 * check.interval, timedelta(seconds=30)))
    event = Span(timedelta(seconds=60), timedelta(seconds=110), timedelta(minutes=4))
    return flip + event


def silence_budget(plan: Plan) -> Span:
    """From onset until a private application's darkness begins to last, by its probes and the primary's silence.

    A probe looks every 15 s and tells at once; if its event is lost, the detector looks within a minute. The silence of
    what comes each minute is called so after `silent_after`, which matters where darkness need not last as long.
    """
    late = max(timedelta(0), plan.signals.heartbeat.silent_after - plan.decision.must_last)
    heard = Span(timedelta(seconds=2), timedelta(seconds=15), timedelta(seconds=75))
    return heard + Span.always(late)


def _lanes(
    plan: AnyPlan, stage: StageName, kinds: Kinds, critical: tuple[str, ...]
) -> Mapping[str, tuple[ShownEntry, ...]]:
    return {
        lane: tuple(_entry(plan, entry, kinds, critical) for entry in entries)
        for lane, entries in plan.stages.of(stage).items()
    }


def _entry(
    plan: AnyPlan, entry: RunStep | StartStep | AwaitStep, kinds: Kinds, critical: tuple[str, ...]
) -> ShownEntry:
    match entry:
        case RunStep():
            name, role = entry.step, Role.RUN
        case StartStep():
            name, role = entry.start, Role.START
        case AwaitStep():
            name, role = entry.await_, Role.AWAIT
    step = plan.steps()[name]
    kind: StepKind[Any] = kinds[step.kind]
    params = kind.params.model_validate(step.params)
    title, needs = kind.title(params), kind.needs(params)
    people = kind.asks, step.skippable
    return ShownEntry(name, role, kind.name, title, kind.harm, kind.timing, name in critical, needs, *people)


def _requirements(plan: AnyPlan) -> Iterator[ShownRequirement]:
    for requirement in plan.requirements:
        kind, params = requirements.kind_and_params(requirement)
        yield ShownRequirement(requirement.requirement, kind.name, kind.title(params))


def _resources(
    plan: Plan, before: Mapping[Clock, Span], shortest: Timetable, typical: Timetable, longest: Timetable
) -> tuple[ShownObjective, ...]:
    """The resources' objectives. Those counted from the end of the run have nothing left to wait for then."""
    shown = []
    for resource in plan.objectives.resources:
        expected = None
        if resource.step is not None and resource.since in before:
            done = Span(*(times.ends[resource.step] for times in (shortest, typical, longest)))
            expected = before[resource.since] + done
        shown.append(
            ShownObjective(resource.resource, resource.since.value, resource.rto, resource.rpo, resource.step, expected)
        )
    return tuple(shown)
