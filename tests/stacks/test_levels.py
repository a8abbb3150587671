"""What `./pilotlight permissions` says is what the templates of the four arming levels hold, and no second list."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

from backtest.record import fingerprint, write_record
from deployment import names as own
from deployment.permissions import Level, changes_something, levels
from pilotlight.domain.drill_names import drill_name
from pilotlight.domain.plan import Arming, Plan
from stacks.assembly import assemble
from stacks.naming import logical_id
from stacks.policies import DESCRIBED, WIRING
from tests.stacks.described import an_app, plans
from tests.stacks.policies_of import statements_held

pytestmark = pytest.mark.full

EVERY_PLAN = pytest.mark.parametrize("plan", plans(), ids=lambda plan: plan.application)
EVERY_LEVEL = pytest.mark.parametrize("arming", Arming)
ENDS = {
    "function": "FunctionRole",
    "state machine": "MachineRole",
    "forwarding role": "Role",
    "role of drilled tasks": "Role",
    "schedule": "ScheduleRole",
}


class Permission(NamedTuple):
    """One action on one resource that a role of a stack may take."""

    stack: str
    role: str
    action: str
    resource: str


@cache
def templates(application: str, arming: Arming) -> dict[str, dict[str, Any]]:
    """Every template that app.py makes of a plan that is armed so."""
    plan = next(plan for plan in plans() if plan.application == application)
    armed, app = plan.model_copy(update={"arming": arming}), an_app()
    with TemporaryDirectory() as records:
        write_record(armed, Path(records), {"application": application, "hash": fingerprint(armed)})
        assemble(app, [armed], Path(records))
    made = {
        path.name.removesuffix(".template.json"): path for path in Path(app.synth().directory).glob("*.template.json")
    }
    return {name: json.loads(path.read_text()) for name, path in made.items()}


def level_of(plan: Plan, arming: Arming) -> Level:
    """One level as the command says it."""
    return next(level for level in levels(plan) if level.arming is arming)


def said(plan: Plan, arming: Arming) -> set[Permission]:
    """The permissions that the command says."""
    return {
        Permission(role.stack, logical_id(role.name, ENDS[role.of]), action, resource)
        for role in level_of(plan, arming).roles
        for action, resource, _ in role.permissions()
    }


def held(plan: Plan, arming: Arming, *policies: str) -> set[Permission]:
    """The permissions of the templates that stand in these inline policies of roles."""
    return {
        Permission(stack, logical, action, json.dumps(resource) if isinstance(resource, dict) else resource)
        for stack, template in templates(plan.application, arming).items()
        for logical, role in template["Resources"].items()
        if role["Type"] == "AWS::IAM::Role"
        for statement in statements_held(template, logical, *policies)
        for action in statement["Action"]
        for resource in statement["Resource"]
    }


@EVERY_PLAN
@EVERY_LEVEL
def test_what_is_said_is_what_is_deployed(plan: Plan, arming: Arming) -> None:
    assert said(plan, arming) == held(plan, arming, DESCRIBED)
    assert said(plan, arming), "nothing is compared"


@EVERY_PLAN
@EVERY_LEVEL
def test_the_wiring_is_the_same_at_every_level(plan: Plan, arming: Arming) -> None:
    assert held(plan, arming, WIRING) == held(plan, Arming.OBSERVE, WIRING)


@EVERY_PLAN
def test_observe_writes_nothing_on_the_application_and_no_tombstone_in_any_deployed_role(plan: Plan) -> None:
    writes_of_manual = {
        (action, resource)
        for role in level_of(plan, Arming.MANUAL).adds
        for statement in role.statements
        if changes_something(statement)
        for action in statement.actions
        for resource in statement.resources
        # Whoever calls a function of ours changes no more than that function may.
        if action != "lambda:InvokeFunction"
    }
    # The latch's publisher says where the latch stands, at every level; it cannot move it. So does the function that
    # remembers how far tables are behind: it writes metrics of its one namespace, which the policies' test looks at.
    tellers = {
        logical_id(function, "FunctionRole")
        for function in (own.latch_function(plan.application), own.latency_function(plan.application))
    }
    # What a drill may do, on stand-ins and at every level, is held against production in `test_drill_roles`.
    drills = own.application_stack(drill_name(plan.application))
    held_by_all = held(plan, Arming.OBSERVE, DESCRIBED, WIRING)
    deployed = {p for p in held_by_all if p.role not in tellers and p.stack != drills}

    assert writes_of_manual, "a level that adds no write proves nothing"
    assert {(p.action, p.resource) for p in deployed} & writes_of_manual == set()
    assert not [p for p in deployed if own.TOMBSTONES_TABLE in p.resource and p.action != "dynamodb:GetItem"]


@EVERY_PLAN
@pytest.mark.parametrize("arming", [Arming.OBSERVE, Arming.MANUAL])
def test_who_waits_for_a_person_starts_no_execution(plan: Plan, arming: Arming) -> None:
    deployed = held(plan, arming, DESCRIBED, WIRING)

    drills = f"stateMachine:{plan.application}-drill"
    assert not [p for p in deployed if p.action.startswith("states:Start") and not p.resource.endswith(drills)]


@EVERY_PLAN
def test_staged_adds_the_start_of_a_run_and_automatic_adds_nothing(plan: Plan) -> None:
    staged, automatic = level_of(plan, Arming.STAGED), level_of(plan, Arming.AUTOMATIC)

    added = {(role.name, action, resource) for role in staged.adds for action, resource, _ in role.permissions()}
    detector, opener = own.detect_function(plan.application), own.open_function(plan.application)
    assert added == {
        (detector, "states:StartExecution", own.machine_arn(plan.place)),
        (detector, "lambda:InvokeFunction", own.function_arn(plan.place, opener)),
    }
    assert automatic.adds == ()


@EVERY_PLAN
def test_no_level_loses_what_the_one_before_had(plan: Plan) -> None:
    assert [level.takes for level in levels(plan)] == [(), (), (), ()]
