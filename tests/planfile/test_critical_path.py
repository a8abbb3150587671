"""The time of a plan is that of its longest chain of steps, and the chain is named."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotlight.domain.plan import Plan
from pilotlight.domain.policy import Gates
from pilotlight.domain.stages import StageName, Stages
from planfile.critical_path import Timetable, timetable
from tests.planfile.builders import SOUND, read


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def a_plan(veto: float = 0, /, **stages: Any) -> Plan:
    """A plan of these stages; the kinds of its steps do not matter here."""
    kinds = {
        stage: {
            lane: [{**entry, "kind": "any"} if "await" not in entry else entry for entry in entries]
            for lane, entries in lanes.items()
        }
        for stage, lanes in stages.items()
    }
    update = {"stages": Stages.model_validate(kinds), "gates": Gates(veto_window=minutes(veto))}
    return read(SOUND).model_copy(update=update)


def timed(plan: Plan, **counts: float) -> Timetable:
    return timetable(plan, {name.replace("_", "-"): minutes(count) for name, count in counts.items()})


def test_steps_of_a_lane_follow_each_other() -> None:
    plan = a_plan(move={"one": [{"step": "one"}, {"step": "two"}]})

    times = timed(plan, one=2, two=3)

    assert times.recovery == minutes(5)
    assert times.starts["two"] == minutes(2)
    assert times.critical == ("one", "two")


def test_lanes_run_side_by_side_and_the_longest_decides() -> None:
    plan = a_plan(move={"one": [{"step": "short"}], "two": [{"step": "long"}]}, serve={"app": [{"step": "last"}]})

    times = timed(plan, short=2, long=3, last=1)

    assert times.recovery == minutes(4)
    assert times.stage_ends[StageName.MOVE] == minutes(3)
    assert times.critical == ("long", "last")


@pytest.mark.parametrize(
    ("cache", "promote", "recovery", "critical"),
    [(8, 6, 10, ("cache", "scale")), (5, 6, 8, ("promote", "scale"))],
)
def test_a_started_step_costs_the_longer_of_the_two_and_never_their_sum(
    cache: float, promote: float, recovery: float, critical: tuple[str, ...]
) -> None:
    plan = a_plan(
        prepare={"cache": [{"start": "cache"}]},
        move={"database": [{"step": "promote"}], "cache": [{"await": "cache"}]},
        serve={"application": [{"step": "scale"}]},
    )

    times = timed(plan, cache=cache, promote=promote, scale=2)

    assert times.recovery == minutes(recovery)
    assert times.critical == critical


def test_an_await_that_comes_late_waits_for_nothing() -> None:
    plan = a_plan(
        prepare={"cache": [{"start": "cache"}]},
        move={"database": [{"step": "promote"}, {"await": "cache"}, {"step": "use"}]},
    )

    times = timed(plan, cache=5, promote=6, use=1)

    assert times.recovery == minutes(7)
    assert times.critical == ("promote", "use")


def test_what_came_before_a_started_step_is_on_its_path() -> None:
    plan = a_plan(
        prepare={"cache": [{"step": "network"}, {"start": "cache"}], "image": [{"step": "image"}]},
        move={"cache": [{"await": "cache"}]},
    )

    times = timed(plan, network=2, cache=8, image=1)

    assert times.recovery == minutes(10)
    assert times.critical == ("network", "cache")


def test_the_veto_window_stands_before_move_and_a_cache_is_made_meanwhile() -> None:
    plan = a_plan(
        10,
        prepare={"cache": [{"start": "cache"}]},
        move={"cache": [{"await": "cache"}, {"step": "promote"}]},
    )

    times = timed(plan, cache=8, promote=6)

    assert times.starts["promote"] == minutes(10)
    assert times.recovery == minutes(16)
    assert times.critical == ("promote",)


def test_what_comes_after_is_no_part_of_the_recovery() -> None:
    plan = a_plan(move={"one": [{"step": "promote"}]}, after={"one": [{"step": "convert"}]})

    times = timed(plan, promote=6, convert=15)

    assert times.recovery == minutes(6)
    assert times.ends["convert"] == minutes(21)
    assert times.critical == ("promote",)


def test_an_empty_plan_takes_no_time() -> None:
    times = timed(a_plan())

    assert (times.recovery, times.critical) == (minutes(0), ())


lanes = st.lists(st.integers(0, 20), min_size=1, max_size=4)
stages = st.lists(st.lists(lanes, min_size=1, max_size=3), min_size=1, max_size=3)


@given(stages)
def test_the_critical_steps_add_up_to_the_recovery(durations: list[list[list[int]]]) -> None:
    names = ("prepare", "move", "serve")
    counts = {
        f"step-{stage}-{lane}-{index}": count
        for stage, in_stage in enumerate(durations)
        for lane, in_lane in enumerate(in_stage)
        for index, count in enumerate(in_lane)
    }
    plan = a_plan(
        **{
            names[stage]: {
                f"lane-{lane}": [{"step": f"step-{stage}-{lane}-{index}"} for index in range(len(in_lane))]
                for lane, in_lane in enumerate(in_stage)
            }
            for stage, in_stage in enumerate(durations)
        }
    )

    times = timetable(plan, {name: minutes(count) for name, count in counts.items()})

    assert sum(counts[name] for name in times.critical) * minutes(1) == times.recovery
    assert all(times.ends[one] <= times.starts[other] for one, other in pairwise(times.critical))
