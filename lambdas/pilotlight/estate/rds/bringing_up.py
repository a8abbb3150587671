"""From an accepted restore to an instance that can be used: what is waited for, what is read back.

Where a parameter group waits for a restart, the copy gets it here, while nobody is connected. A copy that is being
backed up for the first time serves. Times: the run-books of the plans, 30 min for a restore, up to 90 min (estimates).
How a person deletes it, where nobody needs it, stands here too.
"""

from __future__ import annotations

from datetime import timedelta

from pilotlight.domain.errors import InvalidState, NotFound
from pilotlight.domain.step import CannotUndo, Failed, NotYet, Pending, Receipt, Settled, StepContext, Timing, Undone
from pilotlight.estate import endpoint
from pilotlight.estate.rds.by_hand import delete_copy
from pilotlight.estate.rds.copies import reaches
from pilotlight.estate.rds.instance import AVAILABLE, SERVING, RdsInstance, look
from pilotlight.estate.rds.promotion import RUN_TAG, broken

OUTPUTS = (*endpoint.OUTPUTS, "resource_id", "reaches")
"""What every restore gives to later steps."""
TIMING = Timing(
    shortest=timedelta(minutes=10),
    typical=timedelta(minutes=30),
    longest=timedelta(minutes=90),
    poll=timedelta(seconds=20),
    give_up=timedelta(hours=4),
)
_IN_SYNC = "in-sync"


def bring_up(copy: RdsInstance, context: StepContext) -> Receipt | NotYet:
    """Wait for the restore, and restart the copy where its parameters ask for it."""
    if copy.status == AVAILABLE and copy.parameters_in == "pending-reboot":
        try:
            context.aws.call("rds", "RebootDBInstance", context.place.standby, DBInstanceIdentifier=copy.identifier)
        except InvalidState as busy:
            return NotYet(f"Database {copy.identifier} cannot be restarted yet: {busy.message}")
        return NotYet(f"Database {copy.identifier} is being restarted, so that {copy.parameter_group} takes effect.")
    waits = _waits_for(copy)
    if waits:
        return NotYet(waits)
    mine = copy.tags.get(RUN_TAG) == context.run_id
    whose = "was restored" if mine else f"was restored by {copy.tags.get(RUN_TAG)} and is as new as its backups"
    return Receipt(f"Database {copy.identifier} {whose}.", mine, {"resource_id": copy.resource_id})


def read_back(name: str, receipt: Receipt, context: StepContext) -> Settled | Pending | Failed:
    """Whether the very instance that the receipt tells of is whole; its address once it is."""
    copy = look(context, name)
    if copy is None or copy.resource_id != receipt.data["resource_id"]:
        return Failed(
            f"Database {name} was deleted or replaced after it had been restored.",
            "Find out by whom, then start the run again: it is restored anew.",
        )
    if copy.broken:
        return broken(copy)
    waits = _waits_for(copy)
    return Pending(waits) if waits else _settled(copy)


def _waits_for(copy: RdsInstance) -> str:
    """What a copy lacks to be used; nothing where it is whole."""
    if copy.status not in SERVING or copy.address is None:
        return f"Database {copy.identifier} is {copy.status}."
    if copy.parameters_in != _IN_SYNC:
        return f"Database {copy.identifier} is {copy.status}, and its parameters are {copy.parameters_in}."
    return ""


def _settled(copy: RdsInstance) -> Settled:
    address, port, until = str(copy.address), str(copy.port), reaches(copy)
    outputs = {**endpoint.answers_at(address, port), "resource_id": copy.resource_id}
    held = f"holds all up to {until:%Y-%m-%d %H:%M:%S} UTC" if until else "does not tell how far it reaches"
    said = f"Database {copy.identifier} {held} and answers at {address}:{port}"
    return Settled(
        f"{said}; its backups are kept {copy.retention_days} d.",
        outputs | {"reaches": until.isoformat() if until else ""},
    )


def delete(copy: RdsInstance, context: StepContext) -> Undone | CannotUndo:
    """Delete a copy that nobody uses, without a final snapshot and with its own backups."""
    name, where = copy.identifier, context.place.standby
    if copy.status == "deleting":
        return Undone(f"Database {name} is gone already.")
    by_hand = delete_copy(name, where)
    stays = CannotUndo(f"Database {name} stays and costs money, because it is {copy.status}; later: {by_hand}")
    if copy.status == "creating":
        # RDS would refuse, and a drill asks every few seconds until it does not.
        return stays
    try:
        context.aws.call(
            "rds", "DeleteDBInstance", where, DBInstanceIdentifier=name, SkipFinalSnapshot=True,
            DeleteAutomatedBackups=True,
        )  # fmt: skip
    except NotFound:
        return Undone(f"Database {name} is gone already.")
    except InvalidState:
        return stays
    return Undone(
        f"Database {name} is being deleted, without a final snapshot, because this run had made it and it holds "
        "nothing that its backups do not."
    )
