"""Who may have an old primary closed: who writes the notes that say so, who acts on them, who has what undone."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

import pytest

from deployment import names as own
from deployment.observing import observing_regions
from deployment.running import moves_writers
from deployment.tombstones import writing_tombstones
from pilotlight.domain.plan import Arming
from pilotlight.domain.read_only import is_read
from pilotlight.domain.step import Access
from pilotlight.domain.tombstone import partition_of
from pilotlight.estate.databases.asking import function_arn
from pilotlight.steps import kind, kind_and_params, writers_of
from pilotlight.steps.check_database import checks_of
from pilotlight.steps.take_over_tables import tables_of
from stacks.naming import logical_id
from tests.stacks.described import plans, synthesized
from tests.stacks.policies_of import permissions, statements_held

EVERY_PLAN = pytest.mark.parametrize("plan", plans(), ids=lambda plan: plan.application)
EVERY_ARMING = pytest.mark.parametrize("arming", Arming)
ABOVE_OBSERVE = [arming for arming in Arming if arming is not Arming.OBSERVE]


def held(plan, arming):
    """Every permission of every role that is deployed for a plan at an arming."""
    synthesis = synthesized(f"{plan.application}-{arming.value}")
    return {p for template in synthesis.templates.values() for p in permissions(template)}


def writes(permission):
    """Whether a permission lets its role change something."""
    return not is_read(permission.action.split(":")[1])


def role_of(function):
    """The role of a function."""
    return logical_id(function, "FunctionRole")


def movers(plan):
    """The functions of the steps that move a writer, with the writers that they move."""
    moved: dict[str, set[str]] = {}
    for step in plan.steps().values():
        its_kind, params = kind_and_params(step)
        for writer in its_kind.writers(params, plan.place):
            moved.setdefault(own.step_function(plan.application, step.kind), set()).add(writer.old)
    return moved


def narrowed_to(statement):
    """The keys to which a right on tombstones is narrowed."""
    assert set(statement["Condition"]) == {"ForAllValues:StringEquals"}
    assert set(statement["Condition"]["ForAllValues:StringEquals"]) == {"dynamodb:LeadingKeys"}
    return set(statement["Condition"]["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"])


def statements_of(plan, arming, function):
    """What `deployment` gave to a function, as the template says it."""
    for template in synthesized(f"{plan.application}-{arming.value}").templates.values():
        if role_of(function) in template["Resources"]:
            return statements_held(template, role_of(function), "described")
    raise AssertionError(f"{function} is in no template")


@EVERY_PLAN
def test_under_observe_no_role_may_write_a_tombstone(plan):
    notes = f":table/{own.TOMBSTONES_TABLE}"

    assert [p for p in held(plan, Arming.OBSERVE) if notes in p.resource and writes(p)] == []


@EVERY_PLAN
@pytest.mark.parametrize("arming", ABOVE_OBSERVE)
def test_the_steps_that_move_a_writer_and_the_closer_may_put_a_tombstone_and_nobody_may_delete_one(plan, arming):
    tables = {plan.place.arn("dynamodb", f"table/{own.TOMBSTONES_TABLE}", region=r) for r in observing_regions(plan)}

    written = {p for p in held(plan, arming) if f"/{own.TOMBSTONES_TABLE}" in p.resource and writes(p)}

    writers = {role_of(name) for name in (own.close_function(plan.application), *movers(plan))}
    assert {p.role for p in written} == writers
    assert {p.resource for p in written} == tables
    assert {p.action for p in written} == {"dynamodb:PutItem"}


@EVERY_PLAN
@EVERY_ARMING
def test_every_right_on_tombstones_is_narrowed_to_the_writers_that_a_function_handles(plan, arming):
    """Else one application, or one kind of step, could have the primary of another closed, or opened.

    Closer and guard handle all writers of the plan, a step those that it moves. Of a global table only its note says
    whether it was taken over, so who looks before a run reads those.
    """
    application, every = plan.application, {writer.old for writer in writers_of(plan)}
    handled = {own.close_function(application): every, own.guard_function(application): every, **movers(plan)}
    tables = {plan.place.arn("dynamodb", f"table/{t}", region=plan.regions.primary) for t in tables_of(plan)}
    if tables:
        handled |= {own.open_function(application): tables, own.readiness_function(application): tables}

    keys = {
        function: [
            narrowed_to(statement)
            for statement in statements_of(plan, arming, function)
            if any(f"/{own.TOMBSTONES_TABLE}" in resource for resource in statement["Resource"])
        ]
        for function in handled
    }

    assert every
    assert {function: set().union(*narrowed) for function, narrowed in keys.items()} == {
        function: {partition_of(old) for old in writers} for function, writers in handled.items()
    }
    assert all(narrowed and all(narrowed) for narrowed in keys.values()), "an empty list of keys is no list of all"
    holders = {p.role for p in held(plan, arming) if f"/{own.TOMBSTONES_TABLE}" in p.resource}
    assert holders == {role_of(function) for function in handled}


@EVERY_PLAN
def test_a_plan_that_moves_no_writer_holds_no_right_on_tombstones(plan):
    """An empty list of keys is no list of all."""
    harmless = plan.model_copy(
        update={"arming": Arming.AUTOMATIC, "stages": plan.stages.model_copy(update={"move": {}})}
    )

    assert writers_of(harmless) == ()
    assert writing_tombstones(harmless) == ()


@EVERY_PLAN
def test_under_observe_a_guard_may_write_its_copy_and_what_functions_write_about_themselves(plan):
    """It would keep a note of an earlier arming, and can close nothing with it."""
    application, primary = plan.application, plan.regions.primary
    guard = {p for p in held(plan, Arming.OBSERVE) if p.role == role_of(own.guard_function(application))}

    about_others = {
        (p.action, p.resource) for p in guard if writes(p) and p.action.split(":")[0] not in ("logs", "xray")
    }

    assert about_others == {
        ("ssm:PutParameter", plan.place.arn("ssm", f"parameter{own.guard_copy(application)}", region=primary)),
        ("sqs:SendMessage", plan.place.arn("sqs", f"{own.guard_function(application)}-lost", region=primary)),
    }


@EVERY_PLAN
@pytest.mark.parametrize("arming", ABOVE_OBSERVE)
def test_a_guard_holds_the_writes_of_the_fences_under_their_conditions_and_one_parameter(plan, arming):
    copy = plan.place.arn("ssm", f"parameter{own.guard_copy(plan.application)}", region=plan.regions.primary)
    of_fences = [
        statement
        for step in plan.steps().values()
        if kind(step.kind).fences
        for its_kind, params in [kind_and_params(step)]
        for statement in its_kind.statements(params, plan.place)
        if statement.access is not Access.READ
    ]

    said = statements_of(plan, arming, own.guard_function(plan.application))

    may = [s for s in said if not s["Sid"].startswith("Read")]
    expected = [(list(s.actions), list(s.resources), dict(s.conditions)) for s in of_fences]
    expected.append((["ssm:PutParameter"], [copy], {}))
    told = [json.dumps((s["Action"], s["Resource"], s.get("Condition", {}))) for s in may]
    assert sorted(told) == sorted(json.dumps(one) for one in expected)
    assert len(expected) > 1, "a guard that can close nothing proves nothing"


@EVERY_PLAN
@EVERY_ARMING
def test_no_role_may_flip_the_switch_or_the_mode_of_a_guard_and_the_guard_alone_keeps_its_copy(plan, arming):
    application, primary = plan.application, plan.regions.primary
    switch = plan.place.arn("ssm", f"parameter{own.SWITCH_PARAMETER}")
    mode = plan.place.arn("ssm", f"parameter{own.guard_mode(application)}", region=primary)
    copy = plan.place.arn("ssm", f"parameter{own.guard_copy(application)}", region=primary)

    writers = {
        parameter: {
            p.role
            for p in held(plan, arming)
            if p.action.startswith("ssm:") and writes(p) and fnmatchcase(parameter, p.resource)
        }
        for parameter in (switch, mode, copy)
    }

    assert writers == {switch: set(), mode: set(), copy: {role_of(own.guard_function(application))}}


@EVERY_PLAN
@EVERY_ARMING
def test_who_may_call_which_function(plan, arming):
    """A guard, a probe and a notifier call nobody. Under `observe` no step is undone, and the steps that are called
    hold no write: `test_observe_is_a_fact_of_iam`."""
    application = plan.application
    arns = {
        own.function_arn(plan.place, name): name
        for step in plan.steps().values()
        for name in [own.step_function(application, step.kind)]
    }
    opener, closer = (own.function_arn(plan.place, f(application)) for f in (own.open_function, own.close_function))

    may_call: dict[str, set[str]] = {}
    for p in held(plan, arming):
        if p.action.startswith("lambda:") and writes(p) and "event-source-mapping" not in p.resource:
            assert p.action == "lambda:InvokeFunction"
            may_call.setdefault(p.role, set()).add(p.resource)

    expected = {
        role_of(own.detect_function(application)): {closer},
        role_of(own.open_function(application)): {closer, *arns},
        logical_id(own.failover_machine(application), "MachineRole"): {opener, closer, *arns},
    }
    if arming in (Arming.STAGED, Arming.AUTOMATIC):
        expected[role_of(own.detect_function(application))].add(opener)
    if arming is not Arming.OBSERVE:
        expected[role_of(own.close_function(application))] = set(arns)
        # What will not move its writer has the primary given back at once.
        movers = {step.kind for step in plan.steps().values() if moves_writers(plan, step.kind)}
        expected |= {role_of(own.step_function(application, name)): {closer} for name in movers}
        if any(checks_of(plan)):
            expected[role_of(own.step_function(application, "check_database"))] = {function_arn(plan.place)}
    assert may_call == expected


@EVERY_PLAN
@EVERY_ARMING
def test_a_closer_sees_whether_a_writer_moved_at_every_arming(plan, arming):
    """A run may outlive the arming it began under, and its lease is given back only once this is known."""
    said = statements_of(plan, arming, own.close_function(plan.application))
    reads = {action for s in said if s["Sid"].startswith("Read") for action in s["Action"]}

    assert "dynamodb:GetItem" in reads
    for step in plan.steps().values():
        its_kind, params = kind_and_params(step)
        if its_kind.writers(params, plan.place):
            wanted = {a for s in its_kind.statements(params, plan.place) if s.access is Access.READ for a in s.actions}
            assert wanted <= reads
    assert not any("secretsmanager" in action for action in reads)


@EVERY_PLAN
def test_people_in_the_primary_region_hear_of_a_guard_that_fails_or_is_silent(plan):
    synthesis = synthesized(f"{plan.application}-{Arming.MANUAL.value}")
    (guard,) = synthesis.deployment.guards
    topic = plan.place.arn("sns", own.guard_alerts(plan.application), region=plan.regions.primary)

    alarms = [alarm["Properties"] for alarm in synthesis.resources(guard, "AWS::CloudWatch::Alarm").values()]
    topics = [found["Properties"]["TopicName"] for found in synthesis.resources(guard, "AWS::SNS::Topic").values()]

    assert guard.region == plan.regions.primary
    assert topics == [own.guard_alerts(plan.application)]
    watched = {(alarm["MetricName"], d["Value"]) for alarm in alarms for d in alarm["Dimensions"]}
    fails_or_is_silent = {(metric, own.guard_function(plan.application)) for metric in ("Errors", "Invocations")}
    remembers = {("Errors", own.latency_function(plan.application))} if tables_of(plan) else set()
    assert watched == fails_or_is_silent | remembers
    assert all(alarm["AlarmActions"] == [topic] for alarm in alarms)
