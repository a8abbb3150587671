"""latency: each minute it repeats in the standby how far a plan's global tables are behind, as the primary reports it.

It stands in the primary, because what DynamoDB reports of a replication is published where it comes from, and cannot be
read in an outage. It decides nothing. Trouble with one table keeps it from no other; it is raised in the end, so that
the alarm on the function's errors is heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilotlight.domain.errors import AwsError
from pilotlight.estate.dynamodb.replication import repeat_latency
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry
from pilotlight.steps.take_over_tables import tables_of


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The function of one application, from its environment and the ways out."""
    runtime = Runtime(environ, outside, "latency")

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return {"minutes": repeat(runtime)}

    return handle


handler = entry(build)


def repeat(runtime: Runtime) -> dict[str, int]:
    """Repeat what is reported of each table; how many minutes of each there were."""
    plan, troubles = runtime.failover, list[AwsError]()
    minutes: dict[str, int] = {}
    for table in tables_of(plan):
        try:
            minutes[table] = repeat_latency(runtime.aws, plan.place, table, runtime.now())
        except AwsError as error:
            runtime.logger.warning(f"The latency of table {table} is not remembered: {error.sentence}")
            troubles.append(error)
    if troubles:
        raise troubles[0]
    return minutes
