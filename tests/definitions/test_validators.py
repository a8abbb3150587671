"""What the validators say: nothing about our machines, and what is expected of each about bad ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.definitions.machines import Sample
from tests.definitions.validators import (
    ASL_VALIDATOR,
    CFN_LINT,
    REHEARSAL,
    STATELINT,
    VALIDATORS,
    FalseAlarm,
    Validator,
)

pytestmark = pytest.mark.full

TASK: dict[str, Any] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "step"},
    "End": True,
}


def a_machine(**states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


BAD = {
    "a misspelt field": a_machine(X=TASK | {"Rety": []}),
    "an unknown type": a_machine(X={"Type": "Tsk", "End": True}),
    "a target that does not exist": a_machine(X={"Type": "Pass", "Next": "Gone"}),
    "a catcher to nowhere": a_machine(X=TASK | {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Gone"}]}),
    "an unreachable state": a_machine(X=TASK, Y=TASK),
    "no choices": a_machine(X={"Type": "Choice", "Choices": [], "Default": "Y"}, Y=TASK),
    "all errors not last": a_machine(
        X=TASK | {"Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["States.Timeout"]}]}
    ),
    "a broken path": a_machine(X=TASK | {"InputPath": "$.a["}),
    "text for seconds": a_machine(X=TASK | {"TimeoutSeconds": "60"}),
    "neither next nor end": a_machine(X={"Type": "Pass"}),
}


@pytest.mark.parametrize("validator", VALIDATORS.values(), ids=VALIDATORS)
def test_no_validator_objects_to_an_assembled_machine(validator: Validator, assembled_machine: Sample) -> None:
    assert validator.alarms(json.loads(assembled_machine.definition_text)) == []


MISSES = {
    ASL_VALIDATOR.name: {"all errors not last"},
    STATELINT.name: {"all errors not last", "a broken path"},
    CFN_LINT.name: {
        "all errors not last",
        "a broken path",
        "a target that does not exist",
        "a catcher to nowhere",
        "an unreachable state",
        "no choices",
        "text for seconds",
    },
    REHEARSAL.name: set(),
}


@pytest.mark.parametrize("validator", VALIDATORS.values(), ids=VALIDATORS)
def test_what_each_of_them_bites_is_known(validator: Validator) -> None:
    bitten = {fault for fault, definition in BAD.items() if validator.alarms(definition)}

    assert set(BAD) - bitten == MISSES[validator.name]


@pytest.mark.parametrize(
    ("validator", "alarm"),
    [(validator, alarm) for validator in VALIDATORS.values() for alarm in validator.false_alarms],
    ids=[f"{validator.name}: {alarm.reason}" for validator in VALIDATORS.values() for alarm in validator.false_alarms],
)
def test_a_false_alarm_is_still_raised_and_nothing_else(validator: Validator, alarm: FalseAlarm) -> None:
    assert validator.objections(alarm.example)
    assert validator.alarms(alarm.example) == []
