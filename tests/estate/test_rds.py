"""What is read out of RDS's answers, and what is not read into them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pilotlight.domain.data_loss import DataAtRisk
from pilotlight.domain.place import Place
from pilotlight.domain.ports import WebAnswer, WebRequest
from pilotlight.domain.step import StepContext
from pilotlight.estate.rds.instance import RdsInstance, look
from pilotlight.estate.rds.lag import left_to_drain, read_lag
from pilotlight.estate.rds.promotion import APPLICATION_TAG, MARK_TAG, is_marked

LEAST = {"DBInstanceIdentifier": "fileflow"}


class Answering:
    """An AWS that always answers the same, and a web that nobody asks."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        return self.answer

    def ask(self, request: WebRequest) -> WebAnswer:
        raise AssertionError("Nothing here asks the web.")

    def ask_all(self, requests: Sequence[WebRequest]) -> list[WebAnswer]:
        return [self.ask(request) for request in requests]


def context(answer: dict[str, Any]) -> StepContext:
    now, ways_out = datetime(2026, 11, 21, 1, 0, tzinfo=UTC), Answering(answer)
    place = Place("fileflow", "123456789012", "ap-northeast-2", "ap-northeast-1")
    return StepContext(place, "fileflow-e1", "promote", 1, now, now, ways_out, ways_out)


def test_an_instance_of_which_rds_says_little_is_neither_serving_nor_broken() -> None:
    instance = RdsInstance.read(LEAST)

    assert (instance.status, instance.broken, instance.source, instance.address) == ("unknown", False, None, None)


def test_an_instance_without_a_resource_id_counts_as_unmarked() -> None:
    tags = [{"Key": APPLICATION_TAG, "Value": "fileflow"}, {"Key": MARK_TAG, "Value": ""}]

    assert not is_marked(RdsInstance.read({**LEAST, "TagList": tags}))


def test_a_replica_of_a_cluster_is_a_replica() -> None:
    instance = RdsInstance.read({**LEAST, "ReadReplicaSourceDBClusterIdentifier": "shared"})

    assert instance.source == "shared"


@pytest.mark.parametrize(("normal", "status"), [(False, "replicating"), (True, "stopped")])
def test_replication_runs_only_if_rds_says_so_twice(normal: bool, status: str) -> None:
    info = {"StatusType": "read replication", "Normal": normal, "Status": status}

    replication = RdsInstance.read({**LEAST, "StatusInfos": [info]}).replication

    assert replication is not None
    assert not replication.running


def test_empty_lists_are_no_pending_changes() -> None:
    pending = {"ProcessorFeatures": [], "PendingCloudwatchLogsExports": {}, "MultiAZ": False}

    assert RdsInstance.read({**LEAST, "PendingModifiedValues": pending}).pending == {"MultiAZ": False}


@pytest.mark.parametrize("answer", [{}, {"DBInstances": []}, {"DBInstances": [LEAST]}])
def test_an_answer_about_nothing_or_something_else_is_no_instance(answer: dict[str, Any]) -> None:
    assert look(context(answer), "fileflow-replica") is None


ONSET = datetime(2026, 11, 21, 1, 7, 30, tzinfo=UTC)
TOKYO = "ap-northeast-1"


def replica_of(engine: str, status: str = "replicating", **info: Any) -> RdsInstance:
    """A replica of an engine, whose replication RDS calls `status`."""
    infos = [{"StatusType": "read replication", "Normal": status == "replicating", "Status": status, **info}]
    source = {"ReadReplicaSourceDBInstanceIdentifier": "fileflow-source", "Engine": engine}
    return RdsInstance.read({**LEAST, **source, "StatusInfos": infos})


def lag_of(replica: RdsInstance, *reported: tuple[float, float]) -> DataAtRisk:
    """What is read where CloudWatch holds these values, each so many minutes before onset."""
    stamps = [ONSET - timedelta(minutes=minutes) for minutes, _ in reported]
    result = {"Id": "lag", "Timestamps": stamps, "Values": [value for _, value in reported], "StatusCode": "Complete"}
    return read_lag(Answering({"MetricDataResults": [result]}), TOKYO, replica, ONSET)


class TestLag:
    @pytest.mark.parametrize("engine", ["mysql", "mariadb", "postgres", "oracle-ee", "sqlserver-ee"])
    def test_the_last_good_reading_before_onset_counts_for_every_engine(self, engine: str) -> None:
        risk = lag_of(replica_of(engine), (0.5, 500.0), (1.5, 10.0), (2.5, 700.0))

        assert risk.seconds == 100.0
        assert "so by that measure at most the writes between 01:05:50 and 01:07:30 UTC may be lost" in risk.sentence

    @pytest.mark.parametrize(
        ("engine", "caveat"),
        [
            ("postgres", "PostgreSQL's lag grows while its source writes nothing, so it may be less."),
            ("oracle-ee", "Oracle's lag grows while nothing arrives from its source, so it may be less."),
        ],
    )
    def test_where_it_grows_with_idleness_that_is_said(self, engine: str, caveat: str) -> None:
        assert lag_of(replica_of(engine), (1.5, 280.0)).sentence.endswith(caveat)
        assert caveat not in lag_of(replica_of("mysql"), (1.5, 280.0)).sentence

    @pytest.mark.parametrize(
        ("engine", "why"),
        [
            ("mysql", "replication was not running at 01:06 UTC"),
            ("mariadb", "replication was not running at 01:06 UTC"),
            ("sqlserver-ee", "RDS could not tell at 01:06 UTC"),
            ("postgres", "RDS could not tell at 01:06 UTC"),
        ],
    )
    def test_minus_one_is_unknown_for_every_engine(self, engine: str, why: str) -> None:
        risk = lag_of(replica_of(engine, "error"), (1.5, -1.0), (2.5, -1.0), (3.5, -1.0))

        assert risk.window is None
        assert risk.sentence == f"How far replica fileflow was behind is unknown, because {why} (ReplicaLag -1)."

    def test_minus_one_since_the_outage_leaves_the_reading_before_it_good(self) -> None:
        risk = lag_of(replica_of("mysql", "error"), (0.5, -1.0), (1.5, -1.0), (2.5, 3.0))

        assert risk.seconds == 153.0
        assert "was 3 s behind at 01:05 UTC and stopped replicating by 01:06 UTC" in risk.sentence

    def test_minus_one_for_longer_than_an_outage_is_seen_late_leaves_none(self) -> None:
        reported = [(minutes + 0.5, -1.0) for minutes in range(4)]

        assert lag_of(replica_of("mysql", "error"), *reported, (4.5, 3.0)).window is None

    @pytest.mark.parametrize(
        "status", ["stopped", "terminated", "replication stop point set", "replication degraded", ""]
    )
    def test_a_replica_broken_by_something_else_is_unknown_whatever_it_reported(self, status: str) -> None:
        risk = lag_of(replica_of("mysql", status, Message="Stopped by a person."), (1.5, 0.0))

        assert risk.window is None
        assert f"because its replication is {status} (Stopped by a person.)" in risk.sentence

    def test_a_replica_of_which_rds_does_not_say_whether_it_replicates_is_unknown(self) -> None:
        unsaid = RdsInstance.read({**LEAST, "Engine": "mysql", "ReadReplicaSourceDBInstanceIdentifier": "source"})

        assert "because RDS does not say whether it replicates" in lag_of(unsaid, (1.5, 0.0)).sentence

    @pytest.mark.parametrize("reported", [[], [(5.0, 0.0)], [(20.0, 0.0)]], ids=["missing", "stale", "long stale"])
    def test_missing_and_stale_are_unknown(self, reported: list[tuple[float, float]]) -> None:
        risk = lag_of(replica_of("mysql"), *reported)

        assert risk.window is None
        assert "because CloudWatch holds no ReplicaLag of the 4 min before 01:07:30 UTC" in risk.sentence


CLOSED = ONSET
SOURCE_ARN = "arn:aws:rds:ap-northeast-2:123456789012:db:fileflow-source"


def left_of(engine: str, *reported: tuple[float, float]) -> DataAtRisk:
    """What a replica lacks where CloudWatch holds these lags, each so many minutes behind the closing of its source."""
    about = {"Engine": engine, "DBInstanceStatus": "available", "ReadReplicaSourceDBInstanceIdentifier": SOURCE_ARN}
    stamps = [CLOSED + timedelta(minutes=minutes) for minutes, _ in reported]
    result = {"Id": "lag", "Timestamps": stamps, "Values": [value for _, value in reported], "StatusCode": "Complete"}
    answer = {"DBInstances": [{**LEAST, **about}], "MetricDataResults": [result]}
    return left_to_drain("fileflow", "fileflow-source", context(answer), CLOSED)


class TestWhatIsLeftToDrain:
    def test_a_lag_of_zero_in_a_minute_behind_the_closing_is_nothing(self) -> None:
        left = left_of("mysql", (-1, 2.0), (0, 0.0))

        assert left.nothing
        assert left.sentence == (
            f"Nothing is lost: replica fileflow holds all that fileflow-source wrote until it was closed at "
            f"{CLOSED:%H:%M:%S} UTC."
        )

    def test_a_lag_of_zero_before_the_closing_says_nothing_of_what_came_then(self) -> None:
        assert left_of("mysql", (-1, 0.0)).seconds == 60.0

    def test_a_lag_that_reaches_behind_the_closing_leaves_the_rest(self) -> None:
        assert left_of("mysql", (1, 90.0)).seconds == 30.0

    def test_a_lag_that_grows_on_an_idle_source_shows_nothing_until_its_next_write_is_there(self) -> None:
        growing = ((1, 65.0), (2, 125.0), (3, 185.0))

        assert left_of("postgres", *growing).seconds == 5.0
        assert left_of("postgres", *growing, (4, 20.0)).nothing

    @pytest.mark.parametrize("reported", [(), ((1, -1.0), (2, -1.0))])
    def test_without_a_good_reading_it_is_unknown(self, reported: tuple[tuple[float, float], ...]) -> None:
        left = left_of("mysql", *reported)

        assert left.seconds is None
        assert not left.nothing
