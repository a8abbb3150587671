"""The step kind `scale_auto_scaling_group` in trouble: launches that fail, lost answers, errors of AWS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import botocore.session
import pytest

from pilotlight.domain.life import StepStatus
from pilotlight.domain.step import Access, Severity, Undone
from pilotlight.steps.scale_auto_scaling_group import KIND
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.services.autoscaling import AutoScaling
from rehearsal.services.autoscaling_instances import Lifecycle
from tests.steps.conftest import PLACE, Bench
from tests.steps.groups import KEY, TOKYO, UPDATE, WEB, Standby, bench_of, params, stand, took

ZONES = ("ap-northeast-1a", "ap-northeast-1c")


@pytest.fixture
def standby(bench: Bench) -> Standby:
    return stand(bench)


def no_room(standby: Standby, *zones: str) -> None:
    standby.ec2.limits_of(TOKYO).no_room.update(("t2.small", zone) for zone in zones)


# Launches that fail


def test_no_room_is_waited_for_and_said_in_the_words_of_aws(standby: Standby) -> None:
    no_room(standby, *ZONES)
    standby.later(400, standby.ec2.limits_of(TOKYO).no_room.clear)

    state = standby.live()

    assert state.status is StepStatus.SETTLED
    assert took(state) > timedelta(seconds=400)
    assert (
        "Group MegaTicket-DR-Web-ASG has 0 of 2 instances in service; AWS looks for room and tries again: 'We "
        "currently do not have sufficient t2.small capacity in the Availability Zone you requested (ap-northeast-1a). "
        "Our system will be working on provisioning additional capacity. Launching EC2 instance failed.'"
    ) in standby.reasons()


def test_a_zone_without_room_is_gone_round(standby: Standby) -> None:
    no_room(standby, ZONES[0])

    state = standby.live()

    assert state.status is StepStatus.SETTLED
    assert {instance.subnet.zone for instance in standby.group.instances} == {ZONES[1]}


def test_no_room_for_ever_is_given_up_with_its_reason(standby: Standby) -> None:
    no_room(standby, *ZONES)

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert state.reason.startswith("Given up after 30 min; last seen: Group MegaTicket-DR-Web-ASG has 0 of 2 instances")
    assert "do not have sufficient t2.small capacity" in state.reason


def lose_image(standby: Standby) -> None:
    standby.ec2.images.clear()


def disable_image(standby: Standby) -> None:
    standby.image.state = "disabled"


def lose_key(standby: Standby) -> None:
    standby.ec2.key_pairs.clear()


def lower_quota(standby: Standby) -> None:
    standby.ec2.limits_of(TOKYO).vcpus = 1


@pytest.mark.parametrize(
    ("trouble", "said", "fix"),
    [
        (lose_image, "The image id 'ami-", "Copy the image into the group's region"),
        (disable_image, "is disabled, and cannot be run. Launching EC2 instance failed.'", "Copy the image"),
        (lose_key, f"The key pair '{KEY}' does not exist. Launching EC2 instance failed.'", "Import the key pair"),
        (lower_quota, "You have requested more vCPU capacity than your current vCPU limit of 1", "Ask for more vCPUs"),
    ],
)
def test_what_a_person_must_mend_fails_the_step_at_once(
    standby: Standby, trouble: Callable[[Standby], None], said: str, fix: str
) -> None:
    trouble(standby)

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert "instances in service because a launch failed: '" in state.reason
    assert said in state.reason
    assert state.fix.startswith(fix)
    assert took(state) < timedelta(minutes=6)


def test_a_retry_after_the_image_arrived_is_not_held_against_the_failures_of_before(standby: Standby) -> None:
    lose_image(standby)
    failed = standby.live()
    standby.ec2.images.append(standby.image)
    standby.bench.world.time.sleep(1)

    retried = standby.live()

    assert (failed.status, retried.status) == (StepStatus.FAILED, StepStatus.SETTLED)


def test_a_failure_of_an_unknown_kind_is_waited_out_twice(standby: Standby) -> None:
    for subnet in standby.group.subnets:
        subnet.free = 0

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert "There are not enough free addresses in subnet" in state.reason
    assert any(reason.endswith("and AWS tries again.") for reason in standby.reasons())
    assert len([a for a in standby.group.activities if a.status == "Failed"]) >= 3


def test_an_instance_that_a_lifecycle_hook_holds_is_said(standby: Standby) -> None:
    standby.group.wait_seconds = 300.0

    state = standby.live()

    assert state.status is StepStatus.SETTLED
    assert any("a lifecycle hook holds" in reason and "Pending:Wait" in reason for reason in standby.reasons())


def test_an_application_that_answers_badly_fails_the_step_with_the_words_of_aws(standby: Standby) -> None:
    standby.web.answer_with(503)

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert "has 0 of 2 instances that answer because 4 were replaced as unhealthy, the last with 'At " in state.reason
    assert "an instance was taken out of service in response to an ELB system health check failure.'" in state.reason
    assert state.fix.startswith("Ask the application why")
    assert any("Health checks failed with these codes: [503]" in reason for reason in standby.reasons())


def test_targets_that_no_load_balancer_uses_fail_the_step(standby: Standby) -> None:
    standby.web.load_balancer = None

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert state.reason.endswith(
        "but MegaTicket-DR-Web-TG has them as unused targets, because no load balancer sends it traffic."
    )


def test_an_instance_that_never_becomes_a_target_is_said(bench: Bench) -> None:
    standby = stand(bench, sizes=(0, 3, 2))
    receipt = standby.execute()
    standby.web.targets.clear()

    seen = standby.verify(receipt)

    assert seen.reason.endswith("but MegaTicket-DR-Web-TG has none of them as a target yet.")


# A group that is not there


def group_is_gone(standby: Standby) -> None:
    standby.bench.aws.service(AutoScaling).groups.clear()


@pytest.mark.parametrize(
    ("trouble", "differences", "reason"),
    [
        (
            group_is_gone,
            {},
            "Group MegaTicket-DR-Web-ASG cannot be started because the standby has no Auto Scaling group of that name.",
        ),
        (
            lambda standby: None,
            {"target_groups": {"another-tg": 3000}},
            "Group MegaTicket-DR-Web-ASG cannot become healthy in another-tg because it is not attached to it.",
        ),
        (
            lambda standby: standby.suspend("Launch"),
            {},
            "Group MegaTicket-DR-Web-ASG will launch no instance because Launch is suspended.",
        ),
    ],
)
def test_a_group_that_cannot_be_started_fails_at_once_and_is_found_before(
    standby: Standby, trouble: Callable[[Standby], None], differences: dict[str, Any], reason: str
) -> None:
    trouble(standby)

    state = standby.live(**differences)
    context = standby.bench.context()
    before = standby.bench.inside(lambda: KIND.preflight(params(**differences), context))
    ready = standby.bench.inside(lambda: KIND.readiness(params(**differences), context))

    assert (state.status, state.reason, state.attempts) == (StepStatus.FAILED, reason, 1)
    assert state.fix
    assert standby.bench.writes() == []
    assert [(f.severity, f.sentence) for f in before] == [(Severity.IMPOSSIBLE, reason)]
    assert ready == before


def test_a_group_that_vanishes_on_the_way_fails_the_step(standby: Standby) -> None:
    standby.later(20, lambda: group_is_gone(standby))

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert "has no Auto Scaling group of that name" in state.reason


# Lost answers, busy groups, throttles


def test_a_change_whose_answer_is_lost_is_read_and_not_repeated(standby: Standby) -> None:
    standby.bench.lose_answers("UpdateAutoScalingGroup")

    state = standby.live()

    assert state.status is StepStatus.SETTLED
    assert standby.bench.writes() == [UPDATE]
    assert state.receipt is not None
    assert state.receipt.data["before"] == {"minimum": 0, "maximum": 3, "desired": 0}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ScalingActivityInProgress", 400),
        ("ResourceContention", 500),
        ("ServiceLinkedRoleFailure", 500),
        ("Throttling", 400),
    ],
)
def test_a_busy_group_is_asked_again(standby: Standby, code: str, status: int) -> None:
    standby.refuse("autoscaling", "UpdateAutoScalingGroup", code, status=status, times=3)

    state = standby.live()

    assert state.status is StepStatus.SETTLED
    assert standby.bench.writes().count(UPDATE) == 4
    assert any("AWS gave no clear answer" in reason for reason in standby.reasons())
    assert isinstance(standby.undo(state.receipt), Undone)


@pytest.mark.parametrize(
    "operation", ["DescribeAutoScalingGroups", "DescribeScalingActivities", "DescribeTargetHealth"]
)
def test_throttled_looks_are_asked_again(standby: Standby, operation: str) -> None:
    service = "elbv2" if operation == "DescribeTargetHealth" else "autoscaling"
    standby.refuse(service, operation, "Throttling", times=12)

    state = standby.live()

    assert state.status is StepStatus.SETTLED


def test_a_refusal_of_the_sizes_fails_the_step_and_is_named(standby: Standby) -> None:
    standby.refuse("autoscaling", "UpdateAutoScalingGroup", "ValidationError")

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert state.reason == (
        "autoscaling UpdateAutoScalingGroup in ap-northeast-1 answered ValidationError: as the test wants it"
    )


def test_looking_changes_nothing(bench: Bench) -> None:
    standby = stand(bench, sizes=(0, 3, 1))
    receipt = standby.execute()
    writes = bench.writes()

    for _ in range(20):
        standby.verify(receipt)
        bench.world.time.sleep(20)

    assert bench.writes() == writes


# Permissions


def test_every_error_that_botocore_knows_has_its_fate() -> None:
    session = botocore.session.get_session()

    for operation in KIND.operations:
        model = session.get_service_model(operation.service).operation_model(operation.name)
        known = {shape.metadata.get("error", {}).get("code", shape.name) for shape in model.error_shapes}
        assert {*operation.handled, *operation.fatal} == known, operation.name
        assert not {*operation.handled} & {*operation.fatal}, operation.name


def test_a_whole_life_needs_no_permission_but_its_own(standby: Standby) -> None:
    bench, asked = standby.bench, {"resume_suspended": True, "user_data_marker": "DR_RECOVERY_MODE"}
    standby.template.versions[0] = replace(standby.template.versions[0], profile="megaticket")
    standby.suspend("Launch")
    own = CURRENT_ROLE.set(Role("the step's role", KIND.statements(params(**asked), PLACE)))

    bench.inside(lambda: KIND.readiness(params(**asked), bench.context()))
    state = standby.live(**asked)
    undone = standby.undo(state.receipt, **asked)
    CURRENT_ROLE.reset(own)

    assert state.status is StepStatus.SETTLED
    assert isinstance(undone, Undone)
    assert {(line.service, line.operation) for line in bench.world.trace} == {
        (o.service, o.name) for o in KIND.operations
    }
    assert not [line for line in bench.world.trace if line.error]


@pytest.mark.parametrize("resumes", [False, True])
def test_writes_are_permitted_on_the_group_alone(resumes: bool) -> None:
    statements = KIND.statements(params(resume_suspended=resumes), PLACE)

    (write,) = [s for s in statements if s.access is not Access.READ]

    processes = ("autoscaling:ResumeProcesses", "autoscaling:SuspendProcesses") if resumes else ()
    assert write.actions == (UPDATE, *processes)
    assert write.resources == (
        "arn:aws:autoscaling:ap-northeast-1:123456789012:autoScalingGroup:*:autoScalingGroupName/MegaTicket-DR-Web-ASG",
    )


@pytest.mark.parametrize("seed", range(3))
def test_an_image_that_is_missing_never_takes_long(seed: int) -> None:
    with bench_of(seed) as bench:
        standby = stand(bench, target_groups=(WEB,))
        lose_image(standby)

        state = standby.live()

    assert state.status is StepStatus.FAILED
    assert took(state) < timedelta(minutes=6)
    assert not [i for i in standby.group.instances if i.lifecycle is Lifecycle.IN_SERVICE]
