"""How far the standby's cluster of an Aurora global database is behind: *unknown* where nothing good and fresh says so.

`AuroraGlobalDBRPOLag` counts user transactions alone and is asked first; `AuroraGlobalDBReplicationLag` counts all that
is replicated. Both are in milliseconds, in the region of the cluster that lags (Aurora User Guide, "Amazon CloudWatch
metrics for Amazon Aurora"). Which dimensions they bear beside the cluster's is not the same in all descriptions, so
that they are asked for with the cluster alone, and with the source's region too.

An `AwsError` means that CloudWatch was not read; what to make of that is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pilotlight.domain.data_loss import FRESH_WITHIN, PERIOD, DataAtRisk, LossWindow, fresh_readings
from pilotlight.domain.durations import say_duration, say_elapsed
from pilotlight.domain.step import StepContext
from pilotlight.estate.metrics import Reading, greatest_by_minute

_METRICS = ("AuroraGlobalDBRPOLag", "AuroraGlobalDBReplicationLag")


def loss_of_failover(cluster: str, context: StepContext, onset: datetime) -> DataAtRisk:
    """Which writes before `onset` the cluster may lack, by the last reading of a minute that was over by then."""
    readings = fresh_readings(_reported(cluster, context, onset - FRESH_WITHIN - PERIOD, onset), onset)
    good = [(stamp, seconds) for stamp, seconds in readings if seconds >= 0]
    if not good:
        span = say_duration(FRESH_WITHIN + PERIOD)
        return DataAtRisk(
            f"How far cluster {cluster} was behind is unknown, because CloudWatch holds no lag of the {span} before "
            f"{onset:%H:%M:%S} UTC."
        )
    stamp, seconds = good[-1]
    window = LossWindow(stamp - timedelta(seconds=seconds), onset)
    sentence = (
        f"Cluster {cluster} was {say_elapsed(seconds)} behind at {stamp:%H:%M} UTC, so by that measure at most the "
        f"writes {window} may be lost, {say_elapsed(window.seconds)}."
    )
    return DataAtRisk(sentence, window, stamp)


def left_to_replicate(cluster: str, source: str, context: StepContext, closed: datetime) -> DataAtRisk:
    """Which writes of before `closed`, when its source was closed, the cluster still lacks, by what it reports."""
    readings = _reported(cluster, context, closed - FRESH_WITHIN - PERIOD, context.now)
    applied = max((stamp - timedelta(seconds=lag) for stamp, lag in readings if lag >= 0), default=None)
    if applied is None:
        return DataAtRisk(f"What cluster {cluster} lacks is unknown, because it reports no lag.")
    window = LossWindow(min(applied, closed), closed)
    if window.seconds == 0:
        sentence = f"Nothing is lost: cluster {cluster} holds all that {source} wrote until it was closed at"
        return DataAtRisk(f"{sentence} {closed:%H:%M:%S} UTC.", window, context.now)
    said = f"Cluster {cluster} may lack the writes {window}, {say_elapsed(window.seconds)}."
    return DataAtRisk(said, window, applied)


def _reported(cluster: str, context: StepContext, since: datetime, until: datetime) -> Sequence[Reading]:
    place = context.place
    alone = {"DBClusterIdentifier": cluster}
    for metric in _METRICS:
        for of in (alone, alone | {"SourceRegion": place.primary}):
            found = greatest_by_minute(context.aws, place.standby, "AWS/RDS", metric, of, since, until)
            if found:
                return [(stamp, milliseconds / 1000) for stamp, milliseconds in found]
    return ()
