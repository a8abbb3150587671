"""The stack of an application's drills in its standby region: their machine, their functions, and what they run under.

Each function that takes a drill's steps is denied, besides not being allowed, whatever the failover itself may change
in the services in which the function changes something: that holds whatever its own statements come to say. The drilled
application runs under a role of the same kind. The functions that conduct a drill change nothing but its records.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from deployment import names
from deployment.alarms import run_alarms
from deployment.databases import databases
from deployment.resources import (
    ApplicationRole,
    Function,
    FunctionTarget,
    MetricAlarm,
    Resource,
    Rule,
    Stack,
)
from deployment.running import PLAN_FILE, calls, closer, environment, journal, listener, machine, opener, step_functions
from deployment.schedules import schedules
from deployment.slack import spoken_of
from pilotlight.domain.drill import Drill
from pilotlight.domain.drill_names import drill_task_role
from pilotlight.domain.drilling import Drilling
from pilotlight.domain.plan import Plan
from pilotlight.domain.step import Access, Statement
from pilotlight.steps.swap_config_map import SwapConfigMap
from planfile.drill import drill_of, production
from planfile.reading import InstalledKinds

SWEPT_EVERY = timedelta(minutes=5)


def drill(plan: Plan) -> tuple[Stack, ...]:
    """Everything of a plan's drills; nothing for a plan that does not say how it is drilled."""
    if plan.drill is None:
        return ()
    of, denied = drill_of(plan, InstalledKinds()), production(plan, InstalledKinds())
    steps = {name: replace(f, denied=_in_its_reach(f, denied)) for name, f in step_functions(of).items()}
    own = [opener(of, steps, (_executions(of),), {}), closer(of, steps), listener(of), _janitor(of)]
    conducting = [*own, *databases(of, PLAN_FILE)]
    functions = [*conducting, *steps.values()]
    resources: tuple[Resource, ...] = (
        *spoken_of(of),
        *functions,
        machine(of),
        _application_role(of, plan.drill, denied),
        _tick(of),
        *schedules(of, plan.drill.schedule, "it is time for a drill"),
        *run_alarms(of, functions),
        _uncleaned(of),
    )
    return (Stack(names.application_stack(of.name), of.region, of.account, resources),)


def _in_its_reach(function: Function, denied: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """What of production a function is denied: all of each service in which it may change something at all."""
    changing = {a.partition(":")[0] for s in function.statements if s.access is not Access.READ for a in s.actions}
    return tuple(each for each in denied if each.actions[0].partition(":")[0] in changing)


def _executions(of: Drill) -> Statement:
    return Statement(Access.READ, ("states:DescribeExecution",), (of.place.arn("states", f"execution:{of.machine}:*"),))


def _janitor(of: Drill) -> Function:
    return Function(
        name=names.janitor_function(of.name),
        description=f"Has deleted what drills of {of.application} left that were cut off.",
        handler="pilotlight.handlers.janitor",
        statements=(*journal(of), _executions(of), calls(of, [names.close_function(of.name)])),
        environment={**environment(of), "PILOTLIGHT_CLOSE_FUNCTION": names.close_function(of.name)},
        plan=of.snapshot(),
    )


def _tick(of: Drill) -> Rule:
    return Rule(
        name=f"{names.janitor_function(of.name)}-tick",
        description=f"Looks for drills of {of.application} that were cut off.",
        bus="default",
        target=FunctionTarget(
            names.function_arn(of.place, names.janitor_function(of.name)),
            of.place.arn("sqs", names.LOST_EVENTS_QUEUE),
            maximum_age=SWEPT_EVERY,
            retries=0,
        ),
        schedule=f"rate({SWEPT_EVERY.seconds // 60} minutes)",
    )


def _uncleaned(of: Drill) -> MetricAlarm:
    return MetricAlarm(
        name=f"{of.machine}-uncleaned",
        description=f"For half an hour a drill of {of.application} that was cut off could not be cleaned up; it costs.",
        namespace="Pilotlight", metric="DrillsCutOff", dimensions={"application": of.name}, statistic="Sum",
        threshold=0, comparison="GreaterThanThreshold", missing="notBreaching", period=SWEPT_EVERY, periods=6,
        notify=(of.place.arn("sns", names.ALERTS_TOPIC),),
    )  # fmt: skip


def _application_role(of: Drill, drilling: Drilling, denied: tuple[Statement, ...]) -> ApplicationRole:
    """What the drilled application runs under: in a cluster of EKS its pods are given it by EKS Pod Identity."""
    in_cluster = any(step.kind == SwapConfigMap.name for step in of.steps().values())
    return ApplicationRole(
        name=drill_task_role(of.application),
        description=f"What {of.application} may do while it is drilled.",
        service=names.PODS if in_cluster else names.TASKS,
        statements=tuple(Statement(Access.WRITE, may.actions, may.resources) for may in drilling.application_may),
        denied=denied,
    )
