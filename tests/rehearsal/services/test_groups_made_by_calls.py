"""What Auto Scaling and EC2 say where calls make, and delete, groups and launch templates."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import AlreadyExists, AwsError, InvalidState, NotFound
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.autoscaling import AutoScaling
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ec2_launching import Subnet
from rehearsal.services.elbv2 import Elbv2
from tests.rehearsal.services.rds_client import TOKYO

NAME, SUBNETS, WALL = "orders-drill", ["subnet-0a", "subnet-0b"], "sg-0a"


def ask(aws: EmbeddedAws, of: str, operation: str, /, **asked: Any) -> dict[str, Any]:
    return Sdk(aws.clients, TOKYO).call(of, operation, TOKYO, **asked)


@pytest.fixture
def embedded(aws: EmbeddedAws) -> EmbeddedAws:
    ec2 = aws.service(Ec2)
    ec2.add_group(TOKYO, WALL)
    ec2.subnets += [Subnet(TOKYO, each, f"{TOKYO}{zone}") for each, zone in zip(SUBNETS, "ac", strict=True)]
    return aws


def template(aws: EmbeddedAws, **changes: Any) -> str:
    image = aws.service(Ec2).add_image(TOKYO).id
    data = {"ImageId": image, "InstanceType": "t2.small", "SecurityGroupIds": [WALL]} | changes
    made = ask(aws, "ec2", "CreateLaunchTemplate", LaunchTemplateName=NAME, LaunchTemplateData=data)
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def create(aws: EmbeddedAws, made_of: str, **changes: Any) -> None:
    asked = {
        "AutoScalingGroupName": NAME, "LaunchTemplate": {"LaunchTemplateId": made_of, "Version": "1"},
        "MinSize": 1, "MaxSize": 1, "DesiredCapacity": 1, "VPCZoneIdentifier": ",".join(SUBNETS),
    }  # fmt: skip
    ask(aws, "autoscaling", "CreateAutoScalingGroup", **asked | changes)


def shown(aws: EmbeddedAws) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(aws, "autoscaling", "DescribeAutoScalingGroups", AutoScalingGroupNames=[NAME])[
        "AutoScalingGroups"
    ]
    return found


def test_a_group_launches_what_its_template_says(embedded: EmbeddedAws) -> None:
    behind = embedded.service(Elbv2).add_target_group(TOKYO, NAME, target_type="instance")
    create(embedded, template(embedded), TargetGroupARNs=[behind.arn], HealthCheckType="ELB")
    before = shown(embedded)[0]["Instances"]

    embedded.world.time.sleep(600)

    (group,) = shown(embedded)
    assert before == []
    assert [instance["LifecycleState"] for instance in group["Instances"]] == ["InService"]
    assert (group["TargetGroupARNs"], group["HealthCheckType"]) == ([behind.arn], "ELB")


def test_a_template_is_taken_that_launches_nothing_and_a_group_of_it_is_refused(embedded: EmbeddedAws) -> None:
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"ImageId": "ami-00000000000000000"}, "The image id 'ami-00000000000000000' does not exist"),
        ({"SecurityGroupIds": ["sg-0b"]}, "The security group 'sg-0b' does not exist"),
        ({"IamInstanceProfile": {"Name": "nobody"}}, "Invalid IAM Instance Profile name"),
    )
    for changes, why in wrong:
        made = template(embedded, **changes)
        with pytest.raises(AwsError, match=why) as refused:
            create(embedded, made)
        assert refused.value.code == "ValidationError"
        ask(embedded, "ec2", "DeleteLaunchTemplate", LaunchTemplateId=made)


def test_subnets_target_groups_and_templates_have_to_be_there(embedded: EmbeddedAws) -> None:
    made = template(embedded)
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"VPCZoneIdentifier": "subnet-0c"}, "The subnet ID 'subnet-0c' does not exist"),
        ({"TargetGroupARNs": ["arn:nobody"]}, "Provided Target Groups may not be valid"),
        ({"LaunchTemplate": {"LaunchTemplateId": made, "Version": "2"}}, "does not exist"),
        ({"DesiredCapacity": 2}, "must be between the specified min size:1 and max size:1"),
    )
    for changes, why in wrong:
        with pytest.raises(AwsError, match=why):
            create(embedded, made, **changes)
    assert shown(embedded) == []


def test_a_name_is_taken_once(embedded: EmbeddedAws) -> None:
    made = template(embedded)
    create(embedded, made)

    with pytest.raises(AlreadyExists):
        create(embedded, made)
    with pytest.raises(AlreadyExists):
        template(embedded)


def test_interfaces_and_security_groups_do_not_go_together(embedded: EmbeddedAws) -> None:
    with pytest.raises(AwsError, match="may not be specified on the same request"):
        template(embedded, NetworkInterfaces=[{"DeviceIndex": 0, "Groups": [WALL]}])


def test_a_group_with_instances_is_deleted_by_force_and_shown_until_they_are_gone(embedded: EmbeddedAws) -> None:
    create(embedded, template(embedded))
    embedded.world.time.sleep(600)

    with pytest.raises(InvalidState, match="You cannot delete an AutoScalingGroup while there are instances"):
        ask(embedded, "autoscaling", "DeleteAutoScalingGroup", AutoScalingGroupName=NAME)
    ask(embedded, "autoscaling", "DeleteAutoScalingGroup", AutoScalingGroupName=NAME, ForceDelete=True)
    (group,) = shown(embedded)
    embedded.world.time.sleep(600)

    assert (group["Status"], group["Instances"][0]["LifecycleState"]) == ("Delete in progress", "Terminating")
    assert (shown(embedded), embedded.service(AutoScaling).groups) == ([], [])
    with pytest.raises(AwsError, match="not found"):
        ask(embedded, "autoscaling", "DeleteAutoScalingGroup", AutoScalingGroupName=NAME, ForceDelete=True)


def test_a_template_goes_at_once_and_only_once(embedded: EmbeddedAws) -> None:
    made = template(embedded)
    shown_first = ask(embedded, "ec2", "DescribeLaunchTemplates", LaunchTemplateNames=[NAME])["LaunchTemplates"]
    ask(embedded, "ec2", "DeleteLaunchTemplate", LaunchTemplateId=made)

    assert [each["LaunchTemplateId"] for each in shown_first] == [made]
    with pytest.raises(NotFound):
        ask(embedded, "ec2", "DescribeLaunchTemplates", LaunchTemplateNames=[NAME])
    with pytest.raises(NotFound):
        ask(embedded, "ec2", "DeleteLaunchTemplate", LaunchTemplateId=made)
