"""Validators that others wrote, with the alarms of theirs that are known to be false, and our own interpreter's load.

None of the others catches everything that another does.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.engine import DefinitionRefused, Machine
from tests.definitions.agreement import node_command

Definition = dict[str, Any]


@dataclass(frozen=True)
class FalseAlarm:
    """An objection to something that the documentation allows; `example` still raises it."""

    pattern: str
    reason: str
    example: Definition


@dataclass(frozen=True)
class Validator:
    name: str
    objections: Callable[[Definition], Sequence[str]]
    false_alarms: tuple[FalseAlarm, ...]

    def alarms(self, definition: Definition) -> list[str]:
        """What it objects to, without the false alarms."""
        return [
            objection
            for objection in self.objections(definition)
            if not any(re.search(alarm.pattern, objection) for alarm in self.false_alarms)
        ]


def _asl_validator(definition: Definition) -> Sequence[str]:
    command, environment = node_command("validate.mjs")
    ended = subprocess.run(
        command, input=json.dumps([definition]), env=environment, capture_output=True, text=True, check=True
    )
    (objections,) = json.loads(ended.stdout)
    return [str(objection) for objection in objections]


def _statelint(definition: Definition) -> Sequence[str]:
    from statelint.linter import Linter

    objections: list[str] = Linter.validate(definition)
    return objections


def _cfn_lint(definition: Definition) -> Sequence[str]:
    """As it stands in a template: inline, which is the one form that cfn-lint looks into."""
    from cfnlint.api import lint

    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": "arn:aws:iam::123456789012:role/machine", "Definition": definition},
    }
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Machine": machine}}
    return [
        f"{match.rule.id} at {'/'.join(map(str, match.path))} ({_type_at(template, match.path)}): {match.message}"
        for match in lint(json.dumps(template), regions=["ap-northeast-1"])
    ]


def _type_at(template: Any, path: Sequence[Any]) -> str:
    """The type of the innermost state on the path."""
    types = ["no state"]
    for part in path:
        template = template[part]
        types += [template["Type"]] if isinstance(template, dict) and "Type" in template else []
    return types[-1]


def _rehearsal(definition: Definition) -> Sequence[str]:
    try:
        Machine.parse(json.dumps(definition), name="definition")
    except DefinitionRefused as refused:
        return [str(refused)]
    return []


def _one(state: Definition) -> Definition:
    return {"StartAt": "X", "States": {"X": state}}


ASL_VALIDATOR = Validator("asl-validator", _asl_validator, ())
STATELINT = Validator(
    "statelint",
    _statelint,
    (
        FalseAlarm(
            r"BackoffRate.*should be a [Ff]loat",
            "a whole number is a number: the language asks for one that is 1.0 or more",
            _one(
                {
                    "Type": "Parallel",
                    "Branches": [{"StartAt": "Y", "States": {"Y": {"Type": "Succeed"}}}],
                    "Retry": [{"ErrorEquals": ["A"], "BackoffRate": 2}],
                    "End": True,
                }
            ),
        ),
    ),
)
CFN_LINT = Validator(
    "cfn-lint",
    _cfn_lint,
    (
        FalseAlarm(
            r"/Parameters \(Parallel\): .*'Parameters' was unexpected",
            "a Parallel has Parameters, as the developer guide's page on it says",
            _one(
                {
                    "Type": "Parallel",
                    "Parameters": {"a": 1},
                    "Branches": [{"StartAt": "Y", "States": {"Y": {"Type": "Succeed"}}}],
                    "End": True,
                }
            ),
        ),
        FalseAlarm(
            r"/OutputPath \(Succeed\): .*'OutputPath' was unexpected",
            "a Succeed has InputPath and OutputPath, as the guide's table of fields by state type says",
            _one({"Type": "Succeed", "OutputPath": "$.closed"}),
        ),
    ),
)
REHEARSAL = Validator("rehearsal", _rehearsal, ())
VALIDATORS = {validator.name: validator for validator in (ASL_VALIDATOR, STATELINT, CFN_LINT, REHEARSAL)}
