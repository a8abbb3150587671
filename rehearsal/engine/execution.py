"""One execution of a state machine in virtual time: started, answered, stopped, redriven, and what became
of it.

How it fails: an error that no Catch takes makes it FAILED, its TimeoutSeconds TIMED_OUT (States.Timeout,
which cannot be caught), `stop` ABORTED. A fault in the rehearsal itself leaves it RUNNING and is raised
from `VirtualTime.run`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from itertools import count
from random import Random

from rehearsal.engine.context import ExecutionFacts, machine_arn_of
from rehearsal.engine.definition import Machine
from rehearsal.engine.documents import JsonValue, within_limit
from rehearsal.engine.errors import TIMEOUT, ExecutionRefused, StatesError
from rehearsal.engine.history import EventType, HistoryEvent, Observer
from rehearsal.engine.tasks import Invoke, Tokens
from rehearsal.engine.walk import Setting, Walk
from rehearsal.virtual_time import Task, VirtualTime


class Status(Enum):
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"


_ENDINGS = {
    Status.SUCCEEDED: EventType.EXECUTION_SUCCEEDED,
    Status.FAILED: EventType.EXECUTION_FAILED,
    Status.TIMED_OUT: EventType.EXECUTION_TIMED_OUT,
    Status.ABORTED: EventType.EXECUTION_ABORTED,
}


class Execution:
    """One run of `machine`. It exists, RUNNING, from its making; `start` sets it going."""

    def __init__(  # noqa: PLR0913  # all but the machine are named where it is called
        self,
        machine: Machine,
        *,
        name: str,
        arn: str,
        input: JsonValue,
        time: VirtualTime,
        random: Random,
        invoke: Invoke,
        hop_seconds: Callable[[], float],
        observe: Observer | None = None,
    ) -> None:
        self.machine = machine
        self.arn = arn
        self.name = name
        self.input = within_limit(input, "The execution's input")
        self.status = Status.RUNNING
        self.output: JsonValue = None
        self.error = ""
        self.cause = ""
        self.history: list[HistoryEvent] = []
        self._time = time
        self._observe = observe
        self._attempts = count(1)
        self._timer: Task[None] | None = None
        self._task: Task[None] | None = None
        facts = ExecutionFacts(arn, name, machine_arn_of(arn), machine.name, time.now(), input)
        self._setting = Setting(
            facts,
            time,
            random,
            invoke,
            hop_seconds,
            Tokens(random),
            self._record,
            lambda: next(self._attempts),
        )
        self._walk = Walk(machine.graph, input, self._setting)

    @property
    def task(self) -> Task[None]:
        """The task of the latest start or redrive; waiting for it is waiting for the execution to end."""
        if self._task is None:
            raise ExecutionRefused(f"The execution '{self.name}' has not been started: call start.")
        return self._task

    def start(self) -> None:
        if self._task is not None:
            raise ExecutionRefused(f"The execution '{self.name}' was started before: an execution starts once.")
        self._setting = replace(self._setting, facts=replace(self._setting.facts, started=self._time.now()))
        self._walk = Walk(self.machine.graph, self.input, self._setting)
        self._record(EventType.EXECUTION_STARTED, "", {"input": self.input})
        self._set_going()

    def stop(self, error: str = "", cause: str = "") -> None:
        """As StopExecution: ABORTED at once; an execution that has ended stays as it is."""
        self._end(Status.ABORTED, error=error, cause=cause)

    def redrive(self) -> None:
        """As RedriveExecution: go on at the states that did not succeed, with fresh retries and a fresh
        timeout.
        """
        if self.status in (Status.RUNNING, Status.SUCCEEDED):
            raise ExecutionRefused(
                f"The execution '{self.name}' is {self.status.value}: only one that failed, timed out or was "
                "aborted can be redriven; start a new one instead."
            )
        self.status, self.error, self.cause = Status.RUNNING, "", ""
        self._record(EventType.EXECUTION_REDRIVEN, "", {})
        self._set_going()

    def knows_token(self, token: str) -> bool:
        return self._setting.tokens.knows(token)

    def send_task_success(self, token: str, output: JsonValue) -> None:
        """Raises TokenRefused, as its two sisters do."""
        self._setting.tokens.waiting(token).succeed(output)

    def send_task_failure(self, token: str, error: str, cause: str) -> None:
        self._setting.tokens.waiting(token).fail(StatesError(error, cause))

    def send_task_heartbeat(self, token: str) -> None:
        self._setting.tokens.waiting(token).beat()

    def _set_going(self) -> None:
        previous = self._task
        self._task = self._time.spawn(lambda: self._live(previous), name=f"execution {self.name}")
        if self.machine.timeout_seconds is not None:
            self._timer = self._time.spawn(
                self._expire, name=f"timeout of {self.name}", delay_seconds=self.machine.timeout_seconds
            )

    def _live(self, previous: Task[None] | None) -> None:
        if previous is not None:
            previous.wait()
        try:
            self._walk.go()
        except StatesError as failure:
            self._end(Status.FAILED, error=failure.error, cause=failure.cause)
        else:
            self._end(Status.SUCCEEDED, output=self._walk.document)

    def _expire(self) -> None:
        cause = f"The machine '{self.machine.name}' ran longer than its {self.machine.timeout_seconds} seconds."
        self._end(Status.TIMED_OUT, error=TIMEOUT, cause=cause)

    def _end(self, status: Status, *, output: JsonValue = None, error: str = "", cause: str = "") -> None:
        if self.status is not Status.RUNNING:
            return
        self.status, self.output, self.error, self.cause = status, output, error, cause
        succeeded = status is Status.SUCCEEDED
        self._record(_ENDINGS[status], "", {"output": output} if succeeded else {"error": error, "cause": cause})
        for task in (self._timer, self._task):
            if task is not None and task is not self._time.current_task:
                task.cancel()

    def _record(self, type: EventType, state: str, details: dict[str, JsonValue]) -> None:
        event = HistoryEvent(self._time.now(), type, state, details)
        self.history.append(event)
        if self._observe is not None:
            self._observe(event)
