"""The step kind `scale_ecs_service` in trouble: tasks that do not start, lost answers, errors of AWS."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import botocore.session
import pytest

from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.step import (
    CannotUndo,
    Receipt,
    Severity,
    Undone,
)
from pilotlight.steps.scale_ecs_service import KIND
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.services.ecs import QUOTA
from tests.steps.conftest import PLACE, Bench
from tests.steps.containers import IMAGE, REGISTER, SECRET, TOKYO, UPDATE, Standby, bench_of, params, stand, took


@pytest.fixture
def standby(bench: Bench) -> Standby:
    return stand(bench)


# Tasks that do not start


@pytest.mark.parametrize("seed", range(8))
def test_a_missing_image_fails_the_step_after_two_rounds(seed: int) -> None:
    with bench_of(seed) as bench:
        standby = stand(bench)
        standby.ecs.lose_image(TOKYO, IMAGE)

        state = standby.live()

    assert state.status is StepStatus.FAILED
    assert re.fullmatch(
        r"Service fileflow-dr-service runs 0 of 4 tasks because \d+ tasks stopped, the last with "
        r"'CannotPullContainerError: .*/fileflow:prod: not found'\.",
        state.reason,
    )
    assert state.fix.startswith("Push the image to the registry of the service's region")
    assert len([t for t in standby.service.tasks if t.leaving]) >= 8
    assert took(state) < timedelta(minutes=12)


def test_a_missing_image_fails_a_replacement_though_the_old_tasks_serve_on(bench: Bench) -> None:
    standby = stand(bench, desired=4)
    standby.ecs.lose_image(TOKYO, IMAGE)

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert state.reason.startswith("Service fileflow-dr-service runs 0 of 4 fresh tasks because")
    assert "CannotPullContainerError" in state.reason
    assert standby.group.healthy_count == 4


def test_a_missing_secret_fails_the_step_too(standby: Standby) -> None:
    standby.ecs.lose_secret(TOKYO, SECRET)

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert "'ResourceInitializationError: unable to pull secrets or registry auth" in state.reason
    assert state.fix == "Put what it names into the service's region, check the execution role, then retry the step."


def test_one_failed_round_is_waited_out(standby: Standby) -> None:
    standby.ecs.lose_image(TOKYO, IMAGE)
    standby.bench.world.time.spawn(
        lambda: standby.ecs.restore(TOKYO, IMAGE), name="the image arrives", delay_seconds=60
    )

    state = standby.live()

    assert state.status is StepStatus.SETTLED
    assert any("stopped with 'CannotPullContainerError" in r and "tries again" in r for r in standby.reasons())


def test_failures_of_an_earlier_day_are_not_held_against_it(standby: Standby) -> None:
    standby.ecs.lose_image(TOKYO, IMAGE)
    standby.service.update(4)
    standby.bench.world.time.sleep(900)
    standby.service.update(0)
    standby.ecs.restore(TOKYO, IMAGE)
    standby.bench.world.time.sleep(1200)

    state = standby.live()

    assert state.status is StepStatus.SETTLED


def test_no_room_is_waited_for_and_said(standby: Standby) -> None:
    standby.ecs.starve(TOKYO, 300)

    state = standby.live()

    assert state.status is StepStatus.SETTLED
    assert took(state) > timedelta(minutes=5)
    assert (
        "Service fileflow-dr-service runs 0 of 4 tasks; AWS looks for room: '(service fileflow-dr-service) was "
        "unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a "
        "different availability zone.'"
    ) in standby.reasons()


def test_no_room_for_ever_is_given_up_with_its_reason(standby: Standby) -> None:
    standby.ecs.starve(TOKYO)

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert state.reason.startswith("Given up after 30 min; last seen: Service fileflow-dr-service runs 0 of 4 tasks;")
    assert "Capacity is unavailable" in state.reason


def test_a_quota_is_not_waited_for(standby: Standby) -> None:
    standby.ecs.starve(TOKYO, reason=QUOTA)

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert "because of a quota: '(service fileflow-dr-service) was unable to place a task." in state.reason
    assert state.fix.startswith(f"Ask for more Fargate vCPUs in {TOKYO}")
    assert took(state) < timedelta(minutes=3)


# A service that is not there


@pytest.mark.parametrize(
    ("change", "differences", "reason"),
    [
        (
            {},
            {"service": "nobody"},
            "Service nobody cannot be started because cluster fileflow-dr-cluster of the standby has no such service.",
        ),
        (
            {},
            {"cluster": "nowhere"},
            "Service fileflow-dr-service cannot be started because cluster nowhere of the standby has no such service.",
        ),
        (
            {"status": "INACTIVE"},
            {},
            "Service fileflow-dr-service cannot be started because it is INACTIVE.",
        ),
        (
            {"status": "DRAINING"},
            {},
            "Service fileflow-dr-service cannot be started because it is DRAINING.",
        ),
        (
            {"strategy": "DAEMON"},
            {},
            "Service fileflow-dr-service cannot be scaled because it has the DAEMON scheduling strategy.",
        ),
        (
            {},
            {"target_group": "another-tg"},
            "Service fileflow-dr-service cannot become healthy in another-tg because it is not registered there.",
        ),
    ],
)
def test_a_service_that_cannot_be_started_fails_at_once_and_is_found_before(
    standby: Standby, change: dict[str, str], differences: dict[str, Any], reason: str
) -> None:
    for name, value in change.items():
        setattr(standby.service, name, value)

    state = standby.live(**differences)
    context = standby.bench.context()
    before = standby.bench.inside(lambda: KIND.preflight(params(**differences), context))
    ready = standby.bench.inside(lambda: KIND.readiness(params(**differences), context))

    assert (state.status, state.reason) == (StepStatus.FAILED, reason)
    assert state.fix
    assert state.attempts == 1
    assert standby.bench.writes() == []
    assert [(f.severity, f.sentence) for f in before] == [(Severity.IMPOSSIBLE, reason)]
    assert ready == before


def test_a_service_that_vanishes_on_the_way_fails_the_step(standby: Standby) -> None:
    standby.bench.world.time.spawn(standby.ecs.ecs_services.clear, name="deleted", delay_seconds=20)

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert "has no such service" in state.reason


# Twice is once; lost answers


@pytest.mark.parametrize("desired", [0, 2, 4])
def test_executing_again_in_the_same_step_changes_nothing_more(bench: Bench, desired: int) -> None:
    standby = stand(bench, desired=desired)
    standby.autoscaling.add_target(standby.service, 0, 0)
    started = bench.world.time.now()

    def execute() -> object:
        return KIND.execute(params(), bench.context(started=started))

    first = bench.inside(execute)
    writes = bench.writes()
    bench.world.time.sleep(20)
    second = bench.inside(execute)

    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt)
    assert bench.writes() == writes == [REGISTER, UPDATE]
    assert (first.acted, second.acted) == (True, False)
    assert second.data["deployment"] == first.data["deployment"]


def test_looking_changes_nothing(bench: Bench) -> None:
    standby = stand(bench, desired=2)
    receipt = standby.execute()
    writes = bench.writes()

    for _ in range(20):
        bench.inside(lambda: KIND.verify(params(), receipt, bench.context()))
        bench.world.time.sleep(20)

    assert bench.writes() == writes


@pytest.mark.parametrize("desired", [0, 2])
@pytest.mark.parametrize("operation", ["RegisterScalableTarget", "UpdateService"])
def test_a_change_whose_answer_is_lost_is_read_and_not_repeated(bench: Bench, desired: int, operation: str) -> None:
    standby = stand(bench, desired=desired)
    standby.autoscaling.add_target(standby.service, 0, 2)
    standby.bench.lose_answers(operation)

    state = standby.live()

    assert state.status is StepStatus.SETTLED
    assert bench.writes() == [REGISTER, UPDATE]
    assert state.receipt is not None
    assert state.receipt.data["desired_before"] == desired
    assert state.receipt.data["bounds_before"] == {"minimum": 0, "maximum": 2}


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("ecs", "UpdateService", "ServerException"),
        ("application-autoscaling", "RegisterScalableTarget", "InternalServiceException"),
    ],
)
def test_a_change_that_aws_broke_off_is_seen_not_to_be_there_and_made_again(
    standby: Standby, service: str, operation: str, code: str
) -> None:
    standby.autoscaling.add_target(standby.service, 0, 0)
    standby.refuse(service, operation, code, status=500)

    state = standby.live()

    assert state.status is StepStatus.SETTLED
    assert "AWS gave no clear answer and is asked again" in standby.bench.states[0].reason
    assert standby.service.desired == 4
    assert standby.bench.writes().count(f"{service}:{operation}") == 2


def test_a_turn_that_died_unrecorded_is_joined_and_not_undone(standby: Standby) -> None:
    started = standby.bench.world.time.now()
    standby.execute()
    standby.bench.world.time.sleep(15)

    state = standby.bench.live(KIND, params(), state=StepState(StepStatus.RUNNING, started=started))

    assert state.status is StepStatus.SETTLED
    assert standby.bench.writes() == [UPDATE]
    assert standby.undo(state.receipt) == CannotUndo(
        "Service fileflow-dr-service keeps 4 tasks because an earlier turn may have set them without a record; "
        "set the count by hand if it is to be lower."
    )
    assert standby.service.desired == 4


# What AWS may answer


CALLED_IN_A_LIFE = (
    "DescribeServices",
    "ListTasks",
    "DescribeTasks",
    "UpdateService",
    "DescribeScalableTargets",
    "RegisterScalableTarget",
    "DescribeTargetHealth",
)
ON_THE_WAY = [operation for operation in KIND.operations if operation.name in CALLED_IN_A_LIFE]
STATUS_500 = ("ServerException", "InternalServiceException", "HealthUnavailable")


@pytest.mark.parametrize(
    ("service", "operation", "code"), [(o.service, o.name, code) for o in ON_THE_WAY for code in o.fatal]
)
def test_a_fatal_error_fails_the_step_and_is_named(bench: Bench, service: str, operation: str, code: str) -> None:
    standby = stand(bench, desired=2)
    standby.autoscaling.add_target(standby.service, 0, 2)
    standby.refuse(service, operation, code)

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert state.reason == f"{service} {operation} in {TOKYO} answered {code}: as the test wants it"


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [(o.service, o.name, code) for o in ON_THE_WAY for code in o.handled if code != "ClusterNotFoundException"],
)
def test_a_passing_error_is_asked_again(bench: Bench, service: str, operation: str, code: str) -> None:
    standby = stand(bench, desired=2)
    standby.autoscaling.add_target(standby.service, 0, 2)
    standby.refuse(service, operation, code, status=500 if code in STATUS_500 else 400, times=4)

    state = standby.live()

    assert state.status is StepStatus.SETTLED
    assert any("AWS gave no clear answer" in reason for reason in standby.reasons())


@pytest.mark.parametrize("operation", [o for o in KIND.operations if o.service == "ecs"], ids=lambda o: o.name)
def test_throttling_is_asked_again(bench: Bench, operation: Any) -> None:
    standby = stand(bench, desired=2)
    standby.refuse("ecs", operation.name, "ThrottlingException", times=4)

    state = standby.live()

    assert state.status is StepStatus.SETTLED


def test_every_error_that_botocore_knows_has_its_fate() -> None:
    session = botocore.session.get_session()

    for operation in KIND.operations:
        model = session.get_service_model(operation.service).operation_model(operation.name)
        known = {shape.metadata.get("error", {}).get("code", shape.name) for shape in model.error_shapes}
        assert {*operation.handled, *operation.fatal} == known, operation.name
        assert not {*operation.handled} & {*operation.fatal}, operation.name


def test_every_operation_is_permitted_by_a_statement() -> None:
    statements = KIND.statements(params(autoscaling={"minimum": 4, "maximum": 8}), PLACE)
    prefix = {"elbv2": "elasticloadbalancing"}

    permitted = {action for statement in statements for action in statement.actions}

    assert permitted == {f"{prefix.get(o.service, o.service)}:{o.name}" for o in KIND.operations}


def test_a_whole_life_needs_no_permission_but_its_own(bench: Bench) -> None:
    standby = stand(bench, desired=2)
    asked = {"autoscaling": {"minimum": 4, "maximum": 8}}
    standby.ecs.lose_image(TOKYO, IMAGE)
    bench.world.time.spawn(lambda: standby.ecs.restore(TOKYO, IMAGE), name="the image arrives", delay_seconds=70)
    own = CURRENT_ROLE.set(Role("the step's role", KIND.statements(params(**asked), PLACE)))

    bench.inside(lambda: KIND.readiness(params(**asked), bench.context()))
    state = standby.live(**asked)
    undone = standby.undo(state.receipt)
    CURRENT_ROLE.reset(own)

    assert state.status is StepStatus.SETTLED
    assert isinstance(undone, Undone)
    called = {(line.service, line.operation) for line in bench.world.trace}
    assert called == {(o.service, o.name) for o in KIND.operations}
    assert not [line for line in bench.world.trace if line.error]


def test_writes_are_permitted_on_the_service_and_its_scalable_target_alone() -> None:
    writes = [s for s in KIND.statements(params(), PLACE) if s.access != "read"]

    assert [(s.actions, s.resources) for s in writes] == [
        (
            ("ecs:UpdateService",),
            ("arn:aws:ecs:ap-northeast-1:123456789012:service/fileflow-dr-cluster/fileflow-dr-service",),
        ),
        (
            ("application-autoscaling:RegisterScalableTarget",),
            ("arn:aws:application-autoscaling:ap-northeast-1:123456789012:scalable-target/*",),
        ),
    ]
    assert writes[1].conditions == {
        "StringEquals": {
            "application-autoscaling:service-namespace": "ecs",
            "application-autoscaling:scalable-dimension": "ecs:service:DesiredCount",
        }
    }
