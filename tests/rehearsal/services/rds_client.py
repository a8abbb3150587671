"""RDS asked through a real client, in a world of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pilotlight.aws.sdk import Sdk
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.virtual_time import VirtualTime
from rehearsal.world import World

TOKYO, SEOUL = "ap-northeast-1", "ap-northeast-2"
SOURCE, REPLICA = "ryuqqq-shared-rds", "ryuqqq-shared-rds-replica"


def world_of(seed: int) -> World:
    return World(VirtualTime(datetime(2026, 11, 21, 1, 0, tzinfo=UTC)), seed=seed, account="123456789012")


def ask(aws: EmbeddedAws, operation: str, region: str = TOKYO, **parameters: Any) -> dict[str, Any]:
    return Sdk(aws.clients, region).call("rds", operation, region, **parameters)


def describe(aws: EmbeddedAws, identifier: str = REPLICA, region: str = TOKYO) -> dict[str, Any]:
    (found,) = ask(aws, "DescribeDBInstances", region, DBInstanceIdentifier=identifier)["DBInstances"]
    return dict(found)


def promote(aws: EmbeddedAws, **parameters: Any) -> dict[str, Any]:
    promoted: dict[str, Any] = ask(aws, "PromoteReadReplica", DBInstanceIdentifier=REPLICA, **parameters)["DBInstance"]
    return promoted


def convert(aws: EmbeddedAws, **parameters: Any) -> dict[str, Any]:
    wanted = {"DBInstanceIdentifier": SOURCE, "MultiAZ": True, "ApplyImmediately": True, **parameters}
    converted: dict[str, Any] = ask(aws, "ModifyDBInstance", **wanted)["DBInstance"]
    return converted


def phases(aws: EmbeddedAws, identifier: str, *, seconds: float) -> list[tuple[str, bool, bool, bool]]:
    """What is shown one after the other: status, whether there is a source, StatusInfos, a second zone."""
    seen: list[tuple[str, bool, bool, bool]] = []
    end = aws.world.time.elapsed_seconds() + seconds
    while aws.world.time.elapsed_seconds() < end:
        found = describe(aws, identifier)
        one = (
            str(found["DBInstanceStatus"]),
            "ReadReplicaSourceDBInstanceIdentifier" in found,
            bool(found.get("StatusInfos")),
            bool(found["MultiAZ"]),
        )
        if not seen or seen[-1] != one:
            seen.append(one)
        aws.world.time.sleep(4.0)  # the shortest phase is five
    return seen
