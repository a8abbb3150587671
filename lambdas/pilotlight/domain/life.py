"""The life of a step: one turn of look, act, read back, from a recorded state to the next one.

Every turn starts from what is recorded, so that a crash between two turns, or a second copy of one, changes nothing:
`execute` looks before it acts, and a state that is settled or failed stays what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self, assert_never

from pilotlight.domain.durations import say_duration
from pilotlight.domain.errors import (
    AccessDenied,
    AlreadyExists,
    Ambiguous,
    AwsError,
    InvalidState,
    NotFound,
    StaleActor,
    Throttled,
    Unavailable,
)
from pilotlight.domain.read_only import ReadOnlyAws
from pilotlight.domain.step import Failed, NotYet, Params, Pending, Receipt, Settled, StepContext, StepKind


class StepStatus(StrEnum):
    """Where a step is in its life."""

    WAITING = "waiting"
    RUNNING = "running"
    SETTLED = "settled"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def over(self) -> bool:
        """Whether the step needs no further turn."""
        return self in (StepStatus.SETTLED, StepStatus.FAILED, StepStatus.SKIPPED)


@dataclass(frozen=True)
class StepState:
    """What is recorded of a step between two turns.

    `attempts` counts the turns, `retries` how often a person had it tried anew; each try has a `started` of its own,
    and `begun` is that of the first. Until `claimed_until` one copy of a turn is about to act, and no other may.
    `drained` is when the standby was no longer waited for before the step moves a writer, `asks_until` when a person
    must have answered who is asked.
    """

    status: StepStatus = StepStatus.WAITING
    reason: str = ""
    fix: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    attempts: int = 0
    receipt: Receipt | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    claimed_until: datetime | None = None
    drained: datetime | None = None
    asks_until: datetime | None = None
    begun: datetime | None = None
    retries: int = 0

    def to_item(self) -> dict[str, Any]:
        """The state as a JSON object."""
        receipt = self.receipt
        done = {"sentence": receipt.sentence, "acted": receipt.acted, "data": dict(receipt.data)} if receipt else None
        moments = {name: moment.isoformat() if (moment := getattr(self, name)) else None for name in _MOMENTS}
        return {
            **{name: getattr(self, name) for name in ("reason", "fix", "attempts", "retries")},
            "status": self.status.value,
            "outputs": dict(self.outputs),
            "receipt": done,
            **moments,
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read it back; a moment that an older version did not write is not there."""
        receipt = item["receipt"]
        moments = {name: datetime.fromisoformat(at) if (at := item.get(name)) else None for name in _MOMENTS}
        return cls(
            status=StepStatus(item["status"]),
            reason=item["reason"],
            fix=item["fix"],
            attempts=int(item["attempts"]),
            retries=int(item.get("retries", 0)),
            receipt=Receipt(receipt["sentence"], receipt["acted"], receipt["data"]) if receipt else None,
            outputs=item["outputs"],
            **moments,
        )


_MOMENTS = ("started", "finished", "claimed_until", "drained", "asks_until", "begun")


def advance(kind: StepKind[Any], params: Params, state: StepState, context: StepContext) -> StepState:
    """Take one turn; raises `StaleActor` when the run lost its lease, and nothing else that AWS may answer."""
    if state.status.over:
        return state
    begun = state.started or context.now
    state = replace(
        state,
        status=StepStatus.RUNNING,
        started=begun,
        attempts=state.attempts + 1,
        claimed_until=None,
        asks_until=None,
    )
    try:
        turned = _turn(kind, params, state, context)
    except (Throttled, Unavailable, Ambiguous) as trouble:
        turned = replace(state, reason=f"AWS gave no clear answer and is asked again: {trouble.sentence}")
    except StaleActor:
        raise
    except AwsError as error:
        turned = _failed(state, Failed(error.sentence, _way_out(error)), context.now)
    return _or_give_up(kind, turned, context)


def look_again_in(kind: StepKind[Any], state: StepState, now: datetime) -> timedelta:
    """How long to wait before the next turn."""
    return kind.timing.look_again_in(now - (state.started or now))


def _turn(kind: StepKind[Any], params: Params, state: StepState, context: StepContext) -> StepState:
    if state.receipt is None:
        done = kind.execute(params, context)
        match done:
            case NotYet():
                return replace(state, reason=done.reason, asks_until=done.until)
            case Failed():
                return _failed(state, done, context.now)
            case Receipt():
                state = replace(state, receipt=done, reason=done.sentence)
            case _:
                assert_never(done)
        if done.acted:
            # AWS shows an effect some time after it accepted the call; a look in the same breath is wasted.
            return state
    assert state.receipt is not None
    looking = ReadOnlyAws(context.aws, besides=kind.verifies_by)
    seen = kind.verify(params, state.receipt, replace(context, aws=looking))
    match seen:
        case Settled():
            return replace(
                state,
                status=StepStatus.SETTLED,
                reason=seen.reason,
                outputs=seen.outputs,
                finished=context.now,
            )
        case Pending():
            return replace(state, reason=seen.reason)
        case Failed():
            return _failed(state, seen, context.now)
        case _:
            assert_never(seen)


def _way_out(error: AwsError) -> str:
    """What a person can do about an error that the kind itself has no word for."""
    match error:
        case AccessDenied():
            return "The step's role lacks this permission: deploy the application's stack again, then retry the step."
        case NotFound():
            return "Create it, or correct its name in the plan and deploy, then start the run again."
        case AlreadyExists():
            return "Look whose it is; remove it or name another one in the plan, then start the run again."
        case InvalidState():
            return "Look at what it is busy with; when it is over, start the run again."
        case _:
            return "Correct the plan and deploy, then start the run again."


def _failed(state: StepState, failure: Failed, now: datetime) -> StepState:
    return replace(state, status=StepStatus.FAILED, reason=failure.reason, fix=failure.fix, finished=now)


def _or_give_up(kind: StepKind[Any], state: StepState, context: StepContext) -> StepState:
    started = state.started or context.now
    if state.status.over or context.now - started < kind.timing.give_up:
        return state
    patience = say_duration(kind.timing.give_up)
    return _failed(
        state,
        Failed(
            f"Given up after {patience}; last seen: {state.reason}",
            fix="Look at the resource, then retry the step.",
        ),
        context.now,
    )
