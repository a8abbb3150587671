"""The step kind `scale_ecs_service`, taken back."""

from __future__ import annotations

import pytest

from pilotlight.domain.errors import InvalidRequest
from pilotlight.domain.step import (
    CannotUndo,
    Undone,
)
from tests.steps.conftest import Bench
from tests.steps.containers import Standby, stand


@pytest.fixture
def standby(bench: Bench) -> Standby:
    return stand(bench)


# Undo


def test_undo_restores_the_count_and_the_bounds(standby: Standby) -> None:
    standby.autoscaling.add_target(standby.service, 0, 1)
    state = standby.live(autoscaling={"minimum": 4, "maximum": 12})

    done = standby.undo(state.receipt)
    standby.bench.world.time.sleep(600)

    assert done == Undone(
        "Service fileflow-dr-service wants 0 tasks, as before this run, within its old autoscaling bounds."
    )
    assert standby.bounds() == [(0, 1)]
    assert standby.service.desired == 0
    assert standby.group.healthy_count == 0


def test_undo_takes_a_new_registration_back(standby: Standby) -> None:
    state = standby.live(autoscaling={"minimum": 4, "maximum": 12})

    done = standby.undo(state.receipt)
    standby.bench.world.time.sleep(600)

    assert isinstance(done, Undone)
    assert done.sentence.endswith("as before this run, and is out of the autoscaler again.")
    assert standby.bounds() == []
    assert standby.service.desired == 0


def test_undoing_twice_is_undoing_once(standby: Standby) -> None:
    standby.autoscaling.add_target(standby.service, 0, 1)
    state = standby.live()
    standby.undo(state.receipt)
    writes = standby.bench.writes()

    again = standby.undo(state.receipt)

    assert isinstance(again, Undone)
    assert standby.bench.writes() == writes


def test_undo_of_nothing_changes_nothing(bench: Bench) -> None:
    standby = stand(bench, desired=4)
    receipt = standby.execute(fresh_configuration=False)

    done = standby.undo(receipt)

    assert isinstance(done, Undone)
    assert done.sentence.startswith("Service fileflow-dr-service wants 4 tasks, as before this run")
    assert standby.bench.writes() == []


def test_undo_leaves_a_count_that_others_set(standby: Standby) -> None:
    state = standby.live()
    standby.service.update(7)

    done = standby.undo(state.receipt)

    assert done == CannotUndo(
        "Service fileflow-dr-service keeps its tasks because it wants 7 by now and not the 4 that this run set; "
        "set the count by hand if it is to be lower."
    )
    assert standby.service.desired == 7


def test_undo_leaves_bounds_that_others_set(standby: Standby) -> None:
    target = standby.autoscaling.add_target(standby.service, 0, 0)
    state = standby.live()
    target.maximum = 40

    done = standby.undo(state.receipt)

    assert isinstance(done, Undone)
    assert "within autoscaling bounds that are not this run's and stay" in done.sentence
    assert standby.bounds() == [(0, 40)]
    assert standby.service.desired == 0


def test_undo_says_when_an_unrecorded_turn_may_have_raised_the_bounds(standby: Standby) -> None:
    standby.autoscaling.add_target(standby.service, 0, 0)
    standby.refuse("ecs", "UpdateService", "ThrottlingException")

    state = standby.live()
    done = standby.undo(state.receipt)

    assert isinstance(done, Undone)
    assert done.sentence.endswith("within autoscaling bounds that an earlier turn may have raised.")
    assert standby.service.desired == 0


def test_undo_of_a_service_that_is_gone_says_so(standby: Standby) -> None:
    state = standby.live()
    standby.ecs.ecs_services.clear()

    done = standby.undo(state.receipt)

    assert isinstance(done, CannotUndo)
    assert "has no such service" in done.sentence


def test_undo_knows_that_replaced_tasks_keep_what_they_read(bench: Bench) -> None:
    standby = stand(bench, desired=2)
    state = standby.live()

    done = standby.undo(state.receipt)

    assert done == Undone(
        "Service fileflow-dr-service wants 2 tasks, as before this run; tasks that were replaced keep the "
        "configuration they started with."
    )
    assert standby.service.desired == 2


def test_a_refused_deregistration_is_an_error_of_the_undo(standby: Standby) -> None:
    state = standby.live(autoscaling={"minimum": 4, "maximum": 12})
    standby.refuse("application-autoscaling", "DeregisterScalableTarget", "ValidationException")

    with pytest.raises(InvalidRequest):
        standby.undo(state.receipt)


def test_a_registration_that_is_gone_already_is_as_good_as_taken_back(standby: Standby) -> None:
    state = standby.live(autoscaling={"minimum": 4, "maximum": 12})
    standby.refuse("application-autoscaling", "DeregisterScalableTarget", "ObjectNotFoundException")

    assert isinstance(standby.undo(state.receipt), Undone)
