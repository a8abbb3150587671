"""How soon a failover is decided once its darkness has lasted, and how soon it changes anything then.

It is decided when the run may act (`Clocks.decided`): the detector has looked and started it, it holds its lease, has
looked once more, and the standby can take over. Simulated times, so exact for a seed; docs/benchmarks.md tells more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from statistics import median

import pytest

from pilotlight.domain.records import Record, RecordKind
from planfile import load
from rehearsal.play import Played, play
from rehearsal.scenarios import scenario
from rehearsal.scene import Scene
from rehearsal.services.lambda_functions import LambdaFunctions
from tests.workflow.played import FILEFLOW, played

DECIDED_WITHIN_SECONDS = 5.0
FIRST_CHANGE_WARM_SECONDS = 2.0
FIRST_CHANGE_COLD_MEDIAN_SECONDS, FIRST_CHANGE_COLD_P99_SECONDS = 6.0, 9.0
SEEDS = range(1, 11)


@dataclass(frozen=True)
class Times:
    """Seconds from the end of the lasting to the detector's verdict and to the decision, and on to the first change."""

    verdict: float
    decided: float
    first_change: float


def times_of(seen: Played) -> Times:
    start = first_of(seen, RecordKind.VERDICT, verdict="start")
    confirmed = first_of(seen, RecordKind.RUN_CONFIRMED)
    due = agreed_since(seen, start) + seen.scene.plan.decision.must_last
    decided = datetime.fromisoformat(confirmed.entry.details["decided"])
    changed = first_of(seen, RecordKind.INTENT).entry.time
    spans = (start.entry.time - due, decided - due, changed - decided)
    return Times(*(span.total_seconds() for span in spans))


def first_of(seen: Played, kind: RecordKind, **details: str) -> Record:
    return next(r for r in seen.records if r.entry.kind is kind and details.items() <= r.entry.details.items())


def agreed_since(seen: Played, start: Record) -> datetime:
    """When the second region saw darkness first, by the signals that the start rests on."""
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
def times(seed: int) -> Times:
    """With functions that are cold at onset, and woken while the detector waits for the darkness to have lasted."""
    return times_of(played("outage", seed))


@cache
def cold_times(seed: int) -> Times:
    """With every call of every function a cold start, whoever woke it before."""
    outage = scenario("outage")

    def happen(scene: Scene) -> None:
        functions = scene.account.aws.service(LambdaFunctions)

        def let_go() -> None:
            for function in functions.deployed.values():
                function.warm.clear()

        scene.world.time.after_each_instant.append(let_go)
        outage.happen(scene)

    return times_of(play(load(FILEFLOW), replace(outage, happen=happen), seed))


def test_it_is_decided_within_seconds_of_the_darkness_having_lasted_and_changes_something_soon_after() -> None:
    seen = times(1)

    assert 0.0 <= seen.verdict <= seen.decided <= DECIDED_WITHIN_SECONDS
    assert seen.first_change <= FIRST_CHANGE_WARM_SECONDS


@pytest.mark.full
def test_over_many_seeds_too() -> None:
    seen = [times(seed) for seed in SEEDS]

    assert max(each.decided for each in seen) <= DECIDED_WITHIN_SECONDS
    assert max(each.first_change for each in seen) <= FIRST_CHANGE_WARM_SECONDS


@pytest.mark.full
def test_the_first_change_follows_within_seconds_with_every_function_cold() -> None:
    changed = [cold_times(seed).first_change for seed in SEEDS]

    assert median(changed) <= FIRST_CHANGE_COLD_MEDIAN_SECONDS
    assert max(changed) <= FIRST_CHANGE_COLD_P99_SECONDS
