"""What ECS and load balancing say where calls make, and delete, services and what stands before them."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import AwsError, InvalidRequest, InvalidState, NotFound
from pilotlight.domain.step import Access, Statement
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ec2_launching import Subnet
from rehearsal.services.ecs import Ecs
from rehearsal.services.elbv2 import Elbv2
from tests.rehearsal.services.rds_client import TOKYO

CLUSTER, NAME = "apps", "orders-drill"
SUBNETS, WALL = ["subnet-0a", "subnet-0b"], "sg-0a"
CONTAINER = {"name": "app", "image": "orders:live", "environment": [{"name": "A", "value": "1"}]}
ROLE = "arn:aws:iam::123456789012:role/orders-drill-task"
NETWORK = {"awsvpcConfiguration": {"subnets": SUBNETS, "securityGroups": [WALL]}}


def ask(aws: EmbeddedAws, of: str, operation: str, /, **asked: Any) -> dict[str, Any]:
    return Sdk(aws.clients, TOKYO).call(of, operation, TOKYO, **asked)


@pytest.fixture
def embedded(aws: EmbeddedAws) -> EmbeddedAws:
    aws.service(Ecs).add_cluster(TOKYO, CLUSTER)
    ec2 = aws.service(Ec2)
    ec2.add_group(TOKYO, WALL)
    ec2.subnets += [Subnet(TOKYO, each, f"{TOKYO}{zone}") for each, zone in zip(SUBNETS, "ac", strict=True)]
    return aws


def create_group(aws: EmbeddedAws, **changes: Any) -> str:
    asked = {"Name": NAME, "Protocol": "HTTP", "Port": 8080, "VpcId": "vpc-0a", "TargetType": "ip"} | changes
    return str(ask(aws, "elbv2", "CreateTargetGroup", **asked)["TargetGroups"][0]["TargetGroupArn"])


def create_balancer(aws: EmbeddedAws, **changes: Any) -> str:
    asked = {"Name": NAME, "Subnets": SUBNETS, "SecurityGroups": [WALL], "Scheme": "internal"} | changes
    return str(ask(aws, "elbv2", "CreateLoadBalancer", **asked)["LoadBalancers"][0]["LoadBalancerArn"])


def listen(aws: EmbeddedAws, balancer: str, group: str, **changes: Any) -> None:
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    asked = {"LoadBalancerArn": balancer, "Port": 80, "Protocol": "HTTP", "DefaultActions": forward} | changes
    ask(aws, "elbv2", "CreateListener", **asked)


def register(aws: EmbeddedAws, **changes: Any) -> str:
    asked = {"family": NAME, "containerDefinitions": [CONTAINER], "networkMode": "awsvpc"} | changes
    return str(ask(aws, "ecs", "RegisterTaskDefinition", **asked)["taskDefinition"]["taskDefinitionArn"])


def create_service(aws: EmbeddedAws, group: str, **changes: Any) -> dict[str, Any]:
    behind = [{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}]
    asked = {"cluster": CLUSTER, "serviceName": NAME, "taskDefinition": NAME, "desiredCount": 1} | {
        "networkConfiguration": NETWORK, "loadBalancers": behind, **changes,
    }  # fmt: skip
    created: dict[str, Any] = ask(aws, "ecs", "CreateService", **asked)["service"]
    return created


def refusal(work: Any) -> tuple[type[AwsError], str, str]:
    with pytest.raises(AwsError) as refused:
        work()
    return type(refused.value), refused.value.code, refused.value.message


def stand(aws: EmbeddedAws) -> tuple[str, str]:
    balancer, group = create_balancer(aws), create_group(aws)
    listen(aws, balancer, group)
    register(aws)
    create_service(aws, group)
    return balancer, group


def status(aws: EmbeddedAws) -> str:
    return str(ask(aws, "ecs", "DescribeServices", cluster=CLUSTER, services=[NAME])["services"][0]["status"])


def test_a_load_balancer_is_provisioned_before_its_targets_grow_healthy(embedded: EmbeddedAws) -> None:
    _, group = stand(embedded)

    def state() -> str:
        found = ask(embedded, "elbv2", "DescribeLoadBalancers", Names=[NAME])["LoadBalancers"][0]
        return str(found["State"]["Code"])

    provisioning, healthy = state(), embedded.service(Elbv2).healthy_count(group)
    embedded.world.time.sleep(80)
    still = embedded.service(Elbv2).healthy_count(group)
    embedded.world.time.sleep(400)

    assert (provisioning, healthy, still) == ("provisioning", 0, 0)
    assert state() == "active"
    assert embedded.service(Elbv2).healthy_count(group) == 1


def test_a_rollout_is_complete_when_the_new_tasks_are_healthy(embedded: EmbeddedAws) -> None:
    stand(embedded)

    def rollout() -> str:
        found = ask(embedded, "ecs", "DescribeServices", cluster=CLUSTER, services=[NAME])["services"][0]
        return str(found["deployments"][0]["rolloutState"])

    before = rollout()
    embedded.world.time.sleep(600)

    assert (before, rollout()) == ("IN_PROGRESS", "COMPLETED")


def test_what_was_made_already_is_given_back_and_another_of_its_name_refused(embedded: EmbeddedAws) -> None:
    balancer, group = create_balancer(embedded), create_group(embedded)
    listen(embedded, balancer, group)

    assert (create_balancer(embedded), create_group(embedded)) == (balancer, group)
    assert refusal(lambda: create_balancer(embedded, Scheme="internet-facing"))[1] == "DuplicateLoadBalancerName"
    assert refusal(lambda: create_group(embedded, Port=80))[1] == "DuplicateTargetGroupName"
    assert refusal(lambda: listen(embedded, balancer, group))[1] == "DuplicateListener"


def test_what_does_not_fit_together_is_refused(embedded: EmbeddedAws) -> None:
    balancer, group = create_balancer(embedded), create_group(embedded)

    assert (
        refusal(lambda: create_balancer(embedded, Name="x", Subnets=["subnet-0a", "subnet-9"]))[1] == "SubnetNotFound"
    )
    assert refusal(lambda: create_balancer(embedded, Name="x", Subnets=["subnet-0a"]))[1] == "ValidationError"
    assert refusal(lambda: create_balancer(embedded, Name="x", SecurityGroups=["sg-9"]))[1] == "InvalidSecurityGroup"
    assert refusal(lambda: listen(embedded, balancer, f"{group}x"))[1] == "TargetGroupNotFound"
    assert refusal(lambda: listen(embedded, f"{balancer}x", group))[0] is NotFound
    assert refusal(lambda: listen(embedded, balancer, group, Protocol="HTTPS"))[1] == "ValidationError"


def test_a_service_needs_a_target_group_that_is_used_and_a_revision_that_is_active(embedded: EmbeddedAws) -> None:
    balancer, group = create_balancer(embedded), create_group(embedded)
    revision = register(embedded)

    unused = refusal(lambda: create_service(embedded, group))
    listen(embedded, balancer, group)
    nameless = refusal(
        lambda: create_service(
            embedded,
            group,
            loadBalancers=[{"targetGroupArn": group, "containerName": "other", "containerPort": 8080}],
        )
    )
    ask(embedded, "ecs", "DeregisterTaskDefinition", taskDefinition=revision)
    inactive = refusal(lambda: create_service(embedded, group, taskDefinition=revision))

    assert unused[0] is InvalidRequest
    assert "does not have an associated load balancer" in unused[2]
    assert "container other does not exist" in nameless[2]
    assert inactive[1:] == ("ClientException", "TaskDefinition is inactive")


def test_a_name_is_free_when_its_service_is_inactive(embedded: EmbeddedAws) -> None:
    _, group = stand(embedded)
    embedded.world.time.sleep(600)

    taken = refusal(lambda: create_service(embedded, group))
    unforced = refusal(lambda: ask(embedded, "ecs", "DeleteService", cluster=CLUSTER, service=NAME))
    ask(embedded, "ecs", "DeleteService", cluster=CLUSTER, service=NAME, force=True)
    draining, listed = status(embedded), ask(embedded, "ecs", "ListServices", cluster=CLUSTER)["serviceArns"]
    too_soon = refusal(lambda: create_service(embedded, group))
    embedded.world.time.sleep(400)
    inactive = status(embedded)
    gone = refusal(lambda: ask(embedded, "ecs", "DeleteService", cluster=CLUSTER, service=NAME, force=True))

    assert taken[2] == "Creation of service was not idempotent."
    assert "scaled above 0" in unforced[2]
    assert (draining, listed, inactive) == ("DRAINING", [], "INACTIVE")
    assert too_soon[2] == "Unable to Start a service that is still Draining."
    assert gone[1] == "ServiceNotFoundException"
    assert create_service(embedded, group)["status"] == "ACTIVE"


def test_a_service_without_tasks_is_gone_at_once(embedded: EmbeddedAws) -> None:
    balancer, group = create_balancer(embedded), create_group(embedded)
    listen(embedded, balancer, group)
    register(embedded)
    create_service(embedded, group, desiredCount=0)

    ask(embedded, "ecs", "DeleteService", cluster=CLUSTER, service=NAME)
    embedded.world.time.sleep(1)

    assert status(embedded) == "INACTIVE"


def test_a_revision_is_deregistered_deleted_and_never_counted_again(embedded: EmbeddedAws) -> None:
    first = register(embedded)

    def listed(status: str) -> list[str]:
        answer = ask(embedded, "ecs", "ListTaskDefinitions", familyPrefix=NAME, status=status)
        arns: list[str] = answer["taskDefinitionArns"]
        return arns

    too_early = ask(embedded, "ecs", "DeleteTaskDefinitions", taskDefinitions=[first])
    numberless = refusal(lambda: ask(embedded, "ecs", "DeregisterTaskDefinition", taskDefinition=NAME))
    ask(embedded, "ecs", "DeregisterTaskDefinition", taskDefinition=first)
    inactive = listed("INACTIVE")
    ask(embedded, "ecs", "DeleteTaskDefinitions", taskDefinitions=[first])

    assert [failure["arn"] for failure in too_early["failures"]] == [first]
    assert numberless[1] == "ClientException"
    assert (inactive, listed("ACTIVE"), listed("INACTIVE"), listed("DELETE_IN_PROGRESS")) == ([first], [], [], [])
    assert register(embedded).endswith(f"{NAME}:2")


def test_a_variable_and_a_secret_do_not_share_a_name(embedded: EmbeddedAws) -> None:
    both = CONTAINER | {"secrets": [{"name": "A", "valueFrom": "arn:aws:secretsmanager:x"}]}

    refused = refusal(lambda: register(embedded, containerDefinitions=[both]))

    assert refused[1] == "ClientException"
    assert "such as 'A'" in refused[2]


def test_a_role_that_may_not_be_passed_is_not_registered(embedded: EmbeddedAws) -> None:
    family = f"arn:aws:ecs:{TOKYO}:*:task-definition/{NAME}:*"
    token = CURRENT_ROLE.set(Role("step", (Statement(Access.WRITE, ("ecs:RegisterTaskDefinition",), (family,)),)))

    refused = refusal(lambda: register(embedded, taskRoleArn=ROLE))

    CURRENT_ROLE.reset(token)
    assert refused[1] == "AccessDenied"
    assert f"iam:PassRole on resource: {ROLE}" in refused[2]


def test_a_deleted_load_balancer_lets_go_of_its_group_and_its_interfaces_later(embedded: EmbeddedAws) -> None:
    balancer, group = create_balancer(embedded), create_group(embedded)
    listen(embedded, balancer, group)

    def interfaces() -> int:
        named = [{"Name": "description", "Values": [f"ELB app/{NAME}/*"]}]
        return len(ask(embedded, "ec2", "DescribeNetworkInterfaces", Filters=named)["NetworkInterfaces"])

    used = refusal(lambda: ask(embedded, "elbv2", "DeleteTargetGroup", TargetGroupArn=group))
    ask(embedded, "elbv2", "DeleteLoadBalancer", LoadBalancerArn=balancer)
    ask(embedded, "elbv2", "DeleteLoadBalancer", LoadBalancerArn=balancer)
    still = refusal(lambda: ask(embedded, "elbv2", "DeleteTargetGroup", TargetGroupArn=group))
    lingering = interfaces()
    embedded.world.time.sleep(60)
    ask(embedded, "elbv2", "DeleteTargetGroup", TargetGroupArn=group)
    ask(embedded, "elbv2", "DeleteTargetGroup", TargetGroupArn=group)
    embedded.world.time.sleep(600)

    assert used[:2] == still[:2] == (InvalidState, "ResourceInUse")
    assert refusal(lambda: ask(embedded, "elbv2", "DescribeLoadBalancers", Names=[NAME]))[0] is NotFound
    assert refusal(lambda: ask(embedded, "elbv2", "DescribeTags", ResourceArns=[group]))[1] == "TargetGroupNotFound"
    assert (lingering, interfaces()) == (2, 0)
