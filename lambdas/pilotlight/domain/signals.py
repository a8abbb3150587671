"""What those who look at a primary report, and from where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

INTERNET = "the internet"
"""The path that the world's users take."""

INSIDE = "the region's own network"
"""The path of an alarm that stands beside what it watches."""

PEERING = "the network between its VPCs"
"""The path over peering or a transit gateway, to what only VPCs reach."""

BACKBONE = "AWS's own network"
"""The path between the endpoints of AWS in two regions."""

SIGHT_NAMESPACE, SIGHT_METRIC = "Pilotlight", "Sight"
"""The metric of what an observer that is no alarm reported: 1 for well, 0 for dark, and no point for unknown."""


class Sight(StrEnum):
    """What an observer reports of the primary."""

    DARK = "dark"
    WELL = "well"
    UNKNOWN = "unknown"


class Subject(StrEnum):
    """What a report speaks of: the application, or the region that it lives in.

    A bad deployment makes the application dark and leaves the region well; only a dark region is worth leaving.
    """

    APPLICATION = "application"
    REGION = "region"


@dataclass(frozen=True)
class Vantage:
    """Where an observer stands, and over which network it looks. Two observers in one place see one place's trouble."""

    region: str
    path: str

    def __str__(self) -> str:
        return f"{self.region} over {self.path}"


@dataclass(frozen=True)
class Signal:
    """One observer's report.

    `since` is the first moment it saw what it reports, by the reader's clock. An observer that `counts` can complete a
    quorum; one that does not may only hasten or contradict. One that looks `first_hand` reports the present, an alarm
    what was some minutes ago.
    """

    observer: str
    vantage: Vantage
    sight: Sight
    seen: datetime
    sentence: str
    since: datetime | None = None
    alarm_changed: datetime | None = None
    subject: Subject = Subject.APPLICATION
    counts: bool = True
    first_hand: bool = False

    @property
    def votes(self) -> bool:
        """Whether it is counted in the quorum on the application."""
        return self.counts and self.subject is Subject.APPLICATION
