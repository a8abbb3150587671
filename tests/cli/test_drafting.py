"""`drafts`: printed from the ledger, for a person to copy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cli.drafting import Wanted, draft
from pilotlight.domain.canonical import canonical
from pilotlight.domain.errors import Unavailable
from pilotlight.domain.records import Record
from tests.cli.test_rehearse import FILEFLOW, ROOT
from tests.report import stories

PLAN = ROOT / FILEFLOW


class LedgerTable:
    """The ledger's table, as DynamoDB answers a query of it."""

    def __init__(self, records: Sequence[Record], trouble: Exception | None = None) -> None:
        self._records = records
        self._trouble = trouble

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        assert (service, operation, region) == ("dynamodb", "Query", "ap-northeast-1")
        if self._trouble:
            raise self._trouble
        items = [
            {
                "partition": {"S": "fileflow"},
                "sort": {"S": f"{record.sequence:010d}"},
                "version": {"N": "1"},
                "body": {"S": canonical(record.to_item())},
            }
            for record in self._records
        ]
        newest_first = parameters.get("ScanIndexForward") is False
        return {"Items": items[::-1][: parameters.get("Limit")] if newest_first else items}


def test_both_drafts_of_the_newest_incident_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert draft(Wanted(PLAN), LedgerTable(stories.failed().records)) == 0

    said = capsys.readouterr().out
    assert "--- Case with AWS Support ---\nSubject: fileflow could not be failed over" in said
    assert "--- Notice to customers (update) ---\nUpdate, 01:16 UTC: [fileflow]" in said


def test_an_incident_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert draft(Wanted(PLAN, "fileflow-of-yesterday"), LedgerTable(stories.failed().records)) == 1
    assert draft(Wanted(PLAN), LedgerTable([])) == 1

    said = capsys.readouterr().err
    assert "holds incident fileflow-of-yesterday not; leave it out for the newest." in said
    assert "the ledger of fileflow in ap-northeast-1 holds no incident." in said


def test_a_ledger_that_cannot_be_read_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    trouble = Unavailable("dynamodb", "Query", "ap-northeast-1", "RequestTimeout", "nobody answers")

    assert draft(Wanted(PLAN), LedgerTable([], trouble)) == 1

    assert "the ledger of fileflow could not be read: dynamodb Query in ap-northeast-1" in capsys.readouterr().err


def test_a_plan_that_is_wrong_is_refused(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("application: x")

    assert draft(Wanted(plan), LedgerTable([])) == 2
