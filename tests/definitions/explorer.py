"""Answers any machine from a seed, so that its paths are walked without knowing what it is for.

Each Task is answered with an object of the fields that the machine reads from its result. A value is drawn
from what the machine compares that very place with, and now and then it is something that the machine knows
nothing of; or the Task fails, with an error that the machine names or with one that nobody expects. Odds
lean towards going on, so that runs come far.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from rehearsal.engine import Execution, Machine, TaskCall, TaskFailed, TokenRefused
from rehearsal.virtual_time import VirtualTime
from tests.definitions.recording import every_state

START = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
FAILING = 0.12
UNKNOWN = 0.08
LATE = 0.15
A_DAY_SECONDS = 86_400.0
_FIELD_OF_PAYLOAD = re.compile(r"\$\.Payload\.(\w+)")
_FIELD_OF_ANSWER = re.compile(r"\$\.(\w+)")


@dataclass
class Explorer:
    """The functions of one exploration; `execution` is set before it starts, for the answers to its tokens."""

    states: Mapping[str, Any]
    random: Random
    time: VirtualTime
    execution: Execution | None = None

    def __call__(self, call: TaskCall) -> Any:
        state = self.states[call.state]
        self.time.sleep(self.random.choice([0.0, 0.5, 2.0]))
        if call.token is not None:
            self._answer_later(call.token, state)
        if self.random.random() < FAILING:
            raise TaskFailed(self._an_error(state), "explored")
        return self._answer(state, _FIELD_OF_PAYLOAD)

    def _answer_later(self, token: str, state: Mapping[str, Any]) -> None:
        answer = self._answer(state, _FIELD_OF_ANSWER)

        def press() -> None:
            try:
                if self.execution is not None:
                    self.execution.send_task_success(token, answer)
            except TokenRefused as refused:
                if refused.code != "TaskTimedOut":
                    raise

        late = self.random.random() < LATE
        self.time.spawn(press, name="a person", delay_seconds=A_DAY_SECONDS if late else 60.0)

    def _answer(self, state: Mapping[str, Any], field: re.Pattern[str]) -> dict[str, Any]:
        place = state.get("ResultPath") or "$"
        fields = sorted(set(field.findall(json.dumps(state.get("ResultSelector", {})))))
        return {name: self._value(f"{place}.{name}") for name in fields}

    def _value(self, place: str) -> Any:
        waits = {state.get("SecondsPath") for state in self.states.values()}
        if place in waits:
            return self.random.choice([0, 5, 15])
        compared = [value for state in self.states.values() for value in _compared(state.get("Choices", ()), place)]
        if not compared or self.random.random() < UNKNOWN:
            return "something else"
        return self.random.choice(compared)

    def _an_error(self, state: Mapping[str, Any]) -> str:
        handlers = [*state.get("Retry", ()), *state.get("Catch", ())]
        named = [error for handler in handlers for error in handler["ErrorEquals"] if "States." not in error]
        return self.random.choice([*named, "NobodyExpectsThis"])


def explore(machine: str, definition_text: str, input: Any, seed: int) -> Execution:
    """One execution that ended; or was stopped, because it would have gone in circles for days."""
    time = VirtualTime(START)
    states = dict(every_state(json.loads(definition_text)))
    explorer = Explorer(states, Random(f"{machine}/{seed}"), time)
    execution = Execution(
        Machine.parse(definition_text, name=machine),
        name=f"explored-{seed}",
        arn=f"arn:aws:states:ap-northeast-1:123456789012:execution:{machine}:explored-{seed}",
        input=input,
        time=time,
        random=Random(seed),
        invoke=explorer,
        hop_seconds=lambda: 0.02,
    )
    explorer.execution = execution
    execution.start()
    time.run(until=lambda: execution.task.done, limit_seconds=A_DAY_SECONDS)
    execution.stop("Circling", "It went in circles for a day.")
    time.run()
    return execution


def _compared(rules: Iterable[Any], place: str) -> Iterator[Any]:
    """Values that would decide a rule about this place, one way and the other."""
    for rule in rules:
        yield from _compared([*rule.get("And", ()), *rule.get("Or", ())], place)
        yield from _compared([rule["Not"]] if "Not" in rule else (), place)
        if re.sub(r"\[\d+\]$", "", rule.get("Variable", "")) != place:
            continue
        for operator, operand in rule.items():
            if operator == "StringMatches":
                yield operand.replace("*", "x")
            elif operator.startswith(("String", "Timestamp")):
                yield operand
            elif operator.startswith("Numeric"):
                yield from (operand, operand + 1)
            elif operator.startswith("Boolean"):
                yield from (True, False)
