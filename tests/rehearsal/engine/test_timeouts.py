"""What takes too long: a Task, and the machine as a whole."""

from __future__ import annotations

from typing import Any

from rehearsal.engine import EventType, Status, TaskFailed
from tests.rehearsal.engine.builders import (
    After,
    Stage,
    a_catcher,
    a_pass,
    a_retrier,
    a_stage,
    a_task,
    a_wait,
    play,
)

BUSY = TaskFailed("Busy", "try later")


def slow(seconds: float, **fields: Any) -> Stage:
    states = {"X": a_task(next="Y", TimeoutSeconds=60, **fields), "Y": a_wait(600, next="Z"), "Z": a_pass()}
    return a_stage(states, script={"X": [After(seconds, "late"), "soon"]})


class TestTimeout:
    def test_a_task_that_takes_longer_fails_with_a_timeout(self) -> None:
        stage = slow(61)

        execution = stage.play()

        assert (execution.status, execution.error) == (Status.FAILED, "States.Timeout")
        assert stage.time.elapsed_seconds() == 60

    def test_an_answer_at_the_very_last_moment_counts(self) -> None:
        assert slow(59.999999).play().status is Status.SUCCEEDED

    def test_each_attempt_has_its_own(self) -> None:
        stage = slow(61, Retry=[a_retrier("States.Timeout", IntervalSeconds=5)])

        execution = stage.play()

        assert execution.output == {"answer": "soon"}
        assert stage.seconds_of(EventType.ATTEMPTED, "X") == [0, 65]

    def test_it_can_be_caught(self) -> None:
        stage = slow(61, Catch=[a_catcher("States.Timeout", next="Z", ResultPath="$.failure")])

        execution = stage.play()

        assert execution.output["failure"]["Error"] == "States.Timeout"  # type: ignore[call-overload,index]

    def test_the_function_works_on_unsupervised_and_its_answer_is_heard_by_nobody(self) -> None:
        stage = slow(100, Catch=[a_catcher("States.Timeout", next="Y")])

        execution = stage.play()

        assert stage.functions.returned == ["X"]
        assert execution.output == {
            "Error": "States.Timeout",
            "Cause": "State 'X' had no answer within 60 seconds.",
        }

    def test_a_late_failure_is_heard_by_nobody_either(self) -> None:
        states = {
            "X": a_task(next="Y", TimeoutSeconds=60, Catch=[a_catcher("States.Timeout", next="Y")]),
            "Y": a_wait(600),
        }

        assert play(states, script={"X": [After(100, BUSY)]}).status is Status.SUCCEEDED

    def test_the_machine_s_own_timeout_ends_everything_and_nothing_catches_it(self) -> None:
        states = {
            "X": a_task(next="Y", Retry=[a_retrier("States.ALL")], Catch=[a_catcher("States.ALL", next="Y")]),
            "Y": a_pass(),
        }
        stage = a_stage(states, script={"X": [After(5000, "late")]}, TimeoutSeconds=3600)

        execution = stage.play()

        assert (execution.status, execution.error) == (Status.TIMED_OUT, "States.Timeout")
        assert stage.time.elapsed_seconds() == 3600

    def test_a_machine_that_ends_in_time_leaves_no_timer_behind(self) -> None:
        stage = a_stage({"X": a_pass()}, TimeoutSeconds=3600)
        stage.play()

        stage.time.run()

        assert stage.time.elapsed_seconds() == 0
