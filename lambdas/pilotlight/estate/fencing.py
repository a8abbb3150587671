"""What all fences share: when the primary counts as unreachable, what they settle with, what they keep for undo.

A fence closes one write path of the old primary, in the primary's region. Where that region does not answer, asked
again and again for `UNREACHABLE_AFTER`, the step settles with `closed: unreachable`: it is no failure, because a
region that is dark cannot be closed from outside, and what a dark region cannot do is wait for a recovery. Any other
trouble fails the step. It never settles with `closed: yes` but on a read that shows it closed.

The same kinds are run by the guard in the primary region, each minute. So `close` looks first and is cheap where it is
closed, and what undo needs is kept as a tag on the closed thing itself, written before anything is changed and never
written over: the state from before is known without a receipt, and a second closing does not take the first one for it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from pilotlight.domain.errors import Unavailable
from pilotlight.domain.standing_in import Isolation, LeftOut
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    Finding,
    Harm,
    NotYet,
    Params,
    Pending,
    Receipt,
    Settled,
    StepContext,
    StepKind,
    Undone,
)

UNREACHABLE_AFTER = timedelta(seconds=8)
"""Three looks at a region that does not answer: each waits 2 s for a connection, and 2 s lie between them."""
POLL = timedelta(seconds=2)
LEFT_BY_HAND = "the region does not answer: leave this step, and do what is said above of a region that does not"
"""When a person who closes by hand stops; what comes then is the plan's own policy."""
CLOSED, UNREACHABLE = {"closed": "yes"}, {"closed": "unreachable"}
MARK_TAG = "pilotlight:fence"
"""The tag that holds whose fence it is and how it stood before, as in `fileflow desired=4 minimum=2`."""

P = TypeVar("P", bound=Params)
T = TypeVar("T")


class Fence(StepKind[P]):
    """A step kind that closes a write path of the primary: a kind says how it closes, looks and reopens."""

    harm: ClassVar[Harm] = Harm.DISRUPTIVE
    fences: ClassVar[bool] = True
    outputs: ClassVar[tuple[str, ...]] = ("closed",)

    @abstractmethod
    def subject(self, params: P) -> str:
        """What is closed, as a sentence begins with it: `Load balancer fileflow-prod`."""

    @abstractmethod
    def close(self, params: P, context: StepContext) -> Receipt | NotYet | Failed:
        """Look, keep what it was, and close; the receipt's data may hold `before` for undo."""

    @abstractmethod
    def read_closed(self, params: P, receipt: Receipt, context: StepContext) -> Settled | Pending | Failed:
        """Whether a read shows it closed; changes nothing."""

    @abstractmethod
    def reopen(self, params: P, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """Give back exactly what was closed, and read it back."""

    def preflight(self, params: P, context: StepContext) -> tuple[Finding, ...]:
        """Nothing: all there is to see of it stands in the primary, which may be dark."""
        return ()

    def execute(self, params: P, context: StepContext) -> Receipt | NotYet | Failed:
        """Close it, unless the primary does not answer for long."""
        done = _unless_silent(context, lambda: self.close(params, context))
        if done is None:
            return Receipt(self._unreachable(params, context), acted=False, data={"reached": False})
        return done

    def verify(self, params: P, receipt: Receipt, context: StepContext) -> Settled | Pending | Failed:
        """Read it closed, unless the primary does not answer for long."""
        if not receipt.data.get("reached", True):
            return Settled(receipt.sentence, UNREACHABLE)
        seen = _unless_silent(context, lambda: self.read_closed(params, receipt, context))
        return seen or Settled(self._unreachable(params, context), UNREACHABLE)

    def undo(self, params: P, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """Reopen it, unless the primary does not answer: it is asked once, so this takes seconds."""
        try:
            return self.reopen(params, receipt, context)
        except Unavailable as silence:
            return CannotUndo(
                f"{self.subject(params)} in {context.place.primary} could not be reached, so nothing was reopened "
                f"there ({silence.code}); undo the step again when the region answers."
            )

    def stand_in(self, params: P, isolation: Isolation) -> LeftOut:
        """A drill never fences production."""
        return LeftOut(
            f"{self.subject(params)} cannot be closed in a drill because it serves production; a full drill closes it."
        )

    def _unreachable(self, params: P, context: StepContext) -> str:
        return (
            f"{self.subject(params)} in {context.place.primary} could not be reached, so no read shows it closed; the "
            "tombstone is written first and the guard closes it when the region returns."
        )


def _unless_silent(context: StepContext, look: Callable[[], T]) -> T | None:
    """What the primary answers; None where the step has waited long enough and it is silent twice in a row."""
    try:
        return look()
    except Unavailable:
        if context.waited < UNREACHABLE_AFTER:
            raise
    try:
        return look()
    except Unavailable:
        return None


def receipt(sentence: str, *, acted: bool, before: Mapping[str, Any] | None) -> Receipt:
    """The receipt of a fence that reached its resource; `before` is None where another fence keeps it."""
    return Receipt(sentence, acted, {"reached": True, "before": dict(before) if before is not None else None})


def write_mark(application: str, **said: object) -> str:
    """The value of the tag; every AWS service allows its characters in one."""
    return " ".join([application, *(f"{name}={value}" for name, value in said.items())])


def read_mark(tags: Mapping[str, str], application: str | None, *names: str) -> dict[str, str] | None:
    """What the mark says; None without one of this application (of any, for None), or where a name is missing."""
    owner, *parts = tags.get(MARK_TAG, "").split(" ")
    said = dict(part.split("=", 1) for part in parts if "=" in part)
    ours = bool(owner) and application in (None, owner)
    return said if ours and set(names) <= said.keys() else None


def mark_left(subject: str) -> Finding:
    """A fence that a person reopened by hand left its tag, whose values a later undo would bring back."""
    return Finding.warning(
        "fence-mark-left",
        f"{subject} is open and still bears the tag {MARK_TAG} of an earlier fence.",
        "If it stands as it is to stand, remove the tag; a later undo would bring back what the tag says.",
    )


def missing(subject: str, region: str) -> Finding:
    """What the plan names is not there."""
    sentence = f"{subject} cannot be closed because {region} has none of that name."
    return Finding.impossible("missing", sentence, "Correct its name in the plan and deploy, then start the run again.")


def failed(finding: Finding) -> Failed:
    """A finding, met in a run."""
    return Failed(finding.sentence, finding.fix)
