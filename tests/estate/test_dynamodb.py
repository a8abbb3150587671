"""What remembered latencies of replication say of a global table's copy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pilotlight.estate.dynamodb.replication import loss_by_latency

ONSET = datetime(2026, 11, 21, 1, 7, 30, tzinfo=UTC)
TOKYO = "ap-northeast-1"


def minutes_before(minutes: float) -> datetime:
    return ONSET - timedelta(minutes=minutes)


def test_the_last_good_latency_before_onset_counts() -> None:
    remembered = [(minutes_before(1.5), 800.0), (minutes_before(2.5), 90_000.0), (minutes_before(0.5), 500_000.0)]

    risk = loss_by_latency("orders", TOKYO, remembered, ONSET)

    assert (risk.seconds, risk.measured) == (90.8, minutes_before(1.5))
    assert risk.sentence == (
        "Writes to table orders took 800 ms to ap-northeast-1 at 01:06 UTC, so by that measure at most those between "
        "01:05:59 and 01:07:30 UTC may be lost, 1 min 31 s."
    )


def test_a_long_latency_is_said_in_minutes() -> None:
    assert "took 1 min 30 s to" in loss_by_latency("orders", TOKYO, [(minutes_before(2), 90_000.0)], ONSET).sentence


@pytest.mark.parametrize(
    "remembered",
    [
        [],
        [(minutes_before(10), 800.0)],
        [(minutes_before(0.5), 800.0)],
        [(minutes_before(1.5), -1.0)],
        [(minutes_before(1.5), 0.0)],
    ],
    ids=["nothing", "something stale", "the minute of onset alone", "no latency", "stalled"],
)
def test_where_nothing_good_and_fresh_is_remembered_the_loss_is_unknown(
    remembered: list[tuple[datetime, float]],
) -> None:
    risk = loss_by_latency("orders", TOKYO, remembered, ONSET)

    assert risk.seconds is None
    assert risk.sentence == (
        "How far table orders in ap-northeast-1 was behind is unknown, because no ReplicationLatency of the 6 min "
        "before 01:07:30 UTC is remembered."
    )
