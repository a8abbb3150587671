"""Choice, Wait, Succeed, Fail, and what every state costs to enter."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from rehearsal.engine import EventType, Status
from tests.rehearsal.engine.builders import States, a_pass, a_stage, a_wait, play

RAW: Any = {"a": {"x": 1}, "b": 2}


def a_choice(*rules: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Choice", "Choices": list(rules), **fields}


class TestChoice:
    STATES: ClassVar[States] = {
        "X": a_choice(
            {
                "And": [{"Variable": "$.s", "IsPresent": True}, {"Variable": "$.s", "StringEquals": "a"}],
                "Next": "A",
            },
            {"Variable": "$.n", "NumericGreaterThan": 5, "Next": "B"},
            Default="C",
        ),
        "A": a_pass(Result="A"),
        "B": a_pass(Result="B"),
        "C": a_pass(Result="C"),
    }

    @pytest.mark.parametrize(
        ("document", "chosen"),
        [({"s": "a", "n": 9}, "A"), ({"s": "b", "n": 9}, "B"), ({"n": 1}, "C")],
    )
    def test_the_first_rule_that_matches_decides(self, document: Any, chosen: str) -> None:
        assert play(self.STATES, document).output == chosen

    def test_a_missing_variable_fails_the_execution(self) -> None:
        execution = play(self.STATES, {"s": "b"})

        assert (execution.status, execution.error) == (Status.FAILED, "States.Runtime")

    def test_no_match_and_no_default_is_an_error_of_its_own(self) -> None:
        states = {"X": a_choice({"Variable": "$.n", "NumericEquals": 1, "Next": "Y"}), "Y": a_pass()}

        execution = play(states, {"n": 2})

        assert (execution.status, execution.error) == (Status.FAILED, "States.NoChoiceMatched")

    def test_it_passes_its_document_on_through_its_paths(self) -> None:
        rule = {"Variable": "$.n", "NumericEquals": 1, "Next": "Y"}
        states = {"X": a_choice(rule, InputPath="$.in", OutputPath="$.keep", Default="Y"), "Y": a_pass()}

        assert play(states, {"in": {"n": 1, "keep": "this"}}).output == "this"


class TestWait:
    @pytest.mark.parametrize(
        ("fields", "seconds"),
        [
            ({"Seconds": 90}, 90),
            ({"Seconds": 0}, 0),
            ({"SecondsPath": "$.s"}, 30),
            ({"Timestamp": "2026-11-21T03:00:45Z"}, 45),
            ({"Timestamp": "2026-11-21T12:00:45+09:00"}, 45),
            ({"Timestamp": "2020-01-01T00:00:00Z"}, 0),
        ],
    )
    def test_it_waits_in_virtual_time_and_passes_its_input_on(self, fields: dict[str, Any], seconds: int) -> None:
        stage = a_stage({"X": {"Type": "Wait", "End": True, **fields}}, input={"s": 30})

        execution = stage.play()

        assert execution.output == {"s": 30}
        assert stage.time.elapsed_seconds() == seconds

    @pytest.mark.parametrize("seconds", [-1, 1.5, "3", None, True])
    def test_a_path_to_anything_but_whole_seconds_fails(self, seconds: Any) -> None:
        execution = play({"X": {"Type": "Wait", "SecondsPath": "$.s", "End": True}}, {"s": seconds})

        assert (execution.status, execution.error) == (Status.FAILED, "States.Runtime")


class TestEnds:
    def test_succeed_ends_with_its_output(self) -> None:
        execution = play({"X": {"Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.x"}}, RAW)

        assert (execution.status, execution.output) == (Status.SUCCEEDED, 1)

    @pytest.mark.parametrize(
        ("fields", "error", "cause"),
        [
            ({"Error": "Blocked", "Cause": "lag unknown"}, "Blocked", "lag unknown"),
            ({"ErrorPath": "$.e", "CausePath": "$.c"}, "Lost", "no quorum"),
            ({}, "", ""),
            ({"ErrorPath": "$.n"}, "States.Runtime", "State 'X' finds no string for its error."),
        ],
    )
    def test_fail_ends_with_its_error(self, fields: dict[str, Any], error: str, cause: str) -> None:
        execution = play({"X": {"Type": "Fail", **fields}}, {"e": "Lost", "c": "no quorum", "n": 1})

        assert (execution.status, execution.error, execution.cause) == (Status.FAILED, error, cause)


def test_every_state_entry_costs_one_hop() -> None:
    stage = a_stage({"A": a_pass(next="B"), "B": a_wait(10, next="C"), "C": {"Type": "Succeed"}}, hop_seconds=0.05)

    stage.play()

    assert stage.seconds_of(EventType.ENTERED, "C") == [10.15]
    assert stage.time.elapsed_seconds() == 10.15
