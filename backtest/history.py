"""What is known of the past: what observers saw, and the states that alarms were in.

A moment that the history does not hold is said to be missing, and is never taken for a good or a dark one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pilotlight.domain.signals import Sight
from pilotlight.domain.watching import HEARD_AGAIN_WITHIN

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
"""When something began that the history found going on already."""


@dataclass(frozen=True)
class Look:
    """What was seen at a moment, and since when nothing else was."""

    at: datetime
    sight: Sight
    since: datetime


class Looks:
    """What one observer saw, look after look, in the order of time."""

    def __init__(self, points: Iterable[tuple[datetime, Sight]]) -> None:
        self._looks: list[Look] = []
        for at, sight in sorted(points, key=lambda point: point[0]):
            last = self._looks[-1] if self._looks else None
            goes_on = last is not None and last.sight is sight and at - last.at <= HEARD_AGAIN_WITHIN
            self._looks.append(Look(at, sight, last.since if last and goes_on else at))
        self._moments = [look.at for look in self._looks]

    def last_before(self, now: datetime) -> Look | None:
        """The newest look that is not older than an unbroken row allows; None where the history holds none."""
        index = bisect_right(self._moments, now)
        if index == 0 or now - self._moments[index - 1] > HEARD_AGAIN_WITHIN:
            return None
        return self._looks[index - 1]

    def moments(self) -> Iterator[datetime]:
        """When it looked."""
        yield from self._moments


@dataclass(frozen=True)
class Change:
    """An alarm went into a state. `since` is the first datapoint that the state rests on."""

    at: datetime
    state: str
    since: datetime


class AlarmPast:
    """The states that an alarm was in, and when somebody made or changed it."""

    def __init__(self, changes: Iterable[Change], changed: Iterable[datetime] = ()) -> None:
        self._changes = sorted(changes, key=lambda change: change.at)
        self._moments = [change.at for change in self._changes]
        self._changed = sorted(changed)

    def last_before(self, now: datetime) -> Change | None:
        """The change that led to the state it was in; None where the history does not say."""
        index = bisect_right(self._moments, now)
        return self._changes[index - 1] if index else None

    def changed_before(self, now: datetime) -> datetime | None:
        """When it was made or changed last."""
        index = bisect_right(self._changed, now)
        return self._changed[index - 1] if index else None

    def moments(self) -> Iterator[datetime]:
        """When its state changed, as far as the history saw it."""
        yield from (moment for moment in self._moments if moment > BEFORE_ALL)


@dataclass(frozen=True)
class Past:
    """A history: looks by observer's id, states by alarm's name. `start` and `end` where its reader was told them."""

    looks: Mapping[str, Looks] = field(default_factory=dict)
    alarms: Mapping[str, AlarmPast] = field(default_factory=dict)
    start: datetime | None = None
    end: datetime | None = None

    def span(self) -> tuple[datetime, datetime] | None:
        """The first and the last moment that it speaks of; None for one that speaks of nothing."""
        if self.start and self.end:
            return self.start, self.end
        seen = (moment for looks in self.looks.values() for moment in looks.moments())
        changed = (moment for alarm in self.alarms.values() for moment in alarm.moments())
        moments = sorted((*seen, *changed))
        return (self.start or moments[0], self.end or moments[-1]) if moments else None
