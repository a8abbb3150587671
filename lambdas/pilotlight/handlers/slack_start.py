"""Starting a run that somebody asked for in Slack: a drill, or a failover that a second person must then approve.

Who asked is noted in the control table before the execution is started, under the name that it will have and that of
its plan: the run that opens reads it there and not from its input. The name is made of the request's mark, so a request
starts one run however often it is carried. The role may start a machine only where the plan names people who may ask.

An isolated drill has a plan and a machine of its own. A full one is the failover itself, planned, so it is a start in
earnest.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass

from pilotlight.aws.control import AskedStart
from pilotlight.domain.drill_names import drill_name
from pilotlight.domain.errors import AlreadyExists, AwsError, InputRefused, NotFound
from pilotlight.domain.plan import AnyPlan, Arming, Plan
from pilotlight.domain.slack_command import FULL
from pilotlight.domain.slack_request import DRILL, Recorded
from pilotlight.domain.word import (
    Mode,
    Word,
    WordKind,
)
from pilotlight.domain.word_refusal import is_listed
from pilotlight.handlers.runtime import Runtime


@dataclass(frozen=True)
class _Wanted:
    """What is to be started: a machine, the name of the plan that it follows, and why."""

    machine: str
    confirm: str
    reason: str
    drill: bool
    in_earnest: bool


def start(runtime: Runtime, request: Recorded) -> str:
    """Start it; gives what the person is told, and raises `InputRefused` where it may not be."""
    wanted = _wanted(runtime.plan, request)
    if refused := _refusal(runtime.plan, request, wanted):
        raise InputRefused(refused)
    run_id, person, control = f"slack-{request.mark[:24]}", request.person, runtime.control
    control.note_asked_start(wanted.confirm, AskedStart(run_id, person, wanted.reason))
    if wanted.drill and wanted.in_earnest:
        planned = Word(WordKind.CHANGE, run_id, person, True, wanted.reason, runtime.now(), Mode.PLANNED.value)
        control.keep_word(planned, request.mark[:32])
    try:
        _start(runtime, wanted, run_id, person)
    except NotFound as error:
        raise InputRefused(
            f"The machine {wanted.machine} is not deployed in {runtime.region}; deploy {wanted.confirm}."
        ) from error
    except AwsError as error:
        raise InputRefused(f"{wanted.machine} could not be started ({error.code}); say it again.") from error
    then = " It waits at its gate until a second person approves it." if wanted.in_earnest else ""
    return f"{wanted.machine} is started as run {run_id}, by {person}, because: {wanted.reason.rstrip('. ')}.{then}"


def _wanted(plan: AnyPlan, request: Recorded) -> _Wanted:
    asked, said = request.asked, request.asked.reason.strip()
    if asked.do != DRILL:
        return _Wanted(plan.machine, plan.name, said, drill=False, in_earnest=True)
    if asked.accept == FULL:
        return _Wanted(plan.machine, plan.name, f"a full drill. {said}".strip(), drill=True, in_earnest=True)
    drill = drill_name(plan.application)
    return _Wanted(drill, drill, said or "a drill", drill=True, in_earnest=False)


def _start(runtime: Runtime, wanted: _Wanted, run_id: str, person: str) -> None:
    given = {"confirm": wanted.confirm, "reason": wanted.reason, "requested_by": person}
    # A run of that name is that of this very request, which was carried before.
    with suppress(AlreadyExists):
        runtime.aws.call(
            "stepfunctions",
            "StartExecution",
            runtime.region,
            stateMachineArn=runtime.plan.place.arn("states", f"stateMachine:{wanted.machine}"),
            name=run_id,
            input=json.dumps(given),
        )


def _refusal(plan: AnyPlan, request: Recorded, wanted: _Wanted) -> str:
    """Why nothing is started, with the way out; empty where it is."""
    person, said = request.person, f"'{request.asked.do}' by {request.person} is refused, because"
    if wanted.drill and not isinstance(plan, Plan):
        return f"{said} {plan.name} is no failover plan and has no drill; rehearse it with ./pilotlight rehearse."
    if isinstance(plan, Plan) and wanted.drill and not wanted.in_earnest and plan.drill is None:
        return f"{said} the plan of {plan.name} does not say how it is drilled; give it a part `drill`, and deploy."
    needed = {"drillers": wanted.drill, "starters": wanted.in_earnest}
    for where in (each for each, asked_for in needed.items() if asked_for):
        if not is_listed(person, getattr(plan.people, where)):
            return f"{said} people.{where} of the plan of {plan.name} does not name that person; ask one whom it names."
    if request.asked.run_id:
        return f"{said} a run that is yet to start has no name; leave run= out."
    if wanted.in_earnest and plan.arming is Arming.OBSERVE:
        return f"{said} {plan.name} is armed 'observe'; set arming to manual in its plan and deploy."
    return "" if wanted.reason else f"{said} it has no reason; put one behind it."
