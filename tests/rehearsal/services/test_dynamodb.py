"""Global tables of the embedded AWS, asked through botocore; what they are not is left to moto."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import NotFound
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.dynamodb import DynamoDb
from rehearsal.virtual_time import VirtualTime
from rehearsal.world import World

SEOUL, TOKYO = "ap-northeast-2", "ap-northeast-1"
CHATS = "team_chats_ddb"
LATENCY = {"TableName": CHATS, "ReceivingRegion": TOKYO}


class Chats:
    """One global table of Seoul and Tokyo."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws, self.world, self.model = aws, aws.world, aws.service(DynamoDb)
        self.there, self.here = self.model.add_global_table(CHATS, SEOUL, TOKYO)

    def ask(self, operation: str, region: str = TOKYO, **parameters: Any) -> dict[str, Any]:
        sdk = Sdk(self.aws.clients, TOKYO)
        asked = parameters or {"TableName": CHATS}
        task = self.world.time.spawn(lambda: sdk.call("dynamodb", operation, region, **asked), name="test")
        self.world.time.run(until=lambda: task.done)
        return task.result()

    def latencies(self) -> list[float]:
        """The datapoints of Seoul so far."""
        key = (SEOUL, "AWS/DynamoDB", "ReplicationLatency", tuple(sorted(LATENCY.items())))
        return list(self.aws.service(CloudWatch).metrics.get(key, {}).values())

    def wait(self, minutes: float) -> None:
        self.world.time.run(limit_seconds=minutes * 60)


@pytest.fixture
def chats() -> Iterator[Chats]:
    world = World(VirtualTime(datetime(2026, 11, 21, 1, 0, tzinfo=UTC)), seed=1, account="123456789012")
    with EmbeddedAws(world) as aws:
        yield Chats(aws)


@pytest.mark.parametrize(("region", "other"), [(SEOUL, TOKYO), (TOKYO, SEOUL)])
def test_each_replica_lists_the_other(chats: Chats, region: str, other: str) -> None:
    table = chats.ask("DescribeTable", region)["Table"]

    assert (table["TableStatus"], table["GlobalTableVersion"]) == ("ACTIVE", "2019.11.21")
    assert table["Replicas"] == [{"RegionName": other, "ReplicaStatus": "ACTIVE"}]
    assert table["TableArn"] == f"arn:aws:dynamodb:{region}:123456789012:table/{CHATS}"


def test_a_legacy_one_lists_nobody_and_is_found_as_a_global_table(chats: Chats) -> None:
    chats.here.legacy = True

    assert "Replicas" not in chats.ask("DescribeTable")["Table"]
    group = chats.ask("DescribeGlobalTable", GlobalTableName=CHATS)["GlobalTableDescription"]["ReplicationGroup"]
    assert {each["RegionName"] for each in group} == {SEOUL, TOKYO}


def test_a_current_one_is_no_legacy_global_table(chats: Chats) -> None:
    with pytest.raises(NotFound, match="GlobalTableNotFoundException"):
        chats.ask("DescribeGlobalTable", GlobalTableName=CHATS)


def test_every_other_table_is_motos(chats: Chats) -> None:
    keys = [{"AttributeName": "id", "KeyType": "HASH"}]
    attributes = [{"AttributeName": "id", "AttributeType": "S"}]
    made: dict[str, Any] = {"KeySchema": keys, "AttributeDefinitions": attributes, "BillingMode": "PAY_PER_REQUEST"}
    chats.ask("CreateTable", TableName="another", **made)

    assert "Replicas" not in chats.ask("DescribeTable", TableName="another")["Table"]
    with pytest.raises(NotFound, match="ResourceNotFoundException"):
        chats.ask("DescribeTable", TableName="nowhere")


def test_its_settings_are_read_as_they_were_set(chats: Chats) -> None:
    chats.here.recoverable, chats.here.expires_by, chats.here.policy = False, "until", '{"Statement": []}'

    backups = chats.ask("DescribeContinuousBackups")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    expiry = {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}
    assert chats.ask("DescribeTimeToLive")["TimeToLiveDescription"] == expiry
    assert chats.ask("GetResourcePolicy", ResourceArn=chats.here.arn)["Policy"] == '{"Statement": []}'
    with pytest.raises(NotFound, match="PolicyNotFoundException"):
        chats.ask("GetResourcePolicy", SEOUL, ResourceArn=chats.there.arn)


def test_each_minute_has_a_latency_in_the_region_that_replicates(chats: Chats) -> None:
    chats.wait(10)

    assert 8 <= len(chats.latencies()) <= 10
    assert all(450.0 <= value <= 2500.0 for value in chats.latencies())


@pytest.mark.parametrize("region", [SEOUL, TOKYO])
def test_in_a_darkness_of_either_there_is_none(chats: Chats, region: str) -> None:
    chats.wait(5)
    chats.world.darken(region)
    chats.wait(2)
    before = len(chats.latencies())

    chats.wait(10)
    assert len(chats.latencies()) == before

    chats.world.relight(region)
    chats.wait(5)
    assert len(chats.latencies()) > before


def test_a_table_that_nobody_writes_to_reports_nothing(chats: Chats) -> None:
    chats.model.written.clear()

    chats.wait(timedelta(minutes=10).total_seconds() / 60)

    assert chats.latencies() == []
