"""The deployed thing is what is described: templates are loaded into moto, and all is read back through boto3."""

from __future__ import annotations

import dataclasses
import json

import pytest
from moto import mock_aws

from deployment.resources import FunctionTarget, Rule
from tests.stacks.described import deployments, names, synthesized
from tests.stacks.intrinsics import UnknownIntrinsic
from tests.stacks.loader import UnknownType, load, load_template
from tests.stacks.properties import PropertyLeftOver, Region
from tests.stacks.read_back import in_order, read_back

pytestmark = pytest.mark.full

SAMPLES, *PLANS = names(deployments())


@pytest.fixture(autouse=True)
def account():
    """An empty account that nobody else sees."""
    with mock_aws():
        yield "123456789012"


def described_in(deployment, region):
    """What is described in a region, in the order in which it is read back."""
    return in_order(resource for stack in deployment.stacks if stack.region == region for resource in stack.resources)


def calling_rules(resources):
    """The rules that call a function, with that target."""
    rules = [resource for resource in resources if isinstance(resource, Rule)]
    return [(rule, rule.target) for rule in rules if isinstance(rule.target, FunctionTarget)]


@pytest.mark.parametrize("name", [SAMPLES, *(pytest.param(name, marks=pytest.mark.full) for name in PLANS)])
def test_what_stands_in_the_account_is_what_was_described(account, name):
    synthesis = synthesized(name)

    load(synthesis)
    standing = read_back(account, synthesis.deployment.regions)

    assert [stack.region for stack in standing] == list(synthesis.deployment.regions)
    for stack in standing:
        assert stack.resources == described_in(synthesis.deployment, stack.region)


def test_the_comparison_notices_a_difference(account):
    """Given the samples with one retry more in a rule, then what stands is not what is described."""
    synthesis = synthesized(SAMPLES)
    load(synthesis)
    home = synthesis.deployment.foundation.region
    described = described_in(synthesis.deployment, home)

    rule, target = calling_rules(described)[0]
    changed = dataclasses.replace(rule, target=dataclasses.replace(target, retries=target.retries + 1))

    (standing,) = read_back(account, [home])
    assert rule in standing.resources
    assert changed not in standing.resources


def test_an_event_finds_its_way_to_a_published_function(account):
    synthesis = synthesized(SAMPLES)
    load(synthesis)
    home = Region(synthesis.deployment.foundation.region)

    for rule, target in calling_rules(described_in(synthesis.deployment, home.name)):
        name, _, alias = target.function_arn.split(":function:")[1].partition(":")
        policy = home.client("lambda").get_policy(FunctionName=name, Qualifier=alias)["Policy"]
        allowed = [statement["Condition"]["ArnLike"]["AWS:SourceArn"] for statement in json.loads(policy)["Statement"]]
        served = home.client("lambda").get_alias(FunctionName=name, Name=alias)["FunctionVersion"]

        rule_arn = home.client("events").describe_rule(Name=rule.name, EventBusName=rule.bus)["Arn"]
        assert rule_arn in allowed
        assert served == "1"


def test_a_type_that_nobody_creates_is_refused():
    template = {"Resources": {"Stranger": {"Type": "AWS::EC2::Instance", "Properties": {}}}}

    with pytest.raises(UnknownType, match="Stranger is an AWS::EC2::Instance"):
        load_template(template, Region("ap-northeast-1"))


def test_a_property_that_nobody_passes_on_is_refused():
    properties = {"Name": "bus", "DeadLetterConfig": {"Arn": "arn:aws:sqs:ap-northeast-1:123456789012:lost"}}
    template = {"Resources": {"Bus": {"Type": "AWS::Events::EventBus", "Properties": properties}}}

    with pytest.raises(PropertyLeftOver, match="Bus has DeadLetterConfig"):
        load_template(template, Region("ap-northeast-1"))


def test_a_function_of_templates_that_is_not_resolved_is_refused():
    template = {"Resources": {"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": {"Fn::Sub": "bus"}}}}}

    with pytest.raises(UnknownIntrinsic, match="Fn::Sub"):
        load_template(template, Region("ap-northeast-1"))
