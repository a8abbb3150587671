"""What discovery finds: one resource of the application, with the facts that a plan is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """The kinds of resources that are looked for, as they are called in sentences."""

    DATABASE = "database"
    TABLE = "global table"
    CACHE = "cache"
    SERVICE = "ECS service"
    GROUP = "Auto Scaling group"
    TARGET_GROUP = "target group"
    BALANCER = "load balancer"
    RECORD = "record"
    PARAMETER = "parameter"
    SECRET = "secret"
    BUCKET = "bucket"
    CACHE_SNAPSHOT = "cache snapshot"
    CACHE_SUBNETS = "cache subnet group"
    DATABASE_SUBNETS = "database subnet group"
    DATABASE_PARAMETERS = "database parameter group"
    AURORA = "Aurora cluster"
    CLUSTER = "EKS cluster"
    NODES = "node group"
    CONFIG_MAP = "ConfigMap"
    POOL = "user pool"
    CLIENT = "client of a user pool"
    MAPPING = "event source mapping"
    RULE = "rule"
    SCHEDULE = "schedule"
    DISTRIBUTION = "distribution"


@dataclass(frozen=True)
class Resource:
    """One resource. `because` says why it belongs to the application, and is empty as long as nobody knows."""

    kind: Kind
    region: str
    name: str
    arn: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    because: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name} in {self.region}"

    @property
    def key(self) -> tuple[Kind, str, str]:
        """What no two resources have in common: records of one name are told apart by their arn, which is made up."""
        return self.kind, self.region, self.arn or self.name


def name_at_end(arn: str) -> str:
    """The name at the end of an ARN, or the name itself."""
    return arn.replace(":", "/").rsplit("/", 1)[-1]


def tags_of(listed: Any) -> dict[str, str]:
    """Tags as AWS lists them, whatever the case of their fields."""
    return {str(t.get("Key", t.get("key", ""))): str(t.get("Value", t.get("value", ""))) for t in listed or ()}
