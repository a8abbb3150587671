"""Whether a database of the standby takes the writes, by a fresh read: an instance alone, or a cluster of Aurora.

Users are led to a database only then. What is not there, or broken, stays so and fails; all else is asked again. A
cluster of a global database tells of itself neither whether it is the writer nor whether its role is about to change:
both stand with the global database, which the standby shows too while the primary is dark.
"""

from __future__ import annotations

from pilotlight.domain.step import Failed, NotYet, StepContext
from pilotlight.estate.rds.global_cluster import available_instances, look_at_cluster, look_at_global
from pilotlight.estate.rds.instance import AVAILABLE, SERVING, RdsInstance, look


def unready_instance(context: StepContext, name: str) -> NotYet | Failed | None:
    """Why users may not be sent to an instance yet; None where they may."""
    found = look(context, name)
    if found is None:
        return Failed(
            f"Database {name} does not exist in {context.place.standby}, so no traffic is sent there.",
            "Correct the plan, or restore the database from a backup.",
        )
    if found.broken:
        return Failed(f"Database {name} is {found.status}, so no traffic is sent to it.", found.way_out)
    if found.source is not None:
        return NotYet(f"Database {name} is a replica of {found.source} still, so no traffic is sent to it.")
    if not _writes(found) or found.status not in SERVING:
        return NotYet(f"Database {name} is {found.status}, so no traffic is sent to it yet.")
    return None


def unready_cluster(context: StepContext, whole: str, name: str) -> NotYet | Failed | None:
    """Why users may not be sent to a cluster of a global database yet; None where they may."""
    shown, cluster = look_at_global(context, whole), look_at_cluster(context, name)
    member = shown.member(context.place.arn("rds", f"cluster:{name}")) if shown else None
    if shown is None or member is None or cluster is None:
        return Failed(
            f"Cluster {name} of global database {whole} is not there, as {context.place.standby} shows it, so no "
            "traffic is sent to it.",
            "Correct the plan, or build the global database anew.",
        )
    if shown.move is not None:
        return NotYet(f"Global database {whole} is {shown.move.status}, so no traffic is sent to cluster {name} yet.")
    if not member.is_writer:
        return NotYet(f"Cluster {name} is not the writer of {whole}, so no traffic is sent to it.")
    if cluster.status != AVAILABLE:
        return NotYet(f"Cluster {name} is {cluster.status}, so no traffic is sent to it yet.")
    if not available_instances(context, cluster):
        return NotYet(f"No instance of cluster {name} is available, so no traffic is sent to it yet.")
    return None


def instance_writes(context: StepContext, name: str) -> bool:
    """Whether an instance of the standby is a writer by its role, whatever its status."""
    return _writes(look(context, name))


def cluster_writes(context: StepContext, whole: str, name: str) -> bool:
    """Whether a cluster of the standby is the writer of its global database, whatever its status."""
    shown = look_at_global(context, whole)
    member = shown.member(context.place.arn("rds", f"cluster:{name}")) if shown else None
    return member is not None and member.is_writer


def _writes(found: RdsInstance | None) -> bool:
    return found is not None and found.source is None and found.replication is None
