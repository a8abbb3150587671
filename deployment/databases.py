"""The function that stands in the network of a plan's databases, for the steps that look into one.

It calls no AWS API, like the one of a private application: it is called with the login, asks, and hands back what it
saw. So its subnets need neither endpoints nor a way to the internet for it, and its role holds nothing.
"""

from __future__ import annotations

from deployment.resources import Function
from pilotlight.domain.plan import AnyPlan
from pilotlight.estate.databases.asking import function_name
from pilotlight.steps.check_database import checks_of

MEMORY_MEGABYTES = 512
"""TLS and the hash of a password take a processor's share, which Lambda gives by memory."""


def databases(plan: AnyPlan, plan_file: str) -> tuple[Function, ...]:
    """The function, where a step of the plan looks into a database; all of them look from one place."""
    foothold = next((params.foothold for params in checks_of(plan)), None)
    if foothold is None:
        return ()
    return (
        Function(
            name=function_name(plan.place),
            description=f"Asks the databases of {plan.name} what its plan asks, from their own network.",
            handler="pilotlight.handlers.database",
            statements=(),
            environment={"PILOTLIGHT_PLAN_FILE": plan_file},
            memory_megabytes=MEMORY_MEGABYTES,
            plan=plan.snapshot(),
            foothold=foothold,
        ),
    )
