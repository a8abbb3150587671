"""How far behind a database of the standby is, as CloudWatch samples it each minute in a rehearsal."""

from __future__ import annotations

from pilotlight.domain.step import Standing
from rehearsal.apply import Account
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.rds import Rds


def sample_lag(account: Account, standing: Standing) -> None:
    """Have CloudWatch sample the lag of a replica or of a global database's cluster; of all else it samples none."""
    metrics, rds, region = account.aws.service(CloudWatch), account.aws.service(Rds), standing.region
    match standing.service, standing.what:
        case "rds", "global database":
            cluster = str(standing.facts["cluster"])
            metrics.sample_each_minute(
                region, "AWS/RDS", "AuroraGlobalDBRPOLag", {"DBClusterIdentifier": cluster},
                lambda: rds.global_lag_milliseconds(region, cluster),
            )  # fmt: skip
        case "rds", "replica":
            identifier = str(standing.facts["identifier"])
            metrics.sample_each_minute(
                region, "AWS/RDS", "ReplicaLag", {"DBInstanceIdentifier": identifier},
                lambda: rds.lag_seconds(region, identifier),
            )  # fmt: skip
