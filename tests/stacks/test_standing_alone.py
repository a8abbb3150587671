"""The standby deploys and works while every other region is dark, and no edit of code replaces what must stay."""

from __future__ import annotations

import json
import re

import pytest

from deployment.resources import CalculatedHealthCheck, HealthCheck, MetricHealthCheck, Table
from pilotlight.domain.read_only import is_read
from pilotlight.steps import kind, kind_names
from tests.stacks.described import deployments, names, synthesized
from tests.stacks.policies_of import texts

EVERY_DEPLOYMENT = pytest.mark.parametrize("deployment", names(deployments()))

REGION = re.compile(r"\b[a-z]{2}(?:-[a-z]+)+-\d\b")

FENCE_ROLES = tuple(
    f"{''.join(word.capitalize() for word in name.split('_'))}FunctionRole"
    for name in kind_names()
    if kind(name).fences
)
"""The ends of the logical ids of the roles that may close the old primary."""

LARGEST_INLINE_POLICIES = 10_240
"""Characters that IAM allows in the inline policies of one role, without blanks (IAM quotas)."""


def abroad(template, region):
    """Every text that names another region, with the keys that lead to it."""
    for where, text in texts(template["Resources"]):
        if set(REGION.findall(text)) - {region}:
            yield where, text


@EVERY_DEPLOYMENT
def test_the_standby_names_other_regions_only_to_listen_to_them_to_look_at_them_and_to_close_them(deployment):
    """A rule's pattern says whose alarms it waits for, a parameter what the probe is to look at; reads and fences reach
    the primary, and work without it."""
    synthesis = synthesized(deployment)

    for stack in (synthesis.deployment.foundation, *synthesis.deployment.applications):
        template = synthesis.templates[stack.name]
        for where, text in abroad(template, stack.region):
            is_parameter = template["Resources"][where[0]]["Type"] == "AWS::SSM::Parameter"
            if "EventPattern" in where or is_parameter or where[0].endswith(FENCE_ROLES):
                continue
            statement = template["Resources"]
            for key in where[: where.index("Resource")]:
                statement = statement[int(key)] if isinstance(statement, list) else statement[key]
            assert all(is_read(action.split(":")[1]) for action in statement["Action"]), f"{where} writes to {text}"


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
            policies = [policy["PolicyDocument"] for policy in role["Properties"]["Policies"]]
            written = sum(len(json.dumps(policy, separators=(",", ":"))) for policy in policies)
            assert written < LARGEST_INLINE_POLICIES, f"{logical} needs {written} characters"


@EVERY_DEPLOYMENT
def test_a_role_with_a_name_has_it_for_itself_in_the_whole_account(deployment):
    synthesis = synthesized(deployment)

    roles = [r for stack in synthesis.deployment.stacks for r in synthesis.resources(stack, "AWS::IAM::Role").values()]
    given = [role["Properties"]["RoleName"] for role in roles if "RoleName" in role["Properties"]]

    assert len(given) == len(set(given))
    assert all(len(name) <= 64 for name in given)
