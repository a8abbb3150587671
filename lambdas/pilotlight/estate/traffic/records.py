"""Records and health checks of Route 53 as its API shows them, read for readiness and never in a run.

Route 53's API answers in us-east-1 alone, so a failover handler neither calls it nor holds the permission.

Sources: botocore's model of Route 53; Route 53 Developer Guide, "Active-active and active-passive failover".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pilotlight.domain.ports import Aws
from pilotlight.domain.step import Access, Operation
from pilotlight.estate.traffic.latch import Latch

GLOBAL = "us-east-1"
ADDRESSES = ("A", "AAAA", "CNAME")

OPERATIONS = (
    Operation("route53", "ListHostedZonesByName", Access.READ, {}, ("InvalidInput", "InvalidDomainName")),
    Operation("route53", "ListResourceRecordSets", Access.READ, {}, ("NoSuchHostedZone", "InvalidInput")),
    Operation("route53", "ListHealthChecks", Access.READ, {}, ("InvalidInput", "IncompatibleVersion")),
)


@dataclass(frozen=True)
class RecordSet:
    """One record set: `failover` is PRIMARY, SECONDARY or empty, `targets` are the names or addresses it leads to."""

    name: str
    type: str
    failover: str
    targets: tuple[str, ...]
    evaluates_target: bool
    check: str

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Self:
        """Read one entry of `ListResourceRecordSets`."""
        alias = found.get("AliasTarget") or {}
        values = [record["Value"] for record in found.get("ResourceRecords") or ()]
        return cls(
            name=plain(found["Name"]),
            type=str(found["Type"]),
            failover=str(found.get("Failover", "")),
            targets=tuple(plain(target) for target in ([alias["DNSName"]] if alias else values)),
            evaluates_target=bool(alias.get("EvaluateTargetHealth", False)),
            check=str(found.get("HealthCheckId", "")),
        )


@dataclass(frozen=True)
class LatchChecks:
    """Which health checks of an account are the latch: those healthy by it alone, and those that join more to it."""

    alone: frozenset[str]
    joined: frozenset[str]


def plain(name: str) -> str:
    """A DNS name as it is compared: small letters, no final dot, no prefix that only says which addresses are given."""
    return name.lower().rstrip(".").replace("\\052", "*").removeprefix("dualstack.")


def record_sets(aws: Aws, zone: str) -> Iterator[RecordSet]:
    """All record sets of a hosted zone."""
    more: dict[str, Any] = {}
    while True:
        answer = aws.call("route53", "ListResourceRecordSets", GLOBAL, HostedZoneId=zone, **more)
        yield from (RecordSet.read(found) for found in answer.get("ResourceRecordSets", ()))
        if not answer.get("IsTruncated"):
            return
        more = {"StartRecordName": answer["NextRecordName"], "StartRecordType": answer["NextRecordType"]}
        if answer.get("NextRecordIdentifier"):
            more["StartRecordIdentifier"] = answer["NextRecordIdentifier"]


def zone_of(aws: Aws, name: str) -> str | None:
    """The public hosted zone that answers a name: that of the longest ending of it; None where there is none."""
    labels = plain(name).split(".")
    for start in range(len(labels) - 1):
        ending = ".".join(labels[start:])
        answer = aws.call("route53", "ListHostedZonesByName", GLOBAL, DNSName=ending)
        for zone in answer.get("HostedZones", ()):
            if plain(zone["Name"]) == ending and not (zone.get("Config") or {}).get("PrivateZone"):
                return str(zone["Id"]).rsplit("/", 1)[-1]
    return None


def latch_checks(aws: Aws, latch: Latch) -> LatchChecks:
    """The health checks that look at the latch, known by what they watch and not by a name that anybody may give."""
    checks = {str(found["Id"]): found["HealthCheckConfig"] for found in _health_checks(aws)}
    by_metric = {id_ for id_, config in checks.items() if _watches_alarm(config, latch)}
    by_object = {id_ for id_, config in checks.items() if _asks_for_object(config, latch)}
    alone: set[str] = set()
    joined: set[str] = set()
    for id_, config in checks.items():
        children = set(config.get("ChildHealthChecks") or ())
        needs_all = config.get("HealthThreshold") == len(children)
        if config["Type"] != "CALCULATED" or config.get("Inverted") or not needs_all:
            continue
        if children & by_metric and children & by_object:
            (joined if children - by_metric - by_object else alone).add(id_)
    return LatchChecks(frozenset(alone), frozenset(joined))


def _health_checks(aws: Aws) -> Iterator[Mapping[str, Any]]:
    more: dict[str, str] = {}
    while True:
        answer = aws.call("route53", "ListHealthChecks", GLOBAL, **more)
        checks: Sequence[Mapping[str, Any]] = answer.get("HealthChecks", ())
        # A disabled check counts as healthy for ever, so it holds nothing.
        yield from (check for check in checks if not check["HealthCheckConfig"].get("Disabled"))
        if not answer.get("IsTruncated"):
            return
        more = {"Marker": answer["NextMarker"]}


def _watches_alarm(config: Mapping[str, Any], latch: Latch) -> bool:
    watched = config.get("AlarmIdentifier") or {}
    return (
        config["Type"] == "CLOUDWATCH_METRIC"
        and (watched.get("Region"), watched.get("Name")) == (latch.place.standby, latch.alarm)
        and config.get("InsufficientDataHealthStatus") == "LastKnownStatus"
        and not config.get("Inverted")
    )


def _asks_for_object(config: Mapping[str, Any], latch: Latch) -> bool:
    asked = (config.get("FullyQualifiedDomainName"), str(config.get("ResourcePath", "")).lstrip("/"))
    return config["Type"] == "HTTPS_STR_MATCH" and asked == (latch.host, latch.key) and bool(config.get("Inverted"))
