"""How well a database is protected for its restore in the standby: what is held there, how old it is, what is lost.

The findings are what can be known, and corrected, on a quiet day. Each protection has its own: a snapshot that is a
week old is in order where a week is what the plan allows it, and would still lose a week.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pilotlight.domain.data_loss import DataAtRisk
from pilotlight.domain.durations import say_duration
from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Failed, Finding, Severity, StepContext
from pilotlight.estate.rds.backups import RestorePoint, find_points, newest
from pilotlight.estate.rds.by_hand import delete_copy
from pilotlight.estate.rds.copies import adopted_at, foreign, is_adopted, loss_of_copy, loss_up_to, reaches
from pilotlight.estate.rds.instance import RdsInstance, look
from pilotlight.estate.rds.promotion import RUN_TAG
from pilotlight.estate.rds.restoring import CopySpecification, InstanceSpecification


def loss_of_restore(
    wanted: CopySpecification,
    copy: RdsInstance | None,
    point: RestorePoint | None,
    context: StepContext,
    onset: datetime,
) -> DataAtRisk:
    """What serving from the copy, or from what would be restored now, would lose; unknown where nothing tells.

    An adopted copy is the writer. But backups of the primary that reach beyond its adoption show a primary that lived
    on: what it was told since then, the copy lacks.
    """
    where = context.place.standby
    if copy is not None:
        since = adopted_at(copy)
        lived_on = point is not None and point.reaches is not None and (since is None or point.reaches > since)
        if is_adopted(copy) and lived_on and not foreign(copy, wanted.source, context):
            return DataAtRisk(
                f"What copy {copy.identifier} lacks is unknown, because it was adopted "
                f"{f'at {since:%Y-%m-%d %H:%M:%S} UTC' if since else 'at an unknown time'}, and {wanted.source} was "
                "backed up after that: it may have taken writes."
            )
        return loss_of_copy(copy, wanted.source, context, onset)
    unknown = f"What a restore of {wanted.source} would lose is unknown, because"
    if point is None:
        return DataAtRisk(f"{unknown} {where} holds no backup of it that the plan means.")
    if point.reaches is None:
        return DataAtRisk(f"{unknown} {point.what} in {where} do not say how far they reach.")
    return loss_up_to(f"A restore from {point.what} in {where}", point.reaches, onset)


def not_as_new(wanted: CopySpecification, copy: RdsInstance, context: StepContext) -> Failed | None:
    """Why a copy that another run left is not used: the standby holds newer data, or it cannot be told."""
    point = newest(find_points(context, wanted.source, wanted.automated_backups, wanted.snapshots))
    mine, theirs = reaches(copy), point.reaches if point else None
    if mine and theirs and mine >= theirs.replace(microsecond=0):
        return None
    whose = copy.tags.get(RUN_TAG) or "a person"
    if mine and theirs:
        why = f"it reaches to {mine:%Y-%m-%d %H:%M:%S} UTC, and the backups to {theirs:%Y-%m-%d %H:%M:%S} UTC"
    else:
        why = "it cannot be told whether it is as new as the backups"
    return Failed(
        f"Copy {copy.identifier}, which {whose} left in {context.place.standby}, is not used, because {why}.",
        f"If nobody needs it: {delete_copy(copy.identifier, context.place.standby)}; then start the run again. "
        "Or name another instance "
        "in the plan.",
    )


def name_finding(wanted: CopySpecification, context: StepContext) -> Finding:
    """Whether the copy's name is free, or taken by something that the step would not use."""
    copy, code = look(context, wanted.instance), "copy-name"
    if copy is None:
        said = f"There is no instance {wanted.instance} in {context.place.standby} yet, so a copy can be restored."
        return Finding(Severity.FINE, code, said)
    refused = foreign(copy, wanted.source, context)
    if refused:
        return refused.foreseen(code)
    if is_adopted(copy):
        said = f"Copy {copy.identifier} is the writer already, so no restore would replace it."
        return Finding(Severity.WARNING, code, said, "Fail back, and name another instance in the plan.")
    older = not_as_new(wanted, copy, context)
    if older:
        return older.foreseen(code)
    said = f"Copy {copy.identifier} is there, and as new as the backups; it costs money."
    return Finding(Severity.WARNING, code, said, "Delete it, if no run needs it.")


def age_findings(wanted: CopySpecification, context: StepContext) -> Iterator[Finding]:
    """How old each protection is, and that there is one at all."""
    points = find_points(context, wanted.source, wanted.automated_backups, wanted.snapshots)
    where, fix = context.place.standby, "See why no newer one arrives there: its replication, or whoever copies it."
    if not any(point.reaches for point in points):
        said = f"Nothing in {where} says to which moment {wanted.source} could be restored, so it could not be."
        yield Finding(Severity.IMPOSSIBLE, "backups", said, "Have its backups replicated or snapshots copied there.")
        return
    for point in points:
        held = f"What {where} holds as {point.what} is {point.age(context.now)} old"
        if point.reaches is None:
            yield Finding(Severity.ERROR, "backup-age", f"How far {point.what} in {where} reach is unknown.", fix)
        elif context.now - point.reaches > point.limit:
            yield Finding(Severity.ERROR, "backup-age", f"{held}, more than {say_duration(point.limit)}.", fix)
        else:
            yield Finding(Severity.FINE, "backup-age", f"{held}.")
    found = {"snapshot" if point.what.startswith("snapshot") else "automated" for point in points}
    if wanted.automated_backups and "automated" not in found:
        said = f"There are no automated backups of {wanted.source} in {where}, so a restore would lose more."
        yield Finding(
            Severity.ERROR, "backup-age", said, "Replicate them: start-db-instance-automated-backups-replication."
        )
    if wanted.snapshots and "snapshot" not in found:
        said = f"No snapshot of {wanted.source} that begins with {wanted.snapshots.named} was copied to {where}."
        yield Finding(Severity.ERROR, "backup-age", said, "Copy one there, and see why none was.")


def groups_findings(wanted: InstanceSpecification, context: StepContext) -> Iterator[Finding]:
    """Whether the groups are there that a restore names."""
    yield _there(context, "DescribeDBSubnetGroups", "DBSubnetGroupName", "subnet group", wanted.subnet_group)
    yield _there(
        context, "DescribeDBParameterGroups", "DBParameterGroupName", "parameter group", wanted.parameter_group
    )


def _there(context: StepContext, operation: str, parameter: str, what: str, name: str) -> Finding:
    code, where = f"copy-{what.replace(' ', '-')}", context.place.standby
    try:
        context.aws.call("rds", operation, where, **{parameter: name})
    except NotFound:
        said = f"Nothing can be restored in {where}, because {what} {name} is missing there."
        return Finding(Severity.IMPOSSIBLE, code, said, "Create it, or correct its name in the plan.")
    return Finding(Severity.FINE, code, f"{what.capitalize()} {name} is there.")
