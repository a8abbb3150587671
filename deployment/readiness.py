"""The function that looks each hour at what must be true before an incident of one application, and its rule.

Its role reads what the plan's steps and requirements read, and the global services that no failover handler may ask; it
writes records of its own and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from deployment import names
from deployment.resources import Function, FunctionTarget, Rule
from deployment.statements import as_few
from pilotlight import requirements
from pilotlight.domain.plan import Plan
from pilotlight.domain.step import Access, Statement
from pilotlight.estate import service_roles
from pilotlight.estate.traffic import readiness as traffic
from pilotlight.readiness.service_roles import services_acted_in
from pilotlight.steps import kind_and_params


def readiness(plan: Plan, environment: Mapping[str, str], journal: Iterable[Statement]) -> tuple[Function, Rule]:
    """The function and its rule; `journal` is what keeping records takes."""
    function = Function(
        name=names.readiness_function(plan.application),
        description=f"Looks each hour at what must be true before an incident of {plan.application}; only reads.",
        handler="pilotlight.handlers.readiness",
        statements=(*journal, *_reads(plan)),
        environment=environment,
        timeout=timedelta(minutes=5),
        reserved_concurrency=1,
        plan=plan.snapshot(),
    )
    rule = Rule(
        name=f"{function.name}-tick",
        description=f"Lets what must be true before an incident of {plan.application} be looked at each hour.",
        bus="default",
        target=FunctionTarget(
            names.function_arn(plan.place, function.name),
            plan.place.arn("sqs", names.LOST_EVENTS_QUEUE),
            maximum_age=timedelta(minutes=30),
            retries=1,
        ),
        schedule="rate(1 hour)",
    )
    return function, rule


def _reads(plan: Plan) -> tuple[Statement, ...]:
    """What the looks of a plan read; a kind's own writes are left out."""
    wanted: list[Statement] = []
    for step in plan.steps().values():
        its_kind, params = kind_and_params(step)
        wanted += its_kind.statements(params, plan.place)
    for requirement in plan.requirements:
        required, asked = requirements.kind_and_params(requirement)
        wanted += required.statements(asked, plan.place)
    services = services_acted_in(plan)
    wanted += traffic.STATEMENTS if plan.traffic else ()
    wanted += (service_roles.statement(plan.place, services),) if services else ()
    return as_few(statement for statement in wanted if statement.access is Access.READ)
