"""The standby deploys and works while every other region is dark, and no edit of code replaces what must stay."""

from __future__ import annotations

import json
import re

import pytest

from deployment.names import TOMBSTONES_TABLE, latency_function, step_function
from deployment.resources import CalculatedHealthCheck, HealthCheck, MetricHealthCheck, Table
from pilotlight.domain.read_only import is_read
from pilotlight.steps import kind
from stacks.naming import logical_id
from stacks.policies import characters
from tests.stacks.described import deployments, names, plans, private, synthesized
from tests.stacks.policies_of import permissions, texts

pytestmark = pytest.mark.full

EVERY_DEPLOYMENT = pytest.mark.parametrize("deployment", names(deployments()))

REGION = re.compile(r"\b[a-z]{2}(?:-[a-z]+)+-\d\b")

LARGEST_INLINE_POLICIES, LARGEST_MANAGED_POLICY, MOST_MANAGED_POLICIES = 10_240, 6_144, 10
"""Characters that IAM allows in the inline policies of one role, without blanks (IAM quotas)."""


FENCING = {
    logical_id(step_function(plan.application, step.kind), "FunctionRole")
    for plan in (*plans(), private())
    for step in plan.steps().values()
    if kind(step.kind).fences
}
"""The roles of the functions that close an old primary."""


def abroad(template, region):
    """Every text that names another region, with the keys that lead to it."""
    for where, text in texts(template["Resources"]):
        if set(REGION.findall(text)) - {region}:
            yield where, text


@EVERY_DEPLOYMENT
def test_the_standby_names_other_regions_only_to_listen_to_look_to_leave_a_note_and_to_fence(deployment):
    """A rule's pattern says whose alarms it waits for, a parameter what the probe is to look at, a condition whose
    notes a role may keep; a read may look at the primary. Two writes leave the region, and a run goes on where they
    get no answer: the copy of a tombstone in the witness, and what the function of a fence does in the primary.
    """
    synthesis = synthesized(deployment)

    for stack in (synthesis.deployment.foundation, *synthesis.deployment.applications):
        template = synthesis.templates[stack.name]
        for where, text in abroad(template, stack.region):
            if {"EventPattern", "dynamodb:LeadingKeys"} & set(where):
                continue
            if template["Resources"][where[0]]["Type"] == "AWS::SSM::Parameter":
                continue
            statement = template["Resources"]
            for key in where[: where.index("Resource")]:
                statement = statement[int(key)] if isinstance(statement, list) else statement[key]
            writes = [action for action in statement["Action"] if not is_read(action.split(":")[1])]
            copies = writes == ["dynamodb:PutItem"] and text.endswith(f":table/{TOMBSTONES_TABLE}")
            assert not writes or copies or where[0] in FENCING, f"{where} writes to {text}"


@EVERY_DEPLOYMENT
def test_a_guard_writes_to_its_own_region_alone(deployment):
    """What it reads elsewhere are the notes and the standby; without an answer it holds to its own copy.

    Beside it stands what repeats in the standby how far tables are behind: that is for a primary that is dark.
    """
    synthesis = synthesized(deployment)
    tellers = {logical_id(latency_function(plan.application), "Function") for plan in plans()}

    for stack in synthesis.deployment.guards:
        template = synthesis.templates[stack.name]
        for permission in permissions(template):
            if not is_read(permission.action.split(":")[1]):
                assert set(REGION.findall(permission.resource)) <= {stack.region}, permission
        for where, text in abroad(template, stack.region):
            of_a_role = template["Resources"][where[0]]["Type"] == "AWS::IAM::Role"
            assert of_a_role or where[0] in tellers, f"{where} needs {text}"


@EVERY_DEPLOYMENT
def test_no_stack_needs_another_to_be_read(deployment):
    """Ref and Fn::GetAtt stay within a template; nothing is exported, imported, looked up or custom."""
    for template in synthesized(deployment).templates.values():
        said = json.dumps(template["Resources"])
        for word in (
            "Fn::ImportValue",
            "Fn::GetStackOutput",
            "Custom::",
            "AWS::CloudFormation",
            "resolve:ssm",
            "AWS::SSM::Parameter::Value",
        ):
            assert word not in said


def test_what_must_stay_keeps_its_logical_id():
    """A new logical id would have CloudFormation make a second table, and fail on its name."""
    synthesis = synthesized("samples")
    foundation, signals = synthesis.deployment.foundation, synthesis.deployment.signals[0]

    assert set(synthesis.resources(foundation, "AWS::DynamoDB::Table")) == {
        "PilotlightSamplePlainTable",
        "PilotlightSampleRecordsTable",
    }
    assert set(synthesis.resources(signals, "AWS::Route53::HealthCheck")) == {"SamplePrimaryHealthCheck"}


RETAINED = Table | HealthCheck | MetricHealthCheck | CalculatedHealthCheck


@EVERY_DEPLOYMENT
def test_what_holds_records_or_steers_dns_is_retained(deployment):
    synthesis = synthesized(deployment)
    kept = {
        "AWS::DynamoDB::Table",
        "AWS::Lambda::Version",
        "AWS::Route53::HealthCheck",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
    }

    for stack in synthesis.deployment.stacks:
        for logical, resource in synthesis.templates[stack.name]["Resources"].items():
            retained = resource.get("DeletionPolicy") == resource.get("UpdateReplacePolicy") == "Retain"
            assert retained == (resource["Type"] in kept), logical
        described = sum(isinstance(resource, RETAINED) for resource in stack.resources)
        tables = synthesis.resources(stack, "AWS::DynamoDB::Table")
        checks = synthesis.resources(stack, "AWS::Route53::HealthCheck")
        assert len(tables) + len(checks) == described


@EVERY_DEPLOYMENT
def test_the_permissions_of_a_role_fit_into_a_role(deployment):
    synthesis = synthesized(deployment)

    for stack in synthesis.deployment.stacks:
        for logical, role in synthesis.resources(stack, "AWS::IAM::Role").items():
            written = sum(characters(policy["PolicyDocument"]) for policy in role["Properties"]["Policies"])
            assert written < LARGEST_INLINE_POLICIES, f"{logical} needs {written} characters"
            assert len(role["Properties"].get("ManagedPolicyArns", ())) <= MOST_MANAGED_POLICIES
        for logical, policy in synthesis.resources(stack, "AWS::IAM::ManagedPolicy").items():
            written = characters(policy["Properties"]["PolicyDocument"])
            assert written <= LARGEST_MANAGED_POLICY, f"{logical} needs {written} characters"


@EVERY_DEPLOYMENT
def test_a_role_with_a_name_has_it_for_itself_in_the_whole_account(deployment):
    synthesis = synthesized(deployment)

    roles = [r for stack in synthesis.deployment.stacks for r in synthesis.resources(stack, "AWS::IAM::Role").values()]
    given = [role["Properties"]["RoleName"] for role in roles if "RoleName" in role["Properties"]]

    assert len(given) == len(set(given))
    assert all(len(name) <= 64 for name in given)
