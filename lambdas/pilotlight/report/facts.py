"""What one record of the ledger says by itself, as the view has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pilotlight.domain.data_loss import LossWindow
from pilotlight.domain.records import Record, RecordKind
from pilotlight.domain.severity import Severities
from pilotlight.domain.step import Severity
from pilotlight.domain.word import Mode
from pilotlight.report.incident import FindingView, RunView
from pilotlight.report.surroundings import HealthView, TakenUp


def window(details: Mapping[str, Any]) -> LossWindow | None:
    """When the writes that may be lost began and ended."""
    moments = details.get("loss_window")
    return LossWindow.from_item(moments) if moments else None


def run_of(record: Record) -> RunView:
    """The run that a record opens."""
    details = record.entry.details
    return RunView(
        run_id=record.entry.run_id,
        origin=details.get("origin", ""),
        requested_by=details.get("requested_by", ""),
        proven=bool(details.get("proven")),
        reason=details.get("reason", ""),
        epoch=int(details.get("epoch", 0)),
        plan_digest=details.get("plan_digest", ""),
        opened=record.entry.time,
        execution_arn=details.get("execution_arn", ""),
        planned=details.get("mode") == Mode.PLANNED,
    )


def finding(found: Mapping[str, str]) -> FindingView:
    """One thing that preflight found."""
    return FindingView(
        Severity(found["severity"]), found["code"], found["sentence"], found.get("fix", ""), found.get("step", "")
    )


def severities(details: Mapping[str, Any]) -> Severities | None:
    """How the plan names and weighs its incidents, where a record says so."""
    held = details.get("severities")
    return Severities.model_validate(held) if held else None


def taken_up(record: Record) -> TakenUp | None:
    """Who took the incident up by this record: a person whose word is proven, or one whom the pager names."""
    details, time = record.entry.details, record.entry.time
    if record.entry.kind is RecordKind.TAKEN_UP:
        return TakenUp(time, details.get("by", ""), details.get("where", ""))
    word = details.get("word") or {}
    return TakenUp(time, word["person"]) if word.get("proven") is True else None


def health(record: Record) -> HealthView:
    """What AWS Health says by this record."""
    details, entry = record.entry.details, record.entry
    since = datetime.fromisoformat(details["since"]) if details.get("since") else None
    return HealthView(
        entry.time, details["event"], details.get("service", ""), details.get("region", ""), entry.sentence, since,
        over=bool(details.get("over")),
    )  # fmt: skip
