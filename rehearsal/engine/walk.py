"""Walks one graph, state by state: the machine's own, a branch of a Parallel, or an iteration of a Map.

Plain blocking code: a walk runs in a task of virtual time, and each branch in one of its own. A walk
remembers where it stands, so a redrive goes on there, and in a Parallel or Map only in the branches that
did not finish.

How it fails: `go` raises the StatesError that no Catch took. The first branch that fails ends its siblings
at once; the functions that they were waiting for work on unsupervised. A branch's own error is the
Parallel's error. Source: developer guide, "Parallel workflow state", "Restarting state machine executions
with redrive".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import TypeAlias

from rehearsal.engine.context import ExecutionFacts, Visit
from rehearsal.engine.documents import JsonValue, copied, within_limit
from rehearsal.engine.errors import NO_CHOICE_MATCHED, RUNTIME, StatesError
from rehearsal.engine.handlers import Retries, matches
from rehearsal.engine.history import EventType
from rehearsal.engine.paths import Path
from rehearsal.engine.shaping import Shaping
from rehearsal.engine.states import Choice, Fail, Graph, Map, Parallel, Pass, State, Succeed, Task, Wait
from rehearsal.engine.tasks import Invoke, TaskCall, Tokens, perform
from rehearsal.virtual_time import Bell, Cancelled, VirtualTime

# Iterations of an inline Map that Step Functions runs at once where MaxConcurrency is 0
CONCURRENCY = 40
Worker: TypeAlias = Task | Parallel | Map
Step: TypeAlias = tuple[JsonValue, str | None]
"""A state's output, and the next state, or None at the end."""


@dataclass(frozen=True)
class Setting:
    """What all walks of one execution share."""

    facts: ExecutionFacts
    time: VirtualTime
    random: Random
    invoke: Invoke
    hop_seconds: Callable[[], float]
    tokens: Tokens
    record: Callable[[EventType, str, dict[str, JsonValue]], None]
    next_attempt: Callable[[], int]


class Walk:
    """Where one walk stands: the state, its raw input, when it was entered, and the walks inside it."""

    def __init__(self, graph: Graph, document: JsonValue, setting: Setting, iteration: tuple[int, ...] = ()) -> None:
        self._graph = graph
        self._setting = setting
        self._iteration = iteration
        self._document = document
        self._position: str | None = graph.start_at
        self._entered: datetime | None = None
        self._attempt = 0
        self._inner: list[Walk] = []

    @property
    def finished(self) -> bool:
        return self._position is None

    @property
    def document(self) -> JsonValue:
        """The output once it has finished; until then the raw input of the state where it stands."""
        return self._document

    def go(self) -> None:
        """From where it stands to the end. Raises the StatesError that nothing caught."""
        while self._position is not None:
            state = self._graph.states[self._position]
            try:
                self._document, self._position = self._stay(state)
            except Cancelled:
                if self._entered is not None:
                    self._record(EventType.ABORTED, state)
                raise
            self._entered, self._inner = None, []

    def _stay(self, state: State) -> Step:
        """One stay in one state. A redrive does not enter a Task, Parallel or Map again, but attempts it
        again.
        """
        if self._entered is None or not isinstance(state, Task | Parallel | Map):
            self._setting.time.sleep(self._setting.hop_seconds())
            self._entered = self._setting.time.now()
            self._record(EventType.ENTERED, state, input=self._document)
        if isinstance(state, Task | Parallel | Map):
            document, position = self._work(state)
        else:
            document, position = self._pass_through(state)
        self._record(EventType.EXITED, state, output=document)
        return document, position

    def _pass_through(self, state: Pass | Choice | Wait | Succeed | Fail) -> Step:
        try:
            document, position = self._played(state)
            return within_limit(document, f"The output of state '{state.name}'"), position
        except StatesError as failure:
            self._record(EventType.FAILED, state, error=failure.error, cause=failure.cause)
            raise

    def _played(self, state: Pass | Choice | Wait | Succeed | Fail) -> Step:
        match state:
            case Fail():
                error, cause = (self._told(state, field) for field in ("error", "cause"))
                raise StatesError(error, cause)
            case Pass():
                shaping = self._shaping(state)
                result = state.result[0] if state.result else shaping.effective_input()
                return shaping.output(result), state.next
            case Choice():
                shaping = self._shaping(state)
                document = shaping.selected_input()
                return shaping.leaving(document), _chosen(state, document)
            case Wait():
                shaping = self._shaping(state)
                document = shaping.selected_input()
                self._setting.time.sleep(self._wait_seconds(state, document))
                return shaping.leaving(document), state.next
            case Succeed():
                shaping = self._shaping(state)
                return shaping.leaving(shaping.selected_input()), None

    def _told(self, state: Fail, field: str) -> str:
        told = state.error if field == "error" else state.cause
        value = told.read(self._document, field) if isinstance(told, Path) else told
        if not isinstance(value, str):
            raise StatesError(RUNTIME, f"State '{state.name}' finds no string for its {field}.")
        return value

    def _wait_seconds(self, state: Wait, document: JsonValue) -> float:
        match state.duration:
            case int():
                return state.duration
            case datetime():
                return max(0.0, (state.duration - self._setting.time.now()).total_seconds())
            case Path():
                seconds = state.duration.read(document, "SecondsPath")
                if isinstance(seconds, int) and not isinstance(seconds, bool) and seconds >= 0:
                    return seconds
                raise StatesError(RUNTIME, f"State '{state.name}' cannot wait {seconds!r}: no whole number from 0.")

    def _work(self, state: Worker) -> Step:
        """Attempts until one is answered, caught or final. A redrive starts with fresh retries."""
        retries = Retries(state.handlers.retriers, self._setting.random)
        while True:
            self._attempt = 0
            try:
                return within_limit(self._attempted(state, retries.total), f"The output of '{state.name}'"), state.next
            except StatesError as failure:
                attempt: dict[str, JsonValue] = {"attempt": self._attempt} if self._attempt else {}
                self._record(EventType.FAILED, state, error=failure.error, cause=failure.cause, **attempt)
                delay_seconds = retries.delay_for(failure)
                if delay_seconds is None:
                    return self._caught(state, failure)
            self._inner = []
            self._record(EventType.RETRIED, state, retry=retries.total, delay_seconds=delay_seconds)
            self._setting.time.sleep(delay_seconds)

    def _caught(self, state: Worker, failure: StatesError) -> Step:
        for catcher in state.handlers.catchers:
            if matches(catcher.error_equals, failure.error):
                told: dict[str, JsonValue] = {"Error": failure.error, "Cause": failure.cause}
                document = catcher.result_path.place(self._document, told)
                self._record(EventType.CAUGHT, state, error=failure.error, cause=failure.cause, next=catcher.next)
                return within_limit(document, f"The output of '{state.name}'"), catcher.next
        raise failure

    def _attempted(self, state: Worker, retries: int) -> JsonValue:
        token = self._setting.tokens.issue() if isinstance(state, Task) and state.waits_for_token else ""
        shaping = self._shaping(state, retries, token)
        effective = within_limit(shaping.effective_input(), f"The input of '{state.name}' after Parameters")
        if isinstance(state, Task):
            given: dict[str, JsonValue] = {"token": token} if token else {}
            attempt = self._begin(state, payload=_payload(effective), **given)
            call = _call(state, effective, token, attempt)
            setting = self._setting
            result = perform(state, call, time=setting.time, invoke=setting.invoke, tokens=setting.tokens)
        else:
            if not self._inner or all(walk.finished for walk in self._inner):
                self._inner = self._branches(state, effective, shaping)
            self._begin(state)
            self._together(state)
            result = within_limit([walk.document for walk in self._inner], f"The result of '{state.name}'")
        self._record(EventType.ANSWERED, state, attempt=self._attempt, result=result)
        return shaping.output(result)

    def _begin(self, state: Worker, **details: JsonValue) -> int:
        self._attempt = self._setting.next_attempt()
        self._record(EventType.ATTEMPTED, state, attempt=self._attempt, **details)
        return self._attempt

    def _branches(self, state: Parallel | Map, effective: JsonValue, shaping: Shaping) -> list[Walk]:
        if isinstance(state, Parallel):
            return [Walk(branch, effective, self._setting, self._iteration) for branch in state.branches]
        items = state.items_path.read(effective, "ItemsPath")
        if not isinstance(items, list):
            raise StatesError(RUNTIME, f"State '{state.name}' finds no array at its ItemsPath {state.items_path.text}.")
        inputs = items
        if state.item_selector is not None:
            inputs = [
                shaping.filled(state.item_selector, effective, {"Index": index, "Value": value})
                for index, value in enumerate(items)
            ]
        return [Walk(state.processor, item, self._setting, (*self._iteration, i)) for i, item in enumerate(inputs)]

    def _together(self, state: Parallel | Map) -> None:
        """All inner walks that have not finished, side by side; the first failure ends them all."""
        width = len(self._inner) if isinstance(state, Parallel) else state.max_concurrency or CONCURRENCY
        time, unfinished = self._setting.time, [walk for walk in self._inner if not walk.finished]
        failures: list[StatesError] = []
        ended, left, queue = Bell(time), [None] * len(unfinished), iter(unfinished)

        def work() -> None:
            for walk in queue:
                try:
                    walk.go()
                except StatesError as failure:
                    failures.append(failure)
                    ended.ring()
                    return
                left.pop()
            if not left:
                ended.ring()

        workers = [time.spawn(work, name=f"{state.name} [{i}]") for i in range(min(width, len(unfinished)))]
        try:
            if workers:
                ended.wait()
        finally:
            for worker in workers:
                worker.cancel()
            for worker in workers:
                worker.wait()
        if failures:
            raise StatesError(failures[0].error, failures[0].cause)

    def _shaping(self, state: Pass | Choice | Wait | Succeed | Worker, retries: int = 0, token: str = "") -> Shaping:
        entered = self._entered or self._setting.time.now()
        context = Visit(state.name, entered, retries, token).context(self._setting.facts)
        return Shaping(state.flow, self._document, context, self._setting.random)

    def _record(self, type: EventType, state: State, **details: JsonValue) -> None:
        if self._iteration:
            details["iteration"] = list(self._iteration)
        self._setting.record(type, state.name, details)


def _chosen(state: Choice, document: JsonValue) -> str:
    for rule, target in state.rules:
        if rule.matches(document):
            return target
    if state.default is None:
        raise StatesError(NO_CHOICE_MATCHED, f"No rule of state '{state.name}' matches, and it has no Default.")
    return state.default


def _payload(effective: JsonValue) -> JsonValue:
    """What the function gets: an own copy, as it travels; an empty object where the Task names no Payload."""
    empty: JsonValue = {}
    return copied(effective.get("Payload", empty)) if isinstance(effective, dict) else empty


def _call(state: Task, effective: JsonValue, token: str, attempt: int) -> TaskCall:
    parameters = effective if isinstance(effective, dict) else {}
    function_name, qualifier = parameters.get("FunctionName"), parameters.get("Qualifier")
    if not isinstance(function_name, str) or not isinstance(qualifier, str | None):
        raise StatesError(RUNTIME, f"State '{state.name}' names no function: {function_name!r}, {qualifier!r}.")
    return TaskCall(state.name, function_name, qualifier, _payload(effective), token or None, attempt)
