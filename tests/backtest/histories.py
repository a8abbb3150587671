"""Histories for tests, built from as little as a test has to say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.builders import ALARM

MIDNIGHT = datetime(2026, 10, 1, tzinfo=UTC)
HOUR = {"from": MIDNIGHT.isoformat(), "to": (MIDNIGHT + timedelta(hours=1)).isoformat()}
"""The period of a history that begins before its first change and ends after its last."""


def at(minute: float) -> datetime:
    """So many minutes after midnight."""
    return MIDNIGHT + timedelta(minutes=minute)


def an_alarm(*changes: tuple[float, str], name: str = ALARM, changed: Iterable[float] = ()) -> dict[str, Any]:
    """An alarm that was OK at midnight, and its changes by minute."""
    known = [(at(0), "OK"), *((at(minute), state) for minute, state in changes)]
    return {
        "name": name,
        "changes": [[moment.isoformat(), state] for moment, state in known],
        "changed": [at(minute).isoformat() for minute in changed],
    }


def looks(observer: str, *dark: tuple[int, int], missing: Iterable[int] = ()) -> dict[str, Any]:
    """An observer that looked each minute of the hour: dark in the spans (the last minute is not), well otherwise."""
    minutes = [m for m in range(61) if m not in set(missing)]
    value = {m: 0 if any(first <= m < last for first, last in dark) else 1 for m in minutes}
    return {"observer": observer, "points": [[at(m).isoformat(), value[m]] for m in minutes]}
