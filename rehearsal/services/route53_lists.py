"""The zones, records and health checks of the account, as Route 53's API lists them; `route53` holds them.

A zone is the last two labels of its records' names. Answers: botocore's model of Route 53.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, assert_never

from deployment.resources import CalculatedHealthCheck, HealthCheck, MetricHealthCheck
from rehearsal.service import operation
from rehearsal.services.route53_records import Record, Records
from rehearsal.wire import Call, ServiceError

Check = HealthCheck | MetricHealthCheck | CalculatedHealthCheck
_CHECK = uuid.UUID("00000000-0000-4000-8000-000000000000")


class Lists:
    """The part of Route 53 that lists."""

    records: Records
    made: dict[str, Check]
    """The health checks as they were described, by name."""

    @operation("ListHostedZonesByName")
    def list_hosted_zones_by_name(self, call: Call) -> Mapping[str, Any]:
        """The zones from the asked name on."""
        names = sorted({_zone(record.name) for record in self.records.sets})
        zones = [
            {"Id": f"/hostedzone/{_zone_id(name)}", "Name": f"{name}.", "CallerReference": name}
            for name in names
            if name >= str(call.parameters.get("DNSName", "")).rstrip(".")
        ]
        return {"HostedZones": zones, "IsTruncated": False, "MaxItems": "100"}

    @operation("ListHostedZones")
    def list_hosted_zones(self, call: Call) -> Mapping[str, Any]:
        """All of the account."""
        return self.list_hosted_zones_by_name(Call(call.service, "ListHostedZonesByName", call.region, {}))

    @operation("ListResourceRecordSets")
    def list_resource_record_sets(self, call: Call) -> Mapping[str, Any]:
        """The records of a zone, each an alias of a load balancer."""
        zone = str(call.parameters["HostedZoneId"]).rpartition("/")[2]
        found = [record for record in self.records.sets if _zone_id(_zone(record.name)) == zone]
        if not found:
            raise ServiceError("NoSuchHostedZone", f"No hosted zone found with ID: {zone}", 404)
        return {"ResourceRecordSets": [_say(record) for record in found], "IsTruncated": False, "MaxItems": "300"}

    @operation("ListHealthChecks")
    def list_health_checks(self, call: Call) -> Mapping[str, Any]:
        """All of the account."""
        checks = [
            {
                "Id": id_of(name),
                "CallerReference": name,
                "HealthCheckConfig": _configuration(check),
                "HealthCheckVersion": 1,
            }
            for name, check in self.made.items()
        ]
        return {"HealthChecks": checks, "Marker": "", "IsTruncated": False, "MaxItems": "100"}


def id_of(check: str) -> str:
    """The id of the health check of that name, as the lists show it."""
    return str(uuid.uuid5(_CHECK, check))


def _zone(name: str) -> str:
    return ".".join(name.split(".")[-2:])


def _zone_id(zone: str) -> str:
    return f"Z{uuid.uuid5(_CHECK, zone).hex[:20].upper()}"


def _say(record: Record) -> dict[str, Any]:
    return {
        "Name": f"{record.name}.",
        "Type": "A",
        "SetIdentifier": record.failover or "only",
        **({"Failover": record.failover} if record.failover else {}),
        "AliasTarget": {
            "HostedZoneId": "Z14GRHDCWA56QT",
            "DNSName": f"{record.target}.",
            "EvaluateTargetHealth": record.evaluates_target,
        },
        **({"HealthCheckId": id_of(record.check)} if record.check else {}),
    }


def _configuration(check: Check) -> dict[str, Any]:
    match check:
        case HealthCheck():
            return {
                "Type": "HTTPS_STR_MATCH" if check.search else "HTTPS",
                "FullyQualifiedDomainName": check.host,
                "ResourcePath": check.path,
                "Port": check.port,
                "Inverted": check.inverted,
            }
        case MetricHealthCheck():
            watched = {"Region": check.region, "Name": check.alarm}
            last_known = {"InsufficientDataHealthStatus": "LastKnownStatus"}
            return {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": watched, "Inverted": False, **last_known}
        case CalculatedHealthCheck():
            children = [id_of(child) for child in check.children]
            return {"Type": "CALCULATED", "ChildHealthChecks": children, "HealthThreshold": len(children)}
        case _:
            assert_never(check)
