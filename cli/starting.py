"""What stands behind `./pilotlight failover` and `drill`: starts a machine under a proven name, and follows it.

Who starts it is said ahead, signed, about the name that the execution will have, so that the run knows its starter by
proof; the start itself is made with the same credentials, and IAM says whether it may be. Exit codes: 0 the run reached
its goal, or was started where nobody follows it; 1 it did not, or AWS could not be asked; 2 the plan is wrong, no
reason was given, or there are no credentials; 3 it was refused, or not confirmed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from cli.exit_codes import MISCONFIGURED, NOT_AS_EXPECTED, OK, REFUSED
from cli.planning import drill_or_report, load_or_report
from cli.printing import print_json
from cli.speaking import Ask, Speaker, is_meant, speaker_for
from cli.standing import Standing, json_of
from cli.watching import Lines, Watch, follow, screen_for, went_well
from pilotlight.domain.errors import AlreadyExists, AwsError, NotFound
from pilotlight.domain.plan import AnyPlan, Plan
from pilotlight.domain.ports import Aws
from pilotlight.domain.word import Mode, WordKind
from planfile.reading import InstalledKinds

WAY_BACK = (
    "A full drill moves production, and nothing leads back by itself: until failback is built, the way back is by hand "
    "(docs/failure-semantics.md, Traffic)."
)


@dataclass(frozen=True)
class Wanted:
    """What is to be started, and how; the run is named by the moment unless it is given a name."""

    plan: Path
    reason: str
    run: str = ""
    planned: bool = False
    yes: bool = False
    detach: bool = False
    as_json: bool = False


@dataclass(frozen=True)
class Ways:
    """The ways out of a start: who is logged in, what is typed, how time passes. The real ones unless given."""

    session: boto3.session.Session | None = None
    aws: Aws | None = None
    ask: Ask = input
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True)
class _Started:
    """An execution that was started: its machine by name, and what its input has to confirm."""

    run_id: str
    machine: str
    confirm: str
    person: str
    arn: str


def failover(wanted: Wanted, ways: Ways | None = None) -> int:
    """Start a plan's own machine: fail its application over, or carry out the run-book."""
    plan = load_or_report(wanted.plan, InstalledKinds())
    if plan is None:
        return MISCONFIGURED
    if wanted.planned and not isinstance(plan, Plan):
        print(f"pilotlight: {plan.name} is a run-book and moves nothing; leave --planned out.", file=sys.stderr)
        return MISCONFIGURED
    return _start_for_real(plan, wanted, ways or Ways())


def drill(wanted: Wanted, *, full: bool, ways: Ways | None = None) -> int:
    """Start a drill: the isolated one has a machine of its own, the full one is a planned failover."""
    plan = load_or_report(wanted.plan, InstalledKinds())
    if plan is None:
        return MISCONFIGURED
    if not isinstance(plan, Plan):
        print(f"pilotlight: {plan.name} is a run-book; a drill is of a failover plan.", file=sys.stderr)
        return MISCONFIGURED
    ways = ways or Ways()
    if not full:
        of = drill_or_report(plan)
        # It touches no production, so no name is typed.
        return _start(of, of.machine, of.name, wanted, ways) if of else MISCONFIGURED
    if not plan.gates.approval:
        print(
            f"pilotlight: a full drill moves {plan.application} for real, and somebody else approves it; set "
            "gates.approval in its plan, and deploy.",
            file=sys.stderr,
        )
        return REFUSED
    print(WAY_BACK, file=sys.stderr)
    real = replace(wanted, planned=True, reason=f"full drill: {wanted.reason}" if wanted.reason else "")
    return _start_for_real(plan, real, ways)


def _start_for_real(plan: AnyPlan, wanted: Wanted, ways: Ways) -> int:
    """Start the plan's own machine, once somebody has typed the application's name."""
    if wanted.reason.strip() and not wanted.yes and not is_meant(plan, f"To {plan.say_intent()}", ways.ask):
        print(f"pilotlight: nothing was started, because what was typed is not {plan.name}.", file=sys.stderr)
        return REFUSED
    return _start(plan, plan.machine, plan.name, wanted, ways)


def _start(plan: AnyPlan, machine: str, confirm: str, wanted: Wanted, ways: Ways) -> int:
    """Start a machine of the plan's application, and follow what comes of it."""
    if not wanted.reason.strip():
        print("pilotlight: nothing was started, because no reason was given; say why with --reason.", file=sys.stderr)
        return MISCONFIGURED
    speaker = speaker_for(plan, ways.session, ways.aws)
    if speaker is None:
        return MISCONFIGURED
    run_id = wanted.run or f"{confirm}-{ways.now():%y%m%d-%H%M%S}"
    try:
        person = _announce(speaker, run_id, wanted)
        if person is None:
            return REFUSED
        started = _execute(speaker, run_id, machine, confirm, person, wanted.reason)
    except AwsError as error:
        print(f"pilotlight: {error.sentence}", file=sys.stderr)
        return NOT_AS_EXPECTED
    if started is None:
        return REFUSED
    _say(f"Run {run_id} of {machine} was started by {person} (proven).", wanted)
    if wanted.detach:
        if wanted.as_json:
            print_json(_json(started, None))
        return OK
    try:
        return _follow(speaker, started, wanted, ways)
    except AwsError as error:
        print(f"pilotlight: run {run_id} was started and goes on unseen: {error.sentence}", file=sys.stderr)
        return NOT_AS_EXPECTED


def _announce(speaker: Speaker, run_id: str, wanted: Wanted) -> str | None:
    """Say ahead who starts the run, and whether it is planned; who that is by proof, or None where it is refused."""
    words = [(WordKind.START, ""), *([(WordKind.CHANGE, Mode.PLANNED.value)] if wanted.planned else [])]
    person = ""
    for kind, accept in words:
        answer = speaker.say(kind.value, run_id, wanted.reason, accept)
        if answer["accepted"] is not True:
            print(f"pilotlight: nothing was started. {answer['sentence']}", file=sys.stderr)
            return None
        person = str(answer["person"])
    return person


def _execute(speaker: Speaker, run_id: str, machine: str, confirm: str, person: str, reason: str) -> _Started | None:
    """Start the execution; None, once that is reported, where there is no such machine, or its name is taken."""
    place = speaker.plan.place
    arn = place.arn("states", f"stateMachine:{machine}")
    given = {"confirm": confirm, "reason": reason, "requested_by": person[-200:]}
    asked = {"stateMachineArn": arn, "name": run_id, "input": json.dumps(given, ensure_ascii=False)}
    try:
        answer = speaker.aws.call("stepfunctions", "StartExecution", place.standby, **asked)
    except NotFound:
        said = f"{place.standby} has no machine {machine}; deploy the application's stack first"
    except AlreadyExists:
        said = f"an execution {run_id} was started before; take another name with --run"
    else:
        return _Started(run_id, machine, confirm, person, str(answer["executionArn"]))
    print(f"pilotlight: nothing was started, because {said}.", file=sys.stderr)
    return None


def _follow(speaker: Speaker, started: _Started, wanted: Wanted, ways: Ways) -> int:
    """Follow the run to its end, and say how it ended; with JSON, the events go to standard error."""
    watch = Watch(speaker.plan, speaker.aws, started.run_id, started.arn, ways.sleep, ways.now)
    shown = Lines(sys.stderr, started.run_id) if wanted.as_json else screen_for(sys.stdout, os.environ, started.run_id)
    with shown as screen:
        standing = follow(watch, screen)
    if wanted.as_json:
        print_json(_json(started, standing))
    if standing.is_of(started.run_id):
        return OK if went_well(standing) else NOT_AS_EXPECTED
    refused = [r.entry.sentence for r in standing.records if r.entry.run_id == started.run_id]
    why = refused[-1] if refused else "its output in Step Functions says why"
    print(f"pilotlight: the execution ended without opening a run: {why}", file=sys.stderr)
    return REFUSED


def _json(started: _Started, standing: Standing | None) -> dict[str, Any]:
    said = {"run": started.run_id, "machine": started.machine, "started_by": started.person, "proven": True}
    return {**said, "execution_arn": started.arn, "status": json_of(standing) if standing else None}


def _say(sentence: str, wanted: Wanted) -> None:
    print(sentence, file=sys.stderr if wanted.as_json else sys.stdout)
