"""The drill of a failover plan: its steps on stand-ins, and what it must keep its hands off.

What the failover changes is production, whether it lives in the primary or waits in the standby. A stand-in that would
change any of that is refused here, and the roles of the drill are denied it besides (`deployment.drill`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from pydantic import ValidationError

from pilotlight.domain.drill import Drill
from pilotlight.domain.drill_names import drill_name, drill_task_role
from pilotlight.domain.drilling import Drilling
from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.first_fault import first_fault
from pilotlight.domain.in_one_region import TimeObjectives
from pilotlight.domain.place import Place
from pilotlight.domain.plan import Arming, Notifications, Plan
from pilotlight.domain.policy import PeopleGate
from pilotlight.domain.stages import AwaitStep, PlannedStep, RunStep, Stage, StageName, Stages, StartStep
from pilotlight.domain.standing_in import Isolation, LeftOut, Refusal, StandIn
from pilotlight.domain.step import (
    Access,
    Harm,
    Params,
    Statement,
    StepKind,
)
from planfile.draft import Kinds

_MAKES = re.compile(r":(Create|Restore|Run|Register|Copy)[A-Z]")
"""Actions that make something new of what they name, and leave that as it is (Service Authorization Reference)."""


@dataclass(frozen=True)
class Problem:
    """Why there is no drill of a plan: `step` is where the sentence belongs, and `declared` that it is the stand-in."""

    step: str
    sentence: str
    declared: bool = False


@dataclass
class Drilled:
    """What became of the steps of a plan: those that are done on stand-ins, those left out, and what is wrong."""

    steps: dict[str, StandIn] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def drill_of(plan: Plan, kinds: Kinds) -> Drill:
    """The drill of a plan that says how it is drilled; raises `PlanRefused` where there can be none."""
    drilling = plan.drill
    if drilling is None:
        raise PlanRefused(
            f"The plan of {plan.application} does not say how it is drilled; give it a part `drill` (docs/drills.md)."
        )
    drilled = stand_ins(plan, kinds)
    if drilled.problems:
        raise PlanRefused(drilled.problems[0].sentence)
    promised = {r.step: r.rto for r in plan.objectives.resources if r.step in drilled.steps}
    return Drill(
        application=plan.application,
        account=plan.account,
        arming=Arming.MANUAL,
        people=plan.people,
        # Stand-ins cost money while people think, and a drill can be started again.
        gates=PeopleGate(failed_step_waits=timedelta(0)),
        notifications=Notifications(slack=plan.notifications.slack),
        region=plan.regions.standby,
        primary=plan.regions.primary,
        failover_region=plan.regions.standby,
        objectives=TimeObjectives(rto=plan.objectives.rto, steps={n: rto for n, rto in promised.items() if n}),
        stages=_stages(plan, drilled.steps),
        left_out=drilled.left_out,
        rpo=plan.objectives.rpo,
        time_to_live=drilling.time_to_live,
        blocked=drilling.blocked,
    )


def stand_ins(plan: Plan, kinds: Kinds) -> Drilled:
    """What a drill does in place of each step, by the step's kind or as the plan declares it."""
    assert plan.drill is not None
    drilled = Drilled()
    isolation = isolation_of(plan, plan.drill)
    for name, step in plan.steps().items():
        kind = kinds[step.kind]
        found = _declared(plan.drill, name, kinds, isolation) or kind.stand_in(
            kind.params.model_validate(step.params), isolation
        )
        match found:
            case StandIn():
                drilled.steps[name] = found
            case LeftOut():
                drilled.left_out[name] = found.sentence
            case Refusal():
                said = f"{found.sentence} Declare its stand-in as drill.stand_ins.{name}."
                drilled.problems.append(Problem(name, said))
            case Problem():
                drilled.problems.append(found)
    for further in plan.drill.then:
        made = _read(kinds, further.step, further.kind, further.params, isolation)
        if isinstance(made, Problem):
            drilled.problems.append(made)
        else:
            drilled.steps[further.step] = made
    drilled.problems += _needs(plan, drilled, kinds)
    drilled.problems += _touching(plan, drilled, kinds)
    return drilled


def place_of(plan: Plan) -> Place:
    """Where the steps of the drill work, and what they mark."""
    return Place(drill_name(plan.application), plan.account, plan.regions.primary, plan.regions.standby)


def production(plan: Plan, kinds: Kinds) -> tuple[Statement, ...]:
    """What the failover may change, a statement for each service: a drill may do none of it.

    Each change of a service is named on everything of it that the failover changes, which is shorter than one by one,
    and denies more: a role has room for few words.
    """
    written = [s for step in plan.steps().values() for s in _written(kinds, step, plan.place)]
    changed = {arn for statement in written for arn in _changed(statement)}
    services: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for statement in written:
        resources = [arn for arn in statement.resources if arn in changed]
        for action in statement.actions if resources else ():
            actions, arns = services.setdefault(action.partition(":")[0], ({}, {}))
            actions[action] = None
            arns.update(dict.fromkeys(resources))
    return tuple(Statement(Access.WRITE, tuple(actions), tuple(arns)) for actions, arns in services.values())


def isolation_of(plan: Plan, drilling: Drilling) -> Isolation:
    """What keeps the drills of a plan apart from production."""
    role = f"arn:aws:iam::{plan.account}:role/{drill_task_role(plan.application)}"
    return Isolation(drill_name(plan.application), drilling.security_groups, role)


def _declared(drilling: Drilling, name: str, kinds: Kinds, isolation: Isolation) -> StandIn | Problem | None:
    declared = drilling.stand_ins.get(name)
    return _read(kinds, name, declared.kind, declared.params, isolation) if declared else None


def _read(
    kinds: Kinds, name: str, kind_name: str, params: Mapping[str, Any], isolation: Isolation
) -> StandIn | Problem:
    kind = kinds.get(kind_name)
    if kind is None:
        return Problem(name, f"There is no step kind '{kind_name}' to stand in for {name}.", declared=True)
    never = _stands_in_for_nothing(kind)
    if never:
        return Problem(name, f"{kind_name} {never}, so it stands in for nothing in a drill.", declared=True)
    try:
        read = kind.params.model_validate(params)
    except ValidationError as error:
        where, what = first_fault(error, "its params")
        return Problem(name, f"The stand-in of {name} is refused at '{where}': {what}.", declared=True)
    mingles = kind.not_apart(read, isolation) or _in_other_groups(read, isolation)
    if mingles:
        return Problem(name, f"The stand-in of {name} is not apart from production: {mingles}", declared=True)
    return StandIn(kind_name, read)


def _stands_in_for_nothing(kind: StepKind[Any]) -> str:
    if kind.fences:
        return "closes production"
    return "moves a writer for good" if kind.harm is Harm.IRREVERSIBLE else kind.stands_in_for_nothing


def _in_other_groups(params: Params, isolation: Isolation) -> str:
    """Which security groups that a stand-in names are not the drill's; kinds say by one name where things stand."""
    others = [group for group in getattr(params, "security_groups", ()) if group not in isolation.security_groups]
    if not others:
        return ""
    return f"{', '.join(others)} is no group of drill.security_groups, which alone let nothing out to it."


def _needs(plan: Plan, drilled: Drilled, kinds: Kinds) -> Iterator[Problem]:
    """What a stand-in is to be told by a step that the drill goes without, or whose stand-in does not tell it."""
    for name, stand_in in drilled.steps.items():
        for need in kinds[stand_in.kind].needs(stand_in.params):
            giver = drilled.steps.get(need.step)
            given = kinds[giver.kind].gives(giver.params) if giver else ()
            if need.output not in given and not any(p.step == need.step for p in drilled.problems):
                why = f"{giver.kind} does not give" if giver else "the drill goes without that step, which would give"
                said = f"'{name}' needs '{need.output}' of '{need.step}', and {why} it; declare another stand-in."
                yield Problem(name, said, declared=_is_declared(plan, name))


def _touching(plan: Plan, drilled: Drilled, kinds: Kinds) -> Iterator[Problem]:
    """A stand-in that would change what the failover changes."""
    forbidden = {arn for statement in production(plan, kinds) for arn in statement.resources}
    besides = {
        c for s in plan.steps().values() for c in kinds[s.kind].changes(_params(kinds, s.kind, s.params), plan.place)
    }
    for name, stand_in in drilled.steps.items():
        kind, place = kinds[stand_in.kind], place_of(plan)
        statements = (s for s in kind.statements(stand_in.params, place) if s.access is Access.WRITE)
        changed = [arn for s in statements for arn in _changed(s) if _is_one_of(arn, forbidden)]
        changed += [what for what in kind.changes(stand_in.params, place) if what in besides]
        if changed:
            said = (
                f"The stand-in of '{name}' would change {changed[0]}, which the failover changes as well, and a drill "
                "does not touch production; name a resource that is the drill's own."
            )
            yield Problem(name, said, declared=_is_declared(plan, name))


def _is_one_of(arn: str, forbidden: Collection[str]) -> bool:
    return any(fnmatchcase(arn, other) or fnmatchcase(other, arn) for other in forbidden)


def _is_declared(plan: Plan, name: str) -> bool:
    return plan.drill is not None and name in plan.drill.stand_ins


def _params(kinds: Kinds, kind: str, params: Mapping[str, Any]) -> Params:
    read: Params = kinds[kind].params.model_validate(params)
    return read


def _written(kinds: Kinds, step: PlannedStep, place: Place) -> Iterator[Statement]:
    statements = kinds[step.kind].statements(_params(kinds, step.kind, step.params), place)
    return (s for s in statements if s.access is Access.WRITE)


def _changed(statement: Statement) -> tuple[str, ...]:
    """What a statement lets its role change, and not only take something new from."""
    changes = any(not _MAKES.search(action) for action in statement.actions)
    # What is allowed on everything has no resource of its own, and is signed for (`stacks.wildcards`).
    return tuple(arn for arn in statement.resources if arn != "*") if changes else ()


def _stages(plan: Plan, steps: Mapping[str, StandIn]) -> Stages:
    """The stages of the plan with the stand-ins in their places; what is done besides comes when all serves."""
    assert plan.drill is not None
    stages: dict[str, Stage] = {}
    for stage in StageName:
        lanes = {lane: _lane(entries, steps) for lane, entries in plan.stages.of(stage).items()}
        stages[stage.value] = {lane: entries for lane, entries in lanes.items() if entries}
    then = tuple(_own(step.step, steps[step.step]) for step in plan.drill.then)
    if then:
        serving = stages[StageName.SERVE.value]
        last = list(serving)[-1] if serving else "drill"
        stages[StageName.SERVE.value] = {**serving, last: (*serving.get(last, ()), *then)}
    return Stages.model_validate(stages)


def _lane(
    entries: tuple[RunStep | StartStep | AwaitStep, ...], steps: Mapping[str, StandIn]
) -> tuple[RunStep | StartStep | AwaitStep, ...]:
    found: list[RunStep | StartStep | AwaitStep] = []
    for entry in entries:
        match entry:
            case AwaitStep():
                found += [entry] if entry.await_ in steps else []
            case RunStep():
                found += [_own(entry.step, steps[entry.step])] if entry.step in steps else []
            case StartStep():
                own = steps.get(entry.start)
                found += [StartStep(start=entry.start, kind=own.kind, params=_dump(own))] if own else []
    return tuple(found)


def _own(name: str, stand_in: StandIn) -> RunStep:
    return RunStep(step=name, kind=stand_in.kind, params=_dump(stand_in))


def _dump(stand_in: StandIn) -> dict[str, Any]:
    return stand_in.params.model_dump(mode="json", by_alias=True)
