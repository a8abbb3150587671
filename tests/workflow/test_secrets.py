"""No secret stands in any sink, whatever happens: not in the log, the ledger, Slack, the report or a state machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rehearsal.kept_secrets import SOME_SECRET
from rehearsal.report import write_report
from rehearsal.services.step_functions import StepFunctions
from tests.workflow.played import played
from tests.workflow.test_scenarios import everything

pytestmark = pytest.mark.full


@everything
def test_no_secret_stands_in_any_sink(name: str, tmp_path: Path) -> None:
    seen = played(name)
    secrets = {SOME_SECRET, seen.scene.slack.token}
    histories = [e.history for e in seen.scene.account.aws.service(StepFunctions).executions.values()]
    report = write_report(seen, tmp_path)
    sinks = {
        "log": seen.scene.account.log.getvalue(),
        "ledger": json.dumps([record.to_item() for record in seen.records]),
        "slack": json.dumps(seen.result.messages),
        "report": report.read_text() if report else "",
        "machine": str(histories),
        "result": json.dumps(seen.result.to_json()),
    }

    assert len(sinks["log"]) > 1000, "the log is a sink like the others, and was caught"
    assert {sink: secret for sink, text in sinks.items() for secret in secrets if secret in text} == {}


def test_the_secrets_were_used() -> None:
    read = [line.resource for line in played("outage").scene.world.trace if line.operation == "GetSecretValue"]

    assert any("slack" in resource for resource in read)
    assert any("slack" not in resource for resource in read)
