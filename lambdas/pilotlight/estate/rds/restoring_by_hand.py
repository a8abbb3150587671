"""How a person restores a database: the same order that a run gives, from what the region holds."""

from __future__ import annotations

from pilotlight.domain.handwork import Command, Handwork, aws, held_in, keep
from pilotlight.domain.place import Place
from pilotlight.estate.rds.by_hand import BY_HAND, SERVING, ask, delete_copy, endpoint_of
from pilotlight.estate.rds.copies import REACHES_TAG
from pilotlight.estate.rds.restoring import CopySpecification, InstanceSpecification

_BACKUP, _SNAPSHOT, _REACHES = "BACKUP", "SNAPSHOT", "REACHES"


def of_what_the_standby_holds(wanted: CopySpecification, place: Place) -> Handwork:
    """Restore what reaches farthest: replicated backups, or the newest copied snapshot of a series."""
    ways = [
        *(_from_backups(wanted, place) if wanted.automated_backups else ()),
        *(_from_snapshot(wanted, place, wanted.snapshots.named) if wanted.snapshots else ()),
    ]
    both = wanted.automated_backups and wanted.snapshots
    choose = "backups and snapshots are both there: restore once, from the one that reaches farther" if both else ""
    none = "the moment is None: this region holds nothing to restore from"
    return Handwork(
        do=tuple(ways),
        check=_whole(wanted, place),
        stop_if=f"{none}; {choose}." if choose else f"{none}.",
        undo=(_deletion(wanted, place),),
        gives=_gives(wanted, place),
    )


def to_moment(wanted: InstanceSpecification, source: str, moment: str, place: Place) -> Handwork:
    """Restore an instance beside itself; `moment` is a command that prints the moment."""
    held = aws(
        "rds",
        "DescribeDBInstanceAutomatedBackups",
        place.standby,
        query="DBInstanceAutomatedBackups[?Status=='active'].[RestoreWindow.EarliestTime,RestoreWindow.LatestTime]",
        DBInstanceIdentifier=source,
    )
    order = aws(
        "rds",
        "RestoreDBInstanceToPointInTime",
        place.standby,
        SourceDBInstanceIdentifier=source,
        TargetDBInstanceIdentifier=wanted.instance,
        RestoreTime=held_in(_REACHES),
        **wanted.settings(place, BY_HAND, source, held_in(_REACHES)),
    )
    return Handwork(
        do=(
            Command("Keep the moment whose data are wanted.", keep(_REACHES, moment)),
            Command("See between which moments it can be restored.", held, "two moments, with the wanted one between"),
            Command("Restore it, beside the one that serves.", order, "creating"),
        ),
        check=_whole(wanted, place),
        stop_if="the moment lies outside of the window. One that is a few minutes too new is only waited for.",
        undo=(_deletion(wanted, place),),
        gives=_gives(wanted, place),
    )


def _from_backups(wanted: CopySpecification, place: Place) -> tuple[Command, ...]:
    source = place.arn("rds", f"db:{wanted.source}", region=place.primary)
    which = f"DBInstanceAutomatedBackups[?DBInstanceArn=='{source}']"

    def of(what: str) -> str:
        named = {"DBInstanceIdentifier": wanted.source}
        return aws("rds", "DescribeDBInstanceAutomatedBackups", place.standby, query=f"{which}.{what}|[0]", **named)

    order = aws(
        "rds",
        "RestoreDBInstanceToPointInTime",
        place.standby,
        TargetDBInstanceIdentifier=wanted.instance,
        SourceDBInstanceAutomatedBackupsArn=held_in(_BACKUP),
        UseLatestRestorableTime=True,
        **wanted.settings(place, BY_HAND, wanted.source, held_in(_REACHES)),
    )
    return (
        Command("Keep which replicated backups there are.", keep(_BACKUP, of("DBInstanceAutomatedBackupsArn"))),
        Command("Keep up to which moment they reach, and look.", keep(_REACHES, of("RestoreWindow.LatestTime"))),
        Command("Look at it.", f'echo "${_REACHES}"', "the moment up to which nothing is lost"),
        Command("Restore from the replicated backups.", order, "creating"),
    )


def _from_snapshot(wanted: CopySpecification, place: Place, series: str) -> tuple[Command, ...]:
    whole = f"DBSnapshots[?starts_with(DBSnapshotIdentifier,'{series}')&&Status=='available']"
    moment = "SnapshotDatabaseTime||OriginalSnapshotCreateTime"

    def of(what: str) -> str:
        query = f"sort_by({whole},&to_string({moment}))[-1].{what}"
        return aws("rds", "DescribeDBSnapshots", place.standby, query=query, DBInstanceIdentifier=wanted.source)

    order = aws(
        "rds",
        "RestoreDBInstanceFromDBSnapshot",
        place.standby,
        DBInstanceIdentifier=wanted.instance,
        DBSnapshotIdentifier=held_in(_SNAPSHOT),
        **wanted.settings(place, BY_HAND, wanted.source, held_in(_REACHES)),
    )
    return (
        Command("Keep the newest copied snapshot.", keep(_SNAPSHOT, of("DBSnapshotIdentifier"))),
        Command("Keep up to which moment it reaches.", keep(_REACHES, of(f"[{moment}]|[0]"))),
        Command("Look at both.", f'echo "${_SNAPSHOT} ${_REACHES}"', "a snapshot and its moment"),
        Command("Restore from the snapshot.", order, "creating"),
    )


def _whole(wanted: InstanceSpecification, place: Place) -> tuple[Command, ...]:
    name, here = wanted.instance, place.standby
    return (
        Command(
            "Repeat until it can be used; it takes half an hour as a rule.",
            ask(name, here, "[DBInstanceStatus,Endpoint.Address,DBParameterGroups[0].ParameterApplyStatus]"),
            f"{SERVING}, an address, in-sync",
        ),
        Command(
            "Only where the last word is pending-reboot: restart it, and look again.",
            aws("rds", "RebootDBInstance", here, DBInstanceIdentifier=name),
        ),
    )


def _deletion(wanted: InstanceSpecification, place: Place) -> Command:
    return Command("If nobody uses the copy: delete it.", delete_copy(wanted.instance, place.standby))


def _gives(wanted: InstanceSpecification, place: Place) -> dict[str, str]:
    name, here = wanted.instance, place.standby
    reaches = ask(name, here, f"TagList[?Key=='{REACHES_TAG}'].Value|[0]")
    return {**endpoint_of(name, here), "resource_id": ask(name, here, "DbiResourceId"), "reaches": reaches}
