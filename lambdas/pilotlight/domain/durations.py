"""Spans of time as people write them in a plan: `90 s`, `15 min`, `2 h`, `7 d`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_PATTERN = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|min|h|d)\s*$")
LONGEST = timedelta(days=366)
PATTERN_FOR_SCHEMA = r"^\s*\d+(\.\d+)?\s*(s|min|h|d)\s*$"


def parse_duration(value: Any) -> timedelta:
    """Read a span such as `15 min`; raises ValueError with the accepted spellings."""
    if isinstance(value, timedelta):
        return value
    match = _PATTERN.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            f"{value!r} is not a span of time; write a number and a unit, as in '90 s', '15 min', '2 h' or '7 d'"
        )
    seconds = float(match.group(1)) * _UNITS[match.group(2)]
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"{value!r} is longer than {LONGEST.days} days, which no recovery waits for")
    return timedelta(seconds=seconds)


def say_duration(value: timedelta) -> str:
    """Write a span the way a plan does, in the largest unit that leaves no fraction."""
    seconds = value.total_seconds()
    for unit in ("d", "h", "min"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{int(seconds // _UNITS[unit])} {unit}"
    return f"{int(seconds)} s" if seconds == int(seconds) else f"{seconds:g} s"


def say_elapsed(seconds: float) -> str:
    """Write a measured time for a reader: `43 s`, `6 min 05 s`, `1 h 02 min`."""
    whole = round(seconds)
    if whole < 0:
        return f"-{say_elapsed(-whole)}"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(say_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": PATTERN_FOR_SCHEMA, "examples": ["90 s", "15 min", "2 h"]}),
]
