"""The gate before the first disruptive step: what it lets through, what it blocks, and what a person may override."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deployment import names
from pilotlight.domain.data_loss import Override
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.rds import Rds
from rehearsal.wire import Call, ServiceError
from tests.builders import STANDBY, STANDBY_HOST, a_plan
from tests.handlers.conftest import Desk, a_desk
from tests.handlers.test_close import close
from tests.handlers.test_open import CONFIRMED, furnish, open_run

OPEN = names.open_function("fileflow")


@pytest.fixture
def opened(desk: Desk) -> Desk:
    """A run by a person, whose primary went dark after its replica had reported its lag for long."""
    furnish(desk)
    desk.world.time.sleep(600)
    return open_in(desk)


def open_in(desk: Desk) -> Desk:
    desk.darken()
    open_run(desk, "by-hand", CONFIRMED)
    return desk


def report_lag(desk: Desk, seconds: float, minutes_ago: float = 1.5) -> None:
    """CloudWatch holds that lag for a minute that began so long before the run's onset."""
    onset = desk.inside(lambda: desk.control.run("by-hand")).clocks.onset
    metrics, dimensions = desk.account.aws.service(CloudWatch), {"DBInstanceIdentifier": "the-replica"}
    at = onset - timedelta(minutes=minutes_ago)
    metrics.put_metric(STANDBY, "AWS/RDS", "ReplicaLag", dimensions, at, seconds)


def hold(desk: Desk) -> Any:
    return desk.call(OPEN, {"do": "gate", "run_id": "by-hand"})


def accept(desk: Desk, **differences: Any) -> Override:
    """Somebody overrides the gate for the run, unknown losses too."""
    override = Override(
        run_id="by-hand",
        person="U024BE7LH",
        proven=True,
        reason="Orders are replayed.",
        granted=desk.now,
        expires=desk.now + timedelta(minutes=30),
        accepted_seconds=None,
    )
    override = replace(override, **differences)
    desk.inside(lambda: desk.control.keep_override(override))
    return override


class TestWhatPasses:
    def test_a_loss_within_the_limit_is_recorded_with_its_window(self, opened: Desk) -> None:
        report_lag(opened, 10.0)

        assert hold(opened)["next"] == "go"

        run = opened.inside(lambda: opened.control.run("by-hand"))
        assert run.clocks.onset is not None
        passed_window = run.loss_window
        assert passed_window is not None
        assert passed_window.ended == run.clocks.onset
        assert run.lag_at_onset_seconds == pytest.approx(100.0, abs=0.01)
        passed = opened.records(RecordKind.GATE_PASSED)[0].entry
        assert passed.details["lag_seconds"] == run.lag_at_onset_seconds
        assert passed.details["loss_window"] == passed_window.to_item()
        assert f"the writes {passed_window} may be lost" in passed.details["data_loss_sentence"]
        assert "within the 15 min that the plan accepts to lose" in passed.sentence

    def test_what_it_read_is_in_the_record_that_closes_the_run(self, opened: Desk) -> None:
        report_lag(opened, 10.0)
        hold(opened)

        close(opened, "by-hand")

        closed = opened.records(RecordKind.RUN_CLOSED)[0].entry
        assert closed.details["loss_window"] == opened.records(RecordKind.GATE_PASSED)[0].entry.details["loss_window"]

    def test_a_plan_that_moves_no_database_loses_none(self) -> None:
        params = {"url": "https://fileflow.example.com/health", "connect_to": STANDBY_HOST}
        check = {"step": "check", "kind": "check_http", "params": params}
        with a_desk(a_plan(stages={"serve": {"application": [check]}})) as desk:
            open_in(desk)

            assert hold(desk)["next"] == "go"
            assert "No step moves a database" in desk.records(RecordKind.GATE_PASSED)[0].entry.sentence


class TestWhatIsBlocked:
    def test_a_loss_above_the_limit(self, opened: Desk) -> None:
        report_lag(opened, 40 * 60.0)

        assert hold(opened)["next"] == "close"

        run = opened.inside(lambda: opened.control.run("by-hand"))
        assert run.outcome is Outcome.BLOCKED
        assert "41 min 30 s is more than the 15 min that the plan accepts to lose" in run.outcome_reason
        assert opened.records(RecordKind.GATE_PASSED, RecordKind.INTENT) == []

    def test_the_plans_own_limit_goes_before_its_objective(self) -> None:
        with a_desk(a_plan(gates={"max_data_loss": "1 min"})) as desk:
            furnish(desk)
            open_in(desk)
            report_lag(desk, 10.0)

            assert hold(desk)["next"] == "close"

    def test_a_limit_of_zero_is_a_limit(self) -> None:
        with a_desk(a_plan(gates={"max_data_loss": "0 s"})) as desk:
            furnish(desk)
            open_in(desk)
            report_lag(desk, 0.0)

            assert hold(desk)["next"] == "close"

    def test_an_unknown_loss_and_the_run_ends_blocked(self, opened: Desk) -> None:
        answer = hold(opened)

        assert answer["next"] == "close"
        assert "because CloudWatch holds no ReplicaLag" in answer["sentence"]
        assert close(opened, "by-hand") == {"outcome": "BLOCKED", "reason": answer["sentence"]}

    def test_a_replication_that_a_person_stopped(self, opened: Desk) -> None:
        report_lag(opened, 2.0)
        opened.account.aws.service(Rds).stop_replication(STANDBY, "the-replica")

        assert "because its replication is stopped" in hold(opened)["sentence"]

    def test_a_loss_that_cannot_be_read(self, opened: Desk) -> None:
        report_lag(opened, 2.0)
        opened.account.aws.service(Rds).remove(STANDBY, "the-replica")

        assert "How far replica the-replica was behind is unknown" in hold(opened)["sentence"]

    def test_a_loss_that_aws_does_not_tell(self, opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        report_lag(opened, 2.0)
        metrics = opened.account.aws.service(CloudWatch)
        answer = metrics.answer

        def answering(call: Call) -> Any:
            if call.operation == "GetMetricData":
                raise ServiceError("AccessDenied", "No.", 403)
            return answer(call)

        monkeypatch.setattr(metrics, "answer", answering)

        assert "What step promote would lose is unknown: cloudwatch" in hold(opened)["sentence"]


class TestAnOverride:
    def test_it_lets_the_run_pass_and_its_use_is_written_down_once(self, opened: Desk) -> None:
        override = accept(opened)

        assert hold(opened)["next"] == "go"
        assert hold(opened)["next"] == "go"

        (used,) = opened.records(RecordKind.OVERRIDDEN)
        assert used.entry.sentence == (
            "The data-loss gate is overridden by U024BE7LH (proven) for run by-hand: Orders are replayed."
        )
        assert Override.from_item(used.entry.details["override"]) == override
        assert "U024BE7LH (proven) accepts an unknown loss" in opened.records(RecordKind.GATE_PASSED)[0].entry.sentence

    def test_one_that_is_only_claimed_is_refused_and_not_used(self, opened: Desk) -> None:
        accept(opened, proven=False)

        answer = hold(opened)

        assert answer["next"] == "close"
        assert "The override by U024BE7LH is refused, because that name is claimed" in answer["sentence"]
        assert opened.records(RecordKind.OVERRIDDEN) == []

    def test_one_that_has_expired_is_refused(self, opened: Desk) -> None:
        accept(opened, expires=opened.now)

        assert "it expired at" in hold(opened)["sentence"]

    def test_that_of_another_run_is_not_seen(self, opened: Desk) -> None:
        accept(opened, run_id="fileflow-e7")

        assert hold(opened)["next"] == "close"

    def test_it_is_no_help_where_the_primary_is_back(self, opened: Desk) -> None:
        accept(opened)
        opened.recover()

        hold(opened)

        assert opened.inside(lambda: opened.control.run("by-hand")).outcome is Outcome.NOT_NEEDED
        assert opened.records(RecordKind.OVERRIDDEN) == []
