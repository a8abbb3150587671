"""What a cache is to be, as a plan says it: the order for ElastiCache, and where an existing cache differs.

Every choice that has a default in ElastiCache is sent: encryption at rest is on for Valkey and off for Redis
where nobody asks (botocore's model of CreateReplicationGroup), and cannot be changed later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from pilotlight.domain.place import Place
from pilotlight.domain.step import Params
from pilotlight.estate.elasticache.group import Cache, Member, ReplicationGroupId
from pilotlight.estate.snapshots import NewestSnapshot

TOKEN_PATTERN = r"[A-Za-z0-9!&#$^<>-]{16,128}"
"""What ElastiCache accepts as an AUTH token (botocore's model of CreateReplicationGroup)."""

KmsKey = Annotated[
    str,
    Field(
        pattern=r"^(arn:aws:kms:[a-z0-9-]+:\d{12}:key/)?(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
        description="The id or the ARN of a key in the standby; an alias cannot stand in a permission.",
    ),
]


class Engine(StrEnum):
    """The engines that a replication group may run."""

    REDIS = "redis"
    VALKEY = "valkey"


class CacheSpecification(Params):
    """A replication group with one shard, as it is to be."""

    replication_group: ReplicationGroupId
    node_type: str = Field(pattern=r"^cache\.[a-z0-9]+\.[a-z0-9]+$", examples=["cache.r6g.large"])
    nodes: int = Field(ge=2, le=6, description="The primary and its replicas.")
    engine: Engine
    engine_version: str = Field(pattern=r"^\d+(\.(\d+|x)){0,2}$", examples=["7.1"])
    automatic_failover: bool = True
    multi_az: bool = True
    subnet_group: str = Field(min_length=1, max_length=255)
    security_groups: tuple[str, ...] = Field(min_length=1, description="At least one: none is never all.")
    parameter_group: str | None = Field(None, description="The engine's own default group if it is left out.")
    transit_encryption: bool = True
    at_rest_encryption: bool = True
    kms_key: KmsKey | None = Field(None, description="ElastiCache's own key if it is left out.")
    auth_token_secret: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9/_+=.@-]+$",
        description="The name of a secret in the standby that holds the AUTH token and nothing else.",
    )
    auth_token_key: KmsKey | None = Field(None, description="The key of that secret, if it is not AWS's own.")
    snapshot: str | NewestSnapshot | None = Field(
        None, description="A snapshot that the standby holds, by its name; or the newest of a series, if there is one."
    )
    port: int = Field(6379, ge=1, le=65535)

    @field_validator("engine_version", mode="before")
    @classmethod
    def _is_text(cls, value: Any) -> Any:
        if isinstance(value, float | int):
            raise ValueError(f"{value} reads as a number here; write the version in quotes, as in '7.1'")
        return value

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.multi_az and not self.automatic_failover:
            raise ValueError("multi_az needs automatic_failover; switch it on, or multi_az off")
        if self.auth_token_secret and not self.transit_encryption:
            raise ValueError("auth_token_secret needs transit_encryption, because a token goes over TLS only")
        if self.auth_token_key and not self.auth_token_secret:
            raise ValueError("auth_token_key is the key of a secret; name the secret in auth_token_secret")
        if self.kms_key and not self.at_rest_encryption:
            raise ValueError("kms_key needs at_rest_encryption, because nothing else is encrypted with it")
        return self

    @property
    def family(self) -> str:
        """The parameter group family of the engine's version: `redis7`, `redis6.x`, `redis5.0`, `valkey8`."""
        major, minor = f"{self.engine_version}.0".split(".")[:2]
        if self.engine is Engine.VALKEY or int(major) > 6:
            return f"{self.engine}{major}"
        return f"redis{major}.x" if major == "6" else f"redis{major}.{minor}"

    @property
    def parameters_from(self) -> str:
        """The parameter group that is meant, named: AWS asks for a permission on it in any case."""
        return self.parameter_group or f"default.{self.family}"

    def key_arn(self, place: Place, key: str) -> str:
        """The ARN of a key that is given by its id or its ARN."""
        return key if key.startswith("arn:") else place.arn("kms", f"key/{key}")

    def order(self, place: Place, run_id: str, token: str | None, snapshot: str | None) -> dict[str, Any]:
        """The parameters of CreateReplicationGroup, marked as the application's and the run's."""
        order: dict[str, Any] = {
            "ReplicationGroupId": self.replication_group,
            "ReplicationGroupDescription": f"{mark(place.application)} run {run_id}",
            "AutomaticFailoverEnabled": self.automatic_failover,
            "MultiAZEnabled": self.multi_az,
            "NumCacheClusters": self.nodes,
            "CacheNodeType": self.node_type,
            "Engine": self.engine.value,
            "EngineVersion": self.engine_version,
            "CacheParameterGroupName": self.parameters_from,
            "CacheSubnetGroupName": self.subnet_group,
            "SecurityGroupIds": list(self.security_groups),
            "Port": self.port,
            "TransitEncryptionEnabled": self.transit_encryption,
            "AtRestEncryptionEnabled": self.at_rest_encryption,
            "Tags": [
                {"Key": "pilotlight:application", "Value": place.application},
                {"Key": "pilotlight:run", "Value": run_id},
                {"Key": "Name", "Value": self.replication_group},
            ],
        }
        key = self.key_arn(place, self.kms_key) if self.kms_key else None
        optional = {"KmsKeyId": key, "AuthToken": token, "SnapshotName": snapshot}
        return order | {name: value for name, value in optional.items() if value is not None}

    def differences(self, cache: Cache, member: Member | None) -> tuple[str, ...]:
        """Where a cache that is there is not what is asked for, each as `its node type is X, not Y`.

        A version matches if it begins as asked: ElastiCache adds the patch. What ElastiCache does not show
        yet is not compared, nor is the number of nodes, which may still grow.
        """
        pairs = [*self._of_group(cache), *(self._of_member(member) if member else ())]
        return tuple(f"its {what} is {seen}, not {asked}" for what, asked, seen in pairs if asked != seen)

    def _of_group(self, cache: Cache) -> Iterator[tuple[str, str, str]]:
        failover = "disabled" if cache.automatic_failover.startswith("disabl") else "enabled"
        yield "engine", self.engine.value, cache.engine or self.engine.value
        yield "node type", self.node_type, cache.node_type or self.node_type
        yield "automatic failover", _enabled(self.automatic_failover), failover
        yield "Multi-AZ", _enabled(self.multi_az), cache.multi_az
        yield "encryption in transit", _enabled(self.transit_encryption), _enabled(cache.transit_encryption)
        yield "encryption at rest", _enabled(self.at_rest_encryption), _enabled(cache.at_rest_encryption)
        yield "AUTH token", _enabled(bool(self.auth_token_secret)), _enabled(cache.auth_token)
        yield "KMS key", _key(self.kms_key or ""), _key(cache.kms_key)
        yield "port", str(self.port), str(cache.port or self.port)

    def _of_member(self, member: Member) -> Iterator[tuple[str, str, str]]:
        asked = self.engine_version.removesuffix(".x")
        same = f"{member.engine_version}.".startswith(f"{asked}.")
        yield "engine version", asked, asked if same else member.engine_version
        yield "subnet group", self.subnet_group, member.subnet_group
        yield "parameter group", self.parameters_from, member.parameter_group
        yield "set of security groups", _listed(self.security_groups), _listed(member.security_groups)


def mark(application: str) -> str:
    """How the description of a group begins that was made for an application; it shows when tags do not."""
    return f"Made by Pilotlight for {application},"


def made_by(description: str, application: str) -> str:
    """The run of an application that a description says a cache was made by; empty where it says none."""
    return description.rsplit(" ", 1)[-1] if description.startswith(mark(application)) else ""


def _enabled(on: bool) -> str:
    return "enabled" if on else "disabled"


def _key(key: str) -> str:
    return key.rsplit("/", 1)[-1] or "ElastiCache's own"


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(sorted(ids)) or "none"
