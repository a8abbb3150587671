"""Every path by which users reach the primary, and whether the latch holds it: looked at on a schedule.

It asks global APIs (Route 53, CloudFront, Global Accelerator) and so never runs inside a failover; a function that
calls it needs `STATEMENTS`, which no failover handler holds. What cannot be read is a warning, never a path that is
held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pilotlight.domain.errors import AwsError
from pilotlight.domain.step import Access, Finding, Operation, Severity, Statement, StepContext
from pilotlight.domain.traffic import Traffic
from pilotlight.estate.traffic import detours, records
from pilotlight.estate.traffic.judgement import of_record
from pilotlight.estate.traffic.latch import Latch
from pilotlight.estate.traffic.records import ADDRESSES, LatchChecks, RecordSet, latch_checks, plain, record_sets

OPERATIONS: tuple[Operation, ...] = (*records.OPERATIONS, *detours.OPERATIONS)
"""What is called; an error that is not handled becomes a warning that the path could not be looked at."""

STATEMENTS: tuple[Statement, ...] = (
    Statement(Access.READ, tuple(f"{operation.service}:{operation.name}" for operation in OPERATIONS), ("*",)),
)
"""Lists and descriptions; most of these services give such actions no resource to name."""


def paths(context: StepContext) -> tuple[Finding, ...]:
    """The findings about each path to the primary that the plan names, or that leads to the same load balancers."""
    traffic = context.traffic
    if traffic is None:
        said = "The plan has no section traffic, so nobody knows by which names its users come."
        return (Finding(Severity.ERROR, "paths-unknown", said, "Write the names that users ask into traffic.records."),)
    try:
        latch = latch_checks(context.aws, Latch(context.place))
        zones = {zone: tuple(record_sets(context.aws, zone)) for zone in _zones(context, traffic)}
    except AwsError as error:
        return (_unread("The records", error),)
    found = [record for zone in zones.values() for record in zone if record.type in ADDRESSES]
    balancers = _balancers(traffic, found)
    names = frozenset(plain(record.name) for record in traffic.records)
    judged = [
        finding
        for record in traffic.records
        for finding in of_record(record, [r for r in found if r.name == plain(record.name)], latch)
    ]
    return (
        *judged,
        *detours.of_other_records(found, names, balancers),
        *_looked("The distributions of CloudFront", lambda: _distributions(context, traffic, balancers)),
        *_looked("The accelerators", lambda: detours.of_accelerators(context.aws, context.place, balancers)),
        *_looked("The domains of Cognito", lambda: _cognito(context, traffic, latch)),
    )


def _zones(context: StepContext, traffic: Traffic) -> list[str]:
    """The zones of the plan's records; a record whose zone is not here is found missing in the others."""
    zones = (record.zone or records.zone_of(context.aws, record.name) for record in traffic.records)
    return list(dict.fromkeys(zone for zone in zones if zone))


def _balancers(traffic: Traffic, found: list[RecordSet]) -> frozenset[str]:
    """The names of the primary's load balancers: those of the plan, and those that its PRIMARY records lead to."""
    names = {plain(record.name) for record in traffic.records}
    led = {target for r in found if r.name in names and r.failover == "PRIMARY" for target in r.targets}
    return frozenset({plain(name) for name in traffic.primary_balancers} | led)


def _distributions(context: StepContext, traffic: Traffic, balancers: frozenset[str]) -> Iterator[Finding]:
    return detours.of_distributions(context.aws, balancers, traffic.records[0].name)


def _cognito(context: StepContext, traffic: Traffic, latch: LatchChecks) -> Iterator[Finding]:
    for domain in traffic.cognito_domains:
        yield detours.of_cognito_domain(context.aws, context.place, domain, latch)


def _looked(what: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(look())
    except AwsError as error:
        return [_unread(what, error)]


def _unread(what: str, error: AwsError) -> Finding:
    said = f"{what} could not be looked at, so a path to the primary may be left: {error.sentence}."
    return Finding(Severity.WARNING, "path-unread", said, "See that the function of readiness may read them.")
