"""The page: what goes over SNS to mail and pagers, when it is urgent, or weighty while Slack is out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pilotlight.domain.records import Record
from pilotlight.report.foreign import tame
from pilotlight.report.incident import IncidentView
from pilotlight.report.standing import graded
from pilotlight.report.text import hanging, record_line, summary
from pilotlight.report.times import since_onset

SUBJECT_LIMIT = 100
"""SNS takes no longer subject, and only printable ASCII in it (SNS API reference, Publish, Subject)."""

_MOST_LINES = 20


@dataclass(frozen=True)
class Page:
    """A subject and a body."""

    subject: str
    body: str


def page_of(view: IncidentView, records: Sequence[Record], trouble: str = "") -> Page:
    """What happened, how it stands, and why Slack does not say so where it does not."""
    lines = [hanging(since_onset(view, record.entry.time), record_line(record)) for record in records[-_MOST_LINES:]]
    body = "\n".join(["", "What is new", *lines]) + "\n" if lines else ""
    silent = f"\nSlack was not told: {tame(trouble)}\n" if trouble else ""
    return Page(_subject(view), f"{summary(view)}{body}{silent}")


def _subject(view: IncidentView) -> str:
    line = tame(f"Pilotlight {graded(view).severity.value}: {view.outlook.headline}", SUBJECT_LIMIT - 2).replace(
        "…", "..."
    )[:SUBJECT_LIMIT]
    return "".join(character if " " <= character <= "~" else "?" for character in line)
