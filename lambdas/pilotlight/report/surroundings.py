"""What is known of an incident besides its run: who took it up, and what AWS itself says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class TakenUp:
    """Who took an incident up, and when; `at` names the pager where that was, and is empty for a proven word."""

    time: datetime
    by: str
    at: str = ""

    @property
    def words(self) -> str:
        """Who it was, and where."""
        return f"{self.by} at {self.at}" if self.at else self.by


@dataclass(frozen=True)
class HealthView:
    """What AWS Health says of a service in a region; it explains, and decides nothing."""

    time: datetime
    event: str
    service: str
    region: str
    sentence: str
    since: datetime | None = None
    over: bool = False


MOST_SHOWN = 3


def shown_of(said: tuple[HealthView, ...]) -> tuple[HealthView, ...]:
    """The newest of what AWS says, and what is not over before what is: a region that fails makes many of them."""
    lasting = [each for each in said if not each.over]
    return tuple((lasting or list(said))[-MOST_SHOWN:])
