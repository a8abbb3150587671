"""The step kind `fence_ecs_service`: the old primary's service has no tasks, and nothing starts any."""

from __future__ import annotations

import pytest

from pilotlight.domain.life import StepStatus
from pilotlight.domain.step import CannotUndo, Receipt, Severity, Undone
from pilotlight.steps.fence_ecs_service import KIND, FenceEcsServiceParams
from rehearsal.services.application_autoscaling import ApplicationAutoScaling, ScalableTarget
from rehearsal.services.ecs import Ecs
from rehearsal.services.ecs_answers import say_service
from rehearsal.services.ecs_scheduler import EcsService
from rehearsal.services.ecs_tasks import TaskStatus
from tests.steps.conftest import Bench
from tests.steps.fences import SEOUL, OldPrimary, seconds

REGISTER, UPDATE = "application-autoscaling:RegisterScalableTarget", "ecs:UpdateService"
TAG, UNTAG = "ecs:TagResource", "ecs:UntagResource"


@pytest.fixture
def primary(bench: Bench) -> OldPrimary:
    old = OldPrimary(bench, KIND, FenceEcsServiceParams(cluster="fileflow-cluster", service="fileflow-service"))
    old.furnish()
    bench.world.time.sleep(600)
    return old


def service(primary: OldPrimary) -> EcsService:
    found = primary.bench.aws.service(Ecs).find(SEOUL, "fileflow-cluster", "fileflow-service")
    assert found is not None
    return found


def within(primary: OldPrimary, minimum: int, maximum: int) -> ScalableTarget:
    return primary.bench.aws.service(ApplicationAutoScaling).add_target(service(primary), minimum, maximum)


def at_work(primary: OldPrimary) -> int:
    return sum(task.status is not TaskStatus.STOPPED for task in service(primary).tasks)


# Closing


def test_the_bounds_go_first_so_that_nothing_is_started_again(primary: OldPrimary) -> None:
    bounds = within(primary, 2, 8)

    state = primary.live()
    primary.bench.world.time.sleep(600)

    assert state.outputs == {"closed": "yes"}
    assert primary.bench.writes() == [TAG, REGISTER, UPDATE]
    assert (bounds.minimum, bounds.maximum, service(primary).desired) == (0, 0, 0)


def test_a_task_that_drains_is_not_called_closed(primary: OldPrimary) -> None:
    state = primary.live()

    waited = [s.reason for s in primary.bench.states if "are stopping" in s.reason]
    assert waited[0] == "Service fileflow-service still runs 0 tasks, and 2 are stopping."
    assert seconds(state) > 300
    assert at_work(primary) == 0


def test_a_service_that_the_autoscaler_does_not_know_is_not_made_known_to_it(primary: OldPrimary) -> None:
    primary.live()

    assert primary.bench.writes() == [TAG, UPDATE]
    assert primary.bench.aws.service(ApplicationAutoScaling).targets == []


def test_closed_already_it_changes_nothing(primary: OldPrimary) -> None:
    within(primary, 2, 8)
    primary.live()
    calls = len(primary.bench.world.trace)

    again = primary.execute()

    assert isinstance(again, Receipt)
    assert (again.acted, again.data["before"]) == (False, {"desired": "2", "bounds": "2-8"})
    assert primary.calls_since(calls) == ["DescribeServices", "DescribeScalableTargets"]


def test_what_a_pipeline_opened_is_closed_again_and_the_first_state_is_the_one_kept(primary: OldPrimary) -> None:
    bounds = within(primary, 2, 8)
    primary.live()
    service(primary).update(1)
    bounds.maximum = 1

    primary.live()
    done = primary.undo()

    assert done == Undone("Service fileflow-service wants 2 tasks, as before it was closed.")
    assert (bounds.minimum, bounds.maximum) == (2, 8)


def test_a_crash_between_bounds_and_count_loses_nothing_of_what_was_before(primary: OldPrimary) -> None:
    bounds = within(primary, 2, 8)
    primary.refuse("ecs", "UpdateService", "ClientException")

    failed, retried = primary.live(), primary.live()
    primary.undo()

    assert failed.status is StepStatus.FAILED
    assert retried.outputs == {"closed": "yes"}
    assert (bounds.minimum, bounds.maximum, service(primary).desired) == (2, 8, 2)


@pytest.mark.parametrize("operation", ["TagResource", "RegisterScalableTarget", "UpdateService"])
def test_a_lost_answer_is_looked_at(primary: OldPrimary, operation: str) -> None:
    bounds = within(primary, 2, 8)
    primary.bench.lose_answers(operation)

    state = primary.live()
    primary.undo()

    assert state.outputs == {"closed": "yes"}
    assert (bounds.minimum, bounds.maximum, service(primary).desired) == (2, 8, 2)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [("status", "DRAINING", "because it is DRAINING"), ("strategy", "DAEMON", "because it is scheduled as DAEMON")],
)
def test_a_service_that_takes_no_count_fails_the_step(primary: OldPrimary, field: str, value: str, why: str) -> None:
    setattr(service(primary), field, value)

    state = primary.live()

    assert state.status is StepStatus.FAILED
    assert why in state.reason
    assert primary.bench.writes() == []


def test_a_service_that_is_not_there_fails_the_step(primary: OldPrimary) -> None:
    primary.bench.aws.service(Ecs).ecs_services.clear()

    state = primary.live()

    assert state.status is StepStatus.FAILED
    assert "because ap-northeast-2 has none of that name" in state.reason


# Taking it back


def test_undo_needs_no_receipt_and_takes_its_mark_away(primary: OldPrimary) -> None:
    primary.live()

    done = primary.undo()

    assert isinstance(done, Undone)
    assert (service(primary).desired, service(primary).tags) == (2, {})
    assert primary.bench.writes() == [TAG, UPDATE, UPDATE, UNTAG]


def test_undo_goes_by_the_receipt_where_a_pipeline_took_the_mark_away(primary: OldPrimary) -> None:
    bounds = within(primary, 2, 8)
    state = primary.live()
    service(primary).tags.clear()

    primary.undo(state.receipt)

    assert (bounds.minimum, bounds.maximum, service(primary).desired) == (2, 8, 2)


def test_undo_leaves_what_a_person_set_since(primary: OldPrimary) -> None:
    bounds = within(primary, 2, 8)
    primary.live()
    bounds.minimum, bounds.maximum = 1, 3
    service(primary).update(3)

    primary.undo()

    assert (bounds.minimum, bounds.maximum, service(primary).desired) == (1, 3, 3)


def test_undo_of_what_another_application_closed_starts_nothing(primary: OldPrimary) -> None:
    primary.live()
    service(primary).tags["pilotlight:fence"] = "portforge desired=2 bounds=none"

    done = primary.undo()

    assert done == Undone("Service fileflow-service was not stopped by this application, so nothing was started.")
    assert service(primary).desired == 0


def test_undo_of_a_service_that_is_gone_says_so(primary: OldPrimary) -> None:
    primary.live()
    primary.bench.aws.service(Ecs).ecs_services.clear()

    assert isinstance(primary.undo(), CannotUndo)


def test_undo_that_does_not_show_is_not_called_done(primary: OldPrimary) -> None:
    primary.live()
    forgetful = service(primary)
    primary.bench.aws.service(Ecs)._operations["UpdateService"] = lambda *_: {"service": say_service(forgetful)}

    done = primary.undo()

    assert isinstance(done, CannotUndo)
    assert "does not show its 2 tasks again" in done.sentence
    assert "pilotlight:fence" in forgetful.tags


# Readiness


def test_readiness_is_fine_where_tasks_run(primary: OldPrimary) -> None:
    (found,) = primary.readiness().values()

    assert (found.severity, found.sentence) == (
        Severity.FINE,
        "Service fileflow-service can go from 2 tasks to none.",
    )


def test_readiness_warns_where_nothing_runs(primary: OldPrimary) -> None:
    service(primary).update(0)

    assert "nothing-to-close" in primary.readiness()


def test_readiness_warns_of_the_mark_of_a_fence_that_was_reopened_by_hand(primary: OldPrimary) -> None:
    primary.live()
    service(primary).update(2)

    assert "bears the tag pilotlight:fence of an earlier fence" in primary.readiness()["fence-mark-left"].sentence


def test_readiness_blocks_where_there_is_no_such_service(primary: OldPrimary) -> None:
    primary.bench.aws.service(Ecs).ecs_services.clear()

    assert primary.readiness()["missing"].severity is Severity.IMPOSSIBLE
