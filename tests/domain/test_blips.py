"""No blip and no self-recovery starts a failover: generated ones, each looked at as the detector looks.

What varies: how long it lasts (up to the darkness that a plan waits for), whether the region or only the application is
dark, who can see it, when the alarm follows, and when somebody looks. The observers err as they do in AWS: the alarm is
minutes late in both directions, the witness is read some seconds after it looked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import pytest

from pilotlight.domain.decision import History, VerdictKind, decide
from pilotlight.domain.signals import Sight, Signal, Subject, Vantage
from tests.domain.test_decision import NOW, PLAN, PRIMARY, STANDBY, US_EAST, WITNESS

MUST_LAST = PLAN.decision.must_last.total_seconds()
LOOK_EVERY = 15.0
SILENT_AFTER = 150.0
NO_HISTORY = History()


def at(second: float) -> datetime:
    return NOW + timedelta(seconds=second)


@dataclass(frozen=True)
class Blip:
    """One generated darkness from second 0 to `end`."""

    end: float
    region_too: bool
    standby_sees: bool
    witness_sees: bool
    alarm_from: float
    alarm_until: float
    first_look: float
    last_beat: float

    @classmethod
    def drawn(cls, random: Random) -> Blip:
        end = random.choice([random.uniform(1.0, MUST_LAST - 0.001), random.uniform(MUST_LAST - 20, MUST_LAST - 0.001)])
        notices = end > random.uniform(30, 110)
        alarm_from = random.uniform(60, 240) if notices else 1e9
        return cls(
            end=end,
            region_too=random.random() < 0.7,
            standby_sees=random.random() < 0.9,
            witness_sees=random.random() < 0.9,
            alarm_from=alarm_from,
            alarm_until=max(alarm_from, end) + random.uniform(30, 240),
            first_look=random.uniform(0, LOOK_EVERY),
            last_beat=-random.uniform(0, 60),
        )

    def is_dark(self, second: float) -> bool:
        return 0.0 <= second < self.end

    def signals(self, second: float) -> Iterator[Signal]:
        yield self._alarm(second)
        yield self._standby(second)
        yield self._witness(second)
        yield self._heartbeat(second)

    def _alarm(self, second: float) -> Signal:
        sight = Sight.DARK if self.alarm_from <= second < self.alarm_until else Sight.WELL
        return Signal("alarm", Vantage(US_EAST, "the internet"), sight, at(second), "alarm.", since=at(0))

    def _standby(self, second: float) -> Signal:
        sight = Sight.UNKNOWN
        if self.standby_sees:
            sight = Sight.DARK if self.is_dark(second) else Sight.WELL
        since = at(min(self.first_look, second)) if sight is Sight.DARK else None
        return Signal(
            "probe", Vantage(STANDBY, "the internet"), sight, at(second), "probe.", since=since, first_hand=True
        )

    def _witness(self, second: float) -> Signal:
        """What its last look saw; how long it saw darkness is measured by its own clock."""
        vantage = Vantage(WITNESS, "the internet")
        if not self.witness_sees or second < self.first_look:
            return Signal("witness", vantage, Sight.UNKNOWN, at(second), "witness.", first_hand=True)
        last = self.first_look + (second - self.first_look) // LOOK_EVERY * LOOK_EVERY
        if not self.is_dark(last):
            return Signal("witness", vantage, Sight.WELL, at(second), "witness.", first_hand=True)
        return Signal("witness", vantage, Sight.DARK, at(last), "witness.", since=at(self.first_look), first_hand=True)

    def _heartbeat(self, second: float) -> Signal:
        last = self.last_beat if self.region_too and second < self.end + 60 else second - 30
        sight = Sight.DARK if second - last > SILENT_AFTER else Sight.WELL
        vantage = Vantage(STANDBY, "AWS's own network")
        return Signal(
            "heartbeat", vantage, sight, at(second), f"{PRIMARY}.", since=at(last), subject=Subject.REGION, counts=False
        )

    def looks(self, random: Random) -> Iterator[float]:
        """When somebody looks: each minute, at some events, and when a look was said to be worth it."""
        ticks = random.uniform(0, 60)
        yield from sorted({
            *(ticks + 60 * n for n in range(10)),
            *(random.uniform(0, self.end + 300) for _ in range(3)),
            self.alarm_from + 1,
            MUST_LAST + random.uniform(0, 20),
        })  # fmt: skip


def false_starts(seed: int, count: int) -> list[tuple[Blip, float]]:
    random = Random(seed)
    found = []
    for _ in range(count):
        blip = Blip.drawn(random)
        for second in blip.looks(random):
            verdict = decide(PLAN, tuple(blip.signals(second)), NO_HISTORY, at(second))
            if verdict.kind is VerdictKind.START:
                found.append((blip, second))
    return found


def test_a_thousand_blips_start_nothing() -> None:
    assert false_starts(seed=1, count=1_000) == []


@pytest.mark.full
def test_a_hundred_thousand_blips_start_nothing() -> None:
    assert false_starts(seed=2, count=100_000) == []


def test_a_darkness_that_lasts_does_start_a_failover() -> None:
    lasting = Blip(MUST_LAST + 60, True, True, True, 90.0, 1e9, 5.0, -20.0)

    seen = [decide(PLAN, tuple(lasting.signals(s)), NO_HISTORY, at(s)).kind for s in (60.0, 290.0, 310.0)]

    assert seen == [VerdictKind.HOLD, VerdictKind.HOLD, VerdictKind.START]
