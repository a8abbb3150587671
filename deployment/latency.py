"""What remembers, for the data-loss gate, how far a plan's global tables were behind: a function in the primary region.

It shares nothing with the heartbeat, which must beat whatever becomes of an application's deployment. It stands beside
the guard, because that is the application's own stack in the primary region, with a topic that is heard there.
"""

from __future__ import annotations

from datetime import timedelta

from deployment import names
from deployment.foundation import function_errors
from deployment.resources import Function, FunctionTarget, Resource, Rule
from pilotlight.domain.plan import Plan
from pilotlight.estate.dynamodb.replication import reading_statement, remembering_statement
from pilotlight.steps.take_over_tables import tables_of


def latency(plan: Plan, plan_file: str, topic: str, queue: str) -> tuple[Resource, ...]:
    """The function with its tick and its alarm; nothing for a plan without global tables.

    Parameters: the ARNs of the `topic` that hears of its errors and of the `queue` that takes lost ticks, both in the
    primary region.
    """
    if not tables_of(plan):
        return ()
    function = Function(
        name=names.latency_function(plan.application),
        description=f"Repeats each minute in {plan.regions.standby} how far {plan.application}'s tables are behind.",
        handler="pilotlight.handlers.latency",
        statements=(reading_statement(), remembering_statement(plan.place)),
        environment={"PILOTLIGHT_PLAN_FILE": plan_file},
        timeout=timedelta(seconds=55),
        plan=plan.snapshot(),
    )
    alias = plan.place.arn("lambda", f"function:{function.name}:{names.ALIAS}", region=plan.regions.primary)
    tick = Rule(
        name=f"{function.name}-tick",
        description=f"Has the replication latency of the tables of {plan.application} remembered each minute.",
        bus="default",
        target=FunctionTarget(alias, queue, maximum_age=timedelta(minutes=1), retries=0),
        schedule="rate(1 minute)",
    )
    return (function, tick, function_errors(function.name, topic))
