"""Moments and spans as every text about an incident writes them: UTC, and stopwatch times counted from onset."""

from __future__ import annotations

from datetime import datetime

from pilotlight.domain.durations import say_elapsed
from pilotlight.report.incident import IncidentView


def origin_of_time(view: IncidentView) -> datetime:
    """The moment that times are counted from: onset, or the first record where onset is not known."""
    return view.clocks.onset or view.records[0].entry.time


def stopwatch(seconds: float) -> str:
    """A span as a stopwatch shows it: `05:02`, `1:05:02`."""
    sign, whole = ("-", -round(seconds)) if round(seconds) < 0 else ("", round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02d}:{rest:02d}" if hours else f"{sign}{minutes:02d}:{rest:02d}"


def signed(seconds: float) -> str:
    """A span counted from onset: `+05:02`, or `-00:02` for what was before it."""
    return f"{'' if round(seconds) < 0 else '+'}{stopwatch(seconds)}"


def took(seconds: float | None) -> str:
    """How long something took, or a dash."""
    return "—" if seconds is None else say_elapsed(seconds)


def time_of_day(moment: datetime) -> str:
    """The wall clock in UTC."""
    return f"{moment:%H:%M:%S}"


def since_onset(view: IncidentView, moment: datetime) -> str:
    """When something was, counted from onset: `+05:02`."""
    return signed((moment - origin_of_time(view)).total_seconds())
