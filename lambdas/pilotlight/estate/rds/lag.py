"""How far a replica was behind: *unknown*, and no number, where CloudWatch holds nothing good and fresh.

An `AwsError` means that CloudWatch was not read; what to make of that is for the caller to say.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pilotlight.domain.durations import say_duration, say_elapsed
from pilotlight.domain.ports import Aws
from pilotlight.domain.step import DataAtRisk

STALE_AFTER = timedelta(minutes=5)
PERIOD = timedelta(seconds=60)
"""RDS reports the metric once a minute."""


def read_lag(aws: Aws, region: str, identifier: str, moment: datetime) -> DataAtRisk:
    """How far the replica was behind when `moment` came, by the last minute that was over by then.

    The minute in which an outage begins is left out: its sample may have been taken after the onset. MySQL
    and MariaDB report -1 when replication is not running; PostgreSQL's lag grows on an idle or a dead source,
    so only what was measured before an outage speaks of loss (RDS User Guide, monitoring of read replicas).
    An onset is known by the first bad datapoint of an alarm only, a minute or two after the true one, and by
    then replication has stopped; so the last good reading counts, and what came after it is counted as lost.
    """
    dimensions = [{"Name": "DBInstanceIdentifier", "Value": identifier}]
    metric = {"Namespace": "AWS/RDS", "MetricName": "ReplicaLag", "Dimensions": dimensions}
    stat = {"Metric": metric, "Period": int(PERIOD.total_seconds()), "Stat": "Maximum"}
    answer = aws.call(
        "cloudwatch",
        "GetMetricData",
        region,
        MetricDataQueries=[{"Id": "lag", "MetricStat": stat}],
        StartTime=moment - STALE_AFTER - PERIOD,
        EndTime=moment,
        ScanBy="TimestampDescending",
    )
    found = [
        (stamp, float(value))
        for result in answer.get("MetricDataResults", ())
        for stamp, value in zip(result.get("Timestamps", ()), result.get("Values", ()), strict=True)
        if stamp + PERIOD <= moment and moment - stamp <= STALE_AFTER
    ]
    return _lag(identifier, sorted(found), moment)


def _lag(identifier: str, found: list[tuple[datetime, float]], moment: datetime) -> DataAtRisk:
    unknown = f"How far replica {identifier} was behind is unknown"
    good = [point for point in found if point[1] >= 0]
    if not found:
        since = f"{say_duration(STALE_AFTER)} before {moment:%H:%M:%S} UTC"
        return DataAtRisk(None, None, f"{unknown}, because CloudWatch holds no ReplicaLag of the {since}.")
    if not good:
        return DataAtRisk(None, None, f"{unknown}, because replication was not running at {found[-1][0]:%H:%M} UTC.")
    stamp, seconds = good[-1]
    worst = seconds + (moment - stamp).total_seconds()
    stopped = "" if good[-1] == found[-1] else f" and stopped replicating by {found[-1][0]:%H:%M} UTC"
    sentence = (
        f"Replica {identifier} was {say_elapsed(seconds)} behind at {stamp:%H:%M} UTC{stopped}, "
        f"so by that measure at most the last {say_elapsed(worst)} before {moment:%H:%M:%S} UTC are lost."
    )
    return DataAtRisk(worst, stamp, sentence)
