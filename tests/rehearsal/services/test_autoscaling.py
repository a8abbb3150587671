"""The model of EC2 Auto Scaling, asked through a real client."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from itertools import pairwise
from typing import Any

import boto3
import pytest
from botocore import xform_name
from moto import mock_aws

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import InvalidRequest, NotFound
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.autoscaling import AutoScaling
from rehearsal.services.autoscaling_groups import AutoScalingGroup
from rehearsal.services.ec2 import Ec2
from rehearsal.services.elbv2 import Elbv2, HealthChecks
from rehearsal.wire import NotModelled

TOKYO, NAME = "ap-northeast-1", "MegaTicket-DR-Web-ASG"
CHECKS = HealthChecks(interval_seconds=10, healthy_threshold=2, unhealthy_threshold=2)
LONGEST_LAUNCH = 460
"""From an accepted update until every instance is in service and healthy, at the most."""


@pytest.fixture
def group(aws: EmbeddedAws) -> AutoScalingGroup:
    ec2, balancing = aws.service(Ec2), aws.service(Elbv2)
    balancer = balancing.add_load_balancer(TOKYO, "MegaTicket-DR-ALB")
    behind = [
        balancing.add_target_group(TOKYO, name, balancer, port=port, target_type="instance", checks=CHECKS)
        for name, port in (("web", 3000), ("api", 3001))
    ]
    template = ec2.add_template(TOKYO, "web-lt", ec2.add_image(TOKYO), user_data="#!/bin/bash\n")
    subnets = tuple(ec2.add_subnet(TOKYO, f"{TOKYO}{zone}") for zone in "ac")
    return aws.service(AutoScaling).add_group(TOKYO, NAME, template, subnets, *behind, sizes=(0, 3, 0))


def ask(aws: EmbeddedAws, operation: str, service: str = "autoscaling", **parameters: Any) -> dict[str, Any]:
    return Sdk(aws.clients, TOKYO).call(service, operation, TOKYO, **parameters)


def change(aws: EmbeddedAws, **sizes: Any) -> None:
    ask(aws, "UpdateAutoScalingGroup", AutoScalingGroupName=NAME, **sizes)


def described(aws: EmbeddedAws) -> dict[str, Any]:
    [found] = ask(aws, "DescribeAutoScalingGroups", AutoScalingGroupNames=[NAME])["AutoScalingGroups"]
    return dict(found)


def sizes(aws: EmbeddedAws) -> tuple[int, int, int]:
    found = described(aws)
    return (found["MinSize"], found["MaxSize"], found["DesiredCapacity"])


def states(aws: EmbeddedAws) -> list[str]:
    return [instance["LifecycleState"] for instance in described(aws)["Instances"]]


def activities(aws: EmbeddedAws) -> list[dict[str, Any]]:
    return list(ask(aws, "DescribeScalingActivities", AutoScalingGroupName=NAME)["Activities"])


# What is described


def test_a_group_that_is_not_there_is_an_empty_list_to_who_looks_and_an_error_to_who_changes(aws: EmbeddedAws) -> None:
    looked = ask(aws, "DescribeAutoScalingGroups", AutoScalingGroupNames=["nobody"])
    with pytest.raises(InvalidRequest) as refused:
        ask(aws, "UpdateAutoScalingGroup", AutoScalingGroupName="nobody", DesiredCapacity=1)

    assert looked["AutoScalingGroups"] == []
    assert refused.value.code == "ValidationError"
    assert refused.value.message == "AutoScalingGroup name not found - AutoScalingGroup nobody not found"


def test_a_group_is_described_with_what_it_is_made_of(aws: EmbeddedAws, group: AutoScalingGroup) -> None:
    found = described(aws)

    assert found["AutoScalingGroupARN"].endswith(f":autoScalingGroupName/{NAME}")
    assert found["TargetGroupARNs"] == [target_group.arn for target_group in group.groups]
    assert found["LaunchTemplate"] == {
        "LaunchTemplateId": group.template[0],
        "LaunchTemplateName": "web-lt",
        "Version": "$Latest",
    }
    assert found["VPCZoneIdentifier"].split(",") == [subnet.id for subnet in group.subnets]
    assert (found["HealthCheckType"], found["HealthCheckGracePeriod"]) == ("ELB", 300)
    assert found["SuspendedProcesses"] == found["Instances"] == []


# Sizes


@pytest.mark.parametrize(
    ("asked", "after"),
    [
        ({"MinSize": 2, "MaxSize": 3, "DesiredCapacity": 2}, (2, 3, 2)),
        ({"DesiredCapacity": 3}, (0, 3, 3)),
        ({"MinSize": 1}, (1, 3, 1)),
        ({"MinSize": 2, "MaxSize": 5}, (2, 5, 2)),
        ({"MaxSize": 8}, (0, 8, 0)),
    ],
)
def test_a_size_that_is_left_out_stays_or_moves_between_the_bounds(
    aws: EmbeddedAws, group: AutoScalingGroup, asked: dict[str, int], after: tuple[int, int, int]
) -> None:
    change(aws, **asked)

    assert sizes(aws) == after


def test_a_maximum_below_what_is_wanted_takes_it_along(aws: EmbeddedAws, group: AutoScalingGroup) -> None:
    change(aws, DesiredCapacity=3)

    change(aws, MaxSize=1)

    assert sizes(aws) == (0, 1, 1)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"DesiredCapacity": 4}, "Desired capacity:4 must be between the specified min size:0 and max size:3"),
        ({"MinSize": 2, "DesiredCapacity": 1}, "Desired capacity:1 must be between the specified min size:2 and max"),
        ({"MinSize": 4}, "Max bound, 3, must be greater than or equal to min bound, 4"),
    ],
)
def test_sizes_that_contradict_each_other_are_refused_and_change_nothing(
    aws: EmbeddedAws, group: AutoScalingGroup, asked: dict[str, int], why: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        change(aws, **asked)

    assert (refused.value.code, why in refused.value.message) == ("ValidationError", True)
    assert sizes(aws) == (0, 3, 0)


def test_what_is_not_modelled_of_an_update_is_a_gap_and_never_an_answer(
    aws: EmbeddedAws, group: AutoScalingGroup
) -> None:
    with pytest.raises(NotModelled):
        ask(aws, "UpdateAutoScalingGroup", AutoScalingGroupName=NAME, HealthCheckType="EC2")


# Instances


def test_an_update_answers_before_anything_is_launched_and_instances_come_in_two_zones(
    aws: EmbeddedAws, group: AutoScalingGroup
) -> None:
    change(aws, DesiredCapacity=2)
    at_once = states(aws)
    aws.world.time.sleep(16)
    launched = described(aws)["Instances"]
    aws.world.time.sleep(LONGEST_LAUNCH)

    assert at_once == []
    assert [i["LifecycleState"] for i in launched] == ["Pending", "Pending"]
    assert {i["AvailabilityZone"] for i in launched} == {f"{TOKYO}a", f"{TOKYO}c"}
    assert {i["LaunchTemplate"]["Version"] for i in launched} == {"1"}
    assert states(aws) == ["InService", "InService"]
    assert [a["StatusCode"] for a in activities(aws)] == ["Successful", "Successful"]


def test_an_instance_becomes_a_healthy_target_of_every_target_group_some_time_after_it_is_in_service(
    aws: EmbeddedAws, group: AutoScalingGroup
) -> None:
    change(aws, DesiredCapacity=1)
    while states(aws) != ["InService"]:
        aws.world.time.sleep(1)
    at_first = [g.healthy_count for g in group.groups]
    aws.world.time.sleep(100)

    [instance] = described(aws)["Instances"]
    healths = [
        ask(aws, "DescribeTargetHealth", "elbv2", TargetGroupArn=g.arn)["TargetHealthDescriptions"]
        for g in group.groups
    ]

    assert at_first == [0, 0]
    assert [(h["Target"]["Id"], h["Target"]["Port"], h["TargetHealth"]["State"]) for [h] in healths] == [
        (instance["InstanceId"], 3000, "healthy"),
        (instance["InstanceId"], 3001, "healthy"),
    ]


@pytest.mark.parametrize(("version", "number"), [("$Latest", 2), ("$Default", 1), ("2", 2)])
def test_a_version_is_resolved_at_the_launch(
    aws: EmbeddedAws, group: AutoScalingGroup, version: str, number: int
) -> None:
    [template] = aws.service(Ec2).templates
    template.versions.append(replace(template.versions[0], number=2))
    group.template = (*group.template[:2], version)

    change(aws, DesiredCapacity=1)
    aws.world.time.sleep(16)

    assert [i["LaunchTemplate"]["Version"] for i in described(aws)["Instances"]] == [str(number)]


def test_an_instance_that_ends_is_shown_until_it_was_drained_and_shut_down(
    aws: EmbeddedAws, group: AutoScalingGroup
) -> None:
    change(aws, DesiredCapacity=2)
    aws.world.time.sleep(LONGEST_LAUNCH)
    change(aws, MinSize=0, MaxSize=0, DesiredCapacity=0)
    aws.world.time.sleep(200)
    draining, told = states(aws), activities(aws)[0]
    aws.world.time.sleep(300)

    assert draining == ["Terminating", "Terminating"]
    assert told["StatusCode"] == "WaitingForELBConnectionDraining"
    assert told["Description"].startswith("Terminating EC2 instance: i-")
    assert states(aws) == []
    assert [subnet.free for subnet in group.subnets] == [250, 250]


def test_what_is_protected_from_scale_in_stays(aws: EmbeddedAws, group: AutoScalingGroup) -> None:
    group.protects_new = True
    change(aws, DesiredCapacity=1)
    aws.world.time.sleep(LONGEST_LAUNCH)

    change(aws, DesiredCapacity=0)
    aws.world.time.sleep(60)

    [instance] = described(aws)["Instances"]
    assert (instance["ProtectedFromScaleIn"], instance["LifecycleState"]) == (True, "InService")
    assert activities(aws)[0]["Description"].startswith("Could not scale to desired capacity because all remaining")


def test_a_sick_instance_is_replaced_once_its_grace_is_over(aws: EmbeddedAws, group: AutoScalingGroup) -> None:
    change(aws, DesiredCapacity=1)
    aws.world.time.sleep(LONGEST_LAUNCH)
    [before] = described(aws)["Instances"]

    group.groups[1].answer_with(503)
    aws.world.time.sleep(400)

    instances = {i["InstanceId"]: i for i in described(aws)["Instances"]}
    assert (instances[before["InstanceId"]]["LifecycleState"], len(instances)) == ("Terminating", 2)
    assert instances[before["InstanceId"]]["HealthStatus"] == "Unhealthy"
    assert any("in response to an ELB system health check failure" in a["Cause"] for a in activities(aws))


@pytest.mark.parametrize("keep", ["HealthCheck", "ReplaceUnhealthy", "grace", "EC2"])
def test_a_sick_instance_stays_where_nobody_looks_or_it_is_too_young(
    aws: EmbeddedAws, group: AutoScalingGroup, keep: str
) -> None:
    change(aws, DesiredCapacity=1)
    aws.world.time.sleep(LONGEST_LAUNCH)
    if keep == "grace":
        group.grace_seconds = 7200
    elif keep == "EC2":
        group.health_check_type = "EC2"
    else:
        ask(aws, "SuspendProcesses", AutoScalingGroupName=NAME, ScalingProcesses=[keep])

    group.groups[0].answer_with(503)
    aws.world.time.sleep(600)

    assert states(aws) == ["InService"]


# Processes


def test_with_launch_suspended_an_update_is_accepted_and_nothing_happens_and_nothing_is_said(
    aws: EmbeddedAws, group: AutoScalingGroup
) -> None:
    ask(aws, "SuspendProcesses", AutoScalingGroupName=NAME, ScalingProcesses=["Launch"])
    change(aws, DesiredCapacity=2)
    aws.world.time.sleep(3600)
    nothing = (states(aws), activities(aws), sizes(aws))

    ask(aws, "ResumeProcesses", AutoScalingGroupName=NAME, ScalingProcesses=["Launch"])
    aws.world.time.sleep(20)

    assert nothing == ([], [], (0, 3, 2))
    assert states(aws) == ["Pending", "Pending"]


def test_with_terminate_suspended_nothing_ends(aws: EmbeddedAws, group: AutoScalingGroup) -> None:
    change(aws, DesiredCapacity=1)
    aws.world.time.sleep(LONGEST_LAUNCH)
    ask(aws, "SuspendProcesses", AutoScalingGroupName=NAME, ScalingProcesses=["Terminate"])

    change(aws, MinSize=0, MaxSize=0, DesiredCapacity=0)
    aws.world.time.sleep(600)

    assert states(aws) == ["InService"]


def test_with_add_to_load_balancer_suspended_an_instance_is_no_target_and_never_becomes_one(
    aws: EmbeddedAws, group: AutoScalingGroup
) -> None:
    ask(aws, "SuspendProcesses", AutoScalingGroupName=NAME, ScalingProcesses=["AddToLoadBalancer"])
    change(aws, DesiredCapacity=1)
    aws.world.time.sleep(LONGEST_LAUNCH)
    ask(aws, "ResumeProcesses", AutoScalingGroupName=NAME, ScalingProcesses=["AddToLoadBalancer"])
    aws.world.time.sleep(LONGEST_LAUNCH)

    assert states(aws) == ["InService"]
    assert [g.targets for g in group.groups] == [[], []]


def test_no_process_named_is_every_process_and_an_unknown_one_is_refused(
    aws: EmbeddedAws, group: AutoScalingGroup
) -> None:
    ask(aws, "SuspendProcesses", AutoScalingGroupName=NAME)
    suspended = {p["ProcessName"] for p in described(aws)["SuspendedProcesses"]}
    with pytest.raises(InvalidRequest) as refused:
        ask(aws, "ResumeProcesses", AutoScalingGroupName=NAME, ScalingProcesses=["Everything"])

    assert len(suspended) == 9
    assert refused.value.code == "ValidationError"


# Launches that fail


def test_a_failed_launch_stands_in_the_activities_and_is_tried_again_ever_more_rarely(
    aws: EmbeddedAws, group: AutoScalingGroup
) -> None:
    [image] = aws.service(Ec2).images
    aws.service(Ec2).images.clear()

    change(aws, DesiredCapacity=1)
    aws.world.time.sleep(16)
    [first] = activities(aws)
    aws.world.time.sleep(600)
    tries = [a["StartTime"] for a in reversed(activities(aws))]
    aws.service(Ec2).images.append(image)
    aws.world.time.sleep(2000)

    said = f"The image id '{image.id}' does not exist. Launching EC2 instance failed."
    assert (first["StatusCode"], first["StatusMessage"]) == ("Failed", said)
    assert first["Description"] == f"Launching a new EC2 instance.  Status Reason: {said}"
    waits = [later - earlier for earlier, later in pairwise(tries)]
    assert len(waits) > 2
    assert waits == sorted(waits)
    assert states(aws) == ["InService"]


# What instances are launched from


def test_a_launch_template_is_read_by_version_and_keeps_user_data_as_base64(
    aws: EmbeddedAws, group: AutoScalingGroup
) -> None:
    named = {"LaunchTemplateId": group.template[0]}
    [found] = ask(aws, "DescribeLaunchTemplateVersions", "ec2", **named, Versions=["$Default"])[
        "LaunchTemplateVersions"
    ]
    with pytest.raises(NotFound) as refused:
        ask(aws, "DescribeLaunchTemplateVersions", "ec2", **named, Versions=["7"])

    assert (found["VersionNumber"], found["DefaultVersion"]) == (1, True)
    assert b64decode(found["LaunchTemplateData"]["UserData"]) == b"#!/bin/bash\n"
    assert refused.value.code == "InvalidLaunchTemplateId.VersionNotFound"


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("DescribeImages", {"ImageIds": ["ami-0000"]}, "InvalidAMIID.NotFound"),
        ("DescribeKeyPairs", {"KeyNames": ["nobody"]}, "InvalidKeyPair.NotFound"),
        ("DescribeSubnets", {"SubnetIds": ["subnet-0000"]}, "InvalidSubnetID.NotFound"),
        (
            "DescribeLaunchTemplateVersions",
            {"LaunchTemplateId": "lt-0000", "Versions": ["1"]},
            "InvalidLaunchTemplateId.NotFound",
        ),
    ],
)
def test_one_unknown_name_refuses_a_whole_look(
    aws: EmbeddedAws, operation: str, parameters: dict[str, Any], code: str
) -> None:
    with pytest.raises(NotFound) as refused:
        ask(aws, operation, "ec2", **parameters)

    assert refused.value.code == code


# Beside moto


def test_it_agrees_with_moto_on_sizes_processes_and_tags(aws: EmbeddedAws, group: AutoScalingGroup) -> None:
    """Known differences: moto's instances are in service at once, and suspended processes keep it from nothing; it
    checks no size against another, and its sentence for a group that is not there ends in `null`."""
    tag = {"ResourceId": NAME, "ResourceType": "auto-scaling-group", "Key": "DR", "Value": "true"}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("UpdateAutoScalingGroup", {"AutoScalingGroupName": NAME, "MinSize": 1, "MaxSize": 3, "DesiredCapacity": 2}),
        ("SuspendProcesses", {"AutoScalingGroupName": NAME, "ScalingProcesses": ["Launch", "HealthCheck"]}),
        ("ResumeProcesses", {"AutoScalingGroupName": NAME, "ScalingProcesses": ["Launch"]}),
        ("CreateOrUpdateTags", {"Tags": [{**tag, "PropagateAtLaunch": False}]}),
        ("UpdateAutoScalingGroup", {"AutoScalingGroupName": NAME, "MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0}),
    ]
    with mock_aws():
        keys: Any = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        ec2, theirs = boto3.client("ec2", TOKYO, **keys), boto3.client("autoscaling", TOKYO, **keys)
        made_of = {"ImageId": "ami-12c6146b", "InstanceType": "t2.small"}
        ec2.create_launch_template(LaunchTemplateName="web-lt", LaunchTemplateData=made_of)
        theirs.create_auto_scaling_group(
            AutoScalingGroupName=NAME,
            LaunchTemplate={"LaunchTemplateName": "web-lt", "Version": "$Latest"},
            MinSize=0,
            MaxSize=3,
            DesiredCapacity=0,
            AvailabilityZones=[f"{TOKYO}a"],
        )
        seen = []
        for operation, parameters in steps:
            getattr(theirs, xform_name(operation))(**parameters)
            [found] = theirs.describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])["AutoScalingGroups"]
            seen.append(what_both_say(found))
        with pytest.raises(theirs.exceptions.ClientError) as unknown:
            theirs.update_auto_scaling_group(AutoScalingGroupName="nobody", DesiredCapacity=1)

    ours = []
    for operation, parameters in steps:
        ask(aws, operation, **parameters)
        ours.append(what_both_say(described(aws)))

    assert ours == seen
    assert unknown.value.response["Error"]["Code"] == "ValidationError"


def what_both_say(found: dict[str, Any]) -> dict[str, Any]:
    same = ("AutoScalingGroupName", "MinSize", "MaxSize", "DesiredCapacity")
    return {
        **{key: found[key] for key in same},
        "SuspendedProcesses": sorted(p["ProcessName"] for p in found["SuspendedProcesses"]),
        "Tags": found["Tags"],
    }
