"""No mutating call without a lease, an intent and an outcome; no secret in either."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pilotlight.aws.guarded import GuardedAws
from pilotlight.aws.leases import Leases
from pilotlight.aws.ledger import Ledger
from pilotlight.aws.tables import MemoryTable
from pilotlight.domain.errors import InvalidState, StaleActor
from pilotlight.domain.records import RecordKind
from tests.aws.test_control import a_run

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
REGION = "ap-northeast-1"


class Answers:
    """An AWS that notes what it was asked, and may refuse."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.asked: list[str] = []
        self.refusal = refusal

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        self.asked.append(operation)
        if self.refusal:
            raise self.refusal
        return {"ok": True}


class Desk:
    def __init__(self, refusal: Exception | None = None, holder: str = "fileflow-e1") -> None:
        self.aws = Answers(refusal)
        self.leases = Leases(MemoryTable())
        self.ledger = Ledger(MemoryTable(), pause=lambda lost: None)
        self.grant(holder)
        self.guarded = GuardedAws(
            self.aws, self.ledger, self.leases, a_run(), "promote", lambda: NOON, touches_writers=False
        )

    def grant(self, holder: str) -> None:
        self.leases.grant(self.leases.seen(["fileflow"]), holder, f"arn:{holder}", NOON)

    def kinds(self) -> list[RecordKind]:
        return [record.entry.kind for record in self.ledger.records("fileflow")]


def test_a_read_needs_no_lease_and_leaves_no_trace() -> None:
    desk = Desk(holder="somebody-else")

    desk.guarded.call("rds", "DescribeDBInstances", REGION)

    assert desk.aws.asked == ["DescribeDBInstances"]
    assert desk.kinds() == []


def test_a_write_is_announced_before_it_is_made_and_its_outcome_follows() -> None:
    desk = Desk()

    desk.guarded.call("rds", "PromoteReadReplica", REGION, DBInstanceIdentifier="replica")

    intent, outcome = (record.entry for record in desk.ledger.records("fileflow"))
    assert (intent.kind, outcome.kind) == (RecordKind.INTENT, RecordKind.OUTCOME)
    assert intent.details["parameters"] == {"DBInstanceIdentifier": "replica"}
    assert intent.sentence == "promote is about to call rds PromoteReadReplica in ap-northeast-1."


def test_an_actor_that_lost_its_lease_changes_nothing() -> None:
    desk = Desk(holder="fileflow-e2")

    with pytest.raises(StaleActor, match="held by fileflow-e2"):
        desk.guarded.call("rds", "PromoteReadReplica", REGION)

    assert desk.aws.asked == []
    assert desk.kinds() == []


def test_an_older_epoch_changes_nothing_even_under_the_same_name() -> None:
    desk = Desk()
    desk.leases.release(["fileflow"], "fileflow-e1")
    desk.grant("fileflow-e1")

    with pytest.raises(StaleActor, match="epoch 2"):
        desk.guarded.call("rds", "PromoteReadReplica", REGION)


def test_a_refusal_is_an_outcome_too() -> None:
    desk = Desk(
        refusal=InvalidState(
            "rds",
            "PromoteReadReplica",
            REGION,
            "InvalidDBInstanceState",
            "DB Instance is not in available state.",
        )
    )

    with pytest.raises(InvalidState):
        desk.guarded.call("rds", "PromoteReadReplica", REGION)

    assert desk.kinds() == [RecordKind.INTENT, RecordKind.OUTCOME]
    assert desk.ledger.records("fileflow")[-1].entry.details["error"] == "InvalidDBInstanceState"


@pytest.mark.parametrize(
    "parameters",
    [
        {"AuthToken": "canary-secret"},
        {"Name": "/x", "Value": "canary-secret", "Type": "SecureString"},
        {"Nested": {"Deep": [{"MasterUserPassword": "canary-secret"}]}},
    ],
)
def test_no_secret_is_written_down(parameters: dict[str, Any]) -> None:
    desk = Desk()

    desk.guarded.call("elasticache", "CreateReplicationGroup", REGION, **parameters)

    written = json.dumps([record.to_item() for record in desk.ledger.records("fileflow")])
    assert "canary-secret" not in written
    assert "(withheld)" in written
