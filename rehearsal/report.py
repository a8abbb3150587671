"""Writes the report of a rehearsal: the same page that a real incident has, made of the ledger's records."""

from __future__ import annotations

from pathlib import Path

from pilotlight.domain.records import RecordKind
from pilotlight.report.html import page
from pilotlight.report.view import incident_of, view
from rehearsal.play import AnyPlayed


def write_report(played: AnyPlayed, folder: Path) -> Path | None:
    """Write the report of a rehearsal into a folder, and say where; the folder is made if it is not there.

    A rehearsal without an incident has none.
    """
    opened = [record for record in played.records if record.entry.kind is RecordKind.RUN_OPENED]
    named = [name for record in opened or played.records if (name := incident_of(record))]
    if not named:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    result = played.result
    path = folder / f"{result.application}-{result.scenario}-{result.seed}.html"
    path.write_text(page(view(played.records, named[-1])), encoding="utf-8")
    return path
