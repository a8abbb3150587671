"""Our own rules: the machines keep them, and each of them bites."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.definitions.graph_rules import faults
from tests.definitions.machines import ASK, INVOKE, Sample

TASK: dict[str, Any] = {
    "Type": "Task",
    "Resource": INVOKE,
    "Parameters": {"FunctionName": "step"},
    "TimeoutSeconds": 60,
    "Retry": [{"ErrorEquals": ["Unavailable"], "IntervalSeconds": 1, "MaxDelaySeconds": 20}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}],
    "Next": "Done",
}
DONE: dict[str, Any] = {"Type": "Succeed"}
PRESENT = {"Variable": "$.turn.status", "IsPresent": True}
SETTLED = {"Variable": "$.turn.status", "StringEquals": "settled"}


def a_machine(**states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": {**states, "Done": DONE}}


def without(state: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in state.items() if name != field}


def a_choice(rule: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Choice", "Choices": [{**rule, "Next": "Done"}], "Default": "Done", **fields}


def in_a_branch(state: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": [a_machine(Inside=state)], "Next": "Done"}


def test_an_assembled_machine_keeps_every_rule(assembled_machine: Sample) -> None:
    assert faults(json.loads(assembled_machine.definition_text)) == []


@pytest.mark.parametrize(
    "definition",
    [
        a_machine(X=TASK),
        a_machine(X=a_choice({"And": [PRESENT, SETTLED]})),
        a_machine(X=a_choice({"And": [PRESENT, {"Not": {"Or": [SETTLED, SETTLED]}}]})),
        a_machine(X=a_choice(PRESENT)),
        a_machine(X=in_a_branch(TASK)),
    ],
)
def test_a_good_definition_has_no_faults(definition: dict[str, Any]) -> None:
    assert faults(definition) == []


@pytest.mark.parametrize(
    ("definition", "fault"),
    [
        (a_machine(X=TASK, Y=TASK), "State 'Y' is never reached."),
        (a_machine(X=in_a_branch(TASK | {"Next": "Done"}), Y=DONE), "State 'Y' is never reached."),
        (a_machine(X=TASK | {"Next": "Gone"}), "State 'Gone' is led to and does not exist."),
        (a_machine(X=a_choice(PRESENT, Default="Gone")), "State 'Gone' is led to and does not exist."),
        (
            a_machine(X=TASK | {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Gone"}]}),
            "State 'Gone' is led to and does not exist.",
        ),
        (a_machine(X=in_a_branch(TASK | {"Next": "Gone"})), "State 'Gone' is led to and does not exist."),
        (a_machine(X=without(TASK, "TimeoutSeconds")), "State 'X' has no TimeoutSeconds."),
        (a_machine(X=without(TASK, "Retry")), "State 'X' has no Retry."),
        (a_machine(X=TASK | {"Catch": []}), "State 'X' has no Catch."),
        (a_machine(X=in_a_branch(without(TASK, "Catch"))), "State 'Inside' has no Catch."),
        (a_machine(X=TASK | {"Resource": ASK}), "State 'X' waits for a token that it gives to nobody."),
        (
            a_machine(X=TASK | {"Retry": [{"ErrorEquals": ["A"], "IntervalSeconds": 5, "MaxDelaySeconds": 5}]}),
            "State 'X' has a MaxDelaySeconds that is no more than its IntervalSeconds.",
        ),
        (
            a_machine(X=TASK | {"Retry": [{"ErrorEquals": ["A"], "MaxDelaySeconds": 1}]}),
            "State 'X' has a MaxDelaySeconds that is no more than its IntervalSeconds.",
        ),
        (a_machine(X=without(a_choice(PRESENT), "Default")), "State 'X' has no Default."),
        (
            a_machine(X=a_choice(SETTLED)),
            "State 'X' compares $.turn.status without IsPresent before it.",
        ),
        (
            a_machine(X=a_choice({"And": [SETTLED, PRESENT]})),
            "State 'X' compares $.turn.status without IsPresent before it.",
        ),
        (
            a_machine(X=a_choice({"Or": [PRESENT, SETTLED]})),
            "State 'X' compares $.turn.status without IsPresent before it.",
        ),
        (
            a_machine(X=a_choice({"And": [PRESENT, {"Variable": "$.turn.status", "StringEqualsPath": "$.b"}]})),
            "State 'X' compares $.b without IsPresent before it.",
        ),
    ],
)
def test_a_bad_definition_has_exactly_its_fault(definition: dict[str, Any], fault: str) -> None:
    found = faults(definition)

    assert fault in found
    assert all(other == fault or "never reached" in other for other in found)
