"""How soon a failover is decided once its darkness has lasted, and how soon it changes anything, all functions cold.

Simulated times, so exact for a seed; docs/benchmarks.md tells more of them.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from statistics import median

import pytest

from pilotlight.domain.records import Record, RecordKind
from rehearsal.play import Played
from tests.workflow.played import played

DECIDED_WITHIN_SECONDS = 5.0
FIRST_CHANGE_MEDIAN_SECONDS, FIRST_CHANGE_P99_SECONDS = 6.0, 9.0
SEEDS = range(1, 11)


def start_of(seen: Played) -> Record:
    return next(r for r in seen.records if r.entry.kind is RecordKind.VERDICT and r.entry.details["verdict"] == "start")


def agreed_since(seen: Played) -> datetime:
    """When the second region saw darkness first, by the signals that the start rests on."""
    start = start_of(seen)
    firsts: dict[str, datetime] = {}
    for record in seen.records:
        if record.sequence >= start.sequence:
            break
        details = record.entry.details
        if record.entry.kind is not RecordKind.SIGNAL or details["sight"] != "dark" or not details["since"]:
            continue
        if "probe" in details["observer"] or "primary-health" in details["observer"]:
            region, since = details["vantage"]["region"], datetime.fromisoformat(details["since"])
            firsts[region] = min(firsts.get(region, since), since)
    return sorted(firsts.values())[1]


@cache
def times(seed: int) -> tuple[float, float]:
    """Seconds from the end of the lasting to the decision, and from there to the first change."""
    seen = played("outage", seed)
    start = start_of(seen).entry.time
    due = agreed_since(seen) + seen.scene.plan.decision.must_last
    first = next(r.entry.time for r in seen.records if r.entry.kind is RecordKind.INTENT)
    return (start - due).total_seconds(), (first - start).total_seconds()


def test_it_is_decided_within_seconds_of_the_darkness_having_lasted() -> None:
    decided, _ = times(1)

    assert 0.0 <= decided <= DECIDED_WITHIN_SECONDS


@pytest.mark.full
def test_over_many_seeds_too_and_the_first_change_follows_within_seconds_with_every_function_cold() -> None:
    decided, changed = zip(*(times(seed) for seed in SEEDS), strict=True)

    assert max(decided) <= DECIDED_WITHIN_SECONDS
    assert median(changed) <= FIRST_CHANGE_MEDIAN_SECONDS
    assert max(changed) <= FIRST_CHANGE_P99_SECONDS
