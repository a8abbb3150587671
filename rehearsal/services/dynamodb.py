"""DynamoDB as far as moto does not know it: global tables, their replicas, and the latency of their replication.

A global table is described here in each of its regions; every other table, and every item, is moto's. An item that is
written to a replica is not carried to the others, because nobody in a rehearsal reads one. While both regions live the
application in the primary writes, so each minute has a latency; in a darkness of either there is none.

Shapes and errors: botocore's model of DynamoDB; the metric: DynamoDB Developer Guide, "Monitoring global tables".
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from moto.dynamodb.models import dynamodb_backends

from pilotlight.domain.step import Standing
from rehearsal.service import Service, Spread, operation
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World

LATENCY = Spread(450.0, 800.0, 2_500.0)
"""The greatest latency of a minute between two regions of one continent, in milliseconds: an estimate."""
_MOST_LISTED = 100


@dataclass(eq=False)
class Replica:
    """One region's table of a global table; a scene is set, and trouble caused, by changing it."""

    region: str
    name: str
    account: str
    identity: str
    status: str = "ACTIVE"
    billing: str = "PAY_PER_REQUEST"
    write_units: int = 0
    stream: str = "NEW_AND_OLD_IMAGES"
    key: str = ""
    deletion_protected: bool = True
    recoverable: bool = True
    expires_by: str = ""
    policy: str = ""
    replicas: dict[str, str] = field(default_factory=dict)
    """The others, with their states, as this region sees them."""
    strong: bool = False
    legacy: bool = False

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:dynamodb:{self.region}:{self.account}:table/{self.name}"


class DynamoDb(Service):
    """The global tables of the account."""

    name: ClassVar[str] = "dynamodb"
    call_latency: ClassVar[Spread] = Spread(0.004, 0.01, 0.06)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.replicas: list[Replica] = []
        self.written: set[str] = set()
        """The tables to which the application in their primary writes at least once a minute."""

    def models(self, call: Call) -> bool:
        """Only what is asked of a global table; moto knows the others, and says which ones there are not."""
        if call.operation in ("DescribeGlobalTable", "ListTables"):
            return True
        return super().models(call) and self._asked(call) is not None

    def furnish(self, standing: Standing) -> None:
        """A global table with a replica in the primary and one in the standby."""
        if standing.what != "global table":
            super().furnish(standing)
        self.add_global_table(str(standing.facts["name"]), str(standing.facts["primary"]), standing.region)

    def add_global_table(self, name: str, primary: str, standby: str) -> tuple[Replica, Replica]:
        """Set the scene: a table with two replicas, written to in the primary; both are as good as they can be."""
        made = []
        for region, other in ((primary, standby), (standby, primary)):
            identity = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
            made.append(Replica(region, name, self.world.account, identity, replicas={other: "ACTIVE"}))
        self.replicas += made
        self.written.add(name)
        self.world.model(CloudWatch).sample_each_minute(
            primary,
            "AWS/DynamoDB",
            "ReplicationLatency",
            {"TableName": name, "ReceivingRegion": standby},
            partial(self._latency, name, primary, standby),
        )
        return made[0], made[1]

    def find(self, region: str, name: str) -> Replica | None:
        """A region's replica of a global table."""
        return next((r for r in self.replicas if (r.region, r.name) == (region, name)), None)

    def _latency(self, name: str, primary: str, standby: str) -> float | None:
        is_cut = frozenset((primary, standby)) in self.world.cuts
        dark = self.world.is_dark(primary) or self.world.is_dark(standby)
        return None if dark or is_cut or name not in self.written else LATENCY.draw(self.random)

    @operation("ListTables")
    def list_tables(self, call: Call) -> Mapping[str, Any]:
        """The tables of a region by name, global ones among moto's others, at most a hundred in a page."""
        others = dynamodb_backends[self.world.account][call.region].tables
        after = str(call.parameters.get("ExclusiveStartTableName", ""))
        here = {*others, *(replica.name for replica in self.replicas if replica.region == call.region)}
        rest = sorted(name for name in here if name > after)
        size = int(call.parameters.get("Limit", _MOST_LISTED))
        page: dict[str, Any] = {"TableNames": rest[:size]}
        return page | ({"LastEvaluatedTableName": rest[size - 1]} if len(rest) > size else {})

    @operation("DescribeTable")
    def describe_table(self, call: Call) -> Mapping[str, Any]:
        """A replica; a legacy one lists no others."""
        table = self._found(call)
        described: dict[str, Any] = {
            "TableName": table.name,
            "TableStatus": table.status,
            "TableArn": table.arn,
            "TableId": table.identity,
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingModeSummary": {"BillingMode": table.billing},
            "ProvisionedThroughput": {"ReadCapacityUnits": table.write_units, "WriteCapacityUnits": table.write_units},
            "DeletionProtectionEnabled": table.deletion_protected,
        }
        if table.stream:
            described["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": table.stream}
        if table.key:
            described["SSEDescription"] = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": table.key}
        if table.replicas and not table.legacy:
            described["GlobalTableVersion"] = "2019.11.21"
            described["MultiRegionConsistency"] = "STRONG" if table.strong else "EVENTUAL"
            described["Replicas"] = _say(table.replicas)
        return {"Table": described}

    @operation("DescribeGlobalTable")
    def describe_global_table(self, call: Call) -> Mapping[str, Any]:
        """A legacy global table, its own replica among the others; any other table is none."""
        name = str(call.parameters["GlobalTableName"])
        table = self.find(call.region, name)
        if table is None or not table.legacy:
            text = f"Global table not found: Global table with name: '{name}' does not exist."
            raise ServiceError("GlobalTableNotFoundException", text)
        group = _say({table.region: table.status, **table.replicas})
        return {"GlobalTableDescription": {"GlobalTableName": name, "ReplicationGroup": group}}

    @operation("DescribeContinuousBackups")
    def describe_continuous_backups(self, call: Call) -> Mapping[str, Any]:
        """Whether a replica can be restored to a moment."""
        status = "ENABLED" if self._found(call).recoverable else "DISABLED"
        recovery = {"PointInTimeRecoveryStatus": status}
        backups = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
        return {"ContinuousBackupsDescription": backups}

    @operation("DescribeTimeToLive")
    def describe_time_to_live(self, call: Call) -> Mapping[str, Any]:
        """By which attribute items expire."""
        attribute = self._found(call).expires_by
        on = {"TimeToLiveStatus": "ENABLED", "AttributeName": attribute}
        return {"TimeToLiveDescription": on if attribute else {"TimeToLiveStatus": "DISABLED"}}

    @operation("GetResourcePolicy")
    def get_resource_policy(self, call: Call) -> Mapping[str, Any]:
        """The policy on a replica."""
        table = self._found(call)
        if not table.policy:
            text = f"Resource-based policy not found for the provided ResourceArn: {table.arn}"
            raise ServiceError("PolicyNotFoundException", text)
        return {"Policy": table.policy, "RevisionId": "1"}

    def _asked(self, call: Call) -> Replica | None:
        named = call.parameters.get("TableName") or call.parameters.get("ResourceArn", "")
        return self.find(call.region, str(named).rsplit("/", 1)[-1])

    def _found(self, call: Call) -> Replica:
        table = self._asked(call)
        assert table is not None, "It is asked only what it knows."
        return table


def _say(replicas: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"RegionName": region, "ReplicaStatus": status} for region, status in replicas.items()]
