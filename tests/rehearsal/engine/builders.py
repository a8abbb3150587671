"""Builds small machines, plays them with scripted functions, and hands back the ended execution."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from rehearsal.engine import Execution, HistoryEvent, JsonValue, Machine, TaskCall
from rehearsal.virtual_time import VirtualTime

START = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
ARN = "arn:aws:states:ap-northeast-1:123456789012:execution:fileflow-failover:run-1"
INVOKE = "arn:aws:states:::lambda:invoke"

States = dict[str, dict[str, Any]]


def a_task(*, next: str | None = None, **fields: Any) -> dict[str, Any]:
    """A Task that hands its whole input to `step` and gives back the function's answer."""
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Parameters": {"FunctionName": "step", "Payload.$": "$"},
        "ResultSelector": {"answer.$": "$.Payload"},
        **fields,
        **({"Next": next} if next else {"End": True}),
    }


def a_token_task(**fields: Any) -> dict[str, Any]:
    """A Task that waits until someone answers its token."""
    return {
        "Type": "Task",
        "Resource": f"{INVOKE}.waitForTaskToken",
        "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
        "End": True,
        **fields,
    }


def a_pass(*, next: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"Type": "Pass", **fields, **({"Next": next} if next else {"End": True})}


def a_wait(seconds: int, *, next: str | None = None) -> dict[str, Any]:
    return {"Type": "Wait", "Seconds": seconds, **({"Next": next} if next else {"End": True})}


def a_retrier(*errors: str, **fields: Any) -> dict[str, Any]:
    return {"ErrorEquals": list(errors), **fields}


def a_catcher(*errors: str, next: str, **fields: Any) -> dict[str, Any]:
    return {"ErrorEquals": list(errors), "Next": next, **fields}


def a_branch(**states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def a_parallel(*branches: dict[str, Any], next: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "Type": "Parallel",
        "Branches": list(branches),
        **fields,
        **({"Next": next} if next else {"End": True}),
    }


def a_map(processor: dict[str, Any], *, next: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "Type": "Map",
        "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **processor},
        **fields,
        **({"Next": next} if next else {"End": True}),
    }


def a_definition(states: States, **fields: Any) -> str:
    """The first state is where it starts."""
    return json.dumps({"StartAt": next(iter(states)), "States": states, **fields})


@dataclass(frozen=True)
class After:
    """An answer that takes its time."""

    seconds: float
    answer: Any


@dataclass
class Functions:
    """The Lambda functions of a test: for each state its answers in order, the last one for ever after.

    An exception is raised, a callable is called with the task's call, and without a script the payload
    comes back.
    """

    time: VirtualTime
    script: dict[str, list[Any]] = field(default_factory=dict)
    calls: list[TaskCall] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)

    def __call__(self, call: TaskCall) -> JsonValue:
        earlier = sum(known.state == call.state for known in self.calls)
        self.calls.append(call)
        answers = self.script.get(call.state, [call.payload])
        answer = answers[min(earlier, len(answers) - 1)]
        if isinstance(answer, After):
            self.time.sleep(answer.seconds)
            answer = answer.answer
        self.returned.append(call.state)
        if isinstance(answer, BaseException):
            raise answer
        return answer(call) if callable(answer) else answer

    def called(self, state: str) -> int:
        return sum(call.state == state for call in self.calls)


@dataclass
class Stage:
    """One machine on one clock, with its functions."""

    execution: Execution
    functions: Functions
    time: VirtualTime

    def play(self) -> Execution:
        self.execution.start()
        self.execution.task.wait()
        return self.execution

    def at(self, seconds: float, work: Callable[[], object]) -> None:
        """Do something that long after now."""

        def turn() -> None:
            work()

        self.time.spawn(turn, name="the test", delay_seconds=seconds)

    def seconds_of(self, type: Any, state: str) -> list[float]:
        return [
            (event.time - START).total_seconds()
            for event in self.execution.history
            if event.type is type and event.state == state
        ]


def a_stage(
    states: States,
    *,
    input: JsonValue = None,
    script: dict[str, list[Any]] | None = None,
    seed: int = 7,
    hop_seconds: float = 0.0,
    observe: Callable[[HistoryEvent], None] | None = None,
    **machine_fields: Any,
) -> Stage:
    time = VirtualTime(START)
    functions = Functions(time, script or {})
    execution = Execution(
        Machine.parse(a_definition(states, **machine_fields), name="fileflow-failover"),
        name="run-1",
        arn=ARN,
        input={} if input is None else input,
        time=time,
        random=Random(seed),
        invoke=functions,
        hop_seconds=lambda: hop_seconds,
        observe=observe,
    )
    return Stage(execution, functions, time)


def play(states: States, input: JsonValue = None, **options: Any) -> Execution:
    return a_stage(states, input=input, **options).play()
