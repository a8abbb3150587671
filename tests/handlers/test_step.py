"""One turn of a step: what is recorded, what is refused, and that two copies do the work of one."""

from __future__ import annotations

from typing import Any

import pytest

from deployment import names
from pilotlight.domain.life import StepStatus
from pilotlight.domain.records import RecordKind
from rehearsal.services.lambda_functions import FunctionFailed
from rehearsal.services.rds import Rds
from tests.builders import STANDBY
from tests.handlers.conftest import Desk
from tests.handlers.test_open import CONFIRMED, furnish, open_run

PROMOTION = names.step_function("fileflow", "promote_replica")
TURN = {"do": "turn", "run_id": "by-hand", "step": "promote"}


@pytest.fixture
def opened(desk: Desk) -> Desk:
    furnish(desk)
    desk.darken()
    open_run(desk, "by-hand", CONFIRMED)
    return desk


def promotions(desk: Desk) -> int:
    return sum(line.operation == "PromoteReadReplica" for line in desk.world.trace)


def state(desk: Desk) -> Any:
    return desk.inside(lambda: desk.control.steps("by-hand"))["promote"]


def test_the_first_turn_begins_acts_and_says_when_to_look_again(opened: Desk) -> None:
    answer = opened.call(PROMOTION, TURN)

    assert answer == {"status": "running", "wait_seconds": 30}
    assert promotions(opened) == 1
    kinds = [r.entry.kind for r in opened.records() if r.entry.step == "promote"]
    assert kinds == [
        RecordKind.STEP_STARTED,
        RecordKind.INTENT,
        RecordKind.OUTCOME,
        RecordKind.INTENT,
        RecordKind.OUTCOME,
        RecordKind.STEP_WAITING,
    ]


def test_later_turns_only_read_until_it_is_settled(opened: Desk) -> None:
    answer = opened.call(PROMOTION, TURN)
    while answer["status"] == "running":
        opened.world.time.run(limit_seconds=answer["wait_seconds"])
        answer = opened.call(PROMOTION, TURN)

    assert answer["status"] == "settled"
    assert promotions(opened) == 1
    assert state(opened).outputs["endpoint"].endswith(":3306")


def test_a_turn_after_the_end_changes_nothing(opened: Desk) -> None:
    answer = opened.call(PROMOTION, TURN)
    while answer["status"] == "running":
        opened.world.time.run(limit_seconds=answer["wait_seconds"])
        answer = opened.call(PROMOTION, TURN)
    before = opened.records()

    assert opened.call(PROMOTION, TURN)["status"] == "settled"
    assert opened.records() == before


def test_two_copies_of_the_first_turn_promote_once(opened: Desk) -> None:
    from rehearsal.services.lambda_functions import LambdaFunctions

    functions = opened.account.aws.service(LambdaFunctions)
    ends: list[str] = []

    def copy() -> None:
        try:
            ends.append(functions.run(STANDBY, PROMOTION, TURN)["status"])
        except FunctionFailed as failure:
            ends.append(failure.error)

    tasks = [opened.world.time.spawn(copy, name=f"copy {number}") for number in range(2)]
    opened.world.time.run(until=lambda: all(task.done for task in tasks))

    assert promotions(opened) == 1
    assert sorted(ends) in (["Changed", "running"], ["running", "running"])


def test_a_run_that_lost_its_lease_changes_nothing(opened: Desk) -> None:
    opened.grant("another-run")

    with pytest.raises(FunctionFailed, match="StaleActor"):
        opened.call(PROMOTION, TURN)

    assert promotions(opened) == 0


def test_a_crash_after_the_call_is_found_done_by_the_next_turn(opened: Desk) -> None:
    def crash(call: Any) -> None:
        if call.operation == "PromoteReadReplica":
            opened.account.aws.after_call.remove(crash)
            raise MemoryError("the function was killed after its call")

    opened.account.aws.after_call.append(crash)
    with pytest.raises(FunctionFailed):
        opened.call(PROMOTION, TURN)
    assert state(opened).status is StepStatus.RUNNING

    answer = opened.call(PROMOTION, TURN)
    while answer["status"] == "running":
        opened.world.time.run(limit_seconds=answer["wait_seconds"])
        answer = opened.call(PROMOTION, TURN)

    assert answer["status"] == "settled"
    assert promotions(opened) == 1


@pytest.mark.parametrize(
    ("event", "because"),
    [
        ({**TURN, "step": "scale"}, "has no step scale of kind promote_replica"),
        ({**TURN, "run_id": "never-opened"}, "Run never-opened is not recorded"),
    ],
)
def test_what_does_not_belong_to_it_is_refused(opened: Desk, event: Any, because: str) -> None:
    with pytest.raises(FunctionFailed, match=because):
        opened.call(PROMOTION, event)


def test_it_can_be_woken_without_doing_anything(opened: Desk) -> None:
    before = opened.records()

    assert opened.call(PROMOTION, {"do": "warm"})["status"] == "warm"
    assert opened.records() == before


def test_a_step_that_fails_says_so_once(opened: Desk) -> None:
    opened.inside(lambda: opened.account.aws.service(Rds).remove(STANDBY, "the-replica"))

    answer = opened.call(PROMOTION, TURN)

    assert answer["status"] == "failed"
    failed = opened.records(RecordKind.STEP_FAILED)
    assert len(failed) == 1
    assert "the-replica" in failed[0].entry.sentence
