"""How a person does what the kinds of RDS do: promote, adopt, fail over, convert, with what each must show.

A status says less than it seems to: it stays `available` for up to a minute after a promotion was asked for, and is
`backing-up` while the database serves already. So each check asks for the role as well.
"""

from __future__ import annotations

from collections.abc import Mapping

from pilotlight.domain.handwork import AN_HOUR_AGO, NOW, Command, Handwork, aws, held_in, keep
from pilotlight.domain.place import Place
from pilotlight.domain.step import OutputOf
from pilotlight.estate.rds.copies import ADOPTED_AT_TAG, ADOPTED_BY_TAG, ADOPTED_TAG

SERVING = "available, backing-up or storage-optimization"
BY_HAND = "by-hand"
"""What stands where a run would write its id."""


def ask(name: str, region: str, query: str) -> str:
    """What RDS shows of one instance."""
    return aws("rds", "DescribeDBInstances", region, query=f"DBInstances[0].{query}", DBInstanceIdentifier=name)


def endpoint_of(name: str, region: str) -> Mapping[str, str]:
    """The outputs of what brings a database up."""
    return {
        "address": ask(name, region, "Endpoint.Address"),
        "port": ask(name, region, "Endpoint.Port"),
        "endpoint": ask(name, region, "Endpoint.join(':', [Address, to_string(Port)])"),
    }


def change_zones(name: str, region: str, *, multi_az: bool) -> str:
    """The command that gives an instance its second zone, or takes it away."""
    return aws("rds", "ModifyDBInstance", region, DBInstanceIdentifier=name, MultiAZ=multi_az, ApplyImmediately=True)


def delete_copy(name: str, region: str) -> str:
    """The command that deletes a copy, which holds nothing that its backups do not."""
    return aws("rds", "DeleteDBInstance", region, DBInstanceIdentifier=name, SkipFinalSnapshot=True)


def readings(region: str, metric: str, dimensions: Mapping[str, str], namespace: str = "AWS/RDS") -> str:
    """The greatest reading of each minute of the last hour, the newest last."""
    return aws(
        "cloudwatch",
        "GetMetricStatistics",
        region,
        query="sort_by(Datapoints,&Timestamp)[].[Timestamp,Maximum]",
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=AN_HOUR_AGO,
        EndTime=NOW,
        Period=60,
        Statistics=["Maximum"],
    )


def promotion(replica: str, source: str, days: int, window: str | None, place: Place) -> Handwork:
    """Promote a replica."""
    here = place.standby
    role = ask(replica, here, "[DBInstanceStatus,ReadReplicaSourceDBInstanceIdentifier,length(StatusInfos||`[]`)]")
    origin = place.arn("rds", f"db:{source}", region=place.primary)
    optional = {"PreferredBackupWindow": window} if window else {}
    order = aws("rds", "PromoteReadReplica", here, DBInstanceIdentifier=replica, BackupRetentionPeriod=days, **optional)
    return Handwork(
        do=(
            Command(
                "See that it is the replica that is meant, and free to be promoted.", role, f"available {origin} 1"
            ),
            Command("Promote it. This cannot be taken back.", order, "DBInstanceIdentifier"),
        ),
        check=(
            Command(
                "Repeat until it has left its source; it takes 2 to 30 minutes.",
                role,
                f"{SERVING}, then None, then 0: no source and no replication. 'available' with a source is a replica.",
            ),
        ),
        stop_if=f"the replica shows another source than {origin}. If it shows None, it was promoted before: "
        "go to the check.",
        stays="RDS cannot make a promoted instance a replica again: the way back is a new replica in the primary.",
        loss=(
            Command(
                "How far the replica was behind, minute by minute, in seconds.",
                readings(here, "ReplicaLag", {"DBInstanceIdentifier": replica}),
                "in the last minute before the outage a number of 0 or more. -1, or no line at all, is unknown. What "
                "came after the outage began says nothing: the lag of PostgreSQL grows because the primary is silent.",
            ),
            Command(
                "Whether the replication was well until the outage.",
                ask(replica, here, "StatusInfos[].[StatusType,Status,Message]"),
                "replicating, or an error that speaks of the connection to the source",
            ),
        ),
        gives=endpoint_of(replica, here),
    )


def conversion(name: str, region: str) -> Handwork:
    """Give an instance a second zone."""
    zones = ask(name, region, "[DBInstanceStatus,MultiAZ,PendingModifiedValues]")
    return Handwork(
        do=(
            Command("See that no other change is pending, because it would be applied too.", zones, "available False"),
            Command("Convert it.", change_zones(name, region, multi_az=True), "PendingModifiedValues with MultiAZ"),
        ),
        check=(
            Command("Repeat every few minutes; it takes 5 to 60 minutes.", zones, f"{SERVING}, then True, and no more"),
        ),
        stop_if="other changes are pending: apply or cancel them first. Nobody waits for this step.",
        undo=(Command("Give the second zone up again.", change_zones(name, region, multi_az=False)),),
    )


def failover_to_second_zone(name: str, region: str) -> Handwork:
    """Force a Multi-AZ instance over."""
    zone = ask(name, region, "[DBInstanceStatus,AvailabilityZone,MultiAZ]")
    events = aws(
        "rds",
        "DescribeEvents",
        region,
        query="Events[].[Date,Message]",
        SourceType="db-instance",
        SourceIdentifier=name,
        Duration=30,
    )
    order = aws("rds", "RebootDBInstance", region, DBInstanceIdentifier=name, ForceFailover=True)
    return Handwork(
        do=(
            Command("Write down the zone that it is in.", zone, "available, its zone, True"),
            Command("Force it over. Every connection is cut.", order, "rebooting"),
        ),
        check=(
            Command(
                "See RDS begin and end it, within some two minutes.", events, "Multi-AZ instance failover completed"
            ),
            Command("See it in another zone.", zone, "available, another zone than before, True"),
        ),
        stop_if="the first command does not end with True: in one zone there is nothing to fail over to. If RDS "
        "writes that the failover was abandoned, wait for half an hour.",
        stays="it serves as well from its other zone; the way back is another failover.",
        gives={"zone": ask(name, region, "AvailabilityZone")},
    )


def adoption(name: str, source: str, restored: OutputOf, place: Place) -> Handwork:
    """Make a restored copy the writer."""
    here, arn = place.standby, place.arn("rds", f"db:{name}")
    tags = {ADOPTED_TAG: restored.by_hand, ADOPTED_AT_TAG: held_in("ADOPTED_AT"), ADOPTED_BY_TAG: BY_HAND}
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    seen = ask(name, here, "[DBInstanceStatus,DbiResourceId,DBParameterGroups[0].ParameterApplyStatus]")
    mark = ask(name, here, f"TagList[?Key=='{ADOPTED_TAG}'].Value|[0]")
    protect = aws(
        "rds", "ModifyDBInstance", here, DBInstanceIdentifier=name, DeletionProtection=True, ApplyImmediately=True
    )
    return Handwork(
        do=(
            Command("See that it is the copy that was restored.", seen, f"{SERVING}, its resource id, in-sync"),
            Command("Keep the time.", keep("ADOPTED_AT", "date -u +%Y-%m-%dT%H:%M:%S+00:00")),
            Command(
                "Mark it as the writer, so that no run restores over it or deletes it.",
                aws("rds", "AddTagsToResource", here, ResourceName=arn, Tags=pairs),
            ),
            Command(
                "Protect it from deletion.",
                protect,
            ),
        ),
        check=(Command("Read the mark back.", mark, "the resource id of the first command"),),
        stop_if="the resource id is not the one that the restore gave: somebody replaced the copy.",
        stays="it may hold writes by now that nothing else has.",
        loss=(
            Command(
                f"Up to which moment the copy holds what {source} wrote.",
                ask(name, here, "TagList[?Key=='pilotlight:restored-to'].Value|[0]"),
                "a moment: what was written after it is lost",
            ),
        ),
        gives=endpoint_of(name, here),
    )


def global_failover(name: str, cluster: str, source: str, place: Place) -> Handwork:
    """Make the standby's cluster of a global database its writer."""
    here, target = place.standby, place.arn("rds", f"cluster:{cluster}")
    named = {"GlobalClusterIdentifier": name, "TargetDbClusterIdentifier": target}
    member = f"GlobalClusters[0].[FailoverState.Status,GlobalClusterMembers[?DBClusterArn=='{target}'].IsWriter|[0]]"
    role = aws("rds", "DescribeGlobalClusters", here, query=member, GlobalClusterIdentifier=name)

    def of(what: str) -> str:
        return aws("rds", "DescribeDBClusters", here, query=f"DBClusters[0].{what}", DBClusterIdentifier=cluster)

    return Handwork(
        do=(
            Command("See that nothing is on its way, and that it follows.", role, "None False"),
            Command("See that it has an instance.", of("[Status,length(DBClusterMembers)]"), "available, 1 or more"),
            Command(
                f"The primary is gone: fail over, and lose what {source} had not replicated. Cannot be taken back.",
                aws("rds", "FailoverGlobalCluster", here, **named, AllowDataLoss=True),
                "FailoverState",
            ),
            Command(
                "Only in place of that, where the primary is well: switch over, and lose nothing.",
                aws("rds", "SwitchoverGlobalCluster", here, **named),
                "FailoverState",
            ),
        ),
        check=(
            Command("Repeat until it is the writer; it takes some 1 to 10 minutes.", role, "None True"),
            Command("See that it serves.", of("Status"), "available"),
        ),
        stop_if="it shows True already (go to the check), or has no instance (create one first).",
        stays=f"{source} lacks what was written since; the way back is a switchover once it has caught up.",
        loss=_lag_of_cluster(cluster, here),
        gives={
            "address": of("Endpoint"),
            "port": of("Port"),
            "endpoint": of("join(':', [Endpoint, to_string(Port)])"),
        },
    )


def _lag_of_cluster(cluster: str, region: str) -> tuple[Command, ...]:
    return tuple(
        Command(
            f"How far the cluster was behind, in milliseconds ({metric}).",
            readings(region, metric, {"DBClusterIdentifier": cluster}),
            "in the last minute before the outage a number of 0 or more; no line at all is unknown",
        )
        for metric in ("AuroraGlobalDBRPOLag", "AuroraGlobalDBReplicationLag")
    )
