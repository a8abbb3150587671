"""Ways to the primary that go round the records: CloudFront, Global Accelerator, custom domains of Cognito.

Each is read where its control plane is, for readiness and never in a run. A load balancer is known by its DNS name; to
Global Accelerator by its ARN, which holds the name that the DNS name begins with.

Sources: botocore's models; Global Accelerator's API answers in us-west-2 alone, CloudFront's in us-east-1; Cognito
Developer Guide: a custom domain that fails over by a health check goes back when the check is healthy again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pilotlight.domain.errors import NotFound
from pilotlight.domain.place import Place
from pilotlight.domain.ports import Aws
from pilotlight.domain.step import Access, Finding, Operation, Severity
from pilotlight.estate.traffic.records import GLOBAL, LatchChecks, RecordSet, plain

ACCELERATORS = "us-west-2"
_TOKENS = ("InvalidArgumentException", "InvalidNextTokenException", "InternalServiceErrorException")

OPERATIONS = (
    Operation("cloudfront", "ListDistributions", Access.READ, {}, ("InvalidArgument",)),
    Operation("globalaccelerator", "ListAccelerators", Access.READ, {}, _TOKENS),
    Operation("globalaccelerator", "ListListeners", Access.READ, {}, (*_TOKENS, "AcceleratorNotFoundException")),
    Operation("globalaccelerator", "ListEndpointGroups", Access.READ, {}, (*_TOKENS, "ListenerNotFoundException")),
    Operation(
        "cognito-idp",
        "DescribeUserPoolDomain",
        Access.READ,
        {"ResourceNotFoundException": "says that the domain is not there"},
        (
            "NotAuthorizedException",
            "InvalidParameterException",
            "OperationNotEnabledException",
            "InternalErrorException",
        ),
    ),
)


def of_other_records(records: list[RecordSet], names: frozenset[str], balancers: frozenset[str]) -> Iterator[Finding]:
    """Records of the same zones that lead to the primary under names that the plan does not know."""
    for record in records:
        led = sorted(balancers & set(record.targets))
        if led and record.name not in names:
            said = f"Record {record.name} ({record.type}) leads to the primary's {led[0]}, and no latch holds it."
            fix = "Let it lead to a name of traffic.records, or add it there as a pair of failover records."
            yield Finding(Severity.ERROR, "path-record", said, fix)


def of_distributions(aws: Aws, balancers: frozenset[str], record: str) -> Iterator[Finding]:
    """CloudFront distributions whose origin is a load balancer of the primary."""
    more: dict[str, str] = {}
    while True:
        listed: Mapping[str, Any] = aws.call("cloudfront", "ListDistributions", GLOBAL, **more)["DistributionList"]
        for distribution in listed.get("Items", ()):
            origins = {plain(origin["DomainName"]) for origin in distribution["Origins"].get("Items", ())}
            for origin in sorted(origins & balancers):
                said = (
                    f"CloudFront distribution {distribution['Id']} has the primary's {origin} as its origin, so its "
                    "users stay with the primary whatever the latch says."
                )
                fix = f"Name {record} as the origin, with Host forwarded; origin groups fail over for reads only."
                yield Finding(Severity.ERROR, "path-cloudfront", said, fix)
        if not listed.get("IsTruncated"):
            return
        more = {"Marker": listed["NextMarker"]}


def of_accelerators(aws: Aws, place: Place, balancers: frozenset[str]) -> Iterator[Finding]:
    """Global Accelerators with an endpoint that is a load balancer of the primary."""
    for accelerator in _listed(aws, "ListAccelerators", "Accelerators"):
        arn = accelerator["AcceleratorArn"]
        for listener in _listed(aws, "ListListeners", "Listeners", AcceleratorArn=arn):
            groups = _listed(aws, "ListEndpointGroups", "EndpointGroups", ListenerArn=listener["ListenerArn"])
            for group in groups:
                if group.get("EndpointGroupRegion") != place.primary:
                    continue
                endpoints = [str(end.get("EndpointId", "")) for end in group.get("EndpointDescriptions", ())]
                for endpoint in (end for end in endpoints if _is_one_of(end, balancers)):
                    said = (
                        f"Global Accelerator {accelerator.get('Name', arn)} leads to {endpoint} in {place.primary} by "
                        "its own health checks, and comes back to it by itself."
                    )
                    fix = "Let users come by the failover record instead, or take that endpoint group off."
                    yield Finding(Severity.ERROR, "path-accelerator", said, fix)


def of_cognito_domain(aws: Aws, place: Place, domain: str, latch: LatchChecks) -> Finding:
    """A custom domain of Cognito: which health check moves its sign-in pages."""
    try:
        answer = aws.call("cognito-idp", "DescribeUserPoolDomain", place.primary, Domain=domain)
        found = answer.get("DomainDescription") or {}
    except NotFound:
        found = {}
    if not found.get("UserPoolId"):
        said = f"Cognito knows no custom domain {domain} in {place.primary}."
        return Finding(Severity.ERROR, "path-cognito", said, "Correct traffic.cognito_domains in the plan.")
    failover = (found.get("Routing") or {}).get("Failover") or {}
    check = str(failover.get("PrimaryRoute53HealthCheckId", ""))
    if check in latch.alone and failover.get("SecondaryRegion") == place.standby:
        return Finding(Severity.FINE, "path-cognito", f"The Cognito domain {domain} is held by the latch.")
    why = (
        f"fails over by health check {check}, which is not the latch, and comes back by itself"
        if check
        else ("does not fail over, so users sign in at the primary whatever the latch says")
    )
    if check in latch.alone:
        why = f"fails over to {failover.get('SecondaryRegion')}, which is not the standby"
    fix = f"Give its failover routing the latch's health check, and {place.standby} as the secondary region."
    return Finding(Severity.ERROR, "path-cognito", f"The Cognito domain {domain} {why}.", fix)


def _listed(aws: Aws, operation: str, kept_in: str, **named: str) -> Iterator[Mapping[str, Any]]:
    more: dict[str, str] = {}
    while True:
        answer = aws.call("globalaccelerator", operation, ACCELERATORS, **named, **more)
        yield from answer.get(kept_in, ())
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def _is_one_of(endpoint: str, balancers: frozenset[str]) -> bool:
    """Whether an ARN is one of the load balancers: `loadbalancer/app/<name>/<id>` and `<name>-<number>.<region>...`."""
    parts = endpoint.split("/")
    if len(parts) < 3 or ":loadbalancer" not in parts[0]:
        return False
    name = parts[2].lower()
    labels = {balancer.split(".", 1)[0].removeprefix("internal-") for balancer in balancers}
    return any(label.rsplit("-", 1)[0] == name for label in labels)
