"""What every fence does where the primary does not answer: bounded to seconds, no failure, and never called closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pilotlight.domain.life import StepStatus
from pilotlight.domain.standing_in import LeftOut
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Harm,
    Params,
    StepKind,
)
from pilotlight.estate.fencing import Fence, read_mark, write_mark
from pilotlight.steps import kind, kind_names
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.virtual_time import VirtualTime
from rehearsal.world import World
from tests.builders import ISOLATION
from tests.conventions.test_kinds import example_params
from tests.steps.conftest import PLACE, Bench
from tests.steps.fences import SEOUL, OldPrimary, seconds

FENCES = [name for name in kind_names() if kind(name).fences]
fences = pytest.mark.parametrize("name", FENCES)


@pytest.fixture
def bench() -> Iterator[Bench]:
    world = World(VirtualTime(datetime(2026, 11, 21, 1, 0, tzinfo=UTC)), seed=1, account=PLACE.account)
    with EmbeddedAws(world) as aws:
        yield Bench(world, aws)


def old_primary(bench: Bench, name: str) -> OldPrimary:
    its_kind: StepKind[Any] = kind(name)
    params: Params = example_params(its_kind)
    old = OldPrimary(bench, its_kind, params)
    old.furnish()
    return old


@fences
def test_what_stands_before_an_incident_is_closed_and_opened_again(bench: Bench, name: str) -> None:
    old = old_primary(bench, name)

    state = old.live()
    done = old.undo()

    assert (state.status, dict(state.outputs)) == (StepStatus.SETTLED, {"closed": "yes"})
    assert "as before" in done.sentence or "on again" in done.sentence


@fences
def test_a_dark_primary_is_no_failure_and_takes_seconds(bench: Bench, name: str) -> None:
    old = old_primary(bench, name)
    bench.world.darken(SEOUL)

    state = old.live()

    assert (state.status, dict(state.outputs)) == (StepStatus.SETTLED, {"closed": "unreachable"})
    assert seconds(state) <= 15
    assert "could not be reached, so no read shows it closed" in state.reason
    assert bench.writes() == []


@fences
def test_one_lost_answer_is_no_darkness(bench: Bench, name: str) -> None:
    old = old_primary(bench, name)
    bench.world.darken(SEOUL)
    bench.world.time.spawn(lambda: bench.world.relight(SEOUL), name="back", delay_seconds=5)

    assert old.live().outputs == {"closed": "yes"}


@fences
def test_a_primary_that_goes_dark_after_the_fence_acted_is_not_called_closed(bench: Bench, name: str) -> None:
    old = old_primary(bench, name)
    bench.world.time.spawn(lambda: bench.world.darken(SEOUL), name="dark", delay_seconds=0.9)

    state = old.live()

    assert state.outputs == {"closed": "unreachable"}
    assert seconds(state) <= 20


@fences
def test_undo_of_a_dark_primary_says_so_within_seconds(bench: Bench, name: str) -> None:
    old = old_primary(bench, name)
    old.live()
    bench.world.darken(SEOUL)
    began = bench.world.time.now()

    done = old.undo()

    assert isinstance(done, CannotUndo)
    assert "could not be reached, so nothing was reopened there" in done.sentence
    assert bench.world.time.now() - began < timedelta(seconds=5)


@fences
def test_the_guard_is_cheap_once_it_is_closed(bench: Bench, name: str) -> None:
    old = old_primary(bench, name)
    old.guarded(minutes=5)
    writes = bench.writes()

    old.guarded(minutes=5)

    assert bench.writes() == writes


@fences
def test_preflight_calls_nothing_abroad(bench: Bench, name: str) -> None:
    old = old_primary(bench, name)

    assert old.kind.preflight(old.params, bench.context()) == ()
    assert bench.world.trace == []


@fences
def test_a_drill_closes_nothing(name: str) -> None:
    its_kind = kind(name)

    refused = its_kind.stand_in(example_params(its_kind), ISOLATION)

    assert isinstance(refused, LeftOut)
    assert "cannot be closed in a drill because it serves production" in refused.sentence


@fences
def test_it_is_disruptive_and_moves_no_writer(name: str) -> None:
    its_kind = kind(name)

    assert isinstance(its_kind, Fence)
    assert its_kind.harm is Harm.DISRUPTIVE
    assert its_kind.outputs == ("closed",)
    assert its_kind.writers(example_params(its_kind), PLACE) == ()


@fences
def test_it_may_change_only_what_stands_in_the_primary(name: str) -> None:
    its_kind = kind(name)

    for statement in its_kind.statements(example_params(its_kind), PLACE):
        for resource in statement.resources:
            passed = statement.access is Access.PASS_ROLE and resource.startswith("arn:aws:iam::")
            assert resource == "*" or f":{SEOUL}:" in resource or passed


def test_a_mark_is_read_by_its_owner_and_whole() -> None:
    tags = {"pilotlight:fence": write_mark("fileflow", desired=4, bounds="2-8")}

    assert read_mark(tags, "fileflow", "desired") == {"desired": "4", "bounds": "2-8"}
    assert read_mark(tags, None) == {"desired": "4", "bounds": "2-8"}
    assert read_mark(tags, "portforge") is None
    assert read_mark(tags, "fileflow", "cut") is None
    assert read_mark({}, None) is None
