"""The datapoints of one metric of CloudWatch, minute by minute.

An `AwsError` means that CloudWatch was not read; what to make of that is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pilotlight.domain.data_loss import PERIOD
from pilotlight.domain.ports import Aws

Reading = tuple[datetime, float]
"""The start of a minute, and the greatest value that was reported in it."""


def greatest_by_minute(
    aws: Aws, region: str, namespace: str, metric: str, dimensions: Mapping[str, str], start: datetime, end: datetime
) -> list[Reading]:
    """What was reported of the minutes from `start` to before `end`: CloudWatch includes the start, not the end."""
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    of = {"Namespace": namespace, "MetricName": metric, "Dimensions": named}
    answer = aws.call(
        "cloudwatch",
        "GetMetricData",
        region,
        MetricDataQueries=[
            {
                "Id": "greatest",
                "MetricStat": {"Metric": of, "Period": int(PERIOD.total_seconds()), "Stat": "Maximum"},
            }
        ],
        StartTime=start,
        EndTime=end,
        ScanBy="TimestampDescending",
    )
    return [
        (stamp, float(value))
        for result in answer.get("MetricDataResults", ())
        for stamp, value in zip(result.get("Timestamps", ()), result.get("Values", ()), strict=True)
    ]
