"""A world of tasks in virtual time: an hour passes in milliseconds, and every run is the same.

Each task is a greenlet, so the code in it is plain blocking code: a handler that calls `sleep` hands over to
whatever is due next, and handlers that run at once interleave at exactly these points. Order is (due time,
sequence number), nothing else, so two runs of the same world are identical, in one process or in two.

How it fails. A task's exception is never lost: whoever waits for the task gets it, and if nobody waits at the
moment it fails, `run` stops there and raises it. Code that expects a failure catches it inside the task.
`Cancelled` derives from BaseException, so that an `except Exception` in a handler does not swallow it.
A world that stands still while someone waits from outside raises `NothingLeft`, naming the tasks that hang.
"""

from __future__ import annotations

import contextvars
import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Generic, TypeVar, cast

from greenlet import GreenletExit, getcurrent, greenlet

T = TypeVar("T")
MICROSECONDS = 1_000_000


class Cancelled(BaseException):
    """Thrown into a cancelled task at its next hand-over, so that its `finally` blocks run."""


class TaskWasCancelled(Exception):
    """Raised to whoever asks a cancelled task for its result."""


class NothingLeft(Exception):
    """Raised outside any task when what is waited for can no longer happen."""


class RunEnd(Enum):
    """Why `run` came back."""

    CONDITION = "the condition holds"
    NOTHING_LEFT = "nothing is left to happen"
    LIMIT = "the limit is reached"


class VirtualTime:
    """The clock, the queue of what is due, and the tasks that are alive. One thread only."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None or start.utcoffset() != timedelta(0):
            raise ValueError(f"VirtualTime starts at an aware UTC time, and {start!r} is not one.")
        self._start = start.astimezone(UTC)
        self._now_microseconds = 0
        self._sequence = 0
        self._queue: list[tuple[int, int, Task[Any]]] = []
        self._alive: dict[Task[Any], None] = {}
        self._unheard: list[BaseException] = []
        self._current: Task[Any] | None = None
        self._driver: Any = None
        self.after_each_instant: list[Callable[[], None]] = []
        """Called in the world's own strand when the last task of an instant has handed over, before the clock moves:
        what stands then is what lasts until the next instant. What they raise, `run` raises."""

    def now(self) -> datetime:
        return self._start + timedelta(microseconds=self._now_microseconds)

    def elapsed_seconds(self) -> float:
        return self._now_microseconds / MICROSECONDS

    @property
    def current_task(self) -> Task[Any] | None:
        """The task that this code runs in, or None outside any task."""
        task = self._current
        return task if task is not None and task._greenlet is getcurrent() else None

    def sleep(self, seconds: float) -> None:
        """Inside a task: hand over, and come back `seconds` later. Outside: run the world forward that long."""
        due = self._due(seconds)
        task = self.current_task
        if task is None:
            self._drive(until=None, limit_microseconds=due)
            self._move_to(due)
            return
        self._schedule(task, due)
        self._hand_over(task)

    def spawn(self, work: Callable[[], T], *, name: str, delay_seconds: float = 0.0) -> Task[T]:
        """A new task, due at once or after `delay_seconds`; the spawner goes on first. It sees a copy of the
        spawner's contextvars."""
        task = Task(self, work, name)
        self._alive[task] = None
        self._schedule(task, self._due(delay_seconds))
        return task

    def beside(self, work: Callable[[], T], /) -> Callable[[], T]:
        """A new task, as something to wait for: the way in which a function does a thing beside."""
        return self.spawn(work, name="beside").result

    def every(self, seconds: float, work: Callable[[], None], *, name: str) -> Task[None]:
        """`work` at a fixed rate, first after `seconds`, until cancelled. Each turn is a task of its own,
        as each delivery of an EventBridge schedule is: a slow turn does not delay the next.
        """
        if seconds <= 0:
            raise ValueError(f"'{name}' repeats every {seconds} seconds: the interval must be above zero.")

        def turns() -> None:
            while True:
                self.sleep(seconds)
                self.spawn(work, name=name)

        return self.spawn(turns, name=f"every {seconds:g} s: {name}")

    def run(self, *, until: Callable[[], bool] | None = None, limit_seconds: float | None = None) -> RunEnd:
        """Drive the world from outside any task, until `until()` holds, nothing is left, or the limit is reached.

        Raises the exception of a task that failed while nobody waited for it; the world can be driven on after.
        """
        limit = None if limit_seconds is None else self._due(limit_seconds)
        return self._drive(until=until, limit_microseconds=limit)

    def close(self) -> None:
        """Cancel what is still alive, in the order of birth, so that `finally` blocks run now and not at some
        garbage collection."""
        for task in list(self._alive):
            task.cancel()
        self.run(limit_seconds=0.0)

    def _due(self, seconds: float) -> int:
        if seconds < 0:
            raise ValueError(f"{seconds} seconds is in the past: virtual time only moves forward.")
        return self._now_microseconds + round(seconds * MICROSECONDS)

    def _move_to(self, microseconds: int) -> None:
        if microseconds > self._now_microseconds:
            for listener in self.after_each_instant:
                listener()
            self._now_microseconds = microseconds

    def _schedule(self, task: Task[Any], due_microseconds: int) -> None:
        """Make this the task's one next wake-up. The sequence number is its ticket: an entry in the queue
        with any other ticket than the task's is stale, and is dropped without moving the clock.
        """
        self._sequence += 1
        heapq.heappush(self._queue, (due_microseconds, self._sequence, task))
        task._ticket = self._sequence

    def _hand_over(self, task: Task[Any]) -> None:
        if not task._cancel_asked:
            self._driver.switch()
        if task._cancel_asked:
            task._cancel_asked = False
            task._ticket = 0
            raise Cancelled

    def _drive(self, *, until: Callable[[], bool] | None, limit_microseconds: int | None) -> RunEnd:
        if self._driver is not None:
            raise RuntimeError("The world is already being driven: inside a task call sleep or wait, not run.")
        self._driver = getcurrent()
        try:
            return self._turn_until(until, limit_microseconds)
        finally:
            self._driver = None
            self._current = None

    def _turn_until(self, until: Callable[[], bool] | None, limit_microseconds: int | None) -> RunEnd:
        while True:
            if self._unheard:
                raise self._unheard.pop(0)
            if until is not None and until():
                return RunEnd.CONDITION
            while self._queue and self._queue[0][2]._ticket != self._queue[0][1]:
                heapq.heappop(self._queue)
            if not self._queue:
                return RunEnd.NOTHING_LEFT
            due, _, task = self._queue[0]
            if limit_microseconds is not None and due > limit_microseconds:
                self._move_to(limit_microseconds)
                return RunEnd.LIMIT
            self._move_to(due)
            heapq.heappop(self._queue)
            task._ticket = 0
            self._current = task
            task._greenlet.parent = self._driver
            task._greenlet.switch()


class Bell:
    """Rings once; until then tasks can wait for it. The one way in which tasks wait for each other."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self._waiting: list[Task[Any]] = []
        self.rung = False

    def ring(self) -> None:
        """Wake everyone who waits, in the order in which they came, at this same moment."""
        self.rung = True
        waiting, self._waiting = self._waiting, []
        for task in waiting:
            self._time._schedule(task, self._time._now_microseconds)

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Hand over until it rings; False when the timeout came first. Outside any task: drives the world."""
        if self.rung:
            return True
        time, task = self._time, self._time.current_task
        if task is None:
            return self._wait_outside(timeout_seconds)
        if timeout_seconds is not None:
            time._schedule(task, time._due(timeout_seconds))
        self._waiting.append(task)
        try:
            time._hand_over(task)
        finally:
            if task in self._waiting:
                self._waiting.remove(task)
        return self.rung

    def _wait_outside(self, timeout_seconds: float | None) -> bool:
        end = self._time.run(until=lambda: self.rung, limit_seconds=timeout_seconds)
        if end is RunEnd.NOTHING_LEFT and timeout_seconds is None:
            hanging = ", ".join(f"'{task.name}'" for task in self._time._alive) or "no task at all"
            raise NothingLeft(f"What is waited for cannot happen: nothing is due, and what is alive is {hanging}.")
        return self.rung


class Task(Generic[T]):
    """One strand of work in the world; made by `VirtualTime.spawn`."""

    def __init__(self, time: VirtualTime, work: Callable[[], T], name: str) -> None:
        self.name = name
        self._time = time
        self._work = work
        self._finished = Bell(time)
        self._value: T | None = None
        self._failure: BaseException | None = None
        self._ticket = 0
        self._cancel_asked = False
        self._cancelled = False
        self._greenlet = greenlet(self._live)
        self._greenlet.gr_context = contextvars.copy_context()

    def __repr__(self) -> str:
        return f"<Task '{self.name}' {'done' if self.done else 'alive'}>"

    @property
    def done(self) -> bool:
        return self._finished.rung

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def result(self) -> T:
        """Wait for the end, then give the value, or raise what the task raised (`TaskWasCancelled` if it was)."""
        self.wait()
        if self._cancelled:
            raise TaskWasCancelled(f"The task '{self.name}' was cancelled, so it has no result.")
        return cast(T, self._value)

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for the end; False when the timeout came first. Raises what the task raised, so that no
        waiter can overlook it; a cancelled task has simply ended."""
        try:
            ended = self._finished.wait(timeout_seconds)
        except Cancelled:
            if self._failure is not None:
                self._time._unheard.append(self._failure)
            raise
        if self._failure is not None:
            raise self._failure
        return ended

    def cancel(self) -> None:
        """Throw `Cancelled` into the task at its next hand-over, which is now unless it is the running one.
        Its children live on. A task that has not begun never begins; one that is done stays as it is.
        """
        if self.done:
            return
        self._cancel_asked = True
        if self._time.current_task is not self:
            self._time._schedule(self, self._time._now_microseconds)

    def _live(self) -> None:
        if self._cancel_asked:
            self._cancelled = True
        else:
            try:
                self._value = self._work()
            except (Cancelled, GreenletExit):  # the latter when a world that nobody closed is collected
                self._cancelled = True
            except BaseException as failure:  # kept, and raised where it is heard
                self._failure = failure
                if not self._finished._waiting or not isinstance(failure, Exception):
                    self._time._unheard.append(failure)
        del self._time._alive[self]
        self._finished.ring()
