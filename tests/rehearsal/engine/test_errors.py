"""Retry and Catch of one Task."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from rehearsal.engine import EventType, Execution, Status, TaskFailed
from rehearsal.engine.handlers import matches
from tests.rehearsal.engine.builders import (
    States,
    a_catcher,
    a_pass,
    a_retrier,
    a_stage,
    a_task,
    play,
)

BUSY = TaskFailed("Busy", "try later")
LOST = TaskFailed("Lost", "no such replica")


@pytest.mark.parametrize(
    ("error_equals", "error", "expected"),
    [
        (["Busy"], "Busy", True),
        (["Busy"], "busy", False),
        (["Lost", "Busy"], "Busy", True),
        (["States.ALL"], "Busy", True),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "States.HeartbeatTimeout", True),
        (["States.ALL"], "", True),
        (["States.ALL"], "States.Runtime", False),
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["States.DataLimitExceeded"], "States.DataLimitExceeded", True),
        (["States.TaskFailed"], "Busy", True),
        (["States.TaskFailed"], "States.Permissions", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.TaskFailed"], "States.HeartbeatTimeout", False),
        (["States.TaskFailed"], "States.Runtime", False),
        (["States.TaskFailed"], "States.DataLimitExceeded", False),
        (["States.Runtime"], "States.Runtime", False),
    ],
)
def test_error_names_match(error_equals: list[str], error: str, expected: bool) -> None:
    assert matches(tuple(error_equals), error) is expected


class TestRetry:
    @pytest.mark.parametrize(
        ("fields", "failures", "seconds"),
        [
            ({}, 3, [0, 1, 3, 7]),
            ({"IntervalSeconds": 5, "BackoffRate": 1.0, "MaxAttempts": 2}, 2, [0, 5, 10]),
            ({"IntervalSeconds": 2, "BackoffRate": 1.5, "MaxAttempts": 3}, 3, [0, 2, 5, 9.5]),
            ({"IntervalSeconds": 2, "BackoffRate": 3, "MaxDelaySeconds": 10}, 3, [0, 2, 8, 18]),
            ({"MaxAttempts": 6, "MaxDelaySeconds": 4}, 6, [0, 1, 3, 7, 11, 15, 19]),
        ],
    )
    def test_it_waits_longer_each_time(self, fields: dict[str, Any], failures: int, seconds: list[float]) -> None:
        states = {"X": a_task(Retry=[a_retrier("Busy", **fields)])}
        stage = a_stage(states, script={"X": [BUSY] * failures + ["done"]})

        execution = stage.play()

        assert execution.output == {"answer": "done"}
        assert stage.seconds_of(EventType.ATTEMPTED, "X") == seconds

    def test_full_jitter_draws_each_delay_below_the_computed_one_from_the_seed(self) -> None:
        def attempts(seed: int) -> list[float]:
            retrier = a_retrier("Busy", IntervalSeconds=10, BackoffRate=1.0, MaxAttempts=9, JitterStrategy="FULL")
            stage = a_stage({"X": a_task(Retry=[retrier])}, script={"X": [BUSY]}, seed=seed)
            stage.play()
            return stage.seconds_of(EventType.ATTEMPTED, "X")

        first = attempts(1)

        delays = [after - before for before, after in pairwise(first)]
        assert len(set(delays)) == 9
        assert all(0 <= delay <= 10 for delay in delays)
        assert first == attempts(1)
        assert first != attempts(2)

    def test_after_the_last_attempt_the_error_stands(self) -> None:
        stage = a_stage({"X": a_task(Retry=[a_retrier("Busy", MaxAttempts=2)])}, script={"X": [BUSY]})

        execution = stage.play()

        assert stage.functions.called("X") == 3
        assert (execution.status, execution.error, execution.cause) == (Status.FAILED, "Busy", "try later")

    def test_no_attempts_means_no_retry(self) -> None:
        retriers = [a_retrier("Busy", MaxAttempts=0), a_retrier("States.ALL")]
        stage = a_stage({"X": a_task(Retry=retriers)}, script={"X": [BUSY]})

        stage.play()

        assert stage.functions.called("X") == 1

    def test_each_retrier_counts_for_itself_and_the_first_that_matches_decides(self) -> None:
        retriers = [
            a_retrier("Busy", IntervalSeconds=1, MaxAttempts=1),
            a_retrier("Lost", IntervalSeconds=10, MaxAttempts=2, BackoffRate=1.0),
            a_retrier("States.ALL", IntervalSeconds=100),
        ]
        stage = a_stage({"X": a_task(Retry=retriers)}, script={"X": [BUSY, LOST, LOST, BUSY]})

        execution = stage.play()

        assert stage.seconds_of(EventType.ATTEMPTED, "X") == [0, 1, 11, 21]
        assert execution.error == "Busy"

    def test_a_new_stay_in_the_state_starts_with_fresh_retriers(self) -> None:
        states: States = {
            "X": a_task(next="Again", Retry=[a_retrier("Busy", MaxAttempts=1)], ResultPath="$.x"),
            "Again": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.x.answer", "StringEquals": "again", "Next": "X"}],
                "Default": "End",
            },
            "End": a_pass(),
        }
        stage = a_stage(states, script={"X": [BUSY, "again", BUSY, "done"]})

        assert stage.play().output == {"x": {"answer": "done"}}

    def test_the_uncatchable_is_not_retried(self) -> None:
        states = {"X": a_task(Retry=[a_retrier("States.ALL")], ResultSelector={"k.$": "$.absent"})}
        stage = a_stage(states)

        execution = stage.play()

        assert (execution.error, stage.functions.called("X")) == ("States.Runtime", 1)

    def test_a_failing_intrinsic_function_is_an_error_of_the_state_and_can_be_retried(self) -> None:
        states = {
            "X": a_task(
                Retry=[a_retrier("States.IntrinsicFailure")],
                ResultSelector={"n.$": "States.ArrayGetItem($.Payload, 1)"},
            )
        }

        assert play(states, script={"X": [[1], [1, 2]]}).output == {"n": 2}


def caught_by(*catchers: dict[str, Any], answer: BaseException, input: Any = None, **task_fields: Any) -> Execution:
    states = {
        "X": a_task(next="Fine", Catch=list(catchers), **task_fields),
        "Fine": a_pass(),
        "First": a_pass(),
        "Second": a_pass(),
    }
    reached = {"X", "Fine"} | {catcher["Next"] for catcher in catchers}
    return play({name: state for name, state in states.items() if name in reached}, input, script={"X": [answer]})


def states_of(execution: Execution) -> list[str]:
    return [event.state for event in execution.history if event.type is EventType.ENTERED]


class TestCatch:
    def test_the_error_takes_the_place_of_the_input(self) -> None:
        execution = caught_by(a_catcher("Busy", next="First"), answer=BUSY, input={"run": "r-1"})

        assert execution.output == {"Error": "Busy", "Cause": "try later"}

    def test_with_a_result_path_it_goes_beside_the_raw_input(self) -> None:
        execution = caught_by(
            a_catcher("Busy", next="First", ResultPath="$.failure"),
            answer=BUSY,
            input={"run": "r-1", "in": {}},
            InputPath="$.in",
            OutputPath="$.answer",
        )

        assert execution.output == {
            "run": "r-1",
            "in": {},
            "failure": {"Error": "Busy", "Cause": "try later"},
        }

    def test_a_null_result_path_drops_the_error(self) -> None:
        execution = caught_by(a_catcher("Busy", next="First", ResultPath=None), answer=BUSY, input={"run": "r-1"})

        assert execution.output == {"run": "r-1"}

    def test_the_first_catcher_that_matches_takes_it(self) -> None:
        catchers = [a_catcher("Lost", next="First"), a_catcher("States.ALL", next="Second")]

        assert states_of(caught_by(*catchers, answer=BUSY)) == ["X", "Second"]
        assert states_of(caught_by(*catchers, answer=LOST)) == ["X", "First"]

    def test_retry_comes_before_catch(self) -> None:
        retry = [a_retrier("Busy", MaxAttempts=2)]

        execution = caught_by(a_catcher("Busy", next="First"), answer=BUSY, Retry=retry)

        assert sum(event.type is EventType.ATTEMPTED for event in execution.history) == 3
        assert states_of(execution) == ["X", "First"]

    def test_an_error_without_a_catcher_fails_the_execution(self) -> None:
        execution = caught_by(a_catcher("Lost", next="First"), answer=BUSY)

        assert (execution.status, execution.error, execution.cause) == (Status.FAILED, "Busy", "try later")
        assert execution.output is None

    def test_the_uncatchable_is_not_caught(self) -> None:
        states = {
            "X": a_task(next="Y", Catch=[a_catcher("States.ALL", next="Y")], ResultSelector={"k.$": "$.absent"}),
            "Y": a_pass(),
        }

        assert play(states).error == "States.Runtime"

    def test_a_place_that_the_error_does_not_fit_is_the_final_error(self) -> None:
        execution = caught_by(a_catcher("Busy", next="First", ResultPath="$.failure"), answer=BUSY, input="text")

        assert execution.error == "States.ResultPathMatchFailure"


class ReplicaNotFound(Exception):
    """Stands for an error class of a handler."""


def test_an_exception_of_a_handler_is_known_by_its_class_name_and_its_cause_is_json() -> None:
    def handler() -> None:
        raise ReplicaNotFound("fileflow-replica")

    try:
        handler()
    except ReplicaNotFound as exception:
        failure = TaskFailed.raised(exception)

    cause = json.loads(failure.cause)
    assert failure.error == "ReplicaNotFound"
    assert (cause["errorType"], cause["errorMessage"]) == ("ReplicaNotFound", "fileflow-replica")
    assert [line.split(",")[0] for line in cause["stackTrace"]] == ['  File "/var/task/test_errors.py"'] * 2


def test_a_cause_is_cut_at_the_length_that_step_functions_keeps() -> None:
    assert len(TaskFailed("Busy", "x" * 40_000).cause) == 32_768


def test_a_fault_of_the_rehearsal_itself_stops_the_world() -> None:
    stage = a_stage(
        {"X": a_task(Catch=[a_catcher("States.ALL", next="Y")], next="Y"), "Y": a_pass()},
        script={"X": [ZeroDivisionError("a fault")]},
    )

    with pytest.raises(ZeroDivisionError):
        stage.play()

    assert stage.execution.status is Status.RUNNING
