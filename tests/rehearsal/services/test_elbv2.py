"""The model of Elastic Load Balancing, asked through a real client."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import NotFound
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.elbv2 import Elbv2, HealthChecks, LoadBalancer, TargetGroup
from rehearsal.virtual_time import VirtualTime
from rehearsal.world import World

TOKYO, SEOUL = "ap-northeast-1", "ap-northeast-2"
EVERY_TEN_SECONDS_TWICE = HealthChecks(interval_seconds=10, healthy_threshold=2, unhealthy_threshold=3)


@pytest.fixture
def elbv2(aws: EmbeddedAws) -> Elbv2:
    return aws.service(Elbv2)


@pytest.fixture
def balancer(elbv2: Elbv2) -> LoadBalancer:
    return elbv2.add_load_balancer(TOKYO, "fileflow-dr")


@pytest.fixture
def group(elbv2: Elbv2, balancer: LoadBalancer) -> TargetGroup:
    return elbv2.add_target_group(
        TOKYO, "fileflow-dr-tg", balancer, checks=EVERY_TEN_SECONDS_TWICE, deregistration_delay_seconds=120
    )


def ask(aws: EmbeddedAws, operation: str, region: str = TOKYO, **parameters: Any) -> dict[str, Any]:
    return Sdk(aws.clients, region).call("elbv2", operation, region, **parameters)


def healths(aws: EmbeddedAws, group: TargetGroup) -> list[dict[str, Any]]:
    answer = ask(aws, "DescribeTargetHealth", TargetGroupArn=group.arn)
    return [described["TargetHealth"] for described in answer["TargetHealthDescriptions"]]


def test_a_load_balancer_is_described_with_its_name(aws: EmbeddedAws, balancer: LoadBalancer) -> None:
    described = ask(aws, "DescribeLoadBalancers", Names=["fileflow-dr"])["LoadBalancers"]

    assert described == [
        {
            "LoadBalancerArn": balancer.arn,
            "DNSName": balancer.dns_name,
            "CreatedTime": datetime(2026, 11, 21, 1, 0, tzinfo=UTC),
            "LoadBalancerName": "fileflow-dr",
            "Scheme": "internet-facing",
            "State": {"Code": "active"},
            "Type": "application",
        }
    ]
    assert balancer.dns_name.endswith(".ap-northeast-1.elb.amazonaws.com")


def test_names_of_aws_follow_from_region_and_name_in_every_world(balancer: LoadBalancer, group: TargetGroup) -> None:
    other = World(VirtualTime(datetime(2027, 1, 1, tzinfo=UTC)), seed=99, account="123456789012")

    there = Elbv2(other)

    assert there.add_load_balancer(TOKYO, "fileflow-dr").dns_name == balancer.dns_name
    assert there.add_target_group(TOKYO, "fileflow-dr-tg").arn == group.arn


def test_a_target_group_is_described_with_its_health_checks(
    aws: EmbeddedAws, balancer: LoadBalancer, group: TargetGroup
) -> None:
    described = ask(aws, "DescribeTargetGroups", Names=["fileflow-dr-tg"])["TargetGroups"]

    assert described == [
        {
            "TargetGroupArn": group.arn,
            "TargetGroupName": "fileflow-dr-tg",
            "Protocol": "HTTP",
            "Port": 8080,
            "HealthCheckProtocol": "HTTP",
            "HealthCheckEnabled": True,
            "HealthCheckPath": "/",
            "HealthCheckIntervalSeconds": 10,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 3,
            "VpcId": described[0]["VpcId"],
            "LoadBalancerArns": [balancer.arn],
            "TargetType": "ip",
        }
    ]


def test_target_groups_are_found_by_arn_and_by_load_balancer(
    aws: EmbeddedAws, elbv2: Elbv2, balancer: LoadBalancer, group: TargetGroup
) -> None:
    elbv2.add_target_group(TOKYO, "loose")

    by_arn = ask(aws, "DescribeTargetGroups", TargetGroupArns=[group.arn])["TargetGroups"]
    behind = ask(aws, "DescribeTargetGroups", LoadBalancerArn=balancer.arn)["TargetGroups"]
    everything = ask(aws, "DescribeTargetGroups")["TargetGroups"]

    assert [g["TargetGroupName"] for g in by_arn] == ["fileflow-dr-tg"]
    assert [g["TargetGroupName"] for g in behind] == ["fileflow-dr-tg"]
    assert [g["TargetGroupName"] for g in everything] == ["fileflow-dr-tg", "loose"]


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("DescribeLoadBalancers", {"Names": ["nobody"]}, "LoadBalancerNotFound"),
        ("DescribeTargetGroups", {"Names": ["fileflow-dr-tg", "nobody"]}, "TargetGroupNotFound"),
        ("DescribeTargetHealth", {"TargetGroupArn": "arn:aws:nothing"}, "TargetGroupNotFound"),
    ],
)
def test_an_unknown_name_refuses_the_whole_call(
    aws: EmbeddedAws, group: TargetGroup, operation: str, parameters: dict[str, Any], code: str
) -> None:
    with pytest.raises(NotFound) as refused:
        ask(aws, operation, **parameters)

    assert refused.value.code == code


def test_each_region_has_its_own(aws: EmbeddedAws, group: TargetGroup) -> None:
    assert ask(aws, "DescribeTargetGroups", SEOUL)["TargetGroups"] == []
    with pytest.raises(NotFound):
        ask(aws, "DescribeTargetHealth", SEOUL, TargetGroupArn=group.arn)


def test_no_targets_are_an_empty_answer_and_no_error(aws: EmbeddedAws, group: TargetGroup) -> None:
    assert healths(aws, group) == []


def test_a_target_is_initial_until_its_row_of_checks_is_over(aws: EmbeddedAws, group: TargetGroup) -> None:
    group.register("10.1.32.1", lambda _: None, 15.0)

    registering = healths(aws, group)
    aws.world.time.sleep(10)
    checking = healths(aws, group)
    aws.world.time.sleep(6)
    checked = healths(aws, group)

    assert registering == [
        {
            "State": "initial",
            "Reason": "Elb.RegistrationInProgress",
            "Description": "Target registration is in progress",
        }
    ]
    assert checking == [
        {
            "State": "initial",
            "Reason": "Elb.InitialHealthChecking",
            "Description": "Initial health checks in progress",
        }
    ]
    assert checked == [{"State": "healthy"}]


def test_a_row_of_checks_takes_between_one_interval_and_the_threshold_of_them(group: TargetGroup) -> None:
    drawn = [group.draw_seconds_to_healthy() for _ in range(200)]

    assert min(drawn) >= 10
    assert max(drawn) <= 20 + 4


def test_behind_no_load_balancer_targets_are_unused_for_ever(aws: EmbeddedAws, elbv2: Elbv2) -> None:
    loose = elbv2.add_target_group(TOKYO, "loose")
    loose.register("10.1.32.1", lambda _: None, 15.0)

    aws.world.time.sleep(600)

    assert [h["State"] for h in healths(aws, loose)] == ["unused"]
    assert loose.healthy_count == 0


def test_a_deregistered_target_drains_for_the_whole_delay_and_is_not_healthy(
    aws: EmbeddedAws, group: TargetGroup
) -> None:
    target = group.register("10.1.32.1", lambda _: None, 0.0)

    group.deregister(target)

    aws.world.time.sleep(119)
    assert [h["State"] for h in healths(aws, group)] == ["draining"]
    assert group.healthy_count == 0
    aws.world.time.sleep(2)
    assert healths(aws, group) == []


def test_an_application_that_answers_badly_shows_a_row_of_checks_later_and_recovers(
    aws: EmbeddedAws, group: TargetGroup
) -> None:
    told: list[str] = []
    group.register("10.1.32.1", lambda target: told.append(target.state), 0.0)

    group.answer_with(503)

    aws.world.time.sleep(25)
    assert [h["State"] for h in healths(aws, group)] == ["healthy"]
    aws.world.time.sleep(10)
    assert healths(aws, group) == [
        {
            "State": "unhealthy",
            "Reason": "Target.ResponseCodeMismatch",
            "Description": "Health checks failed with these codes: [503]",
        }
    ]
    group.answer_with(200)
    aws.world.time.sleep(21)
    assert [h["State"] for h in healths(aws, group)] == ["healthy"]
    assert told == ["healthy", "unhealthy", "healthy"]


def test_the_internet_asks_who_stands_behind_a_name(elbv2: Elbv2, balancer: LoadBalancer, group: TargetGroup) -> None:
    group.add_healthy("10.1.32.1", "10.1.32.2")

    assert elbv2.healthy_behind(balancer.dns_name) == 2
    assert elbv2.healthy_behind(balancer.dns_name.upper() + ".") == 2
    assert elbv2.healthy_behind("elsewhere.example.com") == 0
    assert elbv2.healthy_count(group) == 2
    assert elbv2.healthy_count(group.arn) == 2


def test_it_agrees_with_moto_on_descriptions(aws: EmbeddedAws, balancer: LoadBalancer, group: TargetGroup) -> None:
    """Known differences: moto gives more (zones, matcher) and another VPC; targets are healthy or unused at once."""
    with mock_aws():
        ec2 = boto3.client("ec2", TOKYO, aws_access_key_id="x", aws_secret_access_key="x")
        vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
        theirs = boto3.client("elbv2", TOKYO, aws_access_key_id="x", aws_secret_access_key="x")
        theirs.create_load_balancer(Name="fileflow-dr", Scheme="internet-facing", Subnets=[subnet])
        theirs.create_target_group(
            Name="fileflow-dr-tg", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip",
            HealthCheckIntervalSeconds=10, HealthyThresholdCount=2, UnhealthyThresholdCount=3,
        )  # fmt: skip
        their_balancer = theirs.describe_load_balancers()["LoadBalancers"][0]
        their_group = theirs.describe_target_groups()["TargetGroups"][0]
        their_health = theirs.describe_target_health(TargetGroupArn=their_group["TargetGroupArn"])

    ours = ask(aws, "DescribeLoadBalancers")["LoadBalancers"][0]
    our_group = ask(aws, "DescribeTargetGroups")["TargetGroups"][0]

    same = ("LoadBalancerName", "Scheme", "State", "Type")
    assert {key: ours[key] for key in same} == {key: their_balancer[key] for key in same}
    own = ("TargetGroupArn", "LoadBalancerArns", "VpcId")
    assert {k: v for k, v in our_group.items() if k not in own} == {
        k: v for k, v in their_group.items() if k in our_group and k not in own
    }
    assert healths(aws, group) == their_health["TargetHealthDescriptions"] == []
