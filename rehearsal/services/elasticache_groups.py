"""A replication group of the ElastiCache model: what it is made of, and how it reads on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Self

_SHORT_REGIONS = {"ap-northeast-1": "apne1", "ap-northeast-2": "apn2", "us-east-1": "use1"}


class Status(StrEnum):
    """Where a group, or one of its nodes, is in its life."""

    CREATING = "creating"
    AVAILABLE = "available"
    MODIFYING = "modifying"
    SNAPSHOTTING = "snapshotting"
    DELETING = "deleting"
    CREATE_FAILED = "create-failed"


@dataclass(eq=False)
class Node:
    """One member cluster, which holds one node."""

    id: str
    status: Status = Status.AVAILABLE


@dataclass(eq=False)
class Group:
    """A replication group with one shard; `clustered` is cluster mode enabled."""

    id: str
    arn: str
    created: datetime
    status: Status = Status.AVAILABLE
    description: str = "a cache"
    node_type: str = "cache.r6g.large"
    engine: str = "redis"
    engine_version: str = "7.1.0"
    automatic_failover: bool = True
    multi_az: bool = True
    subnet_group: str = "fileflow-dr-cache"
    security_groups: tuple[str, ...] = ("sg-0d1e2f3a4b5c60718",)
    parameter_group: str = "default.redis7"
    transit_encryption: bool = True
    at_rest_encryption: bool = True
    kms_key: str | None = None
    auth_token: bool = False
    port: int = 6379
    snapshot: str = ""
    clustered: bool = False
    global_group: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)

    @classmethod
    def ordered(cls, name: str, arn: str, created: datetime, order: Mapping[str, Any]) -> Self:
        """The group that a CreateReplicationGroup asks for, at its beginning.

        Encryption at rest, where nobody asks for it, is on for Valkey and off for Redis (botocore's model).
        The version gets a patch number that nobody asked for.
        """
        version = [*str(order["EngineVersion"]).replace("x", "2").split("."), "0"]
        group = cls(
            id=name,
            arn=arn,
            created=created,
            status=Status.CREATING,
            description=order["ReplicationGroupDescription"],
            node_type=order["CacheNodeType"],
            engine=order["Engine"],
            engine_version=".".join(version[:3]),
            automatic_failover=order.get("AutomaticFailoverEnabled", False),
            multi_az=order.get("MultiAZEnabled", False),
            subnet_group=order["CacheSubnetGroupName"],
            security_groups=tuple(order.get("SecurityGroupIds", ())),
            parameter_group=order["CacheParameterGroupName"],
            transit_encryption=order.get("TransitEncryptionEnabled", False),
            at_rest_encryption=order.get("AtRestEncryptionEnabled", order["Engine"] == "valkey"),
            kms_key=order.get("KmsKeyId"),
            auth_token="AuthToken" in order,
            port=order.get("Port", 6379),
            snapshot=order.get("SnapshotName", ""),
            clustered=order["CacheParameterGroupName"].endswith(".cluster.on"),
            tags={tag["Key"]: tag["Value"] for tag in order.get("Tags", ())},
        )
        group.add_nodes(order["NumCacheClusters"])
        return group

    def add_nodes(self, count: int, status: Status | None = None) -> list[Node]:
        """Give it member clusters, named as ElastiCache names them, in the state that the group is in or another."""
        shard, first = "-0001" if self.clustered else "", len(self.nodes) + 1
        made = [Node(f"{self.id}{shard}-{n:03d}", status or self.status) for n in range(first, first + count)]
        self.nodes += made
        return made

    def described(self) -> dict[str, Any]:
        """As DescribeReplicationGroups shows it: without an endpoint until it is available."""
        up = self.status not in (Status.CREATING, Status.CREATE_FAILED)
        failing_over = "enabled" if up else "enabling"
        return {
            "ReplicationGroupId": self.id,
            "ARN": self.arn,
            "Description": self.description,
            "Status": self.status.value,
            "MemberClusters": [node.id for node in self.nodes],
            "ReplicationGroupCreateTime": self.created,
            "AutomaticFailover": failing_over if self.automatic_failover else "disabled",
            "MultiAZ": "enabled" if self.multi_az else "disabled",
            "ClusterEnabled": self.clustered,
            "Engine": self.engine,
            "CacheNodeType": self.node_type,
            "AuthTokenEnabled": self.auth_token,
            "TransitEncryptionEnabled": self.transit_encryption,
            "AtRestEncryptionEnabled": self.at_rest_encryption,
            **({"KmsKeyId": self.kms_key} if self.kms_key else {}),
            **(
                {"GlobalReplicationGroupInfo": {"GlobalReplicationGroupId": self.global_group}}
                if self.global_group
                else {}
            ),
            **(self._endpoints() if up else {}),
        }

    def _endpoints(self) -> dict[str, Any]:
        """Primary and reader, or one configuration endpoint in cluster mode."""
        region = _SHORT_REGIONS.get(self.arn.split(":")[3], "use1")
        domain = f"{self.id}.{sha256(self.arn.encode()).hexdigest()[:6]}.{region}.cache.amazonaws.com"
        members = [{"CacheClusterId": node.id, "CacheNodeId": "0001"} for node in self.nodes]
        shard: dict[str, Any] = {
            "NodeGroupId": "0001",
            "Status": self.status.value,
            "NodeGroupMembers": members,
        }
        if self.clustered:
            configuration = {"Address": f"clustercfg.{domain}", "Port": self.port}
            return {"NodeGroups": [{**shard, "Slots": "0-16383"}], "ConfigurationEndpoint": configuration}
        shard["PrimaryEndpoint"] = {"Address": f"master.{domain}", "Port": self.port}
        shard["ReaderEndpoint"] = {"Address": f"replica.{domain}", "Port": self.port}
        return {"NodeGroups": [shard]}

    def described_node(self, node: Node) -> dict[str, Any]:
        """A member cluster as DescribeCacheClusters shows it, with what the group itself does not show."""
        return {
            "CacheClusterId": node.id,
            "CacheClusterStatus": node.status.value,
            "ReplicationGroupId": self.id,
            "CacheNodeType": self.node_type,
            "Engine": self.engine,
            "EngineVersion": self.engine_version,
            "CacheParameterGroup": {"CacheParameterGroupName": self.parameter_group},
            "CacheSubnetGroupName": self.subnet_group,
            "SecurityGroups": [{"SecurityGroupId": id, "Status": "active"} for id in self.security_groups],
        }
