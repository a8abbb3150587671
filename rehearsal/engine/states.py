"""The states of a machine, as they are after loading: nothing in here is unchecked text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from rehearsal.engine.choice import Rule
from rehearsal.engine.documents import JsonValue
from rehearsal.engine.expressions import Template
from rehearsal.engine.paths import Path, ResultPath


@dataclass(frozen=True)
class DataFlow:
    """How a state shapes its input and output; a path of None is the null that discards."""

    input_path: Path | None
    parameters: Template | None
    result_selector: Template | None
    result_path: ResultPath
    output_path: Path | None


@dataclass(frozen=True)
class Retrier:
    error_equals: tuple[str, ...]
    interval_seconds: int
    backoff_rate: float
    max_attempts: int
    max_delay_seconds: int | None
    full_jitter: bool


@dataclass(frozen=True)
class Catcher:
    error_equals: tuple[str, ...]
    next: str
    result_path: ResultPath


@dataclass(frozen=True)
class Handlers:
    """What a Task, Parallel or Map does about its errors."""

    retriers: tuple[Retrier, ...]
    catchers: tuple[Catcher, ...]


@dataclass(frozen=True)
class Pass:
    name: str
    flow: DataFlow
    next: str | None
    result: tuple[JsonValue, ...]
    """The literal Result, or nothing where the input goes through: a Result of null is a result."""


@dataclass(frozen=True)
class Task:
    name: str
    flow: DataFlow
    next: str | None
    handlers: Handlers
    waits_for_token: bool
    timeout_seconds: int | None
    heartbeat_seconds: int | None


@dataclass(frozen=True)
class Choice:
    name: str
    flow: DataFlow
    rules: tuple[tuple[Rule, str], ...]
    default: str | None


@dataclass(frozen=True)
class Wait:
    name: str
    flow: DataFlow
    next: str | None
    duration: int | Path | datetime


@dataclass(frozen=True)
class Parallel:
    name: str
    flow: DataFlow
    next: str | None
    handlers: Handlers
    branches: tuple[Graph, ...]


@dataclass(frozen=True)
class Map:
    name: str
    flow: DataFlow
    next: str | None
    handlers: Handlers
    items_path: Path
    item_selector: Template | None
    processor: Graph
    max_concurrency: int


@dataclass(frozen=True)
class Succeed:
    name: str
    flow: DataFlow


@dataclass(frozen=True)
class Fail:
    name: str
    error: str | Path
    cause: str | Path


State: TypeAlias = Pass | Task | Choice | Wait | Parallel | Map | Succeed | Fail


@dataclass(frozen=True)
class Graph:
    """States that reach each other: the machine's own, a branch's, or a Map's processor."""

    start_at: str
    states: Mapping[str, State]
