"""Branches and iterations: side by side, each with its own error, the first failure ending the rest."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from rehearsal.engine import EventType, Status, TaskFailed
from tests.rehearsal.engine.builders import (
    After,
    States,
    a_branch,
    a_catcher,
    a_map,
    a_parallel,
    a_pass,
    a_retrier,
    a_stage,
    a_task,
    a_wait,
    play,
)

LOST = TaskFailed("Lost", "no such replica")


def test_branches_get_the_same_input_and_their_outputs_stand_in_their_order() -> None:
    states = {
        "X": a_parallel(
            a_branch(Slow=a_wait(30, next="A"), A=a_pass(Parameters={"a.$": "$.run"})),
            a_branch(B=a_pass(Parameters={"b.$": "$.run"})),
            Parameters={"run.$": "$.id"},
        )
    }

    assert play(states, {"id": "r-1"}).output == [{"a": "r-1"}, {"b": "r-1"}]


def test_they_run_side_by_side() -> None:
    states = {"X": a_parallel(a_branch(A=a_task()), a_branch(B=a_task()), a_branch(C=a_wait(20)))}
    stage = a_stage(states, script={"A": [After(40, "a")], "B": [After(30, "b")]})

    stage.play()

    assert stage.time.elapsed_seconds() == 40
    assert stage.functions.returned == ["B", "A"]


def test_a_parallel_shapes_its_result_like_a_task() -> None:
    states = {
        "X": a_parallel(
            a_branch(A=a_pass(Result=1)),
            a_branch(B=a_pass(Result=2)),
            ResultSelector={"first.$": "$[0]", "all.$": "$"},
            ResultPath="$.r",
            OutputPath="$.r",
        )
    }

    assert play(states).output == {"first": 1, "all": [1, 2]}


def test_branches_within_branches() -> None:
    inner = a_parallel(a_branch(C=a_pass(Result=1)), a_branch(D=a_pass(Result=2)))

    assert play({"X": a_parallel(a_branch(Y=inner), a_branch(E=a_pass(Result=3)))}).output == [[1, 2], 3]


class TestFailingBranch:
    STATES: ClassVar[States] = {
        "X": a_parallel(
            a_branch(A=a_task()),
            a_branch(Waits=a_wait(600, next="After"), After=a_task()),
            a_branch(Works=a_task()),
            Catch=[a_catcher("Lost", next="Caught", ResultPath="$.failure")],
            next="Fine",
        ),
        "Fine": a_pass(),
        "Caught": a_wait(1000),
    }
    SCRIPT: ClassVar[dict[str, list[Any]]] = {"A": [After(10, LOST)], "Works": [After(60, "done")]}

    def test_its_error_is_the_parallel_s_error(self) -> None:
        execution = play(self.STATES, {"run": 1}, script=self.SCRIPT)

        assert execution.output == {"run": 1, "failure": {"Error": "Lost", "Cause": "no such replica"}}

    def test_it_ends_its_siblings_at_once_where_they_wait(self) -> None:
        stage = a_stage(self.STATES, script=self.SCRIPT)

        stage.play()

        assert stage.seconds_of(EventType.ABORTED, "Waits") == [10]
        assert stage.seconds_of(EventType.ABORTED, "Works") == [10]
        assert stage.seconds_of(EventType.ENTERED, "Caught") == [10]
        assert stage.functions.called("After") == 0

    def test_but_a_function_that_works_already_works_on_unsupervised(self) -> None:
        stage = a_stage(self.STATES, script=self.SCRIPT)

        stage.play()

        assert stage.functions.returned == ["A", "Works"]
        assert not stage.seconds_of(EventType.ANSWERED, "Works")

    def test_a_failure_that_a_branch_catches_ends_nobody(self) -> None:
        states = {
            "X": a_parallel(
                a_branch(
                    A=a_task(Catch=[a_catcher("States.ALL", next="Settled")], next="Settled"),
                    Settled=a_pass(),
                ),
                a_branch(B=a_wait(100)),
            )
        }

        execution = play(states, script={"A": [LOST]})

        assert execution.output == [{"Error": "Lost", "Cause": "no such replica"}, {}]

    def test_of_two_failures_at_one_moment_the_first_counts(self) -> None:
        states = {"X": a_parallel(a_branch(A=a_task()), a_branch(B=a_task()))}

        assert play(states, script={"A": [After(5, TaskFailed("A"))], "B": [After(5, TaskFailed("B"))]}).error == "A"

    def test_a_fail_state_fails_the_branch(self) -> None:
        states = {
            "X": a_parallel(
                a_branch(A={"Type": "Fail", "Error": "Blocked"}),
                Catch=[a_catcher("Blocked", next="Y")],
                next="Y",
            ),
            "Y": a_pass(),
        }

        assert play(states).output == {"Error": "Blocked", "Cause": ""}

    @pytest.mark.parametrize("bad", [a_pass(InputPath="$.absent"), a_task(ResultSelector={"k.$": "$.absent"})])
    def test_the_uncatchable_goes_through_every_catch(self, bad: dict[str, Any]) -> None:
        states = {
            "X": a_parallel(a_branch(A=bad), Catch=[a_catcher("States.ALL", next="Y")], next="Y"),
            "Y": a_pass(),
        }

        execution = play(states)

        assert (execution.status, execution.error) == (Status.FAILED, "States.Runtime")

    def test_a_retry_runs_all_branches_again(self) -> None:
        states = {
            "X": a_parallel(a_branch(A=a_task()), a_branch(B=a_task()), Retry=[a_retrier("Lost", IntervalSeconds=30)])
        }
        stage = a_stage(states, script={"A": [After(1, LOST), "a"], "B": ["b1", "b2"]})

        execution = stage.play()

        assert execution.output == [{"answer": "a"}, {"answer": "b2"}]
        assert stage.seconds_of(EventType.ATTEMPTED, "X") == [0, 31]


class TestMap:
    def test_each_item_goes_through_and_the_results_stand_in_the_items_order(self) -> None:
        states = {"X": a_map(a_branch(A=a_task()), ItemsPath="$.steps", ResultPath="$.done")}
        script = {"A": [lambda call: call.payload * 10]}

        execution = play(states, {"steps": [1, 2, 3]}, script=script)

        assert execution.output == {
            "steps": [1, 2, 3],
            "done": [{"answer": 10}, {"answer": 20}, {"answer": 30}],
        }

    def test_no_items_no_iterations(self) -> None:
        assert play({"X": a_map(a_branch(A=a_task()))}, []).output == []

    @pytest.mark.parametrize("items", [{"a": 1}, "text", 5])
    def test_anything_but_a_list_is_a_runtime_error(self, items: Any) -> None:
        execution = play({"X": a_map(a_branch(A=a_pass()))}, items)

        assert (execution.status, execution.error) == (Status.FAILED, "States.Runtime")

    @pytest.mark.parametrize(
        ("items", "limit", "seconds"), [(6, 0, 10), (6, 2, 30), (6, 1, 60), (6, 100, 10), (41, 0, 20)]
    )
    def test_at_most_so_many_at_once(self, items: int, limit: int, seconds: int) -> None:
        stage = a_stage({"X": a_map(a_branch(A=a_wait(10)), MaxConcurrency=limit)}, input=list(range(items)))

        stage.play()

        assert stage.time.elapsed_seconds() == seconds

    def test_the_first_failing_iteration_ends_the_rest(self) -> None:
        states = {
            "X": a_map(
                a_branch(A=a_wait(5, next="B"), B=a_task(next="C"), C=a_wait(60)),
                Catch=[a_catcher("Lost", next="Y")],
                next="Y",
            ),
            "Y": a_pass(),
        }
        stage = a_stage(states, input=[0, 1, 2], script={"B": ["fine", LOST, "fine"]})

        execution = stage.play()

        assert execution.output == {"Error": "Lost", "Cause": "no such replica"}
        assert stage.time.elapsed_seconds() == 5

    def test_events_of_an_iteration_carry_its_index_and_outer_ones_first(self) -> None:
        states = {"X": a_map(a_branch(Y=a_map(a_branch(Z=a_pass()))))}

        execution = play(states, [[1, 2], [3]])

        entered = [event for event in execution.history if event.type is EventType.ENTERED]
        assert sorted((event.state, event.details.get("iteration")) for event in entered if event.state == "Z") == [
            ("Z", [0, 0]),
            ("Z", [0, 1]),
            ("Z", [1, 0]),
        ]
        assert execution.output == [[1, 2], [3]]
