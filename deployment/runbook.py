"""The stack of one run-book in its region: the functions of its runs and its machine. Only a test starts by itself."""

from __future__ import annotations

from deployment import names
from deployment.alarms import run_alarms
from deployment.databases import databases
from deployment.foundation import table_arn
from deployment.resources import Resource, Stack
from deployment.running import PLAN_FILE, closer, listener, machine, opener, step_functions
from deployment.schedules import schedules
from deployment.slack import spoken_of
from pilotlight.domain.lease import partition_of
from pilotlight.domain.runbook import Runbook
from pilotlight.domain.step import Access, Statement


def runbook(plan: Runbook) -> Stack:
    """Everything of one run-book."""
    steps = step_functions(plan)
    own = [opener(plan, steps, _seeing(plan), {}), closer(plan, steps), listener(plan)]
    functions = [*own, *databases(plan, PLAN_FILE), *steps.values()]
    resources: tuple[Resource, ...] = (
        *spoken_of(plan),
        *functions,
        machine(plan),
        *schedules(plan, plan.test_of.schedule if plan.test_of else None, "it is time for the test"),
        *run_alarms(plan, functions),
    )
    return Stack(names.application_stack(plan.name), plan.region, plan.account, resources)


def _seeing(plan: Runbook) -> tuple[Statement, ...]:
    """Whether a run of its own lives, and whether a failover of the application is at work."""
    own = Statement(
        Access.READ, ("states:DescribeExecution",), (plan.place.arn("states", f"execution:{plan.machine}:*"),)
    )
    if plan.failover_region is None:
        return (own,)
    control = table_arn(plan.failover_region, plan.account, names.CONTROL_TABLE)
    lease = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [partition_of(plan.application)]}}
    return (own, Statement(Access.READ, ("dynamodb:GetItem",), (control,), lease))
