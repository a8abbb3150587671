"""The model of ECS, asked through a real client: the life of tasks, the traps of counts, what goes wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import AwsError, InvalidRequest, InvalidState, NotFound
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.ecs import CAPACITY, QUOTA, Ecs
from rehearsal.services.ecs_scheduler import EcsService
from rehearsal.services.ecs_tasks import TaskStatus
from rehearsal.services.elbv2 import Elbv2, HealthChecks
from rehearsal.virtual_time import VirtualTime
from rehearsal.wire import NotModelled
from rehearsal.world import World

TOKYO = "ap-northeast-1"
CLUSTER, SERVICE = "fileflow-dr-cluster", "fileflow-dr-service"
IMAGE = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/fileflow:prod"
SECRET = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:fileflow-db"
LONGEST_START = 6 + 180
LONGEST_HEALTH = 20 + 4
DRAIN = 60


@pytest.fixture
def ecs(aws: EmbeddedAws) -> Ecs:
    return aws.service(Ecs)


@pytest.fixture
def service(aws: EmbeddedAws) -> EcsService:
    return add_service(aws, desired=0)


def add_service(aws: EmbeddedAws, *, desired: int) -> EcsService:
    balancing, ecs = aws.service(Elbv2), aws.service(Ecs)
    balancer = balancing.add_load_balancer(TOKYO, "fileflow-dr")
    checks = HealthChecks(interval_seconds=10, healthy_threshold=2, unhealthy_threshold=2)
    group = balancing.add_target_group(
        TOKYO, "fileflow-dr-tg", balancer, checks=checks, deregistration_delay_seconds=DRAIN
    )
    definition = ecs.add_task_definition(TOKYO, "fileflow", IMAGE, secrets={"DB_PASSWORD": SECRET})
    return ecs.add_service(TOKYO, CLUSTER, SERVICE, definition, group, desired=desired)


def ask(aws: EmbeddedAws, operation: str, **parameters: Any) -> dict[str, Any]:
    return Sdk(aws.clients, TOKYO).call("ecs", operation, TOKYO, **parameters)


def described(aws: EmbeddedAws) -> dict[str, Any]:
    [found] = ask(aws, "DescribeServices", cluster=CLUSTER, services=[SERVICE])["services"]
    assert isinstance(found, dict)
    return found


def counts(aws: EmbeddedAws) -> tuple[int, int, int]:
    found = described(aws)
    return found["desiredCount"], found["pendingCount"], found["runningCount"]


def scale(aws: EmbeddedAws, desired: int, *, force: bool = False) -> dict[str, Any]:
    return ask(aws, "UpdateService", cluster=CLUSTER, service=SERVICE, desiredCount=desired, forceNewDeployment=force)


def tasks(aws: EmbeddedAws, desired_status: str) -> list[dict[str, Any]]:
    arns = ask(aws, "ListTasks", cluster=CLUSTER, serviceName=SERVICE, desiredStatus=desired_status)["taskArns"]
    return list(ask(aws, "DescribeTasks", cluster=CLUSTER, tasks=arns)["tasks"]) if arns else []


def test_an_empty_service_is_described_whole(aws: EmbeddedAws, service: EcsService) -> None:
    found = described(aws)

    [deployment] = found.pop("deployments")
    assert found == {
        "serviceArn": "arn:aws:ecs:ap-northeast-1:123456789012:service/fileflow-dr-cluster/fileflow-dr-service",
        "serviceName": SERVICE,
        "clusterArn": "arn:aws:ecs:ap-northeast-1:123456789012:cluster/fileflow-dr-cluster",
        "loadBalancers": [
            {"targetGroupArn": service.groups[0].arn, "containerName": "fileflow", "containerPort": 8080}
        ],
        "status": "ACTIVE",
        "desiredCount": 0,
        "runningCount": 0,
        "pendingCount": 0,
        "launchType": "FARGATE",
        "taskDefinition": "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/fileflow:1",
        "events": [],
        "healthCheckGracePeriodSeconds": 60,
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
    }
    assert deployment["status"] == "PRIMARY"
    assert deployment["rolloutState"] == "COMPLETED"
    assert deployment["createdAt"] == datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


def test_a_count_is_accepted_before_any_task_exists_and_starts_no_deployment(
    aws: EmbeddedAws, service: EcsService
) -> None:
    answer = scale(aws, 4)["service"]

    assert (answer["desiredCount"], answer["pendingCount"], answer["runningCount"]) == (4, 0, 0)
    assert [d["rolloutState"] for d in answer["deployments"]] == ["COMPLETED"]
    aws.world.time.sleep(10)
    assert counts(aws) == (4, 4, 0)
    assert [d["rolloutState"] for d in described(aws)["deployments"]] == ["COMPLETED"]


def test_tasks_go_from_provisioning_over_pending_to_running_and_then_become_healthy(
    aws: EmbeddedAws, service: EcsService
) -> None:
    scale(aws, 1)
    seen: dict[str, float] = {}

    for _ in range(300):
        aws.world.time.sleep(1)
        for task in tasks(aws, "RUNNING"):
            seen.setdefault(task["lastStatus"], aws.world.time.elapsed_seconds())
        if service.groups[0].healthy_count:
            seen.setdefault("healthy", aws.world.time.elapsed_seconds())

    assert list(seen) == ["PROVISIONING", "PENDING", "RUNNING", "healthy"]
    assert 25 <= seen["RUNNING"] <= LONGEST_START + 5
    assert 10 <= seen["healthy"] - seen["RUNNING"] <= LONGEST_HEALTH + 2


@pytest.mark.parametrize("seed", range(10))
def test_the_effect_of_an_update_lasts_exactly_until_the_last_target_is_healthy(seed: int) -> None:
    world = World(VirtualTime(datetime(2026, 11, 21, 1, 0, tzinfo=UTC)), seed=seed, account="123456789012")
    with EmbeddedAws(world) as aws:
        service = add_service(aws, desired=0)
        scale(aws, 4)
        [effect] = world.effects

        world.time.sleep((effect.started - world.time.now()).total_seconds() + effect.seconds - 0.01)
        before = service.groups[0].healthy_count
        world.time.sleep(0.02)

    assert effect.resource.endswith("service/fileflow-dr-cluster/fileflow-dr-service")
    assert before == 3
    assert service.groups[0].healthy_count == 4


def test_an_update_that_asks_for_nothing_new_has_no_effect(aws: EmbeddedAws, service: EcsService) -> None:
    scale(aws, 0)

    assert aws.world.effects == []


def test_a_second_update_on_the_way_lasts_as_long_as_what_is_left(aws: EmbeddedAws, service: EcsService) -> None:
    scale(aws, 4)
    aws.world.time.sleep(20)

    scale(aws, 4)

    first, second = aws.world.effects
    ends = [effect.started + timedelta(seconds=effect.seconds) for effect in (first, second)]
    assert abs(ends[0] - ends[1]) < timedelta(milliseconds=1)


@pytest.mark.parametrize("seed", range(10))
def test_a_forced_deployment_replaces_tasks_and_ends_when_the_last_old_one_is_gone(seed: int) -> None:
    world = World(VirtualTime(datetime(2026, 11, 21, 1, 0, tzinfo=UTC)), seed=seed, account="123456789012")
    with EmbeddedAws(world) as aws:
        service = add_service(aws, desired=2)
        old = {task.id for task in service.tasks}
        answer = scale(aws, 4, force=True)["service"]
        [effect] = world.effects
        world.time.sleep((effect.started - world.time.now()).total_seconds() + effect.seconds - 0.01)
        on_the_way = service.primary.state
        world.time.sleep(0.02)
        finished = described(aws)

    assert [(d["status"], d["rolloutState"]) for d in answer["deployments"]] == [
        ("PRIMARY", "IN_PROGRESS"),
        ("ACTIVE", "COMPLETED"),
    ]
    assert on_the_way == "IN_PROGRESS"
    assert [d["rolloutState"] for d in finished["deployments"]] == ["COMPLETED"]
    assert (finished["runningCount"], service.groups[0].healthy_count) == (4, 4)
    assert not old & {task.id for task in service.tasks if task.status == "RUNNING"}
    assert effect.seconds > DRAIN


def test_a_forced_deployment_never_has_fewer_healthy_targets_than_wanted(aws: EmbeddedAws) -> None:
    service = add_service(aws, desired=3)
    scale(aws, 3, force=True)
    healthy: list[int] = []

    for _ in range(400):
        aws.world.time.sleep(1)
        healthy.append(service.groups[0].healthy_count)

    assert min(healthy) == 3


def test_scaling_in_drains_targets_before_tasks_stop(aws: EmbeddedAws) -> None:
    service = add_service(aws, desired=3)

    scale(aws, 1)

    aws.world.time.sleep(10)
    assert counts(aws) == (1, 0, 1)
    assert {t["lastStatus"] for t in tasks(aws, "STOPPED")} == {"DEACTIVATING"}
    assert sorted(t.state for t in service.groups[0].targets) == ["draining", "draining", "healthy"]
    aws.world.time.sleep(DRAIN + 30)
    [first, second] = tasks(aws, "STOPPED")
    assert first["lastStatus"] == second["lastStatus"] == "STOPPED"
    assert first["stopCode"] == "ServiceSchedulerInitiated"
    assert first["stoppedReason"].startswith("Scaling activity initiated by (deployment ecs-svc/")


@pytest.mark.parametrize(
    ("lose", "thing", "reason"),
    [
        ("lose_image", IMAGE, "CannotPullContainerError: "),
        ("lose_secret", SECRET, "ResourceInitializationError: unable to pull secrets or registry auth"),
    ],
)
def test_what_cannot_be_read_stops_tasks_with_a_reason_and_ecs_tries_ever_more_rarely(
    aws: EmbeddedAws, ecs: Ecs, service: EcsService, lose: str, thing: str, reason: str
) -> None:
    getattr(ecs, lose)(TOKYO, thing)
    scale(aws, 1)
    failed_at: list[float] = []

    for _ in range(1500):
        aws.world.time.sleep(1)
        if service.count(TaskStatus.STOPPED, TaskStatus.DEPROVISIONING) > len(failed_at):
            failed_at.append(aws.world.time.elapsed_seconds())

    stopped = tasks(aws, "STOPPED")
    assert counts(aws)[2] == 0
    assert {task["stopCode"] for task in stopped} == {"TaskFailedToStart"}
    assert all(task["stoppedReason"].startswith(reason) and thing in task["stoppedReason"] for task in stopped)
    assert 4 <= len(failed_at) <= 9
    assert failed_at[-1] - failed_at[-2] > failed_at[1] - failed_at[0]
    assert any("unable to consistently start tasks" in e["message"] for e in described(aws)["events"])


def test_an_image_that_came_back_is_found_at_the_next_try(aws: EmbeddedAws, ecs: Ecs, service: EcsService) -> None:
    ecs.lose_image(TOKYO, IMAGE)
    scale(aws, 2)
    aws.world.time.sleep(LONGEST_START)

    ecs.restore(TOKYO, IMAGE)

    aws.world.time.sleep(2 * LONGEST_START + LONGEST_HEALTH)
    assert counts(aws) == (2, 0, 2)
    assert service.groups[0].healthy_count == 2


def test_trouble_stays_in_its_region(aws: EmbeddedAws, ecs: Ecs, service: EcsService) -> None:
    ecs.lose_image("ap-northeast-2", IMAGE)
    ecs.starve("ap-northeast-2")

    scale(aws, 1)

    aws.world.time.sleep(LONGEST_START)
    assert counts(aws) == (1, 0, 1)


def test_without_room_nothing_is_pending_and_only_events_say_why(
    aws: EmbeddedAws, ecs: Ecs, service: EcsService
) -> None:
    ecs.starve(TOKYO)

    scale(aws, 2)

    aws.world.time.sleep(300)
    messages = [event["message"] for event in described(aws)["events"]]
    assert counts(aws) == (2, 0, 0)
    assert 5 <= len(messages) <= 15
    assert set(messages) == {f"(service {SERVICE}) was unable to place a task. Reason: {CAPACITY}"}


@pytest.mark.parametrize("seed", range(5))
def test_when_room_is_known_to_come_the_effect_counts_the_wait(seed: int) -> None:
    world = World(VirtualTime(datetime(2026, 11, 21, 1, 0, tzinfo=UTC)), seed=seed, account="123456789012")
    with EmbeddedAws(world) as aws:
        service = add_service(aws, desired=0)
        aws.service(Ecs).starve(TOKYO, 400, reason=QUOTA)
        scale(aws, 4)
        [effect] = world.effects

        world.time.sleep((effect.started - world.time.now()).total_seconds() + effect.seconds - 0.01)
        before = service.groups[0].healthy_count
        world.time.sleep(0.02)

    assert effect.seconds > 400 + 25
    assert (before, service.groups[0].healthy_count) == (3, 4)


def test_tasks_that_answer_badly_are_stopped_after_the_grace_period_and_replaced(
    aws: EmbeddedAws, service: EcsService
) -> None:
    service.groups[0].answer_with(503)
    scale(aws, 1)

    aws.world.time.run(until=lambda: any(task.leaving for task in service.tasks))

    [sick] = tasks(aws, "STOPPED")
    assert sick["lastStatus"] == "DEACTIVATING"
    assert sick["stopCode"] == "ServiceSchedulerInitiated"
    assert sick["stoppedReason"] == f"Task failed ELB health checks in (target-group {service.groups[0].arn})"
    assert aws.world.time.now() - sick["startedAt"] >= timedelta(seconds=60)
    assert any("(port 8080) is unhealthy in (target-group" in e["message"] for e in described(aws)["events"])
    aws.world.time.sleep(10)
    assert len(tasks(aws, "RUNNING")) == 1


def test_a_deployment_can_fail(aws: EmbeddedAws) -> None:
    service = add_service(aws, desired=1)
    scale(aws, 1, force=True)

    service.fail_deployment("ECS deployment circuit breaker: tasks failed to start.")

    primary = described(aws)["deployments"][0]
    assert primary["rolloutState"] == "FAILED"
    assert primary["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."


def test_a_missing_service_is_a_failure_and_a_missing_cluster_an_error(aws: EmbeddedAws, service: EcsService) -> None:
    answer = ask(aws, "DescribeServices", cluster=CLUSTER, services=["nobody"])

    assert answer["services"] == []
    assert answer["failures"] == [
        {"arn": "arn:aws:ecs:ap-northeast-1:123456789012:service/fileflow-dr-cluster/nobody", "reason": "MISSING"}
    ]
    with pytest.raises(NotFound) as refused:
        ask(aws, "DescribeServices", cluster="nowhere", services=[SERVICE])
    assert refused.value.code == "ClusterNotFoundException"


def test_clusters_and_tasks_are_missing_the_same_way(aws: EmbeddedAws, service: EcsService) -> None:
    clusters = ask(aws, "DescribeClusters", clusters=[CLUSTER, "nowhere"])
    no_tasks = ask(aws, "DescribeTasks", cluster=CLUSTER, tasks=["deadbeef"])

    assert [(c["clusterName"], c["status"]) for c in clusters["clusters"]] == [(CLUSTER, "ACTIVE")]
    assert [f["reason"] for f in clusters["failures"]] == ["MISSING"]
    assert no_tasks["tasks"] == []
    assert [f["reason"] for f in no_tasks["failures"]] == ["MISSING"]


@pytest.mark.parametrize(
    ("operation", "parameters", "error", "code"),
    [
        ("UpdateService", {"cluster": "nowhere", "service": SERVICE}, NotFound, "ClusterNotFoundException"),
        ("UpdateService", {"cluster": CLUSTER, "service": "nobody"}, NotFound, "ServiceNotFoundException"),
        ("ListTasks", {"cluster": CLUSTER, "serviceName": "nobody"}, NotFound, "ServiceNotFoundException"),
        ("ListTasks", {"cluster": "nowhere"}, NotFound, "ClusterNotFoundException"),
        ("DescribeTasks", {"cluster": "nowhere", "tasks": ["a"]}, NotFound, "ClusterNotFoundException"),
        ("DescribeTasks", {"cluster": CLUSTER, "tasks": []}, InvalidRequest, "InvalidParameterException"),
        ("DescribeServices", {"cluster": CLUSTER, "services": []}, InvalidRequest, "InvalidParameterException"),
        ("DescribeTaskDefinition", {"taskDefinition": "fileflow:9"}, InvalidRequest, "ClientException"),
    ],
)
def test_what_is_not_there_is_refused_by_name(
    aws: EmbeddedAws, service: EcsService, operation: str, parameters: dict[str, Any], error: type[AwsError], code: str
) -> None:
    with pytest.raises(error) as refused:
        ask(aws, operation, **parameters)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("change", "update", "error", "code"),
    [
        ({"status": "INACTIVE"}, {"desiredCount": 1}, InvalidState, "ServiceNotActiveException"),
        ({"status": "DRAINING"}, {"desiredCount": 1}, InvalidState, "ServiceNotActiveException"),
        ({"strategy": "DAEMON"}, {"desiredCount": 1}, InvalidRequest, "InvalidParameterException"),
        ({"controller": "CODE_DEPLOY"}, {"forceNewDeployment": True}, InvalidRequest, "InvalidParameterException"),
    ],
)
def test_a_service_that_cannot_be_updated_says_so(
    aws: EmbeddedAws,
    service: EcsService,
    change: dict[str, str],
    update: dict[str, Any],
    error: type[AwsError],
    code: str,
) -> None:
    for name, value in change.items():
        setattr(service, name, value)

    with pytest.raises(error) as refused:
        ask(aws, "UpdateService", cluster=CLUSTER, service=SERVICE, **update)

    assert refused.value.code == code


def test_another_change_of_a_service_is_a_gap_of_the_model(aws: EmbeddedAws, service: EcsService) -> None:
    with pytest.raises(NotModelled):
        ask(aws, "UpdateService", cluster=CLUSTER, service=SERVICE, taskDefinition="fileflow:2")


def test_long_lists_of_tasks_come_in_pages_of_a_hundred(aws: EmbeddedAws) -> None:
    add_service(aws, desired=130)

    first = ask(aws, "ListTasks", cluster=CLUSTER, serviceName=SERVICE)
    second = ask(aws, "ListTasks", cluster=CLUSTER, serviceName=SERVICE, nextToken=first["nextToken"])

    assert (len(first["taskArns"]), len(second["taskArns"])) == (100, 30)
    assert "nextToken" not in second
    with pytest.raises(InvalidRequest):
        ask(aws, "DescribeTasks", cluster=CLUSTER, tasks=first["taskArns"] + second["taskArns"])


def test_stopped_tasks_are_shown_for_an_hour(aws: EmbeddedAws) -> None:
    add_service(aws, desired=1)
    scale(aws, 0)
    aws.world.time.sleep(DRAIN + 60)

    within = tasks(aws, "STOPPED")
    aws.world.time.sleep(3600)
    after = tasks(aws, "STOPPED")

    assert len(within) == 1
    assert after == []


def test_a_task_definition_is_described_by_family_revision_or_arn(
    aws: EmbeddedAws, ecs: Ecs, service: EcsService
) -> None:
    ecs.add_task_definition(TOKYO, "fileflow", "fileflow:next")

    def image(name: str) -> str:
        found = ask(aws, "DescribeTaskDefinition", taskDefinition=name)["taskDefinition"]
        return str(found["containerDefinitions"][0]["image"])

    assert image("fileflow") == "fileflow:next"
    assert image("fileflow:1") == IMAGE
    assert image(service.definition.arn) == IMAGE
    described_first = ask(aws, "DescribeTaskDefinition", taskDefinition="fileflow:1")["taskDefinition"]
    assert described_first["status"] == "ACTIVE"
    assert described_first["containerDefinitions"][0]["secrets"] == [{"name": "DB_PASSWORD", "valueFrom": SECRET}]


def test_it_agrees_with_moto_on_a_service_that_was_just_updated(aws: EmbeddedAws, service: EcsService) -> None:
    """Known differences: moto starts the tasks of a Fargate service never, or RUNNING at once with its own setting,
    reports the desired count as pending, resolves a missing cluster as here, and knows no target health."""
    with mock_aws():
        theirs = boto3.client("ecs", TOKYO, aws_access_key_id="x", aws_secret_access_key="x")
        theirs.create_cluster(clusterName=CLUSTER)
        container = {"name": "fileflow", "image": IMAGE, "memory": 512}
        theirs.register_task_definition(family="fileflow", containerDefinitions=[container])
        theirs.create_service(cluster=CLUSTER, serviceName=SERVICE, taskDefinition="fileflow", desiredCount=0)
        theirs.update_service(cluster=CLUSTER, service=SERVICE, desiredCount=4)
        their_answer = theirs.describe_services(cluster=CLUSTER, services=[SERVICE, "nobody"])

    scale(aws, 4)
    our_answer = ask(aws, "DescribeServices", cluster=CLUSTER, services=[SERVICE, "nobody"])

    [their_service], [our_service] = their_answer["services"], our_answer["services"]
    same = ("serviceArn", "serviceName", "clusterArn", "status", "desiredCount", "taskDefinition", "schedulingStrategy")
    assert {key: our_service[key] for key in same} == {key: their_service[key] for key in same}
    assert [f["reason"] for f in our_answer["failures"]] == [f["reason"] for f in their_answer["failures"]]
    assert len(our_service["deployments"]) == len(their_service["deployments"]) == 1
