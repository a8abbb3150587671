"""A promotion that is done twice, interrupted, or looked back at: only the role counts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from pilotlight.domain.life import StepState, StepStatus, advance
from pilotlight.domain.step import (
    Failed,
    NotYet,
    Pending,
    Receipt,
    Settled,
)
from pilotlight.steps.promote_replica import KIND
from rehearsal.services.rds_instance import Instance, Status
from rehearsal.wire import Call, ServiceError
from tests.steps.conftest import Bench
from tests.steps.databases import PROMOTE, REPLICA, TOKYO, Databases, replica_in_tokyo

ONCE = ["rds:AddTagsToResource", "rds:PromoteReadReplica"]


@pytest.fixture
def databases(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Databases:
    return replica_in_tokyo(bench, monkeypatch)


class TestActingTwice:
    def test_executing_twice_promotes_once(self, databases: Databases) -> None:
        first, second = databases.execute(), databases.execute()

        assert isinstance(first, Receipt)
        assert first.acted
        assert isinstance(second, NotYet)
        assert second.reason.startswith(f"Replica {REPLICA} may be promoting since 01:00:0")
        assert databases.bench.writes() == ONCE

    @pytest.mark.parametrize("crash_seconds", [1, 20, 45, 85, 100, 200, 400, 700, 7200])
    def test_a_receipt_that_was_lost_at_any_moment_is_made_up_for(
        self, databases: Databases, crash_seconds: float
    ) -> None:
        databases.execute()
        databases.bench.world.time.sleep(crash_seconds)

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert databases.calls("PromoteReadReplica").count("") == 1

    def test_a_crash_between_mark_and_promotion_costs_no_more_than_the_wait(self, databases: Databases) -> None:
        def crash(call: Call) -> Any:
            raise RuntimeError("the function was stopped")

        databases.answers("PromoteReadReplica", crash)
        with pytest.raises(RuntimeError):
            databases.execute()
        begun = databases.bench.world.time.now()

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert databases.bench.world.effects[0].started - begun < timedelta(seconds=100)

    def test_an_answer_that_was_lost_is_read_back_and_not_repeated(self, databases: Databases) -> None:
        databases.bench.lose_answers("PromoteReadReplica")

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert databases.bench.states[0].reason.startswith("AWS gave no clear answer and is asked again")
        assert databases.bench.writes() == ONCE

    def test_a_request_that_was_lost_is_sent_again_once_it_would_have_shown(self, databases: Databases) -> None:
        def lose(call: Call) -> Any:
            raise ReadTimeoutError(endpoint_url="https://rds.ap-northeast-1.amazonaws.com")

        databases.answers("PromoteReadReplica", lose)

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert len(databases.bench.world.effects) == 1
        assert databases.bench.world.effects[0].started - databases.bench.states[0].started >= timedelta(seconds=90)  # type: ignore[operator]

    def test_a_refusal_that_cannot_be_noted_costs_no_more_than_the_wait(self, databases: Databases) -> None:
        def throttle(call: Call) -> Any:
            databases.refuses("AddTagsToResource", "Throttling")
            raise ServiceError("Throttling", "Rate exceeded")

        databases.answers("PromoteReadReplica", throttle)

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert databases.calls("PromoteReadReplica") == ["Throttling", ""]
        assert databases.bench.world.effects[0].started - databases.bench.context().now < timedelta(seconds=100)

    def test_a_lost_answer_to_the_mark_changes_nothing(self, databases: Databases) -> None:
        databases.bench.lose_answers("AddTagsToResource")

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert databases.calls("PromoteReadReplica") == [""]

    def test_a_new_run_finds_it_done(self, databases: Databases) -> None:
        databases.live()
        later = replace(databases.bench.context(), run_id="fileflow-e2")

        end = databases.bench.inside(lambda: advance(KIND, PROMOTE, StepState(), later))

        assert end.status is StepStatus.SETTLED
        assert end.receipt is not None
        assert end.receipt.sentence == f"Replica {REPLICA} was promoted already, by fileflow-e1."
        assert databases.bench.writes() == ONCE

    def test_reading_back_changes_nothing(self, databases: Databases) -> None:
        receipt = databases.executed()

        for _ in range(20):
            databases.verify(receipt)
            databases.bench.world.time.sleep(60)

        assert databases.bench.writes() == ONCE


class TestDone:
    """Each part of the predicate is needed."""

    RECEIPT_SENTENCE = "It was told to."

    def receipt(self, databases: Databases) -> Receipt:
        return Receipt(
            self.RECEIPT_SENTENCE, True, {"resource_id": databases.instance.resource_id, "run": "fileflow-e1"}
        )

    @pytest.mark.parametrize(
        "status",
        [
            "available",
            "backing-up",
            "storage-optimization",
            "configuring-enhanced-monitoring",
            "configuring-log-exports",
        ],
    )
    def test_a_standalone_instance_that_serves_is_done(self, databases: Databases, status: str) -> None:
        databases.stand_alone()
        databases.instance.status = status

        assert isinstance(databases.verify(self.receipt(databases)), Settled)

    @pytest.mark.parametrize("status", ["modifying", "rebooting", "never-heard-of"])
    def test_one_that_does_not_serve_yet_is_pending_with_its_status(self, databases: Databases, status: str) -> None:
        databases.stand_alone()
        databases.instance.status = status

        seen = databases.verify(self.receipt(databases))

        assert seen == Pending(f"Replica {REPLICA} has left its source and is {status}.")

    def test_one_that_rds_still_reports_replication_of_is_pending(self, databases: Databases) -> None:
        databases.stand_alone()
        databases.instance.replication = "stopped"

        assert isinstance(databases.verify(self.receipt(databases)), Pending)

    def test_a_replica_is_pending_whatever_its_status(self, databases: Databases) -> None:
        assert isinstance(databases.verify(self.receipt(databases)), Pending)

    def test_an_instance_without_an_endpoint_is_pending(
        self, databases: Databases, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        databases.stand_alone()
        monkeypatch.setattr(Instance, "address", "")

        assert isinstance(databases.verify(self.receipt(databases)), Pending)

    def test_other_backups_than_planned_are_said(self, databases: Databases) -> None:
        databases.stand_alone()
        databases.instance.retention_days = 1

        seen = databases.verify(self.receipt(databases))

        assert isinstance(seen, Settled)
        assert seen.reason.endswith("keeps backups 1 d, not the 7 d of the plan.")

    @pytest.mark.parametrize(
        ("status", "way_out"),
        [
            ("storage-full", "Give it more storage"),
            ("failed", "restore its latest backup"),
            ("incompatible-parameters", "Correct its parameter group"),
            ("incompatible-something-new", "restore its latest backup"),
            ("inaccessible-encryption-credentials", "Enable its KMS key"),
            ("insufficient-capacity", "Choose an instance class"),
            ("stopped", "Start the instance"),
            ("deleting", "restore its latest backup"),
        ],
    )
    def test_a_status_that_does_not_mend_fails_with_the_way_out(
        self, databases: Databases, status: str, way_out: str
    ) -> None:
        databases.instance.status = status

        before, after = databases.execute(), databases.verify(self.receipt(databases))

        assert isinstance(before, Failed)
        assert before == after
        assert before.reason == f"Instance {REPLICA} is {status}, which does not mend by waiting."
        assert way_out in before.fix

    def test_a_promotion_that_ends_in_full_storage_fails(self, databases: Databases) -> None:
        databases.rds.fail_promotion(TOKYO, REPLICA)

        end = databases.live()

        assert end.status is StepStatus.FAILED
        assert end.fix.startswith("Give it more storage")

    def test_a_promotion_that_comes_to_nothing_fails_and_can_be_retried(self, databases: Databases) -> None:
        databases.rds.fail_promotion(TOKYO, REPLICA, Status.AVAILABLE)

        end = databases.live()
        again = databases.live()

        assert end.status is StepStatus.FAILED
        assert re.fullmatch(
            rf"Replica {REPLICA} still has its source \d+ min \d\d s after RDS accepted its promotion\.", end.reason
        )
        assert again.status is StepStatus.SETTLED

    def test_an_instance_that_is_deleted_meanwhile_fails(self, databases: Databases) -> None:
        databases.after_call("PromoteReadReplica", lambda: databases.rds.remove(TOKYO, REPLICA))

        end = databases.live()

        assert end.status is StepStatus.FAILED
        assert end.reason == f"Replica {REPLICA} was deleted or replaced after its promotion was asked for."

    def test_another_instance_of_the_same_name_is_not_taken_for_it(self, databases: Databases) -> None:
        receipt = databases.executed()
        databases.rds.add_instance(TOKYO, REPLICA, tags=dict(databases.instance.tags))

        assert isinstance(databases.verify(receipt), Failed)
