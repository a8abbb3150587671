"""What is looked at before a promotion is needed, and before a run acts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from pilotlight.domain.step import (
    Finding,
    Severity,
)
from pilotlight.steps.promote_replica import KIND
from rehearsal.services.rds import Rds
from rehearsal.wire import Call, ServiceError
from tests.steps.conftest import Bench
from tests.steps.databases import ARN, PROMOTE, REPLICA, SEOUL, SOURCE, TOKYO, Databases, replica_in_tokyo


@pytest.fixture
def databases(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Databases:
    return replica_in_tokyo(bench, monkeypatch)


class TestReadiness:
    def test_a_replica_in_order_has_only_fine_findings(self, databases: Databases) -> None:
        databases.lag(2.0, databases.bench.world.time.now() - timedelta(minutes=1))

        found = databases.readiness()

        assert {finding.severity for finding in found.values()} == {Severity.FINE}
        assert list(found) == [
            "target", "replicating", "backups", "deletion-protection", "multi-az", "backup-window",
            "instance-class", "parameter-group", "lag",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("code", "difference", "words"),
        [
            ("backups", {"retention_days": 0}, "has no automated backups, so a first full backup follows"),
            ("backups", {"status": "backing-up"}, "is backing-up, so a promotion would have to wait"),
            ("target", {"status": "backing-up"}, "is backing-up, so its promotion would have to wait"),
            ("deletion-protection", {"deletion_protection": False}, "can be deleted by one call"),
            ("replicating", {"replication": "error"}, "is not running (error: The source cannot be reached.)"),
            ("replicating", {"replication": "terminated"}, "is not running (terminated)"),
            ("instance-class", {"instance_class": "db.t3.small"}, "so it is too small for its source's load"),
            ("instance-class", {"instance_class": "db.m5.medium"}, "so it may not carry its source's load"),
            ("parameter-group", {"parameter_group": "default.mysql8.0"}, "would behave differently as the writer"),
            ("backup-window", {"backup_window": "19:30-20:00"}, "overlaps its maintenance window sun:19:00-sun:20:00"),
        ],
    )
    def test_what_is_not_in_order_is_a_warning_with_a_fix(
        self, databases: Databases, code: str, difference: dict[str, Any], words: str
    ) -> None:
        for name, value in difference.items():
            setattr(databases.instance, name, value)

        finding = databases.readiness()[code]

        assert finding.severity is Severity.WARNING
        assert words in finding.sentence
        assert REPLICA in finding.sentence
        assert finding.fix

    @pytest.mark.parametrize("larger", ["db.t3.large", "db.t3.xlarge", "db.t3.2xlarge"])
    def test_a_larger_class_is_fine(self, databases: Databases, larger: str) -> None:
        databases.instance.instance_class = larger

        assert databases.readiness()["instance-class"].severity is Severity.FINE

    def test_default_parameters_are_fine_where_the_source_has_them_too(self, databases: Databases) -> None:
        databases.instance.parameter_group = "default.mysql8.0"
        databases.rds.instance(SEOUL, SOURCE).parameter_group = "default.mysql8.0"

        assert databases.readiness()["parameter-group"].severity is Severity.FINE

    def test_a_planned_window_that_rds_would_refuse_makes_a_promotion_impossible(self, databases: Databases) -> None:
        found = databases.readiness(PROMOTE.model_copy(update={"backup_window": "18:45-19:15"}))

        assert found["backup-window"].severity is Severity.IMPOSSIBLE

    def test_one_zone_is_said_and_fine(self, databases: Databases) -> None:
        databases.instance.multi_az = True
        two = databases.readiness()["multi-az"].sentence
        databases.instance.multi_az = False
        one = databases.readiness()["multi-az"].sentence

        assert two == f"Replica {REPLICA} stands in two zones."
        assert "stands in one zone" in one

    @pytest.mark.parametrize("trouble", ["dark", "denied", "gone"])
    def test_a_source_that_cannot_be_read_is_a_finding_and_no_failure(self, databases: Databases, trouble: str) -> None:
        match trouble:
            case "dark":
                databases.bench.world.darken(SEOUL)
            case "denied":
                databases.monkeypatch.setattr(databases.rds, "answer", _denied_in(SEOUL, databases.rds))
            case "gone":
                databases.rds.remove(SEOUL, SOURCE)

        finding = databases.readiness()["source"]

        assert finding.severity is Severity.WARNING
        assert finding.sentence.startswith(f"Replica {REPLICA} was not compared with its source {SOURCE}, because")

    def test_a_lag_that_is_not_known_is_a_warning(self, databases: Databases) -> None:
        finding = databases.readiness()["lag"]

        assert finding.severity is Severity.WARNING
        assert finding.fix == "Find out why: an unknown lag blocks a failover."

    def test_a_promoted_replica_stands_by_no_longer(self, databases: Databases) -> None:
        databases.live()

        found = databases.readiness()

        assert list(found) == ["target"]
        assert found["target"].sentence == (
            f"Instance {REPLICA} is the promoted writer already, so no replica stands by."
        )

    def test_the_wrong_instance_makes_a_promotion_impossible(self, databases: Databases) -> None:
        databases.stand_alone()

        found = databases.readiness()

        assert [finding.severity for finding in found.values()] == [Severity.IMPOSSIBLE]
        assert "vouch for it" in found["target"].fix

    def test_nothing_is_changed_by_looking(self, databases: Databases) -> None:
        databases.readiness()

        assert databases.bench.writes() == []


class TestPreflight:
    def preflight(self, databases: Databases) -> Finding:
        (finding,) = databases.bench.inside(lambda: KIND.preflight(PROMOTE, databases.bench.context()))
        return finding

    @pytest.mark.parametrize(
        ("status", "severity"),
        [("available", Severity.FINE), ("backing-up", Severity.WARNING), ("storage-full", Severity.IMPOSSIBLE)],
    )
    def test_it_blocks_only_what_is_impossible(self, databases: Databases, status: str, severity: Severity) -> None:
        databases.instance.status = status

        assert self.preflight(databases).severity is severity

    def test_it_is_one_look_in_the_standby(self, databases: Databases) -> None:
        databases.bench.world.darken(SEOUL)

        self.preflight(databases)

        (line,) = databases.bench.world.trace
        assert (line.operation, line.region, line.resource) == ("DescribeDBInstances", TOKYO, ARN)

    def test_it_goes_on_with_what_an_earlier_run_promoted(self, databases: Databases) -> None:
        databases.live()

        assert self.preflight(databases).severity is Severity.WARNING


class TestDataAtRisk:
    def risk(self, databases: Databases, onset: datetime) -> tuple[float | None, datetime | None, str]:
        read = databases.bench.inside(lambda: KIND.data_at_risk(PROMOTE, databases.bench.context(), onset))
        return read.seconds, read.measured, read.sentence

    @pytest.fixture
    def onset(self, databases: Databases) -> datetime:
        databases.bench.world.time.sleep(600)
        return databases.bench.world.time.now()

    def test_it_is_the_last_lag_before_onset(self, databases: Databases, onset: datetime) -> None:
        for minutes, value in ((3, 40.0), (2, 2.0), (1, 3.0)):
            databases.lag(value, onset - timedelta(minutes=minutes))

        seconds, measured, sentence = self.risk(databases, onset)

        assert (seconds, measured) == (63.0, onset - timedelta(minutes=1))
        assert sentence == (
            f"Replica {REPLICA} was 3 s behind at 01:09 UTC, so by that measure at most the writes between 01:08:57 "
            "and 01:10:00 UTC may be lost, 1 min 03 s."
        )

    def test_what_was_measured_after_onset_does_not_count(self, databases: Databases, onset: datetime) -> None:
        databases.lag(2.0, onset - timedelta(minutes=1))
        databases.lag(-1.0, onset)
        databases.lag(-1.0, onset + timedelta(minutes=1))

        assert self.risk(databases, onset)[0] == 62.0

    @pytest.mark.parametrize("sampled_too_late", [-1.0, 30.0])
    def test_the_minute_in_which_the_outage_began_does_not_count(
        self, databases: Databases, onset: datetime, sampled_too_late: float
    ) -> None:
        onset += timedelta(seconds=30)
        databases.lag(2.0, onset - timedelta(seconds=90))
        databases.lag(sampled_too_late, onset - timedelta(seconds=30))

        assert self.risk(databases, onset)[:2] == (92.0, onset - timedelta(seconds=90))

    def test_minus_one_is_unknown_and_not_nothing(self, databases: Databases, onset: datetime) -> None:
        databases.lag(-1.0, onset - timedelta(minutes=1))

        seconds, measured, sentence = self.risk(databases, onset)

        assert (seconds, measured) == (None, None)
        assert sentence == (
            f"How far replica {REPLICA} was behind is unknown, because replication was not running at 01:09 UTC "
            "(ReplicaLag -1)."
        )

    def test_since_replication_stopped_all_is_counted_as_lost(self, databases: Databases, onset: datetime) -> None:
        databases.lag(2.0, onset - timedelta(minutes=3))
        databases.lag(-1.0, onset - timedelta(minutes=2))
        databases.lag(-1.0, onset - timedelta(minutes=1))

        seconds, _, sentence = self.risk(databases, onset)

        assert seconds == 182.0
        assert "was 2 s behind at 01:07 UTC and stopped replicating by 01:09 UTC" in sentence

    @pytest.mark.parametrize("minutes_before", [None, 5, 30])
    def test_missing_and_stale_are_unknown(
        self, databases: Databases, onset: datetime, minutes_before: int | None
    ) -> None:
        if minutes_before is not None:
            databases.lag(2.0, onset - timedelta(minutes=minutes_before))

        seconds, measured, sentence = self.risk(databases, onset)

        assert (seconds, measured) == (None, None)
        assert sentence == (
            f"How far replica {REPLICA} was behind is unknown, because CloudWatch holds no ReplicaLag of the "
            "4 min before 01:10:00 UTC."
        )

    def test_four_minutes_are_not_stale(self, databases: Databases, onset: datetime) -> None:
        databases.lag(2.0, onset - timedelta(minutes=4))

        assert self.risk(databases, onset)[0] == 242.0

    def test_what_is_promoted_already_loses_nothing_more(self, databases: Databases, onset: datetime) -> None:
        databases.live()

        seconds, _, sentence = self.risk(databases, onset)

        assert seconds == 0.0
        assert "is the promoted writer already, so this run loses nothing more" in sentence

    def test_an_instance_that_nobody_vouches_for_is_unknown(self, databases: Databases, onset: datetime) -> None:
        databases.lag(2.0, onset - timedelta(minutes=1))
        databases.stand_alone()

        seconds, _, sentence = self.risk(databases, onset)

        assert seconds is None
        assert "is no read replica and not marked as promoted" in sentence

    def test_the_lag_of_another_replica_does_not_count(self, databases: Databases, onset: datetime) -> None:
        databases.lag(2.0, onset - timedelta(minutes=1), replica="another-replica")

        assert self.risk(databases, onset)[0] is None

    def test_it_is_read_in_the_standby(self, databases: Databases, onset: datetime) -> None:
        databases.bench.world.darken(SEOUL)
        databases.lag(0.0, onset - timedelta(minutes=1))

        assert self.risk(databases, onset)[0] == 60.0


def _denied_in(region: str, rds: Rds) -> Callable[[Call], Any]:
    model = rds.answer

    def answer(call: Call) -> Any:
        if call.region == region:
            raise ServiceError("AccessDenied", "No.", 403)
        return model(call)

    return answer
