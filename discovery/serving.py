"""What serves an application: ECS services, Auto Scaling groups, load balancers, the records that lead to them.

Operations and shapes: botocore's models of ECS, Application Auto Scaling, EC2 Auto Scaling, ELBv2 and Route 53.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from discovery.reading import GLOBAL, Listing, Reading
from discovery.resource import Kind, Resource, tags_of

_CLUSTERS = Listing("ecs", "ListClusters", "clusterArns", "nextToken", "nextToken")
_SERVICES = Listing("ecs", "ListServices", "serviceArns", "nextToken", "nextToken")
_BOUNDS = Listing(
    "application-autoscaling", "DescribeScalableTargets", "ScalableTargets", "NextToken", "NextToken"
)  # fmt: skip
_GROUPS = Listing("autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups", "NextToken", "NextToken")
_BALANCERS = Listing("elbv2", "DescribeLoadBalancers", "LoadBalancers", "Marker", "NextMarker")
_TARGET_GROUPS = Listing("elbv2", "DescribeTargetGroups", "TargetGroups", "Marker", "NextMarker")
_LISTENERS = Listing("elbv2", "DescribeListeners", "Listeners", "Marker", "NextMarker")
_ZONES = Listing("route53", "ListHostedZones", "HostedZones", "Marker", "NextMarker")
_CHECKS = Listing("route53", "ListHealthChecks", "HealthChecks", "Marker", "NextMarker")
_POLICIES = ("Weight", "Region", "GeoLocation", "GeoProximityLocation", "CidrRoutingConfig", "MultiValueAnswer")
"""The fields of a record set that share out users, each in its way."""
_MOST_DESCRIBED = 10
"""Services in one DescribeServices (botocore's text on it)."""


def services(reading: Reading, region: str) -> Iterator[Resource]:
    """The ECS services of a region, with the bounds of each and what its tasks are told."""
    bounds = {
        str(t["ResourceId"]): (int(t["MinCapacity"]), int(t["MaxCapacity"]))
        for t in reading.every(_BOUNDS, region, ServiceNamespace="ecs")
    }
    for cluster in list(reading.every(_CLUSTERS, region)):
        arns = list(reading.every(_SERVICES, region, cluster=cluster))
        for first in range(0, len(arns), _MOST_DESCRIBED):
            some = arns[first : first + _MOST_DESCRIBED]
            asked = {"cluster": cluster, "services": some, "include": ["TAGS"]}
            for shown in (reading.ask("ecs", "DescribeServices", region, **asked) or {}).get("services", ()):
                yield _service(region, shown, bounds)


def _service(region: str, shown: Any, bounds: dict[str, tuple[int, int]]) -> Resource:
    name, cluster = str(shown["serviceName"]), str(shown["clusterArn"]).rsplit("/", 1)[-1]
    facts = {
        "cluster": cluster,
        "desired": int(shown.get("desiredCount", 0)),
        "target_groups": [str(b["targetGroupArn"]) for b in shown.get("loadBalancers", ()) if "targetGroupArn" in b],
        "definition": str(shown.get("taskDefinition", "")),
        "bounds": bounds.get(f"service/{cluster}/{name}"),
    }
    return Resource(Kind.SERVICE, region, name, str(shown["serviceArn"]), facts, tags_of(shown.get("tags")))


def told_to_tasks(reading: Reading, service: Resource) -> tuple[list[str], list[str]]:
    """What the tasks of a service are told: the ARNs of parameters and secrets, and values, which are compared with
    endpoints and never written anywhere."""
    answer = reading.ask(
        "ecs", "DescribeTaskDefinition", service.region, taskDefinition=service.facts["definition"]
    ) or {}  # fmt: skip
    containers = answer.get("taskDefinition", {}).get("containerDefinitions", ())
    names = [str(secret["valueFrom"]) for c in containers for secret in c.get("secrets", ())]
    return names, [str(pair.get("value", "")) for c in containers for pair in c.get("environment", ())]


def groups(reading: Reading, region: str) -> Iterator[Resource]:
    """The Auto Scaling groups of a region."""
    for shown in reading.every(_GROUPS, region):
        facts = {
            "minimum": int(shown["MinSize"]),
            "maximum": int(shown["MaxSize"]),
            "desired": int(shown["DesiredCapacity"]),
            "target_groups": list(shown.get("TargetGroupARNs", ())),
        }
        name, arn = str(shown["AutoScalingGroupName"]), str(shown["AutoScalingGroupARN"])
        yield Resource(Kind.GROUP, region, name, arn, facts, tags_of(shown.get("Tags")))


def balancers(reading: Reading, region: str) -> Iterator[Resource]:
    """The load balancers of a region."""
    for shown in reading.every(_BALANCERS, region):
        dns = str(shown.get("DNSName", ""))
        facts = {"dns": dns, "host": plain(dns), "type": shown.get("Type", "")}
        yield Resource(Kind.BALANCER, region, str(shown["LoadBalancerName"]), str(shown["LoadBalancerArn"]), facts)


def ports_of(reading: Reading, balancer: Resource) -> list[int]:
    """The ports whose listeners lead to the application: one that only redirects to another port is left out."""
    found = []
    for shown in reading.every(_LISTENERS, balancer.region, LoadBalancerArn=balancer.arn):
        if {action.get("Type") for action in shown.get("DefaultActions", ())} != {"redirect"}:
            found.append(int(shown["Port"]))
    return sorted(found)


def target_groups(reading: Reading, region: str) -> Iterator[Resource]:
    """The target groups of a region."""
    for shown in reading.every(_TARGET_GROUPS, region):
        facts = {
            "balancers": list(shown.get("LoadBalancerArns", ())),
            "path": shown.get("HealthCheckPath", ""),
            "port": int(shown.get("Port", 0)),
        }
        yield Resource(Kind.TARGET_GROUP, region, str(shown["TargetGroupName"]), str(shown["TargetGroupArn"]), facts)


def records(reading: Reading) -> Iterator[Resource]:
    """The records that lead somewhere by name, of all zones of the account."""
    for zone in list(reading.every(_ZONES, GLOBAL)):
        for shown in _record_sets(reading, str(zone["Id"])):
            alias = str(shown.get("AliasTarget", {}).get("DNSName", ""))
            values = [str(v["Value"]) for v in shown.get("ResourceRecords", ())] if shown["Type"] == "CNAME" else []
            leads = [plain(target) for target in (alias, *values) if target]
            name, role = plain(str(shown["Name"])), str(shown.get("Failover", ""))
            facts = {
                "leads": leads,
                "role": role,
                "evaluates": bool(shown.get("AliasTarget", {}).get("EvaluateTargetHealth")),
                "policy": next((policy for policy in _POLICIES if policy in shown), ""),
            }
            arn = f"{name} {shown['Type']} {shown.get('SetIdentifier', '')}"
            if leads:
                yield Resource(Kind.RECORD, "", name, arn, facts)


def _record_sets(reading: Reading, zone: str) -> Iterator[Any]:
    """Route 53 goes on from a name, a type and an identifier, and not from one token."""
    more: dict[str, Any] = {}
    while True:
        answer = reading.ask("route53", "ListResourceRecordSets", GLOBAL, HostedZoneId=zone, **more) or {}
        yield from answer.get("ResourceRecordSets", ())
        if not answer.get("IsTruncated"):
            return
        following = {f"StartRecord{part}": answer.get(f"NextRecord{part}") for part in ("Name", "Type", "Identifier")}
        more = {key: value for key, value in following.items() if value}


def checks_of(reading: Reading, hosts: Sequence[str]) -> list[Any]:
    """The configurations of the health checks that ask one of these hosts, each with its id."""
    return [
        {**shown["HealthCheckConfig"], "Id": shown["Id"]}
        for shown in reading.every(_CHECKS, GLOBAL)
        if plain(str(shown["HealthCheckConfig"].get("FullyQualifiedDomainName", ""))) in hosts
    ]


def plain(name: str) -> str:
    """A name as Route 53 compares it: an alias of a load balancer is written with `dualstack.` before it."""
    return name.rstrip(".").lower().removeprefix("dualstack.")
