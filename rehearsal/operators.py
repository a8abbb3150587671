"""People on call: two who start and approve in the same second, one who asks for a planned failover, and whoever
answers what a step asks."""

from __future__ import annotations

import json
from functools import partial

from deployment import names
from pilotlight.aws import functions
from pilotlight.aws.control import Control
from pilotlight.aws.signing import sign
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.plan import AnyPlan, Plan
from pilotlight.domain.policy import People
from pilotlight.domain.word import Mode, WordKind, binding
from pilotlight.steps import kind
from rehearsal.scene import AnyScene, Scene
from rehearsal.services.step_functions import StepFunctions
from rehearsal.sts import Caller, put_sts

NAMES = ("anna", "boris")
NOTICED_AFTER_SECONDS = 90.0
APPROVED_AFTER_SECONDS = 60.0
PLANNED_RUN = "planned-move"


def approved_by_two(plan: Plan) -> Plan:
    """The plan with a gate that both of them may open."""
    gates = plan.gates.model_copy(update={"approval": True})
    return heeding(plan).model_copy(update={"gates": gates})


def heeding(plan: Plan) -> Plan:
    """The plan as one that lets every operator speak."""
    return plan.model_copy(update={"people": People(approvers=(_arn(plan, "*"),))})


def start_planned(scene: Scene) -> None:
    """A person asks for a planned run ahead of its start, and starts it by hand."""
    who = _caller(scene.plan, NAMES[0])
    put_sts(scene.account.internet, scene.world, scene.plan.regions.standby, [who])
    _say(scene, who, WordKind.CHANGE, PLANNED_RUN, "the primary is to be left in peace", Mode.PLANNED.value)
    _start(scene, who, PLANNED_RUN)


def two_operators(scene: Scene) -> None:
    """The primary goes dark; each of the two starts a run by hand, and a minute later approves the one at work."""
    plan, time = scene.plan, scene.world.time
    callers = [_caller(plan, name) for name in NAMES]
    put_sts(scene.account.internet, scene.world, plan.regions.standby, callers)
    scene.world.darken(plan.regions.primary)
    for caller in callers:
        time.spawn(partial(_act, scene, caller), name=caller.arn, delay_seconds=NOTICED_AFTER_SECONDS)


def answer_questions(scene: AnyScene) -> None:
    """Whoever the plan lets approve says yes to each step that asks a person, within a minute."""
    plan, machines = scene.plan, scene.account.aws.service(StepFunctions)
    asking = [step.name for step in plan.steps().values() if kind(step.kind).asks]
    if not asking or not plan.people.approvers:
        return
    who, region = approver_of(plan), plan.place.standby
    control = Control(DynamoTable(scene.account.sdk(region), region, names.CONTROL_TABLE))
    put_sts(scene.account.internet, scene.world, region, [who])
    answered: set[tuple[str, str]] = set()

    def look() -> None:
        for run in [execution.name for execution in machines.executions.values()]:
            states = control.steps(run)
            for step in asking:
                if step in states and states[step].asks_until and (run, step) not in answered:
                    answered.add((run, step))
                    _say(scene, who, WordKind.APPROVE, run, accept=step)

    scene.world.time.every(APPROVED_AFTER_SECONDS, look, name="people answer")


def approver_of(plan: AnyPlan) -> Caller:
    """The first person whom a plan lets approve, by one and the same name where any will do."""
    person = plan.people.approvers[0].replace("*", NAMES[0])
    return Caller(person, _caller_key(NAMES[0]), f"the secret of {NAMES[0]}")


def _caller_key(name: str) -> str:
    return f"AKIA{name.upper():X<16}"


def _arn(plan: Plan, name: str) -> str:
    return f"arn:aws:sts::{plan.account}:assumed-role/Operators/{name}"


def _caller(plan: Plan, name: str) -> Caller:
    return Caller(_arn(plan, name), _caller_key(name), f"the secret of {name}")


def _act(scene: Scene, who: Caller) -> None:
    _start(scene, who, f"{_name(who)}-by-hand")
    scene.world.time.sleep(APPROVED_AFTER_SECONDS)
    approve(scene, who)


def approve(scene: AnyScene, who: Caller) -> None:
    """Somebody approves the run that is at work."""
    _say(scene, who, WordKind.APPROVE)


def _name(who: Caller) -> str:
    return who.arn.rsplit("/", maxsplit=1)[-1]


def _start(scene: Scene, who: Caller, run: str) -> None:
    plan, region = scene.plan, scene.plan.regions.standby
    asked = {"confirm": plan.application, "reason": f"{plan.regions.primary} is to be left", "requested_by": _name(who)}
    start = {"stateMachineArn": names.machine_arn(plan.place), "name": run, "input": json.dumps(asked)}
    scene.account.sdk(region).call("stepfunctions", "StartExecution", region, **start)


def _say(scene: AnyScene, who: Caller, kind: WordKind, run: str = "", reason: str = "", accept: str = "") -> None:
    name, region = scene.plan.name, scene.plan.place.standby
    bound = binding(name, kind, run, reason, accept)
    proof = sign(who.credentials.get_frozen_credentials(), region, bound)
    event = {"do": kind.value, "run_id": run, "reason": reason, "accept": accept, "proof": proof}
    functions.ask(scene.account.sdk(region), region, names.word_function(name), event)
