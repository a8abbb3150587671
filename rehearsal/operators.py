"""Two people on call who do the same thing in the same second: start a failover each, and approve what is at work."""

from __future__ import annotations

import json
from functools import partial

from deployment import names
from pilotlight.aws.signing import sign
from pilotlight.domain.plan import Plan
from pilotlight.domain.policy import People
from pilotlight.domain.word import WordKind, binding
from rehearsal.scene import Scene
from rehearsal.sts import Caller, put_sts

NAMES = ("anna", "boris")
NOTICED_AFTER_SECONDS = 90.0
APPROVED_AFTER_SECONDS = 60.0


def approved_by_two(plan: Plan) -> Plan:
    """The plan with a gate that both of them may open."""
    gates = plan.gates.model_copy(update={"approval": True})
    return plan.model_copy(update={"gates": gates, "people": People(approvers=(_arn(plan, "*"),))})


def two_operators(scene: Scene) -> None:
    """The primary goes dark; each of the two starts a run by hand, and a minute later approves the one at work."""
    plan, time = scene.plan, scene.world.time
    callers = [Caller(_arn(plan, name), f"AKIA{name.upper():X<16}", f"the secret of {name}") for name in NAMES]
    put_sts(scene.account.internet, scene.world, plan.regions.standby, callers)
    scene.world.darken(plan.regions.primary)
    for caller in callers:
        time.spawn(partial(_act, scene, caller), name=caller.arn, delay_seconds=NOTICED_AFTER_SECONDS)


def _arn(plan: Plan, name: str) -> str:
    return f"arn:aws:sts::{plan.account}:assumed-role/Operators/{name}"


def _act(scene: Scene, who: Caller) -> None:
    plan, region = scene.plan, scene.plan.regions.standby
    sdk, name = scene.account.sdk(region), who.arn.rsplit("/", maxsplit=1)[-1]
    asked = {"confirm": plan.application, "reason": f"{plan.regions.primary} is dark", "requested_by": name}
    start = {"stateMachineArn": names.machine_arn(plan.place), "name": f"{name}-by-hand", "input": json.dumps(asked)}
    sdk.call("stepfunctions", "StartExecution", region, **start)
    scene.world.time.sleep(APPROVED_AFTER_SECONDS)
    bound = binding(plan.application, WordKind.APPROVE, "", "", "")
    proof = sign(who.credentials.get_frozen_credentials(), region, bound)
    event = {"do": WordKind.APPROVE.value, "proof": proof}
    call = {"FunctionName": names.word_function(plan.application), "Qualifier": names.ALIAS}
    sdk.call("lambda", "Invoke", region, **call, Payload=json.dumps(event).encode())
