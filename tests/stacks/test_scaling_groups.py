"""A plan of scaling groups, deployed: what its guard and its steps may do, and what its owner is told to hold."""

from __future__ import annotations

import pytest

from deployment import names as own
from deployment.application import application
from deployment.guard import guard
from deployment.resources import Function
from pilotlight.domain.plan import Arming
from pilotlight.domain.step import Access
from stacks.policies import described
from stacks.wildcards import wildcards_of
from tests.stacks.test_prerequisites import made_for
from tests.workflow.scaling_groups import SEOUL, TOKYO, the_plan

PLAN = the_plan(database=False)
ABOVE_OBSERVE = [arming for arming in Arming if arming is not Arming.OBSERVE]
CLOSING = {"autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags", "autoscaling:UpdateAutoScalingGroup"}


def functions_at(arming: Arming) -> dict[str, Function]:
    """What is deployed for the plan, by name."""
    armed = PLAN.model_copy(update={"arming": arming})
    stacks = (application(armed), *guard(armed))
    return {r.name: r for stack in stacks for r in stack.resources if isinstance(r, Function)}


def writes_of(function: Function) -> set[tuple[str, str]]:
    """The actions on groups that change something, each with the group."""
    changing = [s for s in function.statements if s.access is not Access.READ]
    return {(a, r) for s in changing for a in s.actions for r in s.resources if a.startswith("autoscaling:")}


def group(region: str, name: str) -> str:
    return f"arn:aws:autoscaling:{region}:123456789012:autoScalingGroup:*:autoScalingGroupName/{name}"


@pytest.mark.parametrize("arming", ABOVE_OBSERVE)
def test_the_guard_may_close_the_groups_of_the_primary_and_no_others(arming):
    may = writes_of(functions_at(arming)[own.guard_function(PLAN.application)])

    olds = [group(SEOUL, name) for name in ("MegaTicket-Web-ASG", "MegaTicket-App-ASG")]
    assert may == {(action, old) for action in CLOSING for old in olds}


@pytest.mark.parametrize("arming", ABOVE_OBSERVE)
def test_the_step_that_scales_may_change_the_sizes_of_the_standbys_groups_and_nothing_else(arming):
    may = writes_of(functions_at(arming)[own.step_function(PLAN.application, "scale_auto_scaling_group")])

    news = [group(TOKYO, name) for name in ("MegaTicket-DR-Web-ASG", "MegaTicket-DR-App-ASG")]
    assert may == {("autoscaling:UpdateAutoScalingGroup", new) for new in news}


def test_under_observe_nothing_may_change_a_group():
    assert [name for name, function in functions_at(Arming.OBSERVE).items() if writes_of(function)] == []


@pytest.mark.parametrize("arming", Arming)
def test_every_pattern_that_a_role_holds_is_signed(arming):
    signed = [
        entry.name
        for function in functions_at(arming).values()
        for _, entry in wildcards_of(described(function.statements))
    ]

    assert ("a group by its name" in signed) is (arming is not Arming.OBSERVE)


def test_the_code_that_makes_the_groups_synthesizes():
    groups = [r["Properties"] for r in made_for(PLAN) if r["Type"].endswith("AutoScalingGroup")]

    assert [g["AutoScalingGroupName"] for g in groups] == ["MegaTicket-DR-Web-ASG", "MegaTicket-DR-App-ASG"]
    assert all((g["MinSize"], g["MaxSize"], g.get("DesiredCapacity")) == ("0", "3", None) for g in groups)
