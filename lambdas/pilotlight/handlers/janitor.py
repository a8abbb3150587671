"""Looks for drills that were cut off: their machine is gone, and what they made stands and costs money.

Such a drill still holds its lease, because it gives that back when nothing of it is left. So the janitor asks who holds
it, and whether that one's execution runs; whether it cannot be told counts as running, and nothing is deleted. It has
the drill put to rest by the same function that concludes every drill, tick after tick, until it is clean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pilotlight.handlers.holding import is_live, put_to_rest
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry, measure


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The function, from its environment and the ways out."""
    runtime = Runtime(environ, outside, "janitor")

    def sweep(event: dict[str, Any], context: Any) -> dict[str, Any]:
        name = runtime.plan.name
        lease = runtime.leases.of(name)
        if not lease.holder or is_live(runtime, lease.execution_arn):
            return {"put_to_rest": ""}
        put_to_rest(runtime, lease.holder)
        measure(outside.log, "DrillsCutOff", 1, MetricUnit.Count, application=name)
        return {"put_to_rest": lease.holder}

    return sweep


handler = entry(build)
