"""What a crash, a stopped execution or an old note leaves behind, and who sets it right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from deployment import names
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome, Phase
from rehearsal.services.lambda_functions import FunctionFailed
from rehearsal.services.rds import Rds
from rehearsal.services.step_functions import StepFunctions
from rehearsal.wire import Call
from tests.builders import STANDBY, an_alarm_event
from tests.handlers.conftest import TICK, Desk
from tests.handlers.test_open import CONFIRMED, furnish, open_run

CLOSE = names.close_function("fileflow")
PROMOTION = names.step_function("fileflow", "promote_replica")


@pytest.fixture
def dark(desk: Desk) -> Desk:
    furnish(desk)
    desk.darken()
    return desk


def die_after(desk: Desk, done: Callable[[Call], bool]) -> None:
    """The function dies right after the first call that fits, once."""

    def crash(call: Call) -> None:
        if done(call):
            desk.account.aws.after_call.remove(crash)
            raise MemoryError("the function was killed")

    desk.account.aws.after_call.append(crash)


def writes(table: str, nth: int = 1) -> Callable[[Call], bool]:
    """The nth write to a table."""
    seen: list[Call] = []

    def fits(call: Call) -> bool:
        if call.operation == "PutItem" and call.parameters.get("TableName") == table:
            seen.append(call)
        return len(seen) == nth

    return fits


class TestACrashBetweenTwoWrites:
    @pytest.mark.parametrize("nth", [1, 2, 3])
    def test_a_closing_is_completed_by_the_next_call(self, dark: Desk, nth: int) -> None:
        open_run(dark, "by-hand", CONFIRMED)
        die_after(dark, writes(names.CONTROL_TABLE, nth))
        with pytest.raises(FunctionFailed, match="killed"):
            dark.call(CLOSE, {"run_id": "by-hand", "state": {}})

        answer = dark.call(CLOSE, {"run_id": "by-hand", "state": {}})

        assert answer["outcome"] == "FAILED"
        assert len(dark.records(RecordKind.RUN_CLOSED)) == 1
        assert dark.lease().holder == ""

    @pytest.mark.parametrize("nth", [1, 2, 3, 4])
    def test_an_opening_is_completed_by_the_next_call(self, dark: Desk, nth: int) -> None:
        die_after(dark, writes(names.CONTROL_TABLE, nth))
        with pytest.raises(FunctionFailed, match="killed"):
            open_run(dark, "by-hand", CONFIRMED)

        answer = open_run(dark, "by-hand", CONFIRMED)

        assert answer["next"] == "go"
        kinds = [record.entry.kind for record in dark.records()]
        assert kinds.count(RecordKind.RUN_OPENED) == 1
        assert kinds.count(RecordKind.RUN_CONFIRMED) == 1

    def test_the_end_of_a_step_is_told_by_the_next_call(self, dark: Desk) -> None:
        open_run(dark, "by-hand", CONFIRMED)
        dark.inside(lambda: dark.account.aws.service(Rds).remove(STANDBY, "the-replica"))
        turn = {"do": "turn", "run_id": "by-hand", "step": "promote"}
        die_after(dark, writes(names.CONTROL_TABLE, 2))
        with pytest.raises(FunctionFailed, match="killed"):
            dark.call(PROMOTION, turn)

        answer = dark.call(PROMOTION, turn)

        assert answer["status"] == "failed"
        assert len(dark.records(RecordKind.STEP_FAILED)) == 1

    def test_an_event_whose_handling_died_is_dealt_with_when_it_comes_again(self, dark: Desk) -> None:
        event = an_alarm_event(dark.now)
        die_after(dark, lambda call: call.operation == "DescribeAlarms")
        with pytest.raises(FunctionFailed, match="killed"):
            dark.detect(event)

        assert dark.detect(event)["verdict"] == "start"


class TestADeadRun:
    def test_the_next_tick_puts_it_to_rest(self, dark: Desk) -> None:
        dark.detect(an_alarm_event(dark.now))
        dark.world.time.run(limit_seconds=20)
        next(iter(dark.account.aws.service(StepFunctions).executions.values())).stop()

        dark.detect(TICK)
        dark.world.time.run(limit_seconds=20)
        answer = dark.detect(TICK)

        run = dark.inside(lambda: dark.control.run("fileflow-e1"))
        assert (run.phase, run.outcome) == (Phase.CLOSED, Outcome.FAILED)
        assert run.outcome_reason == "The execution of run fileflow-e1 ended without concluding it."
        assert len(dark.records(RecordKind.RUN_CLOSED)) == 1
        assert answer["verdict"] == "hold"
        assert "ended FAILED, so nothing starts by itself" in answer["sentence"]

    def test_a_lease_without_a_run_is_freed(self, dark: Desk) -> None:
        dark.grant("died-while-opening")
        dark.detect(TICK)
        dark.world.time.run(limit_seconds=20)

        assert dark.detect(TICK)["verdict"] == "start"


class TestOldNews:
    def test_the_note_of_a_start_that_failed_does_not_outlive_its_incident(self, dark: Desk) -> None:
        machines = dark.account.aws.service(StepFunctions)
        there, machines.machines = machines.machines, {}
        assert dark.detect(an_alarm_event(dark.now))["verdict"] == "hold"
        machines.machines = there
        dark.recover()
        dark.alarm.state = "OK"
        dark.detect(TICK)
        dark.world.time.run(limit_seconds=7 * 24 * 3600.0)
        dark.darken()
        dark.detect(TICK)

        start = dark.inside(lambda: dark.control.start("fileflow", "fileflow-e1"))
        assert dark.executions() == ["fileflow-e1"]
        assert dark.now - start.dark_since < timedelta(minutes=6)

    def test_a_stuck_alarm_and_one_bad_answer_do_not_start_a_failover_at_once(self, desk: Desk) -> None:
        desk.darken(minutes=1)
        desk.alarm.updated = desk.now - timedelta(days=3)

        answer = desk.detect(TICK)

        assert answer["verdict"] == "hold"
        assert "it must last 3 min and has lasted" in answer["sentence"]
        assert desk.executions() == []

    def test_a_row_of_dark_looks_is_broken_by_a_good_one(self, desk: Desk) -> None:
        desk.darken(minutes=3)
        desk.alarm.updated = desk.now - timedelta(days=3)
        desk.recover()
        desk.darken(minutes=1)

        answer = desk.detect(TICK)

        assert answer["verdict"] == "hold"
        assert "it must last 3 min and has lasted" in answer["sentence"]


def test_the_onset_of_a_run_by_a_person_is_when_the_darkness_was_first_seen(desk: Desk) -> None:
    dark, first_seen = desk, desk.now
    furnish(dark)
    dark.darken()
    dark.detect(TICK)
    for _ in range(10):
        dark.probe()
        dark.detect(TICK)
    for execution in dark.account.aws.service(StepFunctions).executions.values():
        execution.stop()

    first = open_run(dark, "by-hand", CONFIRMED)
    dark.world.time.run(limit_seconds=first["wait_seconds"])
    open_run(dark, "by-hand", CONFIRMED)

    onset = dark.inside(lambda: dark.control.run("by-hand")).clocks.onset
    assert abs((onset - first_seen).total_seconds()) < 60
