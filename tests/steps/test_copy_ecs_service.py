"""Copying a service for a drill: whole lives of a copy on the embedded AWS, and what it is refused for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError

from pilotlight.domain.life import StepStatus
from pilotlight.domain.standing_in import Isolation, Refusal
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    NotYet,
    OutputOf,
    Receipt,
    Severity,
)
from pilotlight.estate.elbv2.copy_operations import REFUSALS
from pilotlight.steps.copy_ecs_service import KIND
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.services.ec2 import EVERYWHERE, rules_to
from rehearsal.services.ecs import Ecs
from rehearsal.services.ecs_scheduler import EcsService
from tests.conventions.test_kinds import examples
from tests.steps.conftest import PLACE
from tests.steps.drilled import CopyInADrill, before_a_drill, params_of

TOKYO = PLACE.standby
DRILL = replace(PLACE, application="fileflow-drill")
NAME = "fileflow-drill"
EXAMPLE: dict[str, Any] = examples(KIND)[0]["params"]
TASK_ROLE, EXECUTION_ROLE = EXAMPLE["task_role"], EXAMPLE["execution_role"]
WALL, DATABASE, FRONT = "sg-0d1e2f3a4b5c60720", "sg-0d1e2f3a4b5c60721", "sg-0d1e2f3a4b5c60722"
OUTPUTS = {"promote": {"address": "drill-db.ap-northeast-1.rds.amazonaws.com"}}
PARAMETER = f"arn:aws:ssm:{TOKYO}:{PLACE.account}:parameter"
SECRET = f"arn:aws:secretsmanager:{TOKYO}:{PLACE.account}:secret:fileflow-db-AbCdEf"
OURS = [{"key": "pilotlight:application", "value": NAME}, {"key": "pilotlight:run", "value": "fileflow-e0"}]


params = partial(params_of, KIND)


class Drill(CopyInADrill):
    """The standby of FileFlow as it stands before a drill."""

    kind = KIND
    outputs = OUTPUTS

    @property
    def ecs(self) -> Ecs:
        return self.bench.aws.service(Ecs)

    @property
    def original(self) -> EcsService:
        return self._service("fileflow-dr-service")

    @property
    def copy(self) -> EcsService:
        return self._service(NAME)

    def _service(self, name: str) -> EcsService:
        found = self.ecs.find(TOKYO, "fileflow-dr-cluster", name)
        assert found is not None
        return found

    def call(self, service: str, operation: str, **asked: Any) -> dict[str, Any]:
        return self.bench.inside(lambda: self.bench.context().aws.call(service, operation, TOKYO, **asked))


@pytest.fixture
def drill() -> Iterator[Drill]:
    with before_a_drill(KIND, DRILL) as bench:
        made = Drill(bench)
        made.original.definition.task_role = f"arn:aws:iam::{PLACE.account}:role/fileflow-dr-task"
        made.original.definition.secrets = (
            ("DATABASE_HOST", f"{PARAMETER}/shared/rds/dr/endpoint"),
            ("DATABASE_PASSWORD", SECRET),
            ("REDIS_HOST", f"{PARAMETER}/fileflow/dr/redis/address"),
            ("QUEUE", f"{PARAMETER}/fileflow/driver/queue"),
        )
        for name in ("/pilotlight/drill/fileflow-drill/fileflow/dr/redis/address", "/fileflow/driver/queue"):
            made.call("ssm", "PutParameter", Name=name, Value="somewhere", Type="String")
        yield made


def test_a_copy_runs_behind_a_load_balancer_of_its_own(drill: Drill) -> None:
    state = drill.live()

    assert state.status is StepStatus.SETTLED
    host = next(b.dns_name for b in drill.balancing.load_balancers if b.name == NAME)
    assert state.outputs == {"running": "1", "host": host}
    assert state.reason.endswith(f"with 1 healthy targets in {NAME}, behind {host}.")
    assert drill.balancing.healthy_behind(host) == 1
    assert drill.original.desired == 0
    assert drill.target_group("fileflow-dr-service-tg").healthy_count == 0


def test_a_copy_is_as_the_original_but_for_what_a_drill_changes(drill: Drill) -> None:
    drill.live()

    registered = drill.call("ecs", "DescribeTaskDefinition", taskDefinition=NAME, include=["TAGS"])
    definition = registered["taskDefinition"]
    (container,) = definition["containerDefinitions"]
    original = drill.original.definition
    assert (definition["taskRoleArn"], definition["executionRoleArn"]) == (TASK_ROLE, EXECUTION_ROLE)
    assert (container["name"], container["image"]) == (original.container, original.image)
    assert container["environment"] == [{"name": "DATABASE_HOST", "value": OUTPUTS["promote"]["address"]}]
    assert {each["name"]: each["valueFrom"] for each in container["secrets"]} == {
        "DATABASE_PASSWORD": SECRET,
        "REDIS_HOST": f"{PARAMETER}/pilotlight/drill/fileflow-drill/fileflow/dr/redis/address",
        "QUEUE": f"{PARAMETER}/fileflow/driver/queue",
    }
    options = container["logConfiguration"]["options"]
    assert (options["awslogs-group"], options["awslogs-stream-prefix"]) == (f"/ecs/{original.family}", NAME)
    assert {tag["key"]: tag["value"] for tag in registered["tags"]} == drill.copy.tags
    assert drill.copy.tags == {"pilotlight:application": NAME, "pilotlight:run": "fileflow-e1"}
    network = drill.copy.network["awsvpcConfiguration"]
    assert network == {"subnets": EXAMPLE["subnets"], "securityGroups": [WALL], "assignPublicIp": "DISABLED"}
    (listener,) = drill.balancing.listeners_of(TOKYO, NAME)
    assert (listener.port, listener.protocol) == (443, "HTTPS")
    balancer = listener.balancer
    assert (balancer.scheme, balancer.security_groups) == ("internal", (FRONT,))


def test_a_whole_life_stays_within_its_permissions(drill: Drill) -> None:
    role = CURRENT_ROLE.set(Role("step", KIND.statements(params(), DRILL)))

    found = drill.bench.inside(lambda: KIND.preflight(params(), drill.context()))
    state = drill.live()
    drill.clear_away()

    CURRENT_ROLE.reset(role)
    assert {finding.severity for finding in found} == {Severity.FINE}
    assert state.status is StepStatus.SETTLED
    assert "AccessDenied" not in {line.error for line in drill.bench.world.trace}


def test_a_copy_is_deleted_in_turns_until_nothing_of_it_stands(drill: Drill) -> None:
    drill.live()

    first = drill.remains()
    said = drill.clear_away()

    assert first.run_id == "fileflow-e1"
    assert f"service {NAME} (ACTIVE)" in first.sentence
    assert said[0] == (
        f"Of copy {NAME}, service {NAME} is drained, load balancer {NAME} is deleted, "
        f"task definition {NAME} is deleted."
    )
    assert any("waits for the load balancer's network interfaces to go" in each for each in said)
    assert drill.copy.status == "INACTIVE"
    assert drill.ec2.interfaces == []
    assert [b.name for b in drill.balancing.load_balancers] == ["fileflow-dr-service-alb"]
    assert [g.name for g in drill.balancing.target_groups] == ["fileflow-dr-service-tg"]
    assert [d.status for d in drill.ecs.definitions if d.family == NAME] == ["DELETE_IN_PROGRESS"]
    assert drill.original.status == "ACTIVE"


def test_the_next_start_takes_the_same_names(drill: Drill) -> None:
    drill.live()
    drill.clear_away()

    again = drill.live()

    assert again.status is StepStatus.SETTLED
    assert drill.copy.definition.revision == 2


@pytest.mark.parametrize(
    "operation",
    ["CreateTargetGroup", "CreateLoadBalancer", "CreateListener", "RegisterTaskDefinition", "CreateService"],
)
def test_a_lost_answer_is_looked_for_and_nothing_is_made_twice(drill: Drill, operation: str) -> None:
    drill.bench.lose_answers(operation)

    state = drill.live()

    assert state.status is StepStatus.SETTLED
    made = [write.split(":")[1] for write in drill.bench.writes() if write.split(":")[1].startswith(("Create", "Reg"))]
    assert sorted(made) == sorted(set(made))


def test_a_turn_that_dies_half_way_leaves_what_a_drill_finds_and_undoes(drill: Drill) -> None:
    drill.bench.lose_answers("CreateLoadBalancer")
    with pytest.raises(Exception, match="CreateLoadBalancer"):
        drill.execute()

    assert drill.remains().run_id == "fileflow-e1"
    drill.clear_away()

    assert [g.name for g in drill.balancing.target_groups] == ["fileflow-dr-service-tg"]
    assert [b.name for b in drill.balancing.load_balancers] == ["fileflow-dr-service-alb"]


@pytest.mark.parametrize(
    ("egress", "said"),
    [
        ([EVERYWHERE], f"{WALL} lets out everything to 0.0.0.0/0"),
        (rules_to(DATABASE, [22]), f"{WALL} lets out tcp 22 to {DATABASE}"),
        (rules_to("10.1.0.0/24", [443]), f"{WALL} lets out tcp 443 to 10.1.0.0/24"),
        ([replace(rules_to(DATABASE, [5432])[0], protocol="udp")], f"{WALL} lets out udp 5432 to {DATABASE}"),
        ([replace(rules_to(DATABASE, [5432])[0], last=6379)], f"{WALL} lets out tcp 5432-6379 to {DATABASE}"),
    ],
)
def test_nothing_is_made_where_the_walls_are_open(drill: Drill, egress: list[Any], said: str) -> None:
    drill.ec2.group(TOKYO, WALL).egress = egress

    (found,) = drill.bench.inside(lambda: KIND.readiness(params(), drill.context()))
    state = drill.live()

    assert (found.code, found.severity) == ("not-isolated", Severity.IMPOSSIBLE)
    assert state.status is StepStatus.FAILED
    assert state.reason == f"Copy {NAME} is not walled in, because {said}, which the plan does not allow."
    assert drill.bench.writes() == ["ssm:PutParameter", "ssm:PutParameter"]


def test_a_group_that_is_missing_counts_as_open(drill: Drill) -> None:
    failed = drill.execute(security_groups=["sg-0000000000000dead"])

    assert isinstance(failed, Failed)
    assert "one of sg-0000000000000dead is missing there" in failed.reason


def test_walls_may_lead_to_themselves_and_within_a_range_of_the_plan(drill: Drill) -> None:
    drill.ec2.group(TOKYO, WALL).egress = [
        replace(rules_to(WALL, [1])[0], protocol="-1", first=-1, last=-1),
        *rules_to("10.1.2.0/28", [443]),
    ]

    assert isinstance(drill.execute(egress=[{"to": "10.1.2.0/24", "ports": [443]}]), Receipt)


def test_walls_that_are_opened_while_the_tasks_start_end_the_step(drill: Drill) -> None:
    def open_up() -> None:
        drill.ec2.group(TOKYO, WALL).egress = [EVERYWHERE]

    drill.bench.world.time.spawn(open_up, name="somebody", delay_seconds=60)

    state = drill.live()

    assert state.status is StepStatus.FAILED
    assert "is not walled in" in state.reason


def test_the_role_of_the_original_is_refused_when_it_is_known(drill: Drill) -> None:
    drill.original.definition.task_role = TASK_ROLE

    failed = drill.execute()

    assert failed == Failed(
        f"Service fileflow-dr-service cannot be copied for the drill, because the original runs by {TASK_ROLE} too, "
        "which may write to production.",
        "Name the drill's own task role in the plan.",
    )


def test_another_execution_role_than_the_plans_is_refused(drill: Drill) -> None:
    drill.original.definition.execution_role = ""

    failed = drill.execute()

    assert isinstance(failed, Failed)
    assert f"its execution role is none, and not {EXECUTION_ROLE}" in failed.reason


def test_security_groups_of_the_original_wall_nothing_in(drill: Drill) -> None:
    drill.original.network = {"awsvpcConfiguration": {"subnets": EXAMPLE["subnets"], "securityGroups": [WALL]}}

    failed = drill.execute()

    assert isinstance(failed, Failed)
    assert f"its tasks stand in {WALL} themselves" in failed.reason


def test_production_files_are_not_mounted(drill: Drill) -> None:
    volume = {"name": "files", "efsVolumeConfiguration": {"fileSystemId": "fs-0a1b2c3d"}}
    document = drill.call("ecs", "DescribeTaskDefinition", taskDefinition="fileflow-dr-service")["taskDefinition"]
    drill.original.definition.document = document | {"volumes": [{"name": "scratch"}, volume]}

    failed = drill.execute()

    assert isinstance(failed, Failed)
    assert "its volume files is production's own" in failed.reason


@pytest.mark.parametrize("tags", [[], [{"Key": "pilotlight:application", "Value": "orders-drill"}]])
def test_what_somebody_else_made_is_neither_taken_nor_deleted(drill: Drill, tags: list[dict[str, str]]) -> None:
    theirs = drill.balancing.add_target_group(TOKYO, NAME)
    theirs.tags = {tag["Key"]: tag["Value"] for tag in tags}

    failed, remains, undone = drill.execute(), drill.remains(), drill.undo()

    assert isinstance(failed, Failed)
    assert f"there is target group {NAME} of that name" in failed.reason
    assert remains.run_id == ""
    assert isinstance(undone, CannotUndo)
    assert f"target group {NAME}" in undone.sentence
    assert theirs in drill.balancing.target_groups


def test_what_an_earlier_drill_left_is_cleared_away_first(drill: Drill) -> None:
    drill.call(
        "ecs",
        "RegisterTaskDefinition",
        family=NAME,
        containerDefinitions=[{"name": "app", "image": "app"}],
        tags=OURS,
    )

    failed, remains = drill.execute(), drill.remains()
    drill.clear_away()

    assert isinstance(failed, Failed)
    assert "is marked as fileflow-drill's, of run fileflow-e0" in failed.reason
    assert remains.run_id == "fileflow-e0"
    assert isinstance(drill.execute(), Receipt)


def test_what_this_drill_left_is_told_before_what_others_did(drill: Drill) -> None:
    containers = [{"name": "app", "image": "app"}]
    drill.call("ecs", "RegisterTaskDefinition", family=NAME, containerDefinitions=containers, tags=OURS)
    drill.balancing.add_target_group(TOKYO, NAME).tags = {
        "pilotlight:application": NAME,
        "pilotlight:run": "fileflow-e1",
    }

    first = drill.remains()
    drill.balancing.target_groups.pop()
    then = drill.remains()

    assert (first.run_id, then.run_id) == ("fileflow-e1", "fileflow-e0")
    assert first.sentence == f"Of drill fileflow-e1 there still stands target group {NAME}."


def test_a_name_that_still_drains_is_waited_for(drill: Drill) -> None:
    drill.live()
    drill.undo()

    assert drill.execute() == NotYet(f"Service {NAME} of before is still draining, so its name is not free yet.")


@pytest.mark.parametrize(
    ("operation", "code", "message"),
    [
        ("CreateLoadBalancer", "DuplicateLoadBalancerName", "exists, but with different settings"),
        ("CreateService", "InvalidParameterException", "Unable to Start a service that is still Draining."),
        ("CreateService", "InvalidParameterException", "Creation of service was not idempotent."),
    ],
)
def test_a_name_that_was_taken_meanwhile_is_looked_at_again(
    drill: Drill, operation: str, code: str, message: str
) -> None:
    drill.refuse_once("ecs" if operation == "CreateService" else "elbv2", operation, code, message)

    state = drill.live()

    assert any(f"The name {NAME} is not free yet" in each.reason for each in drill.bench.states)
    assert state.status is StepStatus.SETTLED


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("CreateLoadBalancer", "TooManyLoadBalancers"),
        ("CreateTargetGroup", "TooManyTargetGroups"),
        ("CreateListener", "CertificateNotFound"),
    ],
)
def test_a_refusal_that_a_person_must_mend_is_said_in_words(drill: Drill, operation: str, code: str) -> None:
    drill.refuse_once("elbv2", operation, code, "as the test wants it")

    state = drill.live()

    assert state.status is StepStatus.FAILED
    assert state.reason == f"Copy {NAME} cannot be made in {TOKYO}, because {REFUSALS[code][0]}."
    assert state.fix == REFUSALS[code][1]


def test_a_copy_that_vanishes_is_said_so(drill: Drill) -> None:
    def delete() -> None:
        drill.copy.close()

    drill.bench.world.time.spawn(delete, name="somebody", delay_seconds=120)

    state = drill.live()

    assert state.status is StepStatus.FAILED
    assert state.reason == f"Copy {NAME} is gone, and not by this run."


def test_a_parameter_that_the_drill_did_not_write_is_what_its_tasks_lack(drill: Drill) -> None:
    name = "/pilotlight/drill/fileflow-drill/fileflow/dr/redis/address"
    drill.call("ssm", "DeleteParameter", Name=name)

    state = drill.live()

    assert state.status is StepStatus.FAILED
    assert f"invalid parameters: {name}" in state.reason


def test_an_output_that_no_step_gave_fails_before_anything_is_made(drill: Drill) -> None:
    state = drill.bench.live(KIND, params(), outputs={"promote": {}})

    assert state.reason.endswith("because step promote gave no address for variable DATABASE_HOST.")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"egress": [{"to": "0.0.0.0/0", "ports": [443]}]}, "as good as everywhere"),
        ({"egress": [{"to": "10.0.0.0/8", "ports": [443]}]}, "as good as everywhere"),
        ({"egress": [{"to": "::/0", "ports": [443]}]}, "as good as everywhere"),
        ({"egress": [{"to": "the internet", "ports": [443]}]}, "is no security group"),
        ({"task_role": EXECUTION_ROLE}, "task_role is the execution role"),
        ({"copy_as": "fileflow-dr-service"}, "give the copy a name of its own"),
        ({"copy_as": "internal-fileflow"}, "may not begin with"),
        ({"subnets": ["subnet-0d1e2f3a4b5c60718"]}, "at least 2"),
        ({"copy_as": "a-name-of-more-than-thirty-two-characters"}, "pattern"),
    ],
)
def test_a_plan_is_refused_that_walls_nothing_in(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        params(**changes)


def test_it_uses_outputs_of_earlier_steps_and_has_no_stand_in() -> None:
    assert KIND.needs(params()) == (OutputOf(step="promote", output="address"),)
    refused = KIND.stand_in(params(), Isolation("fileflow", (WALL,), ""))
    assert isinstance(refused, Refusal)
    assert "name it under the drill's stand-ins" in refused.sentence


def test_a_copy_takes_some_minutes(drill: Drill) -> None:
    state = drill.live()

    assert state.started is not None
    assert state.finished is not None
    assert KIND.timing.shortest <= state.finished - state.started <= KIND.timing.longest + timedelta(minutes=1)
