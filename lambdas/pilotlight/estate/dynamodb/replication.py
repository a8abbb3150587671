"""How far a global table's copy in the standby was behind, by what was remembered of its replication latency.

`ReplicationLatency` (AWS/DynamoDB, by TableName and ReceivingRegion, in milliseconds) is published in the region that
replicates *from*: in an outage of the primary it cannot be read any more. So a function in the primary reads it there
each minute while all is well, and repeats the last minutes as a metric of the standby's own; that is what is read in an
outage, and no clock but CloudWatch's stamps it. Each application has a namespace, so that IAM tells writers apart.

The latency is *unknown* where nothing good and fresh was remembered: a table that nobody writes to reports nothing, and
neither does one whose replication has stopped, and the two cannot be told apart. A latency of 0 is no good one either:
it "indicates stalled replication".

Sources: DynamoDB Developer Guide, "Monitoring global tables", and "Preparation checklist for DynamoDB global tables"
for the 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pilotlight.domain.data_loss import FRESH_WITHIN, PERIOD, DataAtRisk, LossWindow, fresh_readings
from pilotlight.domain.durations import say_duration, say_elapsed
from pilotlight.domain.place import Place
from pilotlight.domain.ports import Aws
from pilotlight.domain.step import Access, Statement
from pilotlight.estate.metrics import Reading, greatest_by_minute

METRIC = "ReplicationLatency"
FRESH_ENOUGH = FRESH_WITHIN + 2 * PERIOD
"""How long before an onset the minute of a remembered reading may have ended.

Two minutes more than for a lag that is read after the outage: until it is visible in the primary, and until it is read
there, nobody remembers it.
"""
REPEATED = 10 * PERIOD
"""So much is repeated each minute: what came late, or was left out by a failed call, is remembered after all."""
LOOKED_BACK = timedelta(hours=1)
"""How far back a last good moment is looked for."""


def namespace_of(application: str) -> str:
    """The namespace of what is remembered of an application's tables."""
    return f"Pilotlight/{application}/tables"


def reading_statement() -> Statement:
    """What is needed to read what is remembered, and what the primary reports; CloudWatch knows no finer resource."""
    return Statement(Access.READ, ("cloudwatch:GetMetricData",), ("*",))


def remembering_statement(place: Place) -> Statement:
    """What is needed to remember: metrics of the one namespace."""
    only = {"StringEquals": {"cloudwatch:namespace": namespace_of(place.application)}}
    return Statement(Access.WRITE, ("cloudwatch:PutMetricData",), ("*",), only)


def repeat_latency(aws: Aws, place: Place, table: str, now: datetime) -> int:
    """Read a table's latency in the primary and remember it in the standby; how many minutes were repeated.

    Doing it twice is harmless, because the greatest value of a minute counts.
    """
    of = {"TableName": table, "ReceivingRegion": place.standby}
    readings = greatest_by_minute(aws, place.primary, "AWS/DynamoDB", METRIC, of, now - REPEATED, now)
    if readings:
        data = [
            {
                "MetricName": METRIC,
                "Dimensions": [{"Name": "TableName", "Value": table}],
                "Timestamp": stamp,
                "Value": milliseconds,
                "Unit": "Milliseconds",
            }
            for stamp, milliseconds in readings
        ]
        aws.call(
            "cloudwatch", "PutMetricData", place.standby, Namespace=namespace_of(place.application), MetricData=data
        )
    return len(readings)


def remembered_latencies(aws: Aws, place: Place, table: str, start: datetime, end: datetime) -> list[Reading]:
    """What is remembered of a table in the standby, in milliseconds."""
    of = {"TableName": table}
    return greatest_by_minute(aws, place.standby, namespace_of(place.application), METRIC, of, start, end)


def last_replicated(aws: Aws, place: Place, table: str, now: datetime) -> datetime | None:
    """Up to when the standby is known to hold the primary's writes; None where nothing of the last hour says so."""
    good = [r for r in remembered_latencies(aws, place, table, now - LOOKED_BACK, now) if r[1] > 0]
    if not good:
        return None
    stamp, milliseconds = max(good)
    return stamp - timedelta(milliseconds=milliseconds)


def loss_of_table(aws: Aws, place: Place, table: str, onset: datetime) -> DataAtRisk:
    """Which writes before onset the standby's copy may lack, by what is remembered there."""
    remembered = remembered_latencies(aws, place, table, onset - FRESH_ENOUGH - PERIOD, onset)
    return loss_by_latency(table, place.standby, remembered, onset)


def loss_by_latency(table: str, receiving_region: str, remembered: Iterable[Reading], onset: datetime) -> DataAtRisk:
    """Which writes before onset the copy in `receiving_region` may lack, by the last good reading that is remembered.

    Parameters: `remembered` are the starts of minutes, each with that minute's greatest latency in milliseconds.
    """
    good = [reading for reading in fresh_readings(remembered, onset, FRESH_ENOUGH) if reading[1] > 0]
    if not good:
        span = say_duration(FRESH_ENOUGH + PERIOD)
        return DataAtRisk(
            f"How far table {table} in {receiving_region} was behind is unknown, because no ReplicationLatency of the "
            f"{span} before {onset:%H:%M:%S} UTC is remembered."
        )
    stamp, milliseconds = good[-1]
    window = LossWindow(stamp - timedelta(milliseconds=milliseconds), onset)
    took = f"{milliseconds:.0f} ms" if milliseconds < 1000 else say_elapsed(milliseconds / 1000)
    sentence = (
        f"Writes to table {table} took {took} to {receiving_region} at {stamp:%H:%M} UTC, so by that measure at most "
        f"those {window} may be lost, {say_elapsed(window.seconds)}."
    )
    return DataAtRisk(sentence, window, stamp)
