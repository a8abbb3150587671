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

FULL, NIGHTLY = 20, 50
"""How many draws are played; the first of them are the same."""

DRAWS = pytest.mark.parametrize("draws", [FULL, pytest.param(NIGHTLY, marks=pytest.mark.nightly)])
SEEDS = [pytest.param(seed, marks=[pytest.mark.nightly] if seed > FULL else []) for seed in range(1, NIGHTLY + 1)]
pytestmark = pytest.mark.full


@cache
def result(seed: int) -> RehearsalResult:
    return play(load(FILEFLOW), scenario("outage"), seed).result


@DRAWS
def test_every_draw_recovers(draws: int) -> None:
    assert [result(seed + 1).outcome for seed in range(draws)] == ["RECOVERED"] * draws


@DRAWS
def test_the_controller_adds_little_to_what_aws_itself_needs(draws: int) -> None:
    ratios = sorted(ratio for seed in range(draws) if (ratio := result(seed + 1).overhead_ratio) is not None)

    assert len(ratios) == draws
    assert ratios[0] >= 1.0
    assert statistics.median(ratios) <= 1.03
    assert ratios[round(0.99 * draws) - 1] <= 1.06


@pytest.mark.parametrize("seed", SEEDS)
def test_the_critical_path_is_the_promotion_or_the_cache_and_never_their_sum(seed: int) -> None:
    steps = {step.name: step for step in result(seed).steps}
    promotion, cached = steps["promote"], steps["create-redis"]

    assert promotion.started is not None
    assert promotion.finished is not None
    assert cached.started is not None
    assert cached.finished is not None
    longest = max(promotion.finished - promotion.started, cached.finished - cached.started)
    assert steps["swap-endpoints"].started is not None
    assert steps["swap-endpoints"].started - cached.started < longest + 30
