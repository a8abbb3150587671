"""No double start: whatever comes in, in whatever order, and wherever in a decision something else comes between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from pilotlight.domain.records import Entry, RecordKind
from tests.handlers.starting_world import LATE, PROMPT, TICK, StartingWorld, alarm_event

ALARM_EVENT = alarm_event()
OK_EVENT = alarm_event("OK", id="ok")
LATE_EVENT = alarm_event(id="late", age=timedelta(hours=24))
NO_DATA_EVENT = alarm_event("INSUFFICIENT_DATA", id="no-data")


def abort_and_tick(world: StartingWorld) -> None:
    world.abort()
    world.detect(TICK)


Befalls = Callable[[StartingWorld], object]
KINDS: dict[str, Befalls] = {
    "alarm": lambda world: world.detect(ALARM_EVENT),
    "duplicate": lambda world: world.detect(ALARM_EVENT),
    "OK": lambda world: world.detect(OK_EVENT),
    "late": lambda world: world.detect(LATE_EVENT),
    "insufficient data": lambda world: world.detect(NO_DATA_EVENT),
    "manual": StartingWorld.start_by_hand,
    "redrive": StartingWorld.redrive,
    "abort": abort_and_tick,
}
EVENTS = ("alarm", "duplicate", "OK", "late", "insufficient data")
IDS = {"OK": "ok", "late": "late", "insufficient data": "no-data"}


def verdicts_on(kind: str, written: list[Entry]) -> int:
    """How many of these entries are verdicts on an event of that kind; one that starts nothing carries its id too."""
    said = [entry for entry in written if entry.kind is RecordKind.VERDICT]
    return sum(entry.details.get("event_id") == IDS.get(kind, "alarm") for entry in said)


def taken_up(world: StartingWorld) -> set[str]:
    """The executions that the machine took up: let through, or at their end by themselves."""
    return {e.name for e in world.executions.values() if e.through or e.status in ("FAILED", "SUCCEEDED")}


def must_have_one_run(world: StartingWorld, story: str) -> None:
    """At most one run is at work, it holds all leases, and no lease let two through."""
    holders = world.lease_holders()
    through = world.at_work()
    by_epoch: dict[int, set[str]] = {}
    for name, epoch in world.gone:
        by_epoch.setdefault(epoch, set()).add(name)
    assert len(holders) == 1, f"{story}: the leases are held by {holders}"
    assert len(through) <= 1, f"{story}: {through} are both at work"
    assert set(through) <= holders, f"{story}: {through} is at work without its leases"
    assert all(len(names) == 1 for names in by_epoch.values()), f"{story}: two runs were let through in one lease"
    started = [e.name for e in world.executions.values() if not e.by_hand and e.status != "ABORTED"]
    assert len(started) <= 1, f"{story}: the detector started {started}, and nobody stopped one"


@dataclass
class Walk:
    """All orders of the kinds up to a length, each prefix played once; counts the sequences."""

    world: StartingWorld
    longest: int
    sequences: int = 0

    def go(self, story: tuple[str, ...] = ()) -> None:
        here = self.world.moment()
        for kind in KINDS:
            if kind in story:
                continue
            self.world.come_back(here)
            self._play((*story, kind))
            if len(story) + 1 < self.longest:
                self.go((*story, kind))

    def _play(self, story: tuple[str, ...]) -> None:
        kind, told = story[-1], " > ".join(story)
        before, known = self.world.records_written(), taken_up(self.world)
        self.world.event(KINDS[kind])
        self.sequences += 1
        must_have_one_run(self.world, told)
        written = self.world.records(since=before + 1)
        if kind in EVENTS:
            assert verdicts_on(kind, written) == 1, f"{told}: the event has no verdict, or two"
        untold = taken_up(self.world) - known - {entry.run_id for entry in written}
        # One that runs again may come to its end with nothing new to say.
        silent = untold - {entry.run_id for entry in self.world.records()} if untold else untold
        assert not silent, f"{told}: nothing is said of {silent}"


PACES = pytest.mark.parametrize("pace", [PROMPT, LATE], ids=["machines at once", "machines an event later"])


@pytest.mark.parametrize(
    ("pace", "longest", "sequences"), [(PROMPT, 5, 8_800), (LATE, 4, 2_080)], ids=["machines at once", "an event later"]
)
def test_no_order_of_a_few_events_starts_two_runs(pace: int, longest: int, sequences: int) -> None:
    """Given a dark primary, when a few of eight kinds of events come in any order, then at each moment one run at most
    is at work, it holds every lease, and each event has its verdict."""
    walk = Walk(StartingWorld(pace), longest)

    walk.go()

    assert walk.sequences == sequences


@pytest.mark.full
@PACES
def test_no_order_of_seven_events_starts_two_runs(pace: int) -> None:
    """The same for all orders of up to seven: 69,280 sequences."""
    walk = Walk(StartingWorld(pace), longest=7)

    walk.go()

    assert walk.sequences == 69_280


def interrupted(world: StartingWorld, first: str, second: str) -> Iterator[str]:
    """Play the first event with the second one between, at each of its operations on a table or on AWS in turn."""
    here, at = world.moment(), 0

    def come_between(inside: StartingWorld) -> None:
        KINDS[second](inside)
        inside.settle()

    while True:
        world.come_back(here)
        passed = world.interrupt(at, come_between)
        world.event(KINDS[first])
        world.on_switch = lambda: None
        if len(passed) <= at:
            return
        yield f"{second} at operation {at} of {first}"
        at += 1


def nobody_starts_twice(world: StartingWorld, first: str, second: str) -> int:
    """Interrupt the first event by the second one everywhere; the last execution is made to run again at the end."""
    played = 0
    for story in interrupted(world, first, second):
        must_have_one_run(world, story)
        world.settle()
        must_have_one_run(world, f"{story}, settled")
        world.event(StartingWorld.redrive)
        world.settle()
        must_have_one_run(world, f"{story}, and the last runs again")
        played += 1
    return played


STARTING = ("alarm", "manual", "abort")


@pytest.mark.parametrize("second", STARTING)
@pytest.mark.parametrize("first", STARTING)
def test_a_start_that_comes_between_two_operations_of_a_start_makes_no_second_one(first: str, second: str) -> None:
    """Given a dark primary, when another copy of the detector, a person, or a stop comes in whole at any operation of a
    decision, an opening or a conclusion, then there is one run."""
    assert nobody_starts_twice(StartingWorld(), first, second) >= 20


@pytest.mark.full
@PACES
@pytest.mark.parametrize("before", [None, "alarm", "manual"])
def test_nothing_that_comes_between_makes_a_second_start(before: str | None, pace: int) -> None:
    """The same for every pair of kinds, with a run at work already or none, and with machines that are slow."""
    world = StartingWorld(pace)
    if before:
        world.event(KINDS[before])
    here, played = world.moment(), 0

    for first in KINDS:
        for second in KINDS:
            world.come_back(here)
            played += nobody_starts_twice(world, first, second)

    assert played >= 500
