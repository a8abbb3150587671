"""The step kind `scale_ecs_service`: a standby comes up, and every trap on the way."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from pilotlight.domain.life import StepStatus
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    Failed,
    Harm,
    Pending,
    Settled,
)
from pilotlight.steps.scale_ecs_service import KIND, ScaleEcsServiceParams
from tests.builders import ISOLATION
from tests.steps.conftest import PLACE, Bench
from tests.steps.containers import REGISTER, UPDATE, Standby, bench_of, params, stand, took


@pytest.fixture
def standby(bench: Bench) -> Standby:
    return stand(bench)


# The main line


def test_the_standby_goes_from_nothing_to_four_healthy_tasks(standby: Standby) -> None:
    state = standby.live()

    assert state.status is StepStatus.SETTLED
    assert state.reason == "Service fileflow-dr-service runs 4 tasks, with 4 healthy targets in fileflow-dr-tg."
    assert state.outputs == {"running": "4"}
    assert standby.group.healthy_count == 4
    assert standby.bench.writes() == [UPDATE]


@pytest.mark.parametrize("desired", [0, 2])
@pytest.mark.parametrize("seed", range(10))
def test_it_is_noticed_within_a_poll_of_the_last_healthy_target(seed: int, desired: int) -> None:
    with bench_of(seed) as bench:
        standby = stand(bench, desired=desired)

        state = standby.live()

    [effect] = bench.world.effects
    assert state.finished is not None
    late = state.finished - effect.started - timedelta(seconds=effect.seconds)
    assert timedelta(seconds=-1) <= late <= KIND.timing.poll + timedelta(seconds=1)


def test_an_old_rollout_that_stays_completed_settles_nothing(standby: Standby) -> None:
    receipt = standby.execute()

    seen = standby.bench.inside(lambda: KIND.verify(params(), receipt, standby.bench.context()))

    assert standby.service.primary.state == "COMPLETED"
    assert isinstance(seen, Pending)
    assert seen.reason == "Service fileflow-dr-service runs 0 of 4 tasks and starts 0."


def test_running_tasks_are_not_enough_until_their_targets_are_healthy(standby: Standby) -> None:
    standby.live()

    waits = [r for r in standby.reasons() if "healthy targets" in r]
    assert len(waits) >= 2
    assert re.search(r"fileflow-dr-tg has \d of 4 healthy targets, the others are \d initial\.$", waits[0])


def test_each_target_group_of_the_service_must_be_healthy(bench: Bench) -> None:
    standby = stand(bench, groups=2)

    state = standby.live()

    assert state.reason.endswith(
        "with 4 healthy targets in fileflow-dr-tg and 4 healthy targets in fileflow-dr-internal."
    )


def test_only_the_named_target_group_is_waited_for(bench: Bench) -> None:
    standby = stand(bench, groups=2)
    standby.service.groups[1].load_balancer = None

    by_name = standby.live(target_group="fileflow-dr-tg")
    by_arn = standby.live(target_group=standby.group.arn, fresh_configuration=False)

    assert by_name.status is by_arn.status is StepStatus.SETTLED
    assert by_arn.reason.endswith("with 4 healthy targets in fileflow-dr-tg.")


def test_a_service_without_a_target_group_is_done_when_its_tasks_run(bench: Bench) -> None:
    standby = stand(bench, groups=0)

    state = standby.live()

    assert state.reason == "Service fileflow-dr-service runs 4 tasks, with no target group to ask."


# Counts only go up


def test_more_tasks_than_asked_for_are_left(bench: Bench) -> None:
    standby = stand(bench, desired=6)

    state = standby.live(fresh_configuration=False)

    assert state.outputs == {"running": "6"}
    assert state.attempts == 1
    assert standby.bench.writes() == []


def test_a_count_that_rises_starts_no_deployment_when_old_tasks_may_stay(bench: Bench) -> None:
    standby = stand(bench, desired=2)
    before = standby.service.primary

    state = standby.live(fresh_configuration=False)

    assert state.outputs == {"running": "4"}
    assert standby.service.primary is before
    assert standby.bench.writes() == [UPDATE]


def test_tasks_beyond_those_asked_for_are_waited_for_while_they_start(bench: Bench) -> None:
    standby = stand(bench, desired=4)
    receipt = standby.execute(fresh_configuration=False)
    standby.service.update(6)
    bench.world.time.sleep(10)

    seen = bench.inside(lambda: KIND.verify(params(), receipt, bench.context()))

    assert seen == Pending("Service fileflow-dr-service runs 4 tasks and starts 2 more.")


# Tasks that ran before


def test_tasks_from_before_are_replaced_in_the_same_call_and_waited_out(bench: Bench) -> None:
    standby = stand(bench, desired=2)
    old = {task.id for task in standby.service.tasks}

    state = standby.live()

    running = {task.id for task in standby.service.tasks if task.status == "RUNNING"}
    assert state.status is StepStatus.SETTLED
    assert standby.bench.writes() == [UPDATE]
    assert len(running) == 4
    assert not running & old
    assert "Service fileflow-dr-service still replaces its tasks; the deployment is IN_PROGRESS." in standby.reasons()
    assert standby.bench.states[0].reason == (
        "Service fileflow-dr-service wants 4 tasks instead of 2, all of them fresh, in place of 2."
    )


def test_as_many_old_tasks_as_wanted_are_still_replaced(bench: Bench) -> None:
    standby = stand(bench, desired=4)

    state = standby.live()

    assert state.status is StepStatus.SETTLED
    assert state.finished is not None
    assert min(task.created for task in standby.service.tasks if not task.leaving) >= state.started  # type: ignore[operator]


def test_more_than_a_hundred_tasks_are_read_in_portions(bench: Bench) -> None:
    standby = stand(bench, desired=130)

    receipt = standby.execute(tasks=130)

    assert receipt.sentence.endswith("wants 130 tasks, as it did, all of them fresh, in place of 130.")


def test_a_deployment_that_fails_fails_the_step(bench: Bench) -> None:
    standby = stand(bench, desired=2)
    receipt = standby.execute()
    standby.service.fail_deployment("ECS deployment circuit breaker: tasks failed to start.")

    seen = standby.bench.inside(lambda: KIND.verify(params(), receipt, standby.bench.context()))

    assert isinstance(seen, Failed)
    assert seen.reason == (
        "Service fileflow-dr-service did not take the new tasks because its deployment failed: "
        "'ECS deployment circuit breaker: tasks failed to start.'."
    )


def test_a_service_that_another_controller_deploys_cannot_be_refreshed_here(bench: Bench) -> None:
    standby = stand(bench, desired=2)
    standby.service.controller = "CODE_DEPLOY"

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert state.reason == "Service fileflow-dr-service cannot replace 2 tasks because CODE_DEPLOY does it."
    assert "fresh_configuration" in state.fix
    assert standby.bench.writes() == []


# The autoscaler


def test_bounds_are_raised_before_the_count(standby: Standby) -> None:
    standby.autoscaling.add_target(standby.service, 0, 0)

    state = standby.live()
    standby.bench.world.time.sleep(600)

    assert state.status is StepStatus.SETTLED
    assert standby.bench.writes() == [REGISTER, UPDATE]
    assert standby.bounds() == [(0, 4)]
    assert standby.service.desired == 4


def test_bounds_of_the_plan_are_registered_where_there_are_none(standby: Standby) -> None:
    state = standby.live(autoscaling={"minimum": 4, "maximum": 12})

    assert state.status is StepStatus.SETTLED
    assert standby.bench.writes() == [REGISTER, UPDATE]
    assert standby.bounds() == [(4, 12)]


@pytest.mark.parametrize(
    ("before", "planned", "after"),
    [
        ((2, 20), {"minimum": 1, "maximum": 8}, (2, 20)),
        ((0, 20), {"minimum": 4, "maximum": 8}, (4, 20)),
        ((2, 3), {"minimum": 1, "maximum": 8}, (2, 8)),
        ((0, 2), None, (0, 4)),
        ((6, 6), None, (6, 6)),
    ],
)
def test_bounds_are_never_lowered(
    standby: Standby, before: tuple[int, int], planned: dict[str, int] | None, after: tuple[int, int]
) -> None:
    standby.autoscaling.add_target(standby.service, *before)

    standby.execute(autoscaling=planned)

    assert standby.bounds() == [after]
    assert (REGISTER in standby.bench.writes()) == (before != after)


def test_suspended_scaling_stays_suspended(standby: Standby) -> None:
    target = standby.autoscaling.add_target(standby.service, 0, 0, DynamicScalingInSuspended=True)

    standby.execute()

    assert target.suspended == {"DynamicScalingInSuspended": True}


def test_a_count_that_something_takes_back_fails_the_step(standby: Standby) -> None:
    receipt = standby.execute()
    standby.autoscaling.add_target(standby.service, 0, 1)
    standby.service.update(1)

    def look() -> Settled | Pending | Failed:
        return KIND.verify(params(), receipt, standby.bench.context())

    at_once = standby.bench.inside(look)
    standby.bench.world.time.sleep(120)
    later = standby.bench.inside(look)

    assert at_once == Pending("Service fileflow-dr-service does not show the count of 4 yet.")
    assert isinstance(later, Failed)
    assert later.reason == (
        "Service fileflow-dr-service wants 1 task and not 4 because something took the count back "
        "after this step set it."
    )
    assert later.fix


# Targets


def test_an_empty_target_group_is_not_healthy(bench: Bench) -> None:
    standby = stand(bench, desired=4)
    standby.group.targets.clear()

    state = standby.execute(fresh_configuration=False)
    seen = standby.bench.inside(lambda: KIND.verify(params(), state, standby.bench.context()))

    assert seen == Pending("Service fileflow-dr-service runs 4 tasks, but fileflow-dr-tg has no target yet.")


def test_draining_targets_do_not_count(bench: Bench) -> None:
    standby = stand(bench, desired=4)
    receipt = standby.execute(fresh_configuration=False)
    standby.group.deregister(standby.group.targets[0])

    seen = standby.bench.inside(lambda: KIND.verify(params(), receipt, standby.bench.context()))

    assert seen == Pending(
        "Service fileflow-dr-service runs 4 tasks, but fileflow-dr-tg has 3 of 4 healthy targets, "
        "the others are 1 draining."
    )


def test_unhealthy_targets_are_said_with_the_words_of_the_load_balancer(bench: Bench) -> None:
    standby = stand(bench, desired=4)
    standby.service.grace_seconds = 3600 * 2
    receipt = standby.execute(fresh_configuration=False)
    standby.group.answer_with(503)
    bench.world.time.sleep(60)

    seen = bench.inside(lambda: KIND.verify(params(), receipt, bench.context()))

    assert seen == Pending(
        "Service fileflow-dr-service runs 4 tasks, but fileflow-dr-tg has 0 of 4 healthy targets, the others are "
        "4 unhealthy (Health checks failed with these codes: [503])."
    )


def test_targets_that_no_load_balancer_uses_fail_the_step(standby: Standby) -> None:
    standby.group.load_balancer = None

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert state.reason == (
        "Service fileflow-dr-service runs 4 tasks, but fileflow-dr-tg has only unused targets, "
        "because no load balancer sends it traffic."
    )


def test_an_application_that_answers_badly_fails_the_step_with_the_words_of_aws(standby: Standby) -> None:
    standby.group.answer_with(503)

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert "Task failed ELB health checks in (target-group" in state.reason
    assert state.fix == "Ask the application why it does not answer its health check, then retry the step."
    assert took(state) < timedelta(minutes=15)


# What it is called with


def test_the_example_of_the_docstring_is_valid() -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", ScaleEcsServiceParams.__doc__ or "", re.DOTALL)
    entry = yaml.safe_load(example)

    read = ScaleEcsServiceParams.model_validate(entry["params"])

    assert entry["kind"] == KIND.name
    assert read.tasks == 4
    assert KIND.title(read) == "Scale fileflow-dr-service to 4 tasks"


@pytest.mark.parametrize(
    "differences",
    [
        {"tasks": 0},
        {"tasks": -1},
        {"cluster": ""},
        {"service": "*"},
        {"target_group": ""},
        {"autoscaling": {"minimum": 0, "maximum": 3}},
        {"autoscaling": {"minimum": 9, "maximum": 8}},
        {"autoscaling": {"minimum": 4}},
        {"unknown": 1},
    ],
)
def test_parameters_that_mean_nothing_or_everything_are_refused(differences: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        params(**differences)


def test_it_is_disruptive_and_no_drill_may_do_it_to_the_standby_itself() -> None:
    refusal = KIND.stand_in(params(), ISOLATION)

    assert KIND.harm is Harm.DISRUPTIVE
    assert isinstance(refusal, Refusal)
    assert refusal.sentence.startswith("Service fileflow-dr-service cannot be started in a drill because")
    assert "needs a copy of the service" in refusal.sentence


def test_a_world_furnished_with_what_the_step_says_must_stand_is_ready_for_it(bench: Bench) -> None:
    asked = params(autoscaling={"minimum": 4, "maximum": 12}, target_group="fileflow-dr-tg")
    for thing in KIND.standing(asked, PLACE):
        bench.world.models[thing.service].furnish(thing)

    ready = bench.inside(lambda: KIND.readiness(asked, bench.context()))
    state = bench.live(KIND, asked)

    assert [f.code for f in ready] == ["service-ready"]
    assert state.status is StepStatus.SETTLED
    assert bench.writes() == [REGISTER, UPDATE]
