"""What is sent to a pager of any make: one alert for each incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pilotlight.domain.severity import IncidentSeverity


@dataclass(frozen=True)
class Alert:
    """An incident as a pager gets it; `key` is the same for whatever is sent about it."""

    key: str
    application: str
    source: str
    severity: IncidentSeverity
    summary: str
    details: str
    time: datetime


def cut(text: str, limit: int) -> str:
    """The text, or as much of it as may be sent."""
    return text if len(text) <= limit else text[: limit - 3] + "..."
