"""Two failover machines and a runbook, as a plan's would look: stages of lanes, poll loops, a gate, re-entry."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

INVOKE = "arn:aws:states:::lambda:invoke"
ASK = f"{INVOKE}.waitForTaskToken"
States = dict[str, Any]

RETRY = [
    {
        "ErrorEquals": ["Lambda.TooManyRequestsException", "Unavailable", "States.Timeout"],
        "IntervalSeconds": 1,
        "BackoffRate": 2.0,
        "MaxAttempts": 4,
        "MaxDelaySeconds": 20,
        "JitterStrategy": "FULL",
    }
]


@dataclass(frozen=True)
class Sample:
    """A definition, and an input that takes it through its paths."""

    name: str
    definition_text: str
    input: Any


def a_call(function: str, *, to: str, result: str, on_error: str, **payload: Any) -> dict[str, Any]:
    """A Task that asks a function for its status, and settles for the error where there is one."""
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Parameters": {"FunctionName": function, "Payload": {"run_id.$": "$$.Execution.Name", **payload}},
        "ResultSelector": {"status.$": "$.Payload.status", "wait_seconds.$": "$.Payload.wait_seconds"},
        "ResultPath": result,
        "TimeoutSeconds": 60,
        "Retry": RETRY,
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.trouble", "Next": on_error}],
        "Next": to,
    }


def a_decision(variable: str, ways: dict[str, str], *, otherwise: str) -> dict[str, Any]:
    return {
        "Type": "Choice",
        "Choices": [
            {
                "And": [
                    {"Variable": variable, "IsPresent": True},
                    {"Variable": variable, "StringEquals": value},
                ],
                "Next": target,
            }
            for value, target in ways.items()
        ],
        "Default": otherwise,
    }


def a_lane(*steps: str) -> dict[str, Any]:
    """Steps one after the other, each in its own poll loop; a failing step settles its lane."""
    over = f"{steps[0]}: over"
    states: States = {}
    for step, following in zip(steps, [*steps[1:], over], strict=True):
        states[step] = a_call("step", to=f"{step}: settled?", result="$.turn", on_error=over, step=step)
        states[f"{step}: settled?"] = a_decision(
            "$.turn.status", {"settled": following, "pending": f"{step}: wait"}, otherwise=over
        )
        states[f"{step}: wait"] = {"Type": "Wait", "SecondsPath": "$.turn.wait_seconds", "Next": step}
    states[over] = {"Type": "Pass", "End": True}
    return {"StartAt": steps[0], "States": states}


def a_stage(name: str, *lanes: dict[str, Any], to: str) -> States:
    """Lanes side by side, then a look: go on, enter the stage again, wait for a person, or end the run."""
    return {
        name: {
            "Type": "Parallel",
            "Parameters": {"run_id.$": "$$.Execution.Name"},
            "Branches": list(lanes),
            "ResultPath": None,
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.trouble", "Next": "Close"}],
            "Next": f"{name}: review",
        },
        f"{name}: review": a_call("open", to=f"{name}: open steps?", result="$.review", on_error="Close", stage=name),
        f"{name}: open steps?": a_decision(
            "$.review.status", {"go_on": to, "again": name, "wait": f"{name}: wait"}, otherwise="Close"
        ),
        f"{name}: wait": {"Type": "Wait", "SecondsPath": "$.review.wait_seconds", "Next": f"{name}: review"},
    }


ENDINGS: States = {
    "Close": {
        **a_call("close", to="How did it end?", result="$.closed", on_error="Not closed"),
        "ResultSelector": {"outcome.$": "$.Payload.outcome", "told.$": "States.Format('run {}', $.Payload.outcome)"},
    },
    "How did it end?": a_decision(
        "$.closed.outcome", {"RECOVERED": "Recovered", "BLOCKED": "Blocked"}, otherwise="Failed"
    ),
    "Recovered": {"Type": "Succeed", "OutputPath": "$.closed"},
    "Blocked": {"Type": "Fail", "Error": "Blocked", "Cause": "a guard stopped the run"},
    "Failed": {"Type": "Fail", "Error": "Failed", "Cause": "the application is not up"},
    "Not closed": {"Type": "Fail", "Error": "NotClosed", "Cause": "the run could not be concluded"},
}


def failover() -> str:
    """Open, three stages with lanes side by side, a gate before the second, close."""
    states: States = {
        "Begin": {"Type": "Pass", "Parameters": {"input.$": "$"}, "Next": "Open"},
        "Open": a_call("open", to="Is it needed?", result="$.open", on_error="Close", **{"input.$": "$.input"}),
        "Is it needed?": a_decision("$.open.status", {"go": "Prepare", "wait": "Look again"}, otherwise="Close"),
        "Look again": {"Type": "Wait", "SecondsPath": "$.open.wait_seconds", "Next": "Open"},
        **a_stage("Prepare", a_lane("Start cache"), a_lane("Raise bounds", "Reserve capacity"), to="Gate"),
        "Gate": a_call("open", to="Gate: open?", result="$.gate", on_error="Close"),
        "Gate: open?": a_decision("$.gate.status", {"go": "Move", "wait": "Gate: wait"}, otherwise="Close"),
        "Gate: wait": {"Type": "Wait", "SecondsPath": "$.gate.wait_seconds", "Next": "Gate"},
        **a_stage("Move", a_lane("Promote replica"), a_lane("Await cache"), to="Serve"),
        **a_stage("Serve", a_lane("Swap endpoints", "Scale service", "Check health"), to="Close"),
        **ENDINGS,
    }
    return json.dumps({"StartAt": "Begin", "States": states, "TimeoutSeconds": 14_400})


def drill() -> str:
    """Asks a person first, then tries every step on its stand-in at once, and cleans up whatever happened."""
    each = {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": "Try",
        "States": {
            "Try": {
                **a_call("step", to="Tried", result="$.turn", on_error="Tried", **{"step.$": "$.step"}),
                "Parameters": {"FunctionName": "step", "Payload": {"step.$": "$.step", "index.$": "$.index"}},
            },
            "Tried": {"Type": "Pass", "End": True},
        },
    }
    states: States = {
        "Ask": {
            "Type": "Task",
            "Resource": ASK,
            "Parameters": {"FunctionName": "notify", "Payload": {"token.$": "$$.Task.Token", "run.$": "$.run"}},
            "ResultSelector": {"status.$": "$.status"},
            "ResultPath": "$.answer",
            "TimeoutSeconds": 900,
            "HeartbeatSeconds": 300,
            "Retry": [{"ErrorEquals": ["SlackUnavailable"], "IntervalSeconds": 2, "MaxAttempts": 2}],
            "Catch": [
                {
                    "ErrorEquals": ["States.HeartbeatTimeout", "States.Timeout"],
                    "ResultPath": "$.trouble",
                    "Next": "Close",
                },
                {"ErrorEquals": ["States.ALL"], "ResultPath": "$.trouble", "Next": "Blocked"},
            ],
            "Next": "Approved?",
        },
        "Approved?": a_decision("$.answer.status", {"approved": "Try each"}, otherwise="Blocked"),
        "Try each": {
            "Type": "Map",
            "ItemsPath": "$.steps",
            "ItemSelector": {"step.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index"},
            "ItemProcessor": each,
            "MaxConcurrency": 3,
            "ResultPath": "$.tried",
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.trouble", "Next": "Close"}],
            "Next": "Close",
        },
        **ENDINGS,
    }
    return json.dumps({"StartAt": "Ask", "States": states})


def a_probe(name: str, **payload: Any) -> dict[str, Any]:
    """One look of one function; where it fails, the branch fails."""
    lost = f"{name}: lost"
    return {
        "StartAt": name,
        "States": {
            name: {
                "Type": "Task",
                "Resource": INVOKE,
                "Parameters": {"FunctionName": "probe", "Payload": payload},
                "OutputPath": "$.Payload",
                "TimeoutSeconds": 30,
                "Retry": RETRY,
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": lost}],
                "End": True,
            },
            lost: {"Type": "Fail", "Error": "ProbeLost", "CausePath": "$.Cause"},
        },
    }


def guarded(variable: str, **comparison: Any) -> dict[str, Any]:
    return {"And": [{"Variable": variable, "IsPresent": True}, {"Variable": variable, **comparison}]}


def runbook() -> str:
    """One region, no lanes: two probes of which a failing one aborts the other, a Parallel of one that is retried
    as a whole, then a choice among many kinds of comparison."""
    states: States = {
        "Probes": {
            "Type": "Parallel",
            "Branches": [a_probe("Probe", vantage="standby"), a_probe("Witness", vantage="witness")],
            "ResultSelector": {"first.$": "$[0]", "count.$": "States.ArrayLength($)"},
            "ResultPath": "$.probes",
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.trouble", "Next": "Drain"}],
            "Next": "Drain",
        },
        "Drain": {
            "Type": "Parallel",
            "Branches": [a_probe("Drain writers", to=0)],
            "Retry": [
                {"ErrorEquals": ["ProbeLost"], "IntervalSeconds": 5, "MaxAttempts": 1},
                {"ErrorEquals": ["States.ALL"], "MaxAttempts": 0},
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Look"}],
            "ResultPath": "$.drained",
            "Next": "Look",
        },
        "Look": {
            **a_call("look", to="Compare", result="$.seen", on_error="Failed"),
            "ResultSelector": {
                "lag.$": "$.Payload.lag",
                "healthy.$": "$.Payload.healthy",
                "at.$": "$.Payload.at",
                "names.$": "States.StringSplit($.Payload.names, ',')",
            },
        },
        "Compare": {
            "Type": "Choice",
            "Choices": [
                {
                    "And": [
                        guarded("$.seen.lag", IsNumeric=True),
                        guarded("$.seen.lag", NumericLessThanEquals=900),
                        {"Not": guarded("$.seen.healthy", BooleanEquals=True)},
                    ],
                    "Next": "Recovered",
                },
                {
                    "Or": [
                        guarded("$.seen.at", TimestampGreaterThan="2026-11-21T03:00:00Z"),
                        guarded("$.seen.names[0]", StringMatches="fileflow-*"),
                    ],
                    "Next": "Blocked",
                },
            ],
            "Default": "Failed",
        },
        "Recovered": {"Type": "Succeed", "OutputPath": "$.seen"},
        "Blocked": ENDINGS["Blocked"],
        "Failed": ENDINGS["Failed"],
    }
    return json.dumps({"StartAt": "Probes", "States": states})


SAMPLES = {
    sample.name: sample
    for sample in (
        Sample("failover", failover(), {"confirm": "fileflow"}),
        Sample("drill", drill(), {"run": "r-1", "steps": ["promote", "scale", "cache", "health"]}),
        Sample("runbook", runbook(), {}),
    )
}
