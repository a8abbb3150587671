"""A recorded execution: what each Task was asked and answered, and what came of it, ready for another engine.

A foreign engine has no clock that can be moved, so it is not given one: its waits and retry delays are
nothing, and each Task is answered by the recorded nth answer of its state, a timeout included. Where
iterations of a Map ask the same state at once, the answer goes with the payload. A Task that was never
answered (its siblings were aborted) is left unanswered there too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rehearsal.engine import Counts, EventType, Execution, HistoryEvent, Status, count_by_state

TOKEN = "<token>"
TIME = "<time>"
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class NotReplayable(Exception):
    """Another engine, without this one's clock, cannot be expected to make the same of this run."""


@dataclass(frozen=True)
class Attempt:
    """One question to a Task and its answer; neither `result` nor `error` where it was left unanswered."""

    state: str
    payload: Any
    answered: bool
    result: Any = None
    error: str | None = None
    cause: str = ""


@dataclass(frozen=True)
class Outcome:
    """What an engine made of a run."""

    status: str
    output: Any
    error: str
    cause: str
    counts: Mapping[str, Counts]
    asked: Mapping[str, list[Any]]


@dataclass(frozen=True)
class Recording:
    name: str
    machine: str
    arn: str
    definition_text: str
    input: Any
    attempts: tuple[Attempt, ...]
    outcome: Outcome
    cut_short: frozenset[str]
    """States inside a Parallel or Map that failed: how far the others had come by then is a matter of timing."""

    @classmethod
    def of(cls, definition_text: str, execution: Execution) -> Recording:
        if execution.status not in (Status.SUCCEEDED, Status.FAILED):
            raise NotReplayable(
                f"The run '{execution.name}' is {execution.status.value}: only one that ended by itself can be "
                "replayed, since the other engine has no clock."
            )
        cut_short = frozenset(_cut_short(execution.name, json.loads(definition_text), execution.history))
        attempts = tuple(_attempts(execution.history))
        asked: dict[str, list[Any]] = {}
        for attempt in attempts:
            asked.setdefault(attempt.state, []).append(attempt.payload)
        outcome = Outcome(
            execution.status.value,
            masked(execution.output),
            execution.error,
            execution.cause,
            count_by_state(execution.history),
            asked,
        )
        return cls(
            execution.name,
            execution.machine.name,
            execution.arn,
            definition_text,
            execution.input,
            attempts,
            outcome,
            cut_short,
        )

    def job(self) -> dict[str, Any]:
        """What a foreign engine's runner reads."""
        return {
            "name": self.name,
            "machine": self.machine,
            "arn": self.arn,
            "input": self.input,
            "attempts": [asdict(attempt) for attempt in self.attempts],
            "cut_short": sorted(self.cut_short),
            "by_payload": sorted(_in_maps(json.loads(self.definition_text))),
            "token": TOKEN,
        }


def masked(document: Any, token: str | None = None) -> Any:
    """The document with every time, and the token, made equal for all engines."""
    if isinstance(document, dict):
        return {name: masked(value, token) for name, value in document.items()}
    if isinstance(document, list):
        return [masked(value, token) for value in document]
    if isinstance(document, str):
        if document == token:
            return TOKEN
        return TIME if _TIMESTAMP.fullmatch(document) else document
    return document


def inner_graphs(state: Mapping[str, Any]) -> list[Any]:
    """The branches of a Parallel, the processor of a Map."""
    processor = state.get("ItemProcessor")
    return [*state.get("Branches", ()), *([processor] if processor else ())]


def every_state(graph: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """All states of a definition, those inside others too."""
    for name, state in graph["States"].items():
        yield name, state
        for inner in inner_graphs(state):
            yield from every_state(inner)


def _attempts(history: list[HistoryEvent]) -> Iterator[Attempt]:
    ends = {
        event.details["attempt"]: event
        for event in reversed(history)
        if event.type in (EventType.ANSWERED, EventType.FAILED) and "attempt" in event.details
    }
    for event in history:
        if event.type is not EventType.ATTEMPTED or "payload" not in event.details:
            continue
        payload = masked(event.details["payload"], _token_in(event))
        end = ends.get(event.details["attempt"])
        if end is None:
            yield Attempt(event.state, payload, answered=False)
        elif end.type is EventType.ANSWERED:
            yield Attempt(event.state, payload, answered=True, result=end.details["result"])
        else:
            error, cause = str(end.details["error"]), str(end.details["cause"])
            yield Attempt(event.state, payload, answered=True, error=error, cause=cause)


def _token_in(event: HistoryEvent) -> str | None:
    token = event.details.get("token")
    return str(token) if token else None


def _in_maps(graph: Mapping[str, Any]) -> set[str]:
    names: set[str] = set()
    for _, state in every_state(graph):
        if state["Type"] == "Map":
            names |= {name for name, _ in every_state(state["ItemProcessor"])}
    return names


def _cut_short(run: str, graph: Mapping[str, Any], history: list[HistoryEvent]) -> Iterator[str]:
    for name, state in every_state(graph):
        own = [event.type for event in history if event.state == name]
        if not inner_graphs(state) or EventType.FAILED not in own:
            continue
        side_by_side = state["Type"] == "Map" or len(state["Branches"]) > 1
        if side_by_side and EventType.ATTEMPTED in own[own.index(EventType.FAILED) :]:
            raise NotReplayable(
                f"In the run '{run}' the state '{name}' failed and was attempted again: which answers its other "
                "branches had taken by then is a matter of timing."
            )
        for inner in inner_graphs(state):
            yield from (inside for inside, _ in every_state(inner))
