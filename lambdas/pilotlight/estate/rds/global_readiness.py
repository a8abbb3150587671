"""What must be true of the standby's cluster of an Aurora global database before it can take the writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pilotlight.domain.data_loss import PERIOD
from pilotlight.domain.step import Finding, Severity, StepContext
from pilotlight.estate.rds.global_cluster import Cluster, Member, available_instances
from pilotlight.estate.rds.global_lag import loss_of_failover

_LAG_SHOWS_WITHIN = timedelta(minutes=1)


def findings_of(member: Member, cluster: Cluster, source: Cluster | None, context: StepContext) -> Iterator[Finding]:
    """Whether it follows, has an instance that is up, runs its source's version, and reports how far it is behind."""
    name = cluster.identifier
    if member.connected:
        yield Finding(Severity.FINE, "synchronization", f"Cluster {name} follows its writer.")
    else:
        said = f"Cluster {name} is {member.synchronization}, so it does not follow its writer."
        yield Finding(Severity.ERROR, "synchronization", said, "Read its RDS events; build it anew if it stays so.")
    up = len(available_instances(context, cluster))
    if up:
        yield Finding(Severity.FINE, "instances", f"Cluster {name} has {up} instances that are available.")
    else:
        said = f"Cluster {name} has no instance that is available."
        yield Finding(Severity.ERROR, "instances", said, "See what is wrong with its instances, or create one.")
    yield _version(cluster, source)
    yield _lag(member, cluster, context)


def _version(cluster: Cluster, source: Cluster | None) -> Finding:
    """Another minor version may keep Aurora from a failover (Aurora User Guide, on managed failovers)."""
    if source is None:
        return Finding(
            Severity.WARNING, "version", "The primary's cluster is not there.", "Correct source in the plan."
        )
    if source.minor == cluster.minor:
        return Finding(Severity.FINE, "version", f"Both clusters run {cluster.engine} {cluster.minor}.")
    said = (
        f"Cluster {cluster.identifier} runs {cluster.engine_version} and {source.identifier} {source.engine_version}, "
        "so that Aurora may refuse to make it the writer."
    )
    return Finding(Severity.ERROR, "version", said, "Bring both to one version, secondaries first.")


def _lag(member: Member, cluster: Cluster, context: StepContext) -> Finding:
    if member.is_writer:
        return Finding(Severity.FINE, "lag", f"Cluster {cluster.identifier} is the writer, so it is not behind.")
    risk = loss_of_failover(cluster.identifier, context, context.now - _LAG_SHOWS_WITHIN)
    if risk.measured is None or risk.window is None:
        return Finding(Severity.ERROR, "lag", risk.sentence, "See why the cluster does not report its lag.")
    behind = (risk.measured - risk.window.began).total_seconds()
    if behind > PERIOD.total_seconds():
        said = f"Cluster {cluster.identifier} is {behind:.0f} s behind."
        return Finding(Severity.WARNING, "lag", said, "See what is written, and whether the network is in order.")
    return Finding(Severity.FINE, "lag", f"Cluster {cluster.identifier} is {behind:.1f} s behind.")
