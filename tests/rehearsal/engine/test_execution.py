"""The life of an execution: history, observers, stop, redrive, and the same run twice."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.engine import (
    Counts,
    EventType,
    ExecutionRefused,
    HistoryEvent,
    Status,
    TaskFailed,
    count_by_state,
)
from tests.rehearsal.engine.builders import (
    After,
    Stage,
    States,
    a_branch,
    a_catcher,
    a_map,
    a_parallel,
    a_pass,
    a_retrier,
    a_stage,
    a_task,
    a_token_task,
    a_wait,
    play,
)

BUSY = TaskFailed("Busy", "try later")


def poll_loop(then: str) -> States:
    """Look, and look again every 15 seconds until it has settled."""
    return {
        "Look": a_task(
            next="Settled?",
            ResultPath="$.look",
            Retry=[a_retrier("Busy", MaxAttempts=2)],
            Catch=[a_catcher("States.ALL", next=then, ResultPath="$.failure")],
        ),
        "Settled?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.look.answer", "StringEquals": "settled", "Next": then}],
            "Default": "Wait",
        },
        "Wait": a_wait(15, next="Look"),
    }


class TestHistory:
    def test_it_counts_what_happened_to_each_state(self) -> None:
        states = poll_loop("Done") | {"Done": a_pass()}
        script: dict[str, list[Any]] = {"Look": ["pending", BUSY, "pending", BUSY, BUSY, BUSY]}

        execution = play(states, script=script)

        assert count_by_state(execution.history) == {
            "Look": Counts(entered=3, attempted=6, retried=3, caught=1, exited=3),
            "Settled?": Counts(entered=2, exited=2),
            "Wait": Counts(entered=2, exited=2),
            "Done": Counts(entered=1, exited=1),
        }

    def test_it_tells_the_story_in_order(self) -> None:
        stage = a_stage(
            {"X": a_task(Retry=[a_retrier("Busy", IntervalSeconds=4)])},
            input={"run": 1},
            script={"X": [After(1, BUSY), "done"]},
        )

        execution = stage.play()

        told = [(event.type.name, event.state, dict(event.details)) for event in execution.history]
        assert told == [
            ("EXECUTION_STARTED", "", {"input": {"run": 1}}),
            ("ENTERED", "X", {"input": {"run": 1}}),
            ("ATTEMPTED", "X", {"attempt": 1, "payload": {"run": 1}}),
            ("FAILED", "X", {"attempt": 1, "error": "Busy", "cause": "try later"}),
            ("RETRIED", "X", {"retry": 1, "delay_seconds": 4.0}),
            ("ATTEMPTED", "X", {"attempt": 2, "payload": {"run": 1}}),
            (
                "ANSWERED",
                "X",
                {
                    "attempt": 2,
                    "result": {"ExecutedVersion": "$LATEST", "Payload": "done", "StatusCode": 200},
                },
            ),
            ("EXITED", "X", {"output": {"answer": "done"}}),
            ("EXECUTION_SUCCEEDED", "", {"output": {"answer": "done"}}),
        ]

    def test_an_observer_sees_each_event_when_it_happens(self) -> None:
        seen: list[HistoryEvent] = []
        stage = a_stage({"A": a_wait(10, next="B"), "B": a_pass()}, observe=seen.append)
        during: list[int] = []
        stage.at(5, lambda: during.append(len(seen)))

        execution = stage.play()

        assert during == [2]
        assert seen == execution.history

    def test_the_same_seed_tells_the_same_story_and_another_one_does_not(self) -> None:
        jitter = [a_retrier("Busy", IntervalSeconds=30, JitterStrategy="FULL")]
        states = {
            "X": a_parallel(
                a_branch(A=a_task(Retry=jitter)),
                a_branch(B=a_task(Retry=jitter)),
                a_branch(C=a_map(a_branch(D=a_wait(7, next="E"), E=a_task()), ItemsPath="$.items")),
            )
        }

        def story(seed: int) -> list[HistoryEvent]:
            script: dict[str, list[Any]] = {"A": [BUSY, "a"], "B": [BUSY, BUSY, "b"], "E": [After(3, "e")]}
            return play(states, {"items": [1, 2, 3]}, script=script, seed=seed).history

        assert story(1) == story(1)
        assert story(1) != story(2)


class TestStop:
    def test_it_aborts_at_once_with_its_error_and_everything_inside_ends(self) -> None:
        states = {"X": a_parallel(a_branch(A=a_wait(600)), a_branch(B=a_map(a_branch(C=a_wait(900)))))}
        stage = a_stage(states, input=[1])
        stage.at(30, lambda: stage.execution.stop("Operator", "wrong region"))

        execution = stage.play()
        stage.time.run()

        assert (execution.status, execution.error, execution.cause) == (
            Status.ABORTED,
            "Operator",
            "wrong region",
        )
        assert stage.time.elapsed_seconds() == 30
        aborted = [event.state for event in execution.history if event.type is EventType.ABORTED]
        assert sorted(aborted) == ["A", "B", "C", "X"]

    def test_what_has_ended_stays_as_it_is(self) -> None:
        execution = play({"X": a_pass()})

        execution.stop("Operator", "too late")

        assert (execution.status, execution.error) == (Status.SUCCEEDED, "")

    def test_it_starts_once(self) -> None:
        execution = play({"X": a_pass()})

        with pytest.raises(ExecutionRefused, match="an execution starts once"):
            execution.start()

    def test_a_task_to_wait_for_exists_from_the_start(self) -> None:
        with pytest.raises(ExecutionRefused, match="call start"):
            a_stage({"X": a_pass()}).execution.task.wait()


def redriven(stage: Stage) -> Any:
    stage.execution.redrive()
    stage.execution.task.wait()
    return stage.execution.output


class TestRedrive:
    def test_it_goes_on_at_the_failed_state_and_repeats_nothing_before_it(self) -> None:
        states = {
            "A": a_task(next="B", ResultPath="$.a"),
            "B": a_task(next="C", ResultPath="$.b"),
            "C": a_task(),
        }
        stage = a_stage(states, script={"A": ["a"], "B": [BUSY, "b"], "C": ["c"]})
        assert stage.play().status is Status.FAILED

        output = redriven(stage)

        assert output == {"answer": "c"}
        assert [call.state for call in stage.functions.calls] == ["A", "B", "B", "C"]
        assert stage.functions.calls[2].payload == {"a": {"answer": "a"}}
        assert count_by_state(stage.execution.history)["B"] == Counts(entered=1, attempted=2, exited=1)

    def test_in_a_parallel_only_the_branches_that_did_not_finish_run_again(self) -> None:
        states = {
            "X": a_parallel(
                a_branch(A=a_task()),
                a_branch(B1=a_task(next="B2"), B2=a_task()),
                a_branch(C1=a_task(next="C2"), C2=a_wait(600, next="C3"), C3=a_task()),
            )
        }
        stage = a_stage(states, script={"B2": [After(60, BUSY), "b"]})
        assert stage.play().status is Status.FAILED

        output = redriven(stage)

        assert output == [{"answer": {}}, {"answer": "b"}, {"answer": {"answer": {}}}]
        assert [call.state for call in stage.functions.calls] == ["A", "B1", "C1", "B2", "B2", "C3"]

    def test_in_a_map_only_the_iterations_that_did_not_finish_run_again(self) -> None:
        stage = a_stage(
            {"X": a_map(a_branch(A=a_task()), MaxConcurrency=1)},
            input=[0, 1, 2],
            script={"A": ["a", BUSY, "b", "c"]},
        )
        assert stage.play().status is Status.FAILED

        output = redriven(stage)

        assert output == [{"answer": "a"}, {"answer": "b"}, {"answer": "c"}]
        assert [call.payload for call in stage.functions.calls] == [0, 1, 1, 2]

    def test_retries_are_counted_afresh(self) -> None:
        stage = a_stage({"X": a_task(Retry=[a_retrier("Busy", MaxAttempts=2)])}, script={"X": [BUSY] * 5 + ["done"]})
        stage.play()

        assert redriven(stage) == {"answer": "done"}

    def test_a_fail_state_fails_again(self) -> None:
        stage = a_stage({"A": a_task(next="X"), "X": {"Type": "Fail", "Error": "Blocked"}})
        stage.play()

        redriven(stage)

        assert (stage.execution.status, stage.execution.error) == (Status.FAILED, "Blocked")
        assert stage.functions.called("A") == 1

    def test_a_stopped_execution_goes_on_where_it_stood_even_between_two_retries(self) -> None:
        stage = a_stage(
            {"A": a_task(next="X"), "X": a_task(Retry=[a_retrier("Busy", IntervalSeconds=60)])},
            script={"X": [BUSY, "done"]},
        )
        stage.at(30, stage.execution.stop)
        stage.play()

        assert redriven(stage) == {"answer": "done"}
        assert stage.functions.called("A") == 1

    def test_one_that_was_stopped_before_its_first_state_begins_there(self) -> None:
        stage = a_stage({"X": a_task()}, input={"run": 1}, hop_seconds=1.0)
        stage.at(0.5, stage.execution.stop)
        stage.play()

        assert redriven(stage) == {"answer": {"run": 1}}
        assert count_by_state(stage.execution.history)["X"] == Counts(entered=1, attempted=1, exited=1)

    def test_the_machine_s_timeout_begins_afresh(self) -> None:
        stage = a_stage({"X": a_wait(50, next="Y"), "Y": a_wait(50)}, TimeoutSeconds=90)
        assert stage.play().status is Status.TIMED_OUT

        redriven(stage)

        assert stage.execution.status is Status.SUCCEEDED
        assert stage.time.elapsed_seconds() == 140

    def test_a_token_task_asks_again_with_a_new_token(self) -> None:
        stage = a_stage({"Ask": a_token_task(TimeoutSeconds=60)})
        stage.play()
        stage.at(10, lambda: stage.execution.send_task_success(stage.functions.calls[1].token or "", "approved"))

        assert redriven(stage) == "approved"

    def test_a_parallel_whose_result_was_too_large_runs_whole(self) -> None:
        states = {"X": a_parallel(a_branch(A=a_task()), a_branch(B=a_task()))}
        large = "x" * 200_000
        stage = a_stage(states, script={"A": [large, "a"], "B": [large, "b"]})
        assert stage.play().error == "States.DataLimitExceeded"

        assert redriven(stage) == [{"answer": "a"}, {"answer": "b"}]

    def test_right_after_a_stop_at_the_same_moment(self) -> None:
        stage = a_stage({"X": a_wait(100, next="Y"), "Y": a_task()})

        def stop_and_redrive() -> None:
            stage.execution.stop()
            stage.execution.redrive()

        stage.at(30, stop_and_redrive)
        stage.play()
        stage.execution.task.wait()

        assert stage.execution.status is Status.SUCCEEDED
        assert stage.time.elapsed_seconds() == 130

    @pytest.mark.parametrize("ended", [True, False])
    def test_what_runs_or_has_succeeded_is_refused(self, ended: bool) -> None:
        stage = a_stage({"X": a_pass()})
        if ended:
            stage.play()

        with pytest.raises(ExecutionRefused, match="start a new one instead"):
            stage.execution.redrive()
