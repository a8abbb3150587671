"""Turning a latch: the durable switch first, then the object and the metric, each on its own.

Either of the two is enough to move the answer of DNS, so trouble with one keeps the other from nothing. A switch that
is turned is never turned back by trouble: the publisher repeats each minute what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from pilotlight.domain.errors import AwsError
from pilotlight.domain.step import StepContext
from pilotlight.estate.traffic.latch import Latch, Position, Switch

ONE_IS_ENOUGH_AFTER = timedelta(minutes=3)
"""How long both are waited for. Route 53 answers by either, and a public object may be forbidden in the account."""


@dataclass(frozen=True)
class Turned:
    """What was done to a latch: whether anything was written, and what would not be."""

    acted: bool
    troubles: tuple[str, ...]


def turn(latch: Latch, context: StepContext, seen: Switch | None, position: Position) -> Turned:
    """Turn a latch, or finish turning it; raises `Changed` when another writer was faster."""
    acted = seen is None or seen.position is not position
    if acted:
        latch.turn(context.aws, seen, position, context.run_id, context.now)
    troubles: list[str] = []
    if latch.shown(context.web).position is not position:
        acted = True
        troubles += _tried(lambda: latch.show(context.aws, position))
    if acted:
        troubles += _tried(lambda: latch.publish(context.aws, position, context.now))
    return Turned(acted, tuple(troubles))


def _tried(write: Callable[[], None]) -> list[str]:
    try:
        write()
    except AwsError as error:
        return [error.sentence]
    return []


@dataclass(frozen=True)
class Showing:
    """Which of a latch's two mechanisms show a position, as they were read back."""

    by_object: bool
    by_metric: bool
    sentence: str


def showing(latch: Latch, context: StepContext, position: Position) -> Showing:
    """Read both mechanisms back; what cannot be read does not show anything."""
    shown = latch.shown(context.web)
    try:
        published = latch.published(context.aws, context.started, context.now)
        said = f"the metric says {published.value}" if published else "the metric has no datapoint yet"
    except AwsError as error:
        published, said = None, f"the metric cannot be read ({error.code})"
    return Showing(shown.position is position, published is position, f"{shown.sentence}, {said}")
