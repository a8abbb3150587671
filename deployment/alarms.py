"""The alarms on what one application has deployed in its standby, and how changes of alarms are heard of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deployment import names
from deployment.foundation import function_errors
from deployment.resources import Function, MetricAlarm
from pilotlight.domain.plan import AnyPlan, Plan

_BAD_ENDS = (
    ("failed", "ExecutionsFailed", "did not recover it"),
    ("timed-out", "ExecutionsTimedOut", "took longer than its steps may"),
    ("stopped", "ExecutionsAborted", "was stopped"),
)


def application_alarms(plan: Plan, functions: Iterable[Function]) -> tuple[MetricAlarm, ...]:
    """The alarms on a silent detector, on runs that ended badly, and on each function that raises."""
    topic = _topic(plan)
    detector = names.detect_function(plan.application)
    blind = MetricAlarm(
        name=f"{detector}-silent",
        description=f"Nobody has looked at the primary of {plan.application} for five minutes.",
        namespace="AWS/Lambda", metric="Invocations", dimensions={"FunctionName": detector},
        statistic="Sum", threshold=1, comparison="LessThanThreshold", missing="breaching", periods=5, notify=(topic,),
    )  # fmt: skip
    return (blind, *run_alarms(plan, functions))


def run_alarms(plan: AnyPlan, functions: Iterable[Function]) -> tuple[MetricAlarm, ...]:
    """The alarms on runs that ended badly, and on each function that raises."""
    topic = _topic(plan)
    ends = tuple(
        MetricAlarm(
            name=f"{plan.machine}-{word}",
            description=f"A run of {plan.name} {said}; nobody is served because of it. Read its last message.",
            namespace="AWS/States",
            metric=metric,
            dimensions={"StateMachineArn": plan.place.arn("states", f"stateMachine:{plan.machine}")},
            statistic="Sum",
            threshold=0,
            comparison="GreaterThanThreshold",
            missing="notBreaching",
            notify=(topic,),
        )
        for word, metric, said in _BAD_ENDS
    )
    return (*ends, *(function_errors(function.name, topic) for function in functions))


def alarm_pattern(arns: tuple[str, ...]) -> dict[str, Any]:
    """The pattern that matches the state changes of some alarms."""
    return {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "resources": list(arns),
    }


def _topic(plan: AnyPlan) -> str:
    return plan.place.arn("sns", names.ALERTS_TOPIC)
