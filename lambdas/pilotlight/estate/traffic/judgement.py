"""What is wrong with a pair of failover records: pure rules, from what stands in the zone to findings.

The traps, as Route 53 documents them: a record is healthy as long as nothing says otherwise; an alias that evaluates a
load balancer without registered targets is unhealthy; and where no record is healthy, the PRIMARY is answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pilotlight.domain.step import Finding, Severity
from pilotlight.domain.traffic import PrimaryCheck, TrafficRecord
from pilotlight.estate.traffic.records import LatchChecks, RecordSet

NOT_LATCHED = "record-not-latched"
EMPTY_STANDBY = "secondary-evaluates-target"
NONE_HEALTHY = "none-healthy-answers-primary"


def of_record(wanted: TrafficRecord, found: Sequence[RecordSet], latch: LatchChecks) -> Iterator[Finding]:
    """The findings about the record sets of one name, each type of address by itself."""
    if not found:
        said = f"There is no record {wanted.name}, so nothing can lead its users to the standby."
        fix = "Make its failover records, or correct traffic.records in the plan."
        yield Finding(Severity.ERROR, "record-missing", said, fix)
    for of_type in dict.fromkeys(record.type for record in found):
        pair = {record.failover: record for record in found if record.type == of_type}
        if set(pair) != {"PRIMARY", "SECONDARY"}:
            yield _no_pair(wanted, of_type, pair)
            continue
        findings = [*_primary(wanted, pair["PRIMARY"], latch), *_secondary(pair["SECONDARY"])]
        yield from findings or [
            Finding(Severity.FINE, "record", f"Record {wanted.name} ({of_type}) is held by the latch.")
        ]


def _no_pair(wanted: TrafficRecord, of_type: str, pair: dict[str, RecordSet]) -> Finding:
    if set(pair) <= {""}:
        why = f"leads to {', '.join(pair[''].targets)} whatever the latch says"
    else:
        (missing,) = {"PRIMARY", "SECONDARY"} - set(pair)
        why = f"has no {missing} record, so the latch cannot lead its users elsewhere"
    said = f"Record {wanted.name} ({of_type}) {why}."
    fix = "Make a PRIMARY record with the latch's health check, and a SECONDARY without any."
    return Finding(Severity.ERROR, NOT_LATCHED, said, fix)


def _primary(wanted: TrafficRecord, record: RecordSet, latch: LatchChecks) -> Iterator[Finding]:
    """The PRIMARY record looks at the latch, and at what else the plan says."""
    problems: list[str] = []
    if not record.check:
        problems.append("has no health check, so it stays healthy whatever the latch says")
    elif record.check in latch.joined:
        if wanted.primary_check is not PrimaryCheck.JOINED:
            problems.append(
                f"joins the primary's own health to the latch (health check {record.check}), which the plan does not "
                "say: users would leave the primary before the standby is ready"
            )
    elif record.check not in latch.alone:
        problems.append(
            f"looks at health check {record.check}, which is not the latch: traffic moves before the standby is "
            "ready, and goes back by itself when the primary answers again, without the writes of the meantime"
        )
    if record.evaluates_target:
        problems.append("evaluates its target's health, which moves traffic and brings it back past the latch")
    if problems:
        fix = "Give it the health check that the application's stack puts out, and set EvaluateTargetHealth to false."
        said = f"The PRIMARY record {wanted.name} ({record.type}) {'; it '.join(problems)}."
        yield Finding(Severity.ERROR, NOT_LATCHED, said, fix)


def _secondary(record: RecordSet) -> Iterator[Finding]:
    """The SECONDARY record must never be unhealthy."""
    name, target = f"{record.name} ({record.type})", ", ".join(record.targets)
    if record.evaluates_target:
        said = (
            f"The SECONDARY record {name} evaluates the health of {target}, and a load balancer without targets is "
            "unhealthy: while the standby is empty, Route 53 answers the PRIMARY, dark as it is."
        )
        fix = "Set EvaluateTargetHealth of the SECONDARY record to false."
        yield Finding(Severity.ERROR, EMPTY_STANDBY, said, fix)
    if record.check:
        said = (
            f"The SECONDARY record {name} has health check {record.check}, and where no record is healthy Route 53 "
            "answers the PRIMARY: one failing look at the standby would send users back past the latch."
        )
        fix = "Remove the health check of the SECONDARY record."
        yield Finding(Severity.ERROR, NONE_HEALTHY, said, fix)
