"""The model of Application Auto Scaling, asked through a real client."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import InvalidRequest, NotFound
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.application_autoscaling import ApplicationAutoScaling
from rehearsal.services.ecs import Ecs
from rehearsal.services.ecs_scheduler import EcsService
from rehearsal.services.elbv2 import Elbv2
from rehearsal.wire import NotModelled

TOKYO = "ap-northeast-1"
COUNT = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
RESOURCE = "service/fileflow-dr-cluster/fileflow-dr-service"
ROLE = (
    "arn:aws:iam::123456789012:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_ECSService"
)
MOMENTS, MINUTES = 6, 80
"""Longer than the model takes to adjust after a registration, and to evaluate after a change."""


@pytest.fixture
def service(aws: EmbeddedAws) -> EcsService:
    balancing, ecs = aws.service(Elbv2), aws.service(Ecs)
    group = balancing.add_target_group(TOKYO, "fileflow-dr-tg", balancing.add_load_balancer(TOKYO, "fileflow-dr"))
    definition = ecs.add_task_definition(TOKYO, "fileflow", "fileflow:prod")
    return ecs.add_service(TOKYO, "fileflow-dr-cluster", "fileflow-dr-service", definition, group)


@pytest.fixture
def autoscaling(aws: EmbeddedAws) -> ApplicationAutoScaling:
    return aws.service(ApplicationAutoScaling)


def ask(aws: EmbeddedAws, operation: str, **parameters: Any) -> dict[str, Any]:
    return Sdk(aws.clients, TOKYO).call("application-autoscaling", operation, TOKYO, **COUNT, **parameters)


def described(aws: EmbeddedAws) -> list[dict[str, Any]]:
    targets: list[dict[str, Any]] = ask(aws, "DescribeScalableTargets", ResourceIds=[RESOURCE])["ScalableTargets"]
    return targets


def test_a_service_that_is_not_registered_is_simply_not_there(aws: EmbeddedAws, service: EcsService) -> None:
    assert described(aws) == []


def test_a_registered_service_is_described_whole(
    aws: EmbeddedAws, service: EcsService, autoscaling: ApplicationAutoScaling
) -> None:
    target = autoscaling.add_target(service, 0, 4, DynamicScalingInSuspended=True)

    assert described(aws) == [
        {
            "ServiceNamespace": "ecs",
            "ResourceId": RESOURCE,
            "ScalableDimension": "ecs:service:DesiredCount",
            "MinCapacity": 0,
            "MaxCapacity": 4,
            "RoleARN": ROLE,
            "CreationTime": datetime(2026, 11, 21, 1, 0, tzinfo=UTC),
            "SuspendedState": {
                "DynamicScalingInSuspended": True,
                "DynamicScalingOutSuspended": False,
                "ScheduledScalingSuspended": False,
            },
            "ScalableTargetARN": target.arn,
        }
    ]
    assert target.arn.startswith("arn:aws:application-autoscaling:ap-northeast-1:123456789012:scalable-target/")


def test_registering_moves_the_count_into_the_bounds_moments_later(aws: EmbeddedAws, service: EcsService) -> None:
    ask(aws, "RegisterScalableTarget", ResourceId=RESOURCE, MinCapacity=2, MaxCapacity=8)

    assert service.desired == 0
    aws.world.time.sleep(MOMENTS)
    assert service.desired == 2


def test_an_update_keeps_what_it_does_not_name(
    aws: EmbeddedAws, service: EcsService, autoscaling: ApplicationAutoScaling
) -> None:
    autoscaling.add_target(service, 1, 2, DynamicScalingOutSuspended=True)

    ask(aws, "RegisterScalableTarget", ResourceId=RESOURCE, MaxCapacity=9)

    [target] = described(aws)
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 9)
    assert target["SuspendedState"]["DynamicScalingOutSuspended"] is True


def test_a_count_above_the_maximum_is_taken_back_about_a_minute_later(
    aws: EmbeddedAws, service: EcsService, autoscaling: ApplicationAutoScaling
) -> None:
    autoscaling.add_target(service, 0, 1)

    service.update(4)

    aws.world.time.sleep(40)
    assert service.desired == 4
    aws.world.time.sleep(MINUTES - 40)
    assert service.desired == 1


def test_a_count_below_the_minimum_stays_until_somebody_registers(
    aws: EmbeddedAws, service: EcsService, autoscaling: ApplicationAutoScaling
) -> None:
    autoscaling.add_target(service, 3, 6)

    service.update(1)

    aws.world.time.sleep(MINUTES)
    assert service.desired == 1
    ask(aws, "RegisterScalableTarget", ResourceId=RESOURCE)
    aws.world.time.sleep(MOMENTS)
    assert service.desired == 3


def test_nothing_is_taken_back_while_the_service_deploys(
    aws: EmbeddedAws, service: EcsService, autoscaling: ApplicationAutoScaling
) -> None:
    autoscaling.add_target(service, 0, 1)
    aws.service(Ecs).starve(TOKYO)

    service.update(4, force=True)

    aws.world.time.sleep(3 * MINUTES)
    assert service.desired == 4
    aws.service(Ecs).feed(TOKYO)
    aws.world.time.sleep(900)
    assert service.desired == 1


def test_nothing_is_taken_back_while_scaling_in_is_suspended(
    aws: EmbeddedAws, service: EcsService, autoscaling: ApplicationAutoScaling
) -> None:
    autoscaling.add_target(service, 0, 1, DynamicScalingInSuspended=True)

    service.update(4)

    aws.world.time.sleep(3 * MINUTES)
    assert service.desired == 4


def test_deregistering_forgets_the_bounds_and_keeps_the_count(
    aws: EmbeddedAws, service: EcsService, autoscaling: ApplicationAutoScaling
) -> None:
    autoscaling.add_target(service, 0, 1)
    service.update(4)

    ask(aws, "DeregisterScalableTarget", ResourceId=RESOURCE)

    aws.world.time.sleep(MINUTES)
    assert described(aws) == []
    assert service.desired == 4
    with pytest.raises(NotFound) as refused:
        ask(aws, "DeregisterScalableTarget", ResourceId=RESOURCE)
    assert refused.value.code == "ObjectNotFoundException"


@pytest.mark.parametrize(
    "parameters",
    [
        {"ResourceId": RESOURCE},
        {"ResourceId": RESOURCE, "MinCapacity": 1},
        {"ResourceId": RESOURCE, "MinCapacity": 3, "MaxCapacity": 2},
        {"ResourceId": "service/fileflow-dr-cluster/another", "MinCapacity": 0, "MaxCapacity": 2},
    ],
)
def test_bounds_that_make_no_sense_are_refused(
    aws: EmbeddedAws, service: EcsService, parameters: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        ask(aws, "RegisterScalableTarget", **parameters)

    assert refused.value.code == "ValidationException"
    assert described(aws) == []


def test_it_agrees_with_moto_on_bounds(aws: EmbeddedAws, service: EcsService) -> None:
    """Known differences: moto's ARN has no code of its own and it never touches the service's count; it answers
    ValidationException where AWS, by botocore's model, answers ObjectNotFoundException."""
    with mock_aws():
        ecs = boto3.client("ecs", TOKYO, aws_access_key_id="x", aws_secret_access_key="x")
        ecs.create_cluster(clusterName="fileflow-dr-cluster")
        container = {"name": "fileflow", "image": "fileflow:prod", "memory": 512}
        ecs.register_task_definition(family="fileflow", containerDefinitions=[container])
        ecs.create_service(
            cluster="fileflow-dr-cluster",
            serviceName="fileflow-dr-service",
            taskDefinition="fileflow",
            desiredCount=0,
        )
        theirs = boto3.client("application-autoscaling", TOKYO, aws_access_key_id="x", aws_secret_access_key="x")
        theirs.register_scalable_target(**COUNT, ResourceId=RESOURCE, MinCapacity=1, MaxCapacity=4)
        theirs.register_scalable_target(**COUNT, ResourceId=RESOURCE, MaxCapacity=6)
        [their_target] = theirs.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]

    ask(aws, "RegisterScalableTarget", ResourceId=RESOURCE, MinCapacity=1, MaxCapacity=4)
    ask(aws, "RegisterScalableTarget", ResourceId=RESOURCE, MaxCapacity=6)
    [our_target] = described(aws)

    same = ("ServiceNamespace", "ResourceId", "ScalableDimension", "MinCapacity", "MaxCapacity")
    assert {key: our_target[key] for key in same} == {key: their_target[key] for key in same}


def test_a_call_of_the_wrong_dimension_is_a_gap(aws: EmbeddedAws, service: EcsService) -> None:
    call = Sdk(aws.clients, TOKYO).call

    with pytest.raises(NotModelled):
        call(
            "application-autoscaling",
            "RegisterScalableTarget",
            TOKYO,
            ServiceNamespace="rds",
            ScalableDimension="rds:cluster:ReadReplicaCount",
            ResourceId="cluster:shared",
            MinCapacity=1,
            MaxCapacity=2,
        )
