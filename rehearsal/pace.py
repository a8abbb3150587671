"""How fast a rehearsal is played back: readable, and over within a fixed time whatever happens in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

SECONDS_IN_ALL = 6.5
"""With the rehearsal itself, which comes before, this stays under 15 s."""

_VIRTUAL_PER_REAL = 100.0
_LONGEST_SECONDS = 1.2
_BETWEEN_EVENTS_SECONDS = 0.08
_SHARE_OF_THE_REST = 0.1
_FRAME_SECONDS = 0.08


class Pace:
    """Turns virtual gaps into real pauses, each a tenth of the time that is left at most, so that it never runs out."""

    def __init__(self, seconds: float = SECONDS_IN_ALL, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._end: float | None = None

    def begin(self) -> None:
        """Start the time that there is in all."""
        self._end = self._clock() + self._seconds

    def skip(self) -> None:
        """Pause no more."""
        self._end = None

    def frames(self, gap: timedelta) -> Iterator[tuple[float, float]]:
        """The frames drawn in a gap: the share of the gap that is over by then, and how long to pause first."""
        pause = self._pause(gap)
        count = int(pause / _FRAME_SECONDS)
        for number in range(1, count + 1):
            if self._end is None:
                return
            yield number / count, pause / count

    def _pause(self, gap: timedelta) -> float:
        if self._end is None:
            return 0.0
        wish = max(_BETWEEN_EVENTS_SECONDS, min(gap.total_seconds() / _VIRTUAL_PER_REAL, _LONGEST_SECONDS))
        return max(0.0, min(wish, (self._end - self._clock()) * _SHARE_OF_THE_REST))
