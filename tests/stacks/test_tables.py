"""What a plan with global tables adds: the function that remembers latencies, and roles that can name ten tables."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deployment import names
from deployment.application import application
from deployment.foundation import foundation
from deployment.guard import guard
from deployment.resources import Function
from planfile.table_rules import MOST_TABLES
from stacks.application_stack import ApplicationStack
from stacks.foundation_stack import FoundationStack
from stacks.guard_stack import GuardStack
from stacks.policies import characters
from tests.stacks.described import an_app
from tests.stacks.policies_of import statements_held
from tests.ticketing import STAGES, TAKE_OVER, megaticket

LONGEST_NAME = 254
LARGEST_POLICY = 6_144
"""A managed policy, without white space (IAM quotas); a statement is never split."""


@cache
def templates() -> tuple[dict[str, Any], dict[str, Any]]:
    """The stacks in the standby and in the primary of a plan with as many tables as there may be."""
    tables = ["reservations", *("x" * LONGEST_NAME + str(number) for number in range(1, MOST_TABLES))]
    plan = megaticket(stages={**STAGES, "move": {"tables": [{**TAKE_OVER, "params": {"tables": tables}}]}})
    app, described, (primary,) = an_app(), application(plan), guard(plan)
    ApplicationStack(app, described, FoundationStack(app, foundation(plan.account, plan.regions.standby)))
    GuardStack(app, primary)
    app.synth()
    standby, there = (
        json.loads((Path(app.outdir) / f"{s.name}.template.json").read_text()) for s in (described, primary)
    )
    return standby, there


def test_each_policy_has_room_for_as_many_tables_as_a_plan_may_have() -> None:
    held = [
        resource["Properties"]["PolicyDocument"]
        for template in templates()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
    ]
    largest = max(characters(document) for document in held)

    assert largest <= LARGEST_POLICY
    assert largest > LARGEST_POLICY * 0.9, "the limit of the plan is that of IAM"


@pytest.mark.parametrize("kind", ["AWS::Lambda::Function", "AWS::Events::Rule"])
def test_what_remembers_stands_in_the_primary_beside_the_guard(kind: str) -> None:
    _, primary = templates()
    made = [
        str(resource["Properties"].get("FunctionName") or resource["Properties"]["Name"])
        for resource in primary["Resources"].values()
        if resource["Type"] == kind
    ]

    wanted = {names.guard_function("megaticket"), names.latency_function("megaticket")}
    assert {name.removesuffix("-tick") for name in made} == wanted


@pytest.mark.parametrize("witness", ["ap-southeast-1", None])
def test_who_opens_a_run_may_read_the_notes_on_tables_with_and_without_a_witness(witness: str | None) -> None:
    """What is lost of a table that was taken over already is known from its note alone."""
    plan = megaticket()
    regions = plan.regions.model_copy(update={"witness": witness})
    described = application(plan.model_copy(update={"regions": regions}))

    opener = next(
        r for r in described.resources if isinstance(r, Function) and r.name == names.open_function(plan.name)
    )

    notes = plan.place.arn("dynamodb", f"table/{names.TOMBSTONES_TABLE}")
    read = [s.actions for s in opener.statements if notes in s.resources]
    assert read == [("dynamodb:GetItem",)]


def test_it_may_write_metrics_of_one_namespace_alone() -> None:
    writes = [
        statement
        for template in templates()
        for logical, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
        for statement in statements_held(template, logical)
        if "cloudwatch:PutMetricData" in statement["Action"]
    ]

    only = {"StringEquals": {"cloudwatch:namespace": "Pilotlight/megaticket/tables"}}
    assert [statement["Condition"] for statement in writes] == [only]
