"""What a person says about a run, and whether that person may say it now.

A name is proven where AWS itself said who signed the word, else it is claimed. A claimed word may only hold a run,
because stopping is always safe. Who may say the rest stands in the plan, and an empty list is nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from pilotlight.domain.canonical import digest

OVERRIDE_LASTS = timedelta(minutes=30)
"""How long a person's word that data may be lost is good for: what was known when it was said grows old."""

UNKNOWN_LOSS = "unknown"
"""What an override accepts that accepts a loss of which nobody knows how great it is."""

STARTS = "starts"
"""What an acknowledgement accepts that lets the account's automatic starts be counted anew."""


class WordKind(StrEnum):
    """What may be said."""

    APPROVE = "approve"
    HOLD = "hold"
    RELEASE = "release"
    ABORT = "abort"
    OVERRIDE = "override"
    CHANGE = "change"
    ACKNOWLEDGE = "acknowledge"
    RETRY = "retry"
    SKIP = "skip"
    START = "start"


class Mode(StrEnum):
    """How a run moves its writer: `planned` drains the standby and loses nothing, or moves nothing; `unplanned` drains
    where the primary still answers, and goes on without it."""

    PLANNED = "planned"
    UNPLANNED = "unplanned"


@dataclass(frozen=True)
class Word:
    """One word of one person about one run. `accept` is what it accepts or asks for: a loss, a mode, a step, ..."""

    kind: WordKind
    run_id: str
    person: str
    proven: bool
    reason: str
    given: datetime
    accept: str = ""

    @property
    def who(self) -> str:
        """The person, and how far the name is to be believed."""
        return f"{self.person} ({'proven' if self.proven else 'claimed'})"

    @property
    def because(self) -> str:
        """The reason as the end of a sentence."""
        return f", because: {self.reason.rstrip('. ')}." if self.reason.strip() else ", who gave no reason."

    def to_item(self) -> dict[str, Any]:
        """The word as a JSON object."""
        return {**asdict(self), "kind": self.kind.value, "given": self.given.isoformat()}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read it back."""
        return cls(
            kind=WordKind(item["kind"]),
            run_id=item["run_id"],
            person=item["person"],
            proven=item["proven"] is True,
            reason=item["reason"],
            given=datetime.fromisoformat(item["given"]),
            accept=item["accept"],
        )


def binding(application: str, kind: WordKind, run_id: str, reason: str, accept: str) -> str:
    """What the signature of a word is bound to, so that it proves this word about this run and no other."""
    return digest([application, kind.value, run_id, reason, accept])


def approval(words: Iterable[Word], step: str = "") -> Word | None:
    """The latest approval by a proven person: of the run at its gate, or of a step that asks for one."""
    return _latest(w for w in words if w.kind is WordKind.APPROVE and w.proven and w.accept == step)


def abort(words: Iterable[Word]) -> Word | None:
    """The word that aborts the run."""
    return _latest(w for w in words if w.kind is WordKind.ABORT and w.proven)


def holding(words: Iterable[Word]) -> Word | None:
    """The word that holds the run and was not released; None where it is free to go on."""
    latest = _latest(w for w in words if w.kind in (WordKind.HOLD, WordKind.RELEASE))
    return latest if latest and latest.kind is WordKind.HOLD else None


def mode(words: Iterable[Word]) -> Mode:
    """How the run is to move its writer, by what was said last; unplanned where nobody said anything."""
    changed = change(words)
    return Mode(changed.accept) if changed else Mode.UNPLANNED


def change(words: Iterable[Word]) -> Word | None:
    """The word that says how the run is to move its writer."""
    return _latest(w for w in words if w.kind is WordKind.CHANGE and w.proven)


def _latest(words: Iterable[Word]) -> Word | None:
    return max(words, key=lambda word: word.given, default=None)
