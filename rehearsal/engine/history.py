"""What an execution did, event by event, and the counts by which two engines are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from rehearsal.engine.documents import JsonValue


class EventType(Enum):
    EXECUTION_STARTED = "ExecutionStarted"
    EXECUTION_REDRIVEN = "ExecutionRedriven"
    EXECUTION_SUCCEEDED = "ExecutionSucceeded"
    EXECUTION_FAILED = "ExecutionFailed"
    EXECUTION_TIMED_OUT = "ExecutionTimedOut"
    EXECUTION_ABORTED = "ExecutionAborted"
    ENTERED = "StateEntered"
    ATTEMPTED = "StateAttempted"
    ANSWERED = "StateAnswered"
    FAILED = "StateFailed"
    RETRIED = "StateRetried"
    CAUGHT = "StateCaught"
    EXITED = "StateExited"
    ABORTED = "StateAborted"


@dataclass(frozen=True)
class HistoryEvent:
    """One thing that happened; `state` is empty for the execution itself.

    Details by type: ENTERED input. ATTEMPTED attempt (a number, unique in the execution), and for a Task
    payload, and token where it waits for one. ANSWERED attempt, result. FAILED error, cause, and attempt
    where there was one. RETRIED retry, delay_seconds. CAUGHT error, cause, next. EXITED output.
    EXECUTION_...: input, output, or error and cause. In a Map every event of an iteration has its
    `iteration`.
    """

    time: datetime
    type: EventType
    state: str
    details: Mapping[str, JsonValue]


Observer = Callable[[HistoryEvent], None]


@dataclass(frozen=True)
class Counts:
    """How often each thing happened to one state."""

    entered: int = 0
    attempted: int = 0
    retried: int = 0
    caught: int = 0
    exited: int = 0


_COUNTED = {
    EventType.ENTERED: "entered",
    EventType.ATTEMPTED: "attempted",
    EventType.RETRIED: "retried",
    EventType.CAUGHT: "caught",
    EventType.EXITED: "exited",
}


def count_by_state(history: Iterable[HistoryEvent]) -> dict[str, Counts]:
    """Counts of each state that was entered. `attempted` counts Tasks, Parallels and Maps; the rest have no
    attempts.
    """
    tallies: dict[str, dict[str, int]] = {}
    for event in history:
        if event.type in _COUNTED:
            tally = tallies.setdefault(event.state, {})
            tally[_COUNTED[event.type]] = tally.get(_COUNTED[event.type], 0) + 1
    return {state: Counts(**tally) for state, tally in tallies.items()}
