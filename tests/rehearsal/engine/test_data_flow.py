"""How a document goes through a state: the five fields, the context object, the size limit."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.engine import Status, TaskFailed
from tests.rehearsal.engine.builders import (
    ARN,
    INVOKE,
    States,
    a_branch,
    a_map,
    a_pass,
    a_retrier,
    a_stage,
    a_task,
    a_wait,
    play,
)

RAW: Any = {"a": {"x": 1}, "b": 2}
WRAPPED = {"ExecutedVersion": "$LATEST", "Payload": {"n": 5}, "StatusCode": 200}


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({}, RAW),
        ({"InputPath": "$.a"}, {"x": 1}),
        ({"InputPath": None}, {}),
        ({"OutputPath": "$.b"}, 2),
        ({"OutputPath": None}, {}),
        ({"Result": {"r": 1}}, {"r": 1}),
        ({"Result": None}, None),
        ({"Result": False}, False),
        ({"Result": 7, "ResultPath": "$.r"}, {**RAW, "r": 7}),
        ({"Result": 7, "ResultPath": None}, RAW),
        ({"Result": 7, "ResultPath": "$.a.y", "OutputPath": "$.a"}, {"x": 1, "y": 7}),
        ({"Parameters": {"k.$": "$.b", "l": "lit"}}, {"k": 2, "l": "lit"}),
        ({"InputPath": "$.a", "Parameters": {"k.$": "$.x"}}, {"k": 1}),
        ({"InputPath": "$.a", "Parameters": {"k.$": "$.x"}, "ResultPath": "$.new"}, {**RAW, "new": {"k": 1}}),
    ],
)
def test_a_pass_shapes_its_document(fields: dict[str, Any], output: Any) -> None:
    assert play({"X": a_pass(**fields)}, RAW).output == output


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({}, WRAPPED),
        ({"OutputPath": "$.Payload"}, {"n": 5}),
        ({"ResultSelector": {"n.$": "$.Payload.n"}}, {"n": 5}),
        ({"ResultSelector": {"n.$": "$.Payload.n"}, "ResultPath": "$.r"}, {**RAW, "r": {"n": 5}}),
        ({"ResultPath": None}, RAW),
        ({"ResultPath": "$.r", "OutputPath": "$.r.Payload.n"}, 5),
    ],
)
def test_a_task_shapes_its_result(fields: dict[str, Any], output: Any) -> None:
    task = {"Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "f"}, "End": True, **fields}

    assert play({"X": task}, RAW, script={"X": [{"n": 5}]}).output == output


def test_a_function_is_asked_by_name_and_qualifier_with_its_payload() -> None:
    parameters = {
        "FunctionName.$": "$.name",
        "Qualifier": "live",
        "Payload": {"run.$": "$.run", "step": "promote"},
    }
    stage = a_stage({"X": a_task() | {"Parameters": parameters}}, input={"name": "step", "run": "r-1"})

    stage.play()

    (call,) = stage.functions.calls
    assert (call.state, call.function_name, call.qualifier) == ("X", "step", "live")
    assert call.payload == {"run": "r-1", "step": "promote"}
    assert call.token is None


def test_answers_travel_as_json_so_nobody_shares_an_object() -> None:
    shared: dict[str, Any] = {"list": (1, 2)}
    stage = a_stage({"X": a_task(next="Y"), "Y": a_wait(10)}, script={"X": [shared]})
    stage.at(5, lambda: shared.update(list="changed"))

    assert stage.play().output == {"answer": {"list": [1, 2]}}


def test_a_function_that_changes_its_event_changes_nothing_else() -> None:
    states = {"X": a_task(ResultPath="$.x", next="Y"), "Y": a_pass()}

    execution = play(states, {"steps": [1]}, script={"X": [lambda call: call.payload["steps"].append(2)]})

    assert execution.output == {"steps": [1], "x": {"answer": None}}


def test_a_task_without_a_payload_hands_over_an_empty_event() -> None:
    stage = a_stage({"X": a_task() | {"Parameters": {"FunctionName": "f"}}}, input={"run": 1})

    stage.play()

    assert stage.functions.calls[0].payload == {}


def test_an_answer_that_is_no_json_fails_as_in_the_lambda_runtime() -> None:
    execution = play({"X": a_task()}, script={"X": [{"when": object()}]})

    assert (execution.status, execution.error) == (Status.FAILED, "Runtime.MarshalError")
    assert "Unable to marshal response" in execution.cause


class TestMissingPaths:
    @pytest.mark.parametrize(
        "state",
        [
            a_pass(InputPath="$.absent"),
            a_pass(OutputPath="$.absent"),
            a_pass(Parameters={"k.$": "$.absent"}),
            a_task() | {"Parameters": {"FunctionName": "f", "Payload.$": "$.absent"}},
            a_task(ResultSelector={"k.$": "$.absent"}),
            a_map(a_branch(Y=a_pass()), ItemsPath="$.absent"),
            {"Type": "Wait", "SecondsPath": "$.absent", "End": True},
        ],
        ids=[
            "InputPath",
            "OutputPath",
            "Parameters",
            "Payload",
            "ResultSelector",
            "ItemsPath",
            "SecondsPath",
        ],
    )
    def test_they_fail_the_execution_with_the_runtime_error(self, state: dict[str, Any]) -> None:
        execution = play({"X": state}, RAW)

        assert (execution.status, execution.error) == (Status.FAILED, "States.Runtime")
        assert "'$.absent'" in execution.cause


class TestContextObject:
    def test_it_tells_execution_machine_and_state(self) -> None:
        fields = {
            "Id.$": "$$.Execution.Id",
            "Name.$": "$$.Execution.Name",
            "Start.$": "$$.Execution.StartTime",
            "Input.$": "$$.Execution.Input.b",
            "Machine.$": "$$.StateMachine.Name",
            "MachineId.$": "$$.StateMachine.Id",
            "State.$": "$$.State.Name",
            "Entered.$": "$$.State.EnteredTime",
        }

        execution = play({"W": a_wait(61, next="X"), "X": a_pass(Parameters=fields)}, RAW)

        assert execution.output == {
            "Id": ARN,
            "Name": "run-1",
            "Start": "2026-11-21T03:00:00.000Z",
            "Input": 2,
            "Machine": "fileflow-failover",
            "MachineId": "arn:aws:states:ap-northeast-1:123456789012:stateMachine:fileflow-failover",
            "State": "X",
            "Entered": "2026-11-21T03:01:01.000Z",
        }

    def test_it_counts_the_retries_of_the_state(self) -> None:
        task = a_task(Retry=[a_retrier("Busy")]) | {
            "Parameters": {"FunctionName": "f", "Payload": {"retry.$": "$$.State.RetryCount"}}
        }
        stage = a_stage({"X": task}, script={"X": [TaskFailed("Busy"), TaskFailed("Busy"), "done"]})

        stage.play()

        assert [call.payload for call in stage.functions.calls] == [{"retry": 0}, {"retry": 1}, {"retry": 2}]

    def test_an_item_selector_sees_the_item_and_the_map_s_own_input(self) -> None:
        selector = {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value.name", "run.$": "$.run"}
        states = {"X": a_map(a_branch(Y=a_pass()), ItemsPath="$.steps", ItemSelector=selector)}

        execution = play(states, {"run": "r-1", "steps": [{"name": "cache"}, {"name": "promote"}]})

        assert execution.output == [
            {"i": 0, "v": "cache", "run": "r-1"},
            {"i": 1, "v": "promote", "run": "r-1"},
        ]


class TestSizeLimit:
    LARGE = "x" * 262_144

    @pytest.mark.parametrize(
        "states",
        [
            {"X": a_task()},
            {"X": a_pass(Parameters={"twice.$": "States.Array($.half, $.half)"})},
            {"X": a_task() | {"Parameters": {"FunctionName": "f", "Payload.$": "States.Array($.half, $.half)"}}},
            {
                "X": {
                    "Type": "Parallel",
                    "Branches": [a_branch(A=a_pass()), a_branch(B=a_pass())],
                    "End": True,
                }
            },
        ],
        ids=["result", "output", "input after Parameters", "result of a Parallel"],
    )
    def test_more_than_256_kib_is_an_error_of_its_own(self, states: States) -> None:
        execution = play(states, {"half": self.LARGE[: 2**17]}, script={"X": [self.LARGE]})

        assert (execution.status, execution.error) == (Status.FAILED, "States.DataLimitExceeded")

    def test_bytes_count_not_characters(self) -> None:
        execution = play({"X": a_task()}, script={"X": ["도" * 90_000]})

        assert execution.error == "States.DataLimitExceeded"

    def test_all_errors_do_not_include_it_but_its_own_name_does(self) -> None:
        catch = [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "Caught", "ResultPath": None}]
        by_name = {"X": a_task(next="Caught", Catch=catch), "Caught": a_pass(Result="caught")}
        catch_all = [{"ErrorEquals": ["States.ALL"], "Next": "Caught", "ResultPath": None}]
        by_all = {"X": a_task(next="Caught", Catch=catch_all), "Caught": a_pass(Result="caught")}

        assert play(by_name, script={"X": [self.LARGE]}).output == "caught"
        assert play(by_all, script={"X": [self.LARGE]}).error == "States.DataLimitExceeded"

    def test_an_execution_does_not_begin_with_more(self) -> None:
        with pytest.raises(Exception, match="The execution's input has"):
            a_stage({"X": a_pass()}, input=self.LARGE)
