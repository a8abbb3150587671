"""Retry and Catch: how they are read, which errors they match, and how long a retrier waits.

Wildcards, as the developer guide has them ("Handling errors in Step Functions workflows"): States.ALL
matches all but States.Runtime and States.DataLimitExceeded; States.TaskFailed all but these and
States.Timeout. States.Runtime is matched by nothing. An expired heartbeat is documented under two names, so
a Task with HeartbeatSeconds must treat both alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from rehearsal.engine import errors
from rehearsal.engine.documents import JsonValue, is_number
from rehearsal.engine.errors import StatesError
from rehearsal.engine.fields import Fields
from rehearsal.engine.states import Catcher, Handlers, Retrier

# The most that MaxDelaySeconds may be, so no retrier waits longer
LONGEST_DELAY_SECONDS = 31_622_400
ALL = "States.ALL"
TASK_FAILED = "States.TaskFailed"
_TIMEOUTS = {errors.TIMEOUT, errors.HEARTBEAT_TIMEOUT}
_MATCHABLE = _TIMEOUTS | {
    ALL,
    TASK_FAILED,
    errors.DATA_LIMIT,
    errors.NO_CHOICE_MATCHED,
    errors.INTRINSIC_FAILURE,
    errors.RESULT_PATH_MATCH_FAILURE,
    "States.Permissions",
}


def matches(error_equals: tuple[str, ...], error: str) -> bool:
    if error == errors.RUNTIME:
        return False
    if error in error_equals:
        return True
    if error == errors.DATA_LIMIT:
        return False
    if ALL in error_equals:
        return True
    return TASK_FAILED in error_equals and error not in _TIMEOUTS


class Retries:
    """The retriers of one stay in one state; each counts its own attempts, as the language says."""

    def __init__(self, retriers: tuple[Retrier, ...], random: Random) -> None:
        self._retriers = retriers
        self._random = random
        self._spent = [0] * len(retriers)
        self._next_seconds = [float(retrier.interval_seconds) for retrier in retriers]

    @property
    def total(self) -> int:
        return sum(self._spent)

    def delay_for(self, failure: StatesError) -> float | None:
        """Seconds to wait before the next attempt, or None when the first retrier that matches is spent."""
        for index, retrier in enumerate(self._retriers):
            if matches(retrier.error_equals, failure.error):
                if self._spent[index] >= retrier.max_attempts:
                    return None
                self._spent[index] += 1
                return self._delay(index, retrier)
        return None

    def _delay(self, index: int, retrier: Retrier) -> float:
        ceiling = retrier.max_delay_seconds or LONGEST_DELAY_SECONDS
        delay_seconds = min(self._next_seconds[index], ceiling)
        self._next_seconds[index] = min(self._next_seconds[index] * retrier.backoff_rate, ceiling)
        return self._random.uniform(0.0, delay_seconds) if retrier.full_jitter else delay_seconds


def read_handlers(fields: Fields, *, is_task: bool, has_heartbeat: bool = False) -> Handlers:
    """Retry and Catch of one state, in their order."""
    reader = _Reader(fields, is_task, has_heartbeat)
    raw_retriers = fields.objects("Retry", required=False)
    raw_catchers = fields.objects("Catch", required=False)
    retriers = [reader.retrier(raw, last=raw is raw_retriers[-1]) for raw in raw_retriers]
    catchers = [reader.catcher(raw, last=raw is raw_catchers[-1]) for raw in raw_catchers]
    return Handlers(tuple(retriers), tuple(catchers))


@dataclass(frozen=True)
class _Reader:
    owner: Fields
    is_task: bool
    has_heartbeat: bool

    def retrier(self, raw: JsonValue, *, last: bool) -> Retrier:
        fields = Fields(f"A retrier of {self.owner.owner[0].lower()}{self.owner.owner[1:]}", raw)
        names = self._error_equals(fields, last=last)
        interval_seconds = fields.whole("IntervalSeconds", least=1, default=1) or 1
        max_attempts = fields.whole("MaxAttempts", least=0, default=3) or 0
        max_delay_seconds = fields.whole("MaxDelaySeconds", least=1)
        if max_delay_seconds is not None and max_delay_seconds <= interval_seconds:
            raise fields.refusal("has MaxDelaySeconds that are no more than its IntervalSeconds: it would cap nothing")
        rate = fields.take("BackoffRate", 2.0)
        if not isinstance(rate, int | float) or not is_number(rate) or rate < 1:
            raise fields.refusal(f"has BackoffRate {rate!r}, and it must be a number from 1.0")
        jitter = fields.take("JitterStrategy", "NONE")
        if jitter not in ("NONE", "FULL"):
            raise fields.refusal(f"has JitterStrategy {jitter!r}, and it must be NONE or FULL")
        fields.done()
        return Retrier(names, interval_seconds, float(rate), max_attempts, max_delay_seconds, jitter == "FULL")

    def catcher(self, raw: JsonValue, *, last: bool) -> Catcher:
        fields = Fields(f"A catcher of {self.owner.owner[0].lower()}{self.owner.owner[1:]}", raw)
        names = self._error_equals(fields, last=last)
        catcher = Catcher(names, fields.text("Next"), fields.result_path())
        fields.done()
        return catcher

    def _error_equals(self, fields: Fields, *, last: bool) -> tuple[str, ...]:
        names = tuple(str(name) for name in fields.objects("ErrorEquals", required=True))
        if ALL in names and (len(names) > 1 or not last):
            raise fields.refusal(f"names {ALL} beside or before other errors: it must stand alone, and last")
        for name in names:
            if name.startswith("States.") and name not in _MATCHABLE:
                raise fields.refusal(f"names {name}, which cannot be relied on: it is never reported, or not by all")
        if TASK_FAILED in names and not self.is_task:
            raise fields.refusal(f"names {TASK_FAILED} outside a Task, where engines disagree: name the error itself")
        if self.has_heartbeat and len(_TIMEOUTS & set(names)) == 1:
            raise fields.refusal(f"names one of {' and '.join(sorted(_TIMEOUTS))}: a heartbeat expires as either")
        return names
