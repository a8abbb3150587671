"""latch: each minute it says again where an application's latch stands, as a metric and in a public object.

It carries the durable switch to the two mechanisms that Route 53 looks at, and decides nothing. What it could not read
it does not publish: without a datapoint the health check keeps its last known status. `off` is published of a latch
that was never turned only where the object does not say otherwise, so that a lost switch sends nobody back.

Trouble is raised, so that the alarm on the function's errors is heard; what could be said is said first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pilotlight.domain.errors import AwsError, Refused
from pilotlight.estate.traffic.latch import Latch, Position
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The publisher of one application, from its environment and the ways out."""
    runtime = Runtime(environ, outside, "latch")

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return {"published": publish(runtime, Latch(runtime.plan.place)).value}

    return handle


handler = entry(build)


def publish(runtime: Runtime, latch: Latch) -> Position:
    """Read the switch, publish what it says, and correct the object where it says something else."""
    read = runtime.now()
    switch = latch.switch(runtime.aws)
    shown = latch.shown(runtime.outside.web)
    if switch is None and (shown.position is Position.ON or not shown.answered):
        raise Refused(
            f"The latch of {latch.place.application} has no switch, and {shown.sentence}, so nothing is published and "
            f"traffic stays where it is; look who lost the item of {latch.table}, and turn the latch by a run or a "
            "failback."
        )
    position = switch.position if switch else Position.OFF
    troubles = _troubles(lambda: latch.publish(runtime.aws, position, read))
    if shown.position is not position:
        troubles += _troubles(lambda: latch.show(runtime.aws, position))
    if troubles:
        raise troubles[0]
    return position


def _troubles(write: Callable[[], None]) -> list[AwsError]:
    try:
        write()
    except AwsError as error:
        return [error]
    return []
