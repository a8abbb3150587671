"""Starting a run that somebody asked for in Slack: a drill, or a failover that a second person must then approve.

Who asked is noted in the control table before the execution is started, under the name that it will have: the run that
opens reads it there and not from its input. The name is made of the request's mark, so a request starts one run however
often it is carried. The role may start a machine only where the plan names people who may ask for that.
"""

from __future__ import annotations

import json
from contextlib import suppress

from pilotlight.aws.control import AskedStart
from pilotlight.domain.errors import AlreadyExists, AwsError, InputRefused, NotFound
from pilotlight.domain.plan import AnyPlan, Arming, PlanKind
from pilotlight.domain.slack_request import DRILL, Recorded
from pilotlight.domain.word import is_listed
from pilotlight.handlers.runtime import Runtime


def start(runtime: Runtime, request: Recorded) -> str:
    """Start it; gives what the person is told, and raises `InputRefused` where it may not be."""
    plan, asked = runtime.plan, request.asked
    drill = asked.do == DRILL
    if refused := _refusal(plan, request):
        raise InputRefused(refused)
    machine = f"{plan.application}-drill" if drill else plan.machine
    run_id = f"slack-{request.mark[:24]}"
    reason = asked.reason or "a drill"
    runtime.control.note_asked_start(plan.name, AskedStart(run_id, asked.do, request.person, reason))
    given = {"confirm": plan.name, "reason": reason, "requested_by": request.person}
    try:
        _start(runtime, machine, run_id, {**given, "scope": asked.accept} if drill else given)
    except NotFound as error:
        raise InputRefused(f"The machine {machine} is not deployed in {runtime.region}; deploy {plan.name}.") from error
    except AwsError as error:
        raise InputRefused(f"{machine} could not be started ({error.code}); say it again.") from error
    then = "" if drill else " It waits at its gate until a second person approves it."
    return f"{machine} is started as run {run_id}, by {request.person}, because: {reason}.{then}"


def _start(runtime: Runtime, machine: str, run_id: str, given: dict[str, str]) -> None:
    arn = runtime.plan.place.arn("states", f"stateMachine:{machine}")
    # A run of that name is that of this very request, which was carried before.
    with suppress(AlreadyExists):
        runtime.aws.call(
            "stepfunctions",
            "StartExecution",
            runtime.region,
            stateMachineArn=arn,
            name=run_id,
            input=json.dumps(given),
        )


def _refusal(plan: AnyPlan, request: Recorded) -> str:
    """Why nothing is started, with the way out; empty where it is."""
    asked, drill = request.asked, request.asked.do == DRILL
    listed, where = (plan.people.drillers, "drillers") if drill else (plan.people.starters, "starters")
    said = f"'{asked.do}' by {request.person} is refused, because"
    if drill and plan.kind is PlanKind.RUNBOOK:
        return f"{plan.name} is a run-book, which has no drill; rehearse it with ./pilotlight rehearse."
    if not is_listed(request.person, listed):
        return f"{said} people.{where} of the plan of {plan.name} does not name that person; ask one whom it names."
    if asked.run_id:
        return f"{said} a run that is yet to start has no name; leave run= out."
    if drill:
        return ""
    if plan.arming is Arming.OBSERVE:
        return f"{said} {plan.name} is armed 'observe'; set arming to manual in its plan and deploy."
    return "" if asked.reason.strip() else f"{said} it has no reason; put one behind it."
