"""A service that gets fresh tasks: followed to its healthy targets, asked once, failed where ECS gives it up."""

from __future__ import annotations

import pytest

from pilotlight.domain.life import StepStatus
from pilotlight.domain.step import Receipt, Severity, Undone
from pilotlight.steps.redeploy_ecs_service import KIND, RedeployEcsServiceParams
from rehearsal.access import CURRENT_ROLE, Role
from tests.steps.conftest import PLACE, Bench
from tests.steps.containers import IMAGE, TOKYO, UPDATE, Standby, stand

SERVICE = "fileflow-dr-service"
PARAMS = RedeployEcsServiceParams(cluster="fileflow-dr-cluster", service=SERVICE)


@pytest.fixture
def serving(bench: Bench) -> Standby:
    return stand(bench, desired=2)


def execute(bench: Bench) -> Receipt:
    done = bench.inside(lambda: KIND.execute(PARAMS, bench.context()))
    assert isinstance(done, Receipt)
    return done


class TestRedeploying:
    def test_every_task_is_replaced_and_the_count_is_left_alone(self, serving: Standby) -> None:
        old = {task.id for task in serving.service.tasks}

        end = serving.bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert end.reason == f"Service {SERVICE} runs 2 tasks, with 2 healthy targets in fileflow-dr-tg."
        assert {t.id for t in serving.service.tasks if not t.leaving}.isdisjoint(old)
        assert serving.service.desired == 2
        assert serving.bench.writes() == [UPDATE]

    def test_its_permissions_suffice(self, serving: Standby) -> None:
        token = CURRENT_ROLE.set(Role("redeploy", KIND.statements(PARAMS, PLACE)))

        end = serving.bench.live(KIND, PARAMS)

        CURRENT_ROLE.reset(token)
        assert end.status is StepStatus.SETTLED

    def test_what_the_circuit_breaker_takes_back_fails_in_the_words_of_ecs(self, serving: Standby) -> None:
        world, back = serving.bench.world, "ECS deployment circuit breaker: tasks failed to start."
        serving.ecs.lose_image(TOKYO, IMAGE)
        world.time.spawn(lambda: serving.service.roll_back(back), name="breaker", delay_seconds=50)

        end = serving.bench.live(KIND, PARAMS)

        assert end.status is StepStatus.FAILED
        assert "its circuit breaker goes back: 'ECS deployment circuit breaker: rolling back to" in end.reason

    def test_a_deployment_that_fails_fails_the_step(self, serving: Standby) -> None:
        world = serving.bench.world
        world.time.spawn(lambda: serving.service.fail_deployment("tasks failed to start."), name="x", delay_seconds=30)

        end = serving.bench.live(KIND, PARAMS)

        assert end.status is StepStatus.FAILED
        assert "'tasks failed to start.'" in end.reason


class TestActingTwice:
    def test_a_receipt_that_was_lost_deploys_once(self, serving: Standby) -> None:
        began = serving.bench.world.time.now()
        first = execute(serving.bench)
        serving.bench.world.time.sleep(20)

        again = serving.bench.inside(lambda: KIND.execute(PARAMS, serving.bench.context(started=began)))

        assert isinstance(again, Receipt)
        assert again.data["deployment"] == first.data["deployment"]
        assert serving.bench.writes() == [UPDATE]

    def test_an_answer_that_was_lost_is_read_back(self, serving: Standby) -> None:
        serving.bench.lose_answers("UpdateService")

        end = serving.bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert serving.bench.writes() == [UPDATE]


class TestRefusing:
    def test_a_service_without_tasks_has_nothing_to_mend(self, bench: Bench) -> None:
        stand(bench)

        end = bench.live(KIND, PARAMS)

        assert end.reason == f"Service {SERVICE} wants no tasks, so there is nothing to mend."
        assert bench.inside(lambda: KIND.preflight(PARAMS, bench.context()))[0].severity is Severity.IMPOSSIBLE

    def test_one_that_another_controller_deploys_is_left(self, serving: Standby) -> None:
        serving.service.controller = "CODE_DEPLOY"

        end = serving.bench.live(KIND, PARAMS)

        assert end.status is StepStatus.FAILED
        assert serving.bench.writes() == []


def test_there_is_nothing_to_take_back(serving: Standby) -> None:
    receipt = execute(serving.bench)

    assert isinstance(KIND.undo(PARAMS, receipt, serving.bench.context()), Undone)
