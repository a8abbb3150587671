"""Which records people are told: what changed for them. The ledger keeps the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from pilotlight.domain.decision import VerdictKind
from pilotlight.domain.records import Record, RecordKind

_ANNOUNCED_VERDICTS = (VerdictKind.START, VerdictKind.BLOCK)


def noteworthy(records: Sequence[Record]) -> list[Record]:
    """The records of one incident, from its first on, that a thread, a terminal or a mail has a line for.

    A signal counts when its observer sees something else than before, an AWS call when it was refused.
    """
    sights: dict[str, str] = {}
    asked = ""
    told: list[Record] = []
    for record in records:
        details = record.entry.details
        match record.entry.kind:
            case RecordKind.SIGNAL:
                news = sights.get(details["observer"]) != details["sight"]
                sights[details["observer"]] = details["sight"]
            case RecordKind.VERDICT:
                news, asked = _weigh(details["verdict"], asked)
            case RecordKind.OUTCOME:
                news = bool(details.get("error"))
            case RecordKind.INTENT | RecordKind.READINESS:
                # News of readiness belong to no incident, and are told by themselves.
                news = False
            case RecordKind.RUN_OPENED:
                news, asked = True, ""
            case (
                RecordKind.RUN_CONFIRMED | RecordKind.PREFLIGHT | RecordKind.GATE_PASSED | RecordKind.OVERRIDDEN
                | RecordKind.GATE_WAITING | RecordKind.WORD | RecordKind.DRAINED
                | RecordKind.STEP_STARTED | RecordKind.STEP_WAITING | RecordKind.STEP_SETTLED | RecordKind.STEP_FAILED
                | RecordKind.STEP_SKIPPED | RecordKind.STEP_UNDONE | RecordKind.TOMBSTONE | RecordKind.STAGE_WAITING
                | RecordKind.STAGE_REVIEWED | RecordKind.RUN_CLOSED | RecordKind.REMINDER | RecordKind.TAKEN_UP
                | RecordKind.AWS_HEALTH | RecordKind.DRILL_CLEANED
            ):  # fmt: skip
                news = True
            case _:
                assert_never(record.entry.kind)
        if news:
            told.append(record)
    return told


def _weigh(verdict: str, asked: str) -> tuple[bool, str]:
    """Whether a verdict is news after what was last asked of people, and what is asked of them from now on.

    One that starts or asks for something is news until it is said; one that calls that off is news as well.
    """
    if verdict in _ANNOUNCED_VERDICTS:
        return verdict != asked, verdict
    if verdict == VerdictKind.IGNORE:
        return bool(asked), ""
    return False, asked


def urgent(record: Record) -> bool:
    """Whether a noteworthy record is paged in any case: people must decide, a run began, waits or ended."""
    match record.entry.kind:
        case RecordKind.RUN_OPENED | RecordKind.GATE_WAITING | RecordKind.STAGE_WAITING | RecordKind.RUN_CLOSED:
            return True
        case RecordKind.VERDICT:
            return bool(record.entry.details["verdict"] == VerdictKind.BLOCK)
        case RecordKind.REMINDER:
            return bool(record.entry.details["level"])
        case _:
            return False


def weighty(record: Record) -> bool:
    """Whether a noteworthy record goes to the pager where Slack does not work: the turns of a run."""
    turns = (
        RecordKind.RUN_CONFIRMED, RecordKind.GATE_PASSED, RecordKind.OVERRIDDEN, RecordKind.DRAINED,
        RecordKind.STEP_FAILED,
    )  # fmt: skip
    return urgent(record) or record.entry.kind in turns
