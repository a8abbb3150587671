"""The words of the ledger: what is written down, in order, and never changed.

Each application has one chain. A record holds the hash of the one before it, so that a record that was changed, taken
out or put in later is found by `broken_link`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pilotlight.domain.canonical import digest

GENESIS = "0" * 64


class RecordKind(StrEnum):
    """What a record says."""

    SIGNAL = "signal"
    VERDICT = "verdict"
    RUN_OPENED = "run_opened"
    RUN_CONFIRMED = "run_confirmed"
    PREFLIGHT = "preflight"
    WORD = "word"
    GATE_WAITING = "gate_waiting"
    GATE_PASSED = "gate_passed"
    OVERRIDDEN = "overridden"
    DRAINED = "drained"
    STEP_STARTED = "step_started"
    STEP_WAITING = "step_waiting"
    STEP_SETTLED = "step_settled"
    STEP_FAILED = "step_failed"
    STEP_SKIPPED = "step_skipped"
    STEP_UNDONE = "step_undone"
    TOMBSTONE = "tombstone"
    INTENT = "intent"
    OUTCOME = "outcome"
    STAGE_WAITING = "stage_waiting"
    STAGE_REVIEWED = "stage_reviewed"
    REMINDER = "reminder"
    TAKEN_UP = "taken_up"
    AWS_HEALTH = "aws_health"
    DRILL_CLEANED = "drill_cleaned"
    RUN_CLOSED = "run_closed"
    READINESS = "readiness"


@dataclass(frozen=True)
class Entry:
    """What is to be written: of which application and run, what happened when, and the sentence that says it."""

    application: str
    kind: RecordKind
    time: datetime
    sentence: str
    run_id: str = ""
    step: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """An entry as it stands in its application's chain."""

    entry: Entry
    sequence: int
    previous: str
    hash: str

    @classmethod
    def after(cls, last: Self | None, entry: Entry) -> Self:
        """The record that follows `last`; the first one follows nothing."""
        sequence = last.sequence + 1 if last else 1
        previous = last.hash if last else GENESIS
        return cls(entry, sequence, previous, _hash(entry, sequence, previous))

    def to_item(self) -> dict[str, Any]:
        """The record as a JSON object."""
        entry = {
            **asdict(self.entry),
            "kind": self.entry.kind.value,
            "time": self.entry.time.isoformat(),
            "details": dict(self.entry.details),
        }
        return {**entry, "sequence": self.sequence, "previous": self.previous, "hash": self.hash}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read a record back; raises KeyError or ValueError for what is none."""
        entry = Entry(
            application=item["application"],
            kind=RecordKind(item["kind"]),
            time=datetime.fromisoformat(item["time"]),
            sentence=item["sentence"],
            run_id=item["run_id"],
            step=item["step"],
            details=item["details"],
        )
        return cls(entry, int(item["sequence"]), item["previous"], item["hash"])


def _hash(entry: Entry, sequence: int, previous: str) -> str:
    return digest([
        entry.application, entry.kind.value, entry.time.isoformat(), entry.sentence, entry.run_id, entry.step,
        dict(entry.details), sequence, previous,
    ])  # fmt: skip


def broken_link(records: Sequence[Record]) -> str | None:
    """The first fault in a chain, as a sentence; None where it is whole."""
    last: Record | None = None
    for record in records:
        if record.hash != _hash(record.entry, record.sequence, record.previous):
            return f"Record {record.sequence} of {record.entry.application} was changed after it was written."
        if last and (record.sequence != last.sequence + 1 or record.previous != last.hash):
            return f"Record {record.sequence} of {record.entry.application} does not follow record {last.sequence}."
        last = record
    return None
