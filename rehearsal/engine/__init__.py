"""Plays state machines in virtual time: a small interpreter of the portable subset of Amazon States Language.

In production the engine is AWS Step Functions. This one exists because no other has a clock that can be
moved or a stable order of events; it refuses whatever it does not play, and is checked against engines that
nobody here wrote.
"""

from __future__ import annotations

from rehearsal.engine.definition import Machine
from rehearsal.engine.documents import JsonValue
from rehearsal.engine.errors import DefinitionRefused, ExecutionRefused, StatesError, TaskFailed, TokenRefused
from rehearsal.engine.execution import Execution, Status
from rehearsal.engine.history import Counts, EventType, HistoryEvent, count_by_state
from rehearsal.engine.tasks import Invoke, TaskCall

__all__ = [
    "Counts",
    "DefinitionRefused",
    "EventType",
    "Execution",
    "ExecutionRefused",
    "HistoryEvent",
    "Invoke",
    "JsonValue",
    "Machine",
    "StatesError",
    "Status",
    "TaskCall",
    "TaskFailed",
    "TokenRefused",
    "count_by_state",
]
