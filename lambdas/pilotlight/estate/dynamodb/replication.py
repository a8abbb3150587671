"""How far a global table's copy in the standby was behind, by what was remembered of its replication latency.

`ReplicationLatency` (AWS/DynamoDB, by TableName and ReceivingRegion, in milliseconds) is published in the region that
replicates *from*: in an outage of the primary it cannot be read any more. So somebody has to read it there once a
minute while all is well, and remember the last minutes in the standby; what was remembered comes in here. It is
*unknown* where nothing fresh was: a table that nobody writes to reports nothing, and neither does one whose replication
has stopped, and the two cannot be told apart (DynamoDB Developer Guide, "Monitoring global tables").
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pilotlight.domain.data_loss import FRESH_WITHIN, PERIOD, DataAtRisk, LossWindow, fresh_readings
from pilotlight.domain.durations import say_duration, say_elapsed


def loss_by_latency(
    table: str, receiving_region: str, remembered: Iterable[tuple[datetime, float]], onset: datetime
) -> DataAtRisk:
    """Which writes before onset the copy in `receiving_region` may lack, by the last good reading that is remembered.

    Parameters: `remembered` are the starts of minutes, each with that minute's greatest latency in milliseconds.
    """
    good = [reading for reading in fresh_readings(remembered, onset) if reading[1] >= 0]
    if not good:
        span = say_duration(FRESH_WITHIN + PERIOD)
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
