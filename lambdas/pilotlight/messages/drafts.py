"""Drafts in the thread of an incident, for people to copy: when it begins, with each update, and when it ends."""

from __future__ import annotations

from collections.abc import Sequence

from pilotlight.domain.decision import VerdictKind
from pilotlight.domain.records import Record, RecordKind
from pilotlight.domain.run import Outcome, Review
from pilotlight.domain.stages import StageName
from pilotlight.messages.mrkdwn import Block, copyable, quoted, section
from pilotlight.report.drafts import drafts
from pilotlight.report.incident import IncidentView

_LONGEST = 6_000
"""Of one draft so much is shown; the report has it whole."""


def draft_blocks(view: IncidentView, records: Sequence[Record]) -> list[Block]:
    """The drafts that are due with these records, if any: a notice with each turn, the case where it is new."""
    if not is_wanted(view):
        return []
    case, notice = drafts(view)
    turns = [turn for record in records if (turn := _turn(record))]
    shown = [*([case] if "case" in turns else []), *([notice] if turns else [])]
    return [block for title, text in shown for block in _draft(title, text)]


def is_wanted(view: IncidentView) -> bool:
    """Whether the plan asks for drafts, by the newest record that says so."""
    said = [r.entry.details["drafts"] for r in view.records if "drafts" in r.entry.details]
    return bool(said and said[-1])


def _turn(record: Record) -> str:
    """What is due with a record: `case` for a case and a notice, `notice` for that alone, empty for nothing."""
    details = record.entry.details
    match record.entry.kind:
        case RecordKind.RUN_OPENED:
            return "case"
        case RecordKind.VERDICT:
            return "case" if details["verdict"] == VerdictKind.BLOCK else ""
        case RecordKind.REMINDER:
            return "" if details["level"] else "notice"
        case RecordKind.STAGE_REVIEWED:
            return "notice" if details["stage"] == StageName.SERVE and details["review"] == Review.GO_ON else ""
        case RecordKind.RUN_CLOSED:
            return "case" if details.get("outcome") == Outcome.FAILED else "notice"
        case _:
            return ""


def _draft(title: str, text: str) -> list[Block]:
    heading = f"*{quoted(title)}.* A draft, to copy and complete; nothing of it was sent."
    return [section(heading), *(section(part) for part in copyable(text, _LONGEST))]
