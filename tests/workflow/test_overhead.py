"""What the controller itself costs in time, over many draws of AWS's latencies. The times are simulated, so exact."""

from __future__ import annotations

import statistics
from functools import cache

import pytest

from planfile import load
from rehearsal.play import play
from rehearsal.result import RehearsalResult
from rehearsal.scenarios import scenario
from tests.workflow.played import FILEFLOW

SEEDS = range(1, 51)
pytestmark = pytest.mark.full


@cache
def results() -> list[RehearsalResult]:
    plan = load(FILEFLOW)
    return [play(plan, scenario("outage"), seed).result for seed in SEEDS]


def test_every_draw_recovers() -> None:
    assert [r.outcome for r in results()] == ["RECOVERED"] * len(SEEDS)


def test_the_controller_adds_little_to_what_aws_itself_needs() -> None:
    ratios = sorted(r.overhead_ratio for r in results() if r.overhead_ratio is not None)

    assert len(ratios) == len(SEEDS)
    assert ratios[0] >= 1.0
    assert statistics.median(ratios) <= 1.03
    assert ratios[round(0.99 * len(SEEDS)) - 1] <= 1.06


@pytest.mark.parametrize("seed", SEEDS)
def test_the_critical_path_is_the_promotion_or_the_cache_and_never_their_sum(seed: int) -> None:
    steps = {step.name: step for step in results()[seed - 1].steps}
    promotion, cached = steps["promote"], steps["create-redis"]

    assert promotion.started is not None
    assert promotion.finished is not None
    assert cached.started is not None
    assert cached.finished is not None
    longest = max(promotion.finished - promotion.started, cached.finished - cached.started)
    assert steps["swap-endpoints"].started is not None
    assert steps["swap-endpoints"].started - cached.started < longest + 30
