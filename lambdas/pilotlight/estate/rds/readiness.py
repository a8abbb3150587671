"""Whether a replica could take over its source's work: what is cheap to correct today and dear in an outage.

Each finding looks at one thing, and is given when all is well too, so that a report shows what was looked at.
A replica of another region starts with defaults where its source has settings, and with backups off (RDS User
Guide, "Creating a read replica in a different AWS Region"); a first full backup then follows its promotion.
"""

from __future__ import annotations

import re

from pilotlight.domain.errors import AwsError
from pilotlight.domain.step import Finding, Severity, StepContext
from pilotlight.estate.rds.instance import RdsInstance, look
from pilotlight.estate.rds.lag import read_lag

_SIZES = ("micro", "small", "medium", "large")
_DAY_MINUTES = 24 * 60
_TIME = re.compile(r"(\d\d):(\d\d)")
_TWO_ZONES = 2


def of_replica(replica: RdsInstance) -> tuple[Finding, ...]:
    """What can be seen of the replica alone."""
    return (_replicates(replica), _backs_up(replica), _is_protected(replica), _zones(replica))


def beside_source(replica: RdsInstance, named: str, context: StepContext) -> tuple[Finding, ...]:
    """What shows only beside its source; the primary's trouble is a finding too."""
    primary = context.place.primary
    unseen = f"Replica {replica.identifier} was not compared with its source {named}"
    try:
        source = look(context, named, region=primary)
    except AwsError as error:
        return (Finding.warning("source", f"{unseen}, because {error.sentence}", "Look again when it answers."),)
    if source is None:
        missing = f"{unseen}, because {primary} has no such instance."
        return (Finding.warning("source", missing, "Correct source in the plan."),)
    return (_class(replica, source), _parameters(replica, source))


def why_no_replica(replica: str, named: str, context: StepContext) -> tuple[Finding, ...]:
    """What keeps a replica that is not there from being made, as far as its source shows it.

    A source without automated backups gets no replica, and one with a replica cannot be set to none (botocore's model
    of RDS, CreateDBInstanceReadReplica and ModifyDBInstance), so this is asked only where there is no replica.
    """
    try:
        if look(context, replica) is not None:
            return ()
        source = look(context, named, region=context.place.primary)
    except AwsError:
        return ()
    if source is None or source.retention_days > 0:
        return ()
    said = f"Source {named} keeps no automated backups (its backup retention is 0 days), so RDS makes no replica of it."
    return (
        Finding(Severity.ERROR, "source-backups", said, "Set its backup retention to 7 days, then make the replica."),
    )


def lag_finding(replica: RdsInstance, context: StepContext) -> Finding:
    """Whether the data-loss gate would know how far the replica is behind."""
    why_it_matters = "Find out why: an unknown lag blocks a failover."
    try:
        lag = read_lag(context.aws, context.place.standby, replica, context.now)
    except AwsError as error:
        unread = f"How far replica {replica.identifier} is behind was not read, because {error.sentence}"
        return Finding.warning("lag", unread, why_it_matters)
    if lag.seconds is None:
        return Finding.warning("lag", lag.sentence, why_it_matters)
    return Finding.fine("lag", lag.sentence)


def window_finding(replica: RdsInstance, wanted: str | None) -> Finding:
    """Whether the backup window that a promotion keeps, or is `wanted` to set, is clear of maintenance."""
    window, maintenance = wanted or replica.backup_window, replica.maintenance_window
    its = f"The backup window {window} of replica {replica.identifier}"
    if not windows_overlap(window, maintenance):
        return Finding.fine("backup-window", f"{its} is clear of its maintenance window {maintenance}.")
    return Finding(
        Severity.IMPOSSIBLE if wanted else Severity.WARNING,
        "backup-window",
        f"{its} overlaps its maintenance window {maintenance}, so RDS refuses a promotion that asks for it.",
        "Choose a backup_window outside the maintenance window in the plan.",
    )


def windows_overlap(daily: str, weekly: str) -> bool:
    """Whether a daily window (`17:00-17:30`) and a weekly one (`sun:19:00-sun:20:00`) share a minute."""
    ends = [int(hour) * 60 + int(minute) for hour, minute in _TIME.findall(f"{daily} {weekly}")]
    if len(ends) != 4:  # RDS leaves a window out until it has chosen one
        return False
    start, end, first, last = ends
    return _within(first, start, end) or _within(start, first, last)


def _within(minute: int, start: int, end: int) -> bool:
    """Whether a minute of the day lies in a window that may run over midnight."""
    return (minute - start) % _DAY_MINUTES < (end - start) % _DAY_MINUTES


def _replicates(replica: RdsInstance) -> Finding:
    seen = replica.replication
    if seen is not None and seen.running:
        return Finding.fine("replicating", f"Replica {replica.identifier} replicates from {replica.source}.")
    state = ": ".join(part for part in (seen.status, seen.message) if part) if seen else "not reported"
    return Finding.warning(
        "replicating",
        f"Replica {replica.identifier} falls behind, because its replication is not running ({state}).",
        "Read its RDS events and restart replication, or create the replica anew.",
    )


def _backs_up(replica: RdsInstance) -> Finding:
    its = f"Replica {replica.identifier}"
    if replica.retention_days < 1:
        return Finding.warning(
            "backups",
            f"{its} has no automated backups, so a first full backup follows its promotion.",
            "Set its backup retention to at least 1 day, so that there is one before it is needed.",
        )
    when = f"{replica.backup_window} UTC"
    if replica.status == "backing-up":
        return Finding.warning(
            "backups",
            f"{its} is backing-up, so a promotion would have to wait for the end of it.",
            f"Nothing, if this is the daily backup ({when}); otherwise see who began it.",
        )
    days = f"{replica.retention_days} d"
    return Finding.fine("backups", f"{its} keeps backups {days}; a promotion waits for the daily one, in {when}.")


def _is_protected(replica: RdsInstance) -> Finding:
    if replica.deletion_protection:
        return Finding.fine("deletion-protection", f"Replica {replica.identifier} is protected from deletion.")
    return Finding.warning(
        "deletion-protection",
        f"Replica {replica.identifier} can be deleted by one call, and is to become the only writer.",
        "Turn its deletion protection on; replicas do not inherit it.",
    )


def _zones(replica: RdsInstance) -> Finding:
    if replica.multi_az:
        return Finding.fine("multi-az", f"Replica {replica.identifier} stands in two zones.")
    return Finding.fine(
        "multi-az",
        f"Replica {replica.identifier} stands in one zone, so it survives no loss of one until converted.",
    )


def _class(replica: RdsInstance, source: RdsInstance) -> Finding:
    mine, its = replica.instance_class, source.instance_class
    both = f"Replica {replica.identifier} is a {mine} and its source a {its}"
    (family, size), (source_family, source_size) = _of_class(mine), _of_class(its)
    if mine == its or (family == source_family and size > source_size):
        return Finding.fine("instance-class", f"{both}.")
    smaller = family == source_family or size < source_size
    return Finding.warning(
        "instance-class",
        f"{both}, so it {'is too small for' if smaller else 'may not carry'} its source's load.",
        "Give the replica its source's class.",
    )


def _of_class(name: str) -> tuple[str, float]:
    """The family, and a number that orders sizes: 4xlarge above xlarge above large."""
    family, _, size = name.removeprefix("db.").partition(".")
    times = re.fullmatch(r"(\d*)xlarge", size)
    if times:
        return family, len(_SIZES) + float(times.group(1) or 1)
    return family, float(_SIZES.index(size)) if size in _SIZES else -1.0


def _parameters(replica: RdsInstance, source: RdsInstance) -> Finding:
    mine, its = replica.parameter_group, source.parameter_group
    both = f"Replica {replica.identifier} has the parameters {mine} and its source {its}"
    if its.startswith("default.") or not mine.startswith("default."):
        return Finding.fine("parameter-group", f"{both}.")
    return Finding.warning(
        "parameter-group",
        f"{both}, so it would behave differently as the writer.",
        f"Create the like of {its} in the replica's region, attach it, and reboot the replica.",
    )


def zones_finding(found: RdsInstance) -> Finding:
    """Whether an instance can stand in two zones."""
    zones = ", ".join(sorted(found.zones))
    if len(found.zones) >= _TWO_ZONES:
        return Finding.fine("zones", f"The subnets of {found.identifier} lie in {zones}.")
    return Finding.warning(
        "zones",
        f"Instance {found.identifier} cannot become Multi-AZ, because its subnets lie in one zone ({zones}).",
        "Add a subnet of a second zone to its DB subnet group.",
    )
