"""The drills of the repository's own plans, played whole: they go through, and leave the world as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from planfile import load
from rehearsal.drilling import DRILL_SCENARIOS, play_drill

PLANS = Path(__file__).parents[2] / "plans"

pytestmark = pytest.mark.full


@pytest.mark.parametrize("name", ["triflow", "portforge"])
def test_it_recovers_on_its_stand_ins_and_leaves_nothing(name: str) -> None:
    played = play_drill(load(PLANS / f"{name}.yaml"), DRILL_SCENARIOS["drill"], 1)

    assert played.result.outcome == "RECOVERED", played.result.reason
    assert played.left_behind == []


def test_an_outage_amid_portforge_s_drill_finds_the_application_s_own_nodes_and_values() -> None:
    played = play_drill(load(PLANS / "portforge.yaml"), DRILL_SCENARIOS["drill-during-outage"], 1)

    assert played.result.outcome == "ABORTED_CLEAN", played.result.reason
    assert played.left_behind == []
