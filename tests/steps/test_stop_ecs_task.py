"""A task that is stopped so that its service shows that it mends itself: one task, whatever is called twice."""

from __future__ import annotations

import pytest

from pilotlight.domain.life import StepStatus
from pilotlight.domain.step import Pending, Receipt, Severity, Undone
from pilotlight.steps.stop_ecs_task import KIND, StopEcsTaskParams
from rehearsal.access import CURRENT_ROLE, Role
from tests.steps.conftest import PLACE, Bench
from tests.steps.containers import IMAGE, TOKYO, Standby, stand

SERVICE = "fileflow-dr-service"
PARAMS = StopEcsTaskParams(cluster="fileflow-dr-cluster", service=SERVICE)
STOP = "ecs:StopTask"


@pytest.fixture
def serving(bench: Bench) -> Standby:
    return stand(bench, desired=2)


def execute(bench: Bench) -> Receipt:
    done = bench.inside(lambda: KIND.execute(PARAMS, bench.context()))
    assert isinstance(done, Receipt)
    return done


class TestStopping:
    def test_the_oldest_task_is_replaced_by_a_healthy_one(self, serving: Standby) -> None:
        oldest = min(serving.service.tasks, key=lambda task: (task.created, task.id))

        end = serving.bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert end.outputs["stopped"].endswith(oldest.id)
        assert end.reason.startswith(f"Service {SERVICE} runs 2 tasks, with 2 healthy targets in fileflow-dr-tg.")
        assert oldest.leaving
        assert sum(not task.leaving for task in serving.service.tasks) == 2
        assert serving.bench.writes() == [STOP]

    def test_healthy_targets_right_after_the_stop_are_no_success(self, serving: Standby) -> None:
        receipt = execute(serving.bench)

        seen = serving.bench.inside(lambda: KIND.verify(PARAMS, receipt, serving.bench.context()))

        assert isinstance(seen, Pending)
        assert seen.reason.startswith(f"Service {SERVICE} has not started another task in place of ")

    def test_its_permissions_suffice(self, serving: Standby) -> None:
        token = CURRENT_ROLE.set(Role("stop", KIND.statements(PARAMS, PLACE)))

        end = serving.bench.live(KIND, PARAMS)

        CURRENT_ROLE.reset(token)
        assert end.status is StepStatus.SETTLED

    def test_a_successor_that_cannot_start_fails_the_step(self, serving: Standby) -> None:
        serving.ecs.lose_image(TOKYO, IMAGE)

        end = serving.bench.live(KIND, PARAMS)

        assert end.status is StepStatus.FAILED
        assert "CannotPullContainerError" in end.reason


class TestActingTwice:
    @pytest.mark.parametrize("crash_seconds", [1, 30, 200])
    def test_a_receipt_that_was_lost_stops_no_second_task(self, serving: Standby, crash_seconds: float) -> None:
        first = execute(serving.bench)
        serving.bench.world.time.sleep(crash_seconds)

        end = serving.bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert end.outputs["stopped"] == first.data["task"]
        assert serving.bench.writes() == [STOP]

    def test_an_answer_that_was_lost_stops_no_second_task(self, serving: Standby) -> None:
        serving.bench.lose_answers("StopTask")

        end = serving.bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert serving.bench.writes() == [STOP]


def test_the_only_task_is_warned_of(bench: Bench) -> None:
    stand(bench, desired=1)

    found = bench.inside(lambda: KIND.preflight(PARAMS, bench.context()))

    assert [f.severity for f in found] == [Severity.FINE, Severity.WARNING]
    assert found[1].sentence == (
        f"Service {SERVICE} runs one task, so nobody is served until its successor is healthy."
    )


def test_a_service_without_tasks_is_refused(bench: Bench) -> None:
    stand(bench)

    end = bench.live(KIND, PARAMS)

    assert end.status is StepStatus.FAILED
    assert bench.writes() == []


def test_there_is_nothing_to_take_back(serving: Standby) -> None:
    receipt = execute(serving.bench)

    assert isinstance(KIND.undo(PARAMS, receipt, serving.bench.context()), Undone)
