"""How the fences of a plan read closed in the models of the embedded AWS.

A fence of a kind that this module does not know raises AssertionError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import assert_never

from pilotlight.domain.place import Writer
from pilotlight.domain.plan import Plan
from pilotlight.domain.step import Params
from pilotlight.steps import kind_and_params
from pilotlight.steps.fence_auto_scaling_group import FenceAutoScalingGroupParams
from pilotlight.steps.fence_ecs_service import FenceEcsServiceParams
from pilotlight.steps.fence_event_sources import FenceEventSourcesParams
from pilotlight.steps.fence_listener import FenceListenerParams
from pilotlight.steps.fence_security_group import FenceSecurityGroupParams
from rehearsal.services import event_rules, event_source_mappings, scheduler
from rehearsal.services.autoscaling import AutoScaling
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ecs import Ecs
from rehearsal.services.ecs_tasks import TaskStatus
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.events import Events
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.rds import Rds
from rehearsal.services.scheduler import Scheduler
from rehearsal.world import World

Workload = FenceEcsServiceParams | FenceAutoScalingGroupParams
FenceParams = FenceSecurityGroupParams | FenceListenerParams | Workload | FenceEventSourcesParams
IsClosed = Callable[[], bool]


def fence_steps(plan: Plan) -> tuple[str, ...]:
    """The names of the steps that close the old primary."""
    return tuple(step.name for step in plan.steps().values() if kind_and_params(step)[0].fences)


def fences_of(plan: Plan) -> Iterator[FenceParams]:
    """What the fences of a plan close."""
    for step in plan.steps().values():
        its_kind, params = kind_and_params(step)
        if its_kind.fences:
            yield _known(params, step.kind)


def _known(params: Params, kind_name: str) -> FenceParams:
    assert isinstance(params, FenceParams), f"How a fence of kind {kind_name} reads closed is not written here yet."
    return params


def closers_of(world: World, plan: Plan, writer: Writer, fences: list[FenceParams]) -> tuple[IsClosed, ...]:
    """What closes the way to a writer: that which reads closed suffices."""
    name = writer.old.replace(":", "/").rsplit("/", 1)[1]
    of_databases = [f for f in fences if isinstance(f, FenceSecurityGroupParams) and ":rds:" in writer.old]
    at_database = [f for f in of_databases if f.instance == name]
    at_doors = [f for f in fences if isinstance(f, FenceListenerParams)]
    at_work = [f for f in fences if isinstance(f, Workload)]
    at_sources = [f for f in fences if isinstance(f, FenceEventSourcesParams)]
    of_application: list[Sequence[FenceParams]] = [way for way in (at_doors, at_work) if way]
    ways: list[Sequence[FenceParams]] = [at_database] if at_database else of_application or [at_sources]
    region = plan.regions.primary
    return tuple(_all_of([_closer(world, region, params) for params in way]) for way in ways if way)


def _all_of(closers: list[IsClosed]) -> IsClosed:
    return lambda: all(closed() for closed in closers)


def _closer(world: World, region: str, params: FenceParams) -> IsClosed:
    match params:
        case FenceSecurityGroupParams():
            return lambda: not _lets_sessions_in(world, region, params.instance)
        case FenceListenerParams():
            return lambda: _refuses_requests(world, region, params)
        case FenceEcsServiceParams():
            return lambda: _runs_nothing(world, region, params)
        case FenceAutoScalingGroupParams():
            return lambda: _has_no_instance(world, region, params)
        case FenceEventSourcesParams():
            return lambda: _starts_nothing(world, region, params)
        case _:
            assert_never(params)


def _lets_sessions_in(world: World, region: str, identifier: str) -> bool:
    instance, ec2 = world.model(Rds).instance(region, identifier), world.model(Ec2)
    return any(
        rule.lets_in(instance.port) for group in instance.security_groups for rule in ec2.group(region, group).rules
    )


def _refuses_requests(world: World, region: str, params: FenceListenerParams) -> bool:
    here = [
        listener
        for listener in world.model(Elbv2).listeners
        if (listener.balancer.region, listener.balancer.name) == (region, params.load_balancer)
        and listener.port in params.ports
    ]
    return bool(here) and all(listener.status("/") >= 500 for listener in here)


def _runs_nothing(world: World, region: str, params: FenceEcsServiceParams) -> bool:
    service = world.model(Ecs).find(region, params.cluster, params.service)
    if service is None:
        return False
    return service.desired == 0 and all(task.status is TaskStatus.STOPPED for task in service.tasks)


def _has_no_instance(world: World, region: str, params: FenceAutoScalingGroupParams) -> bool:
    group = world.model(AutoScaling).find(region, params.group)
    return group is not None and group.desired == 0 and not group.instances


def _starts_nothing(world: World, region: str, params: FenceEventSourcesParams) -> bool:
    mappings = [m for m in world.model(LambdaFunctions).mappings if m.region == region and m.uuid in params.mappings]
    rules = [
        rule
        for rule in world.model(Events).application_rules
        if (rule.region, rule.bus) == (region, params.event_bus) and rule.name in params.rules
    ]
    schedules = [world.model(Scheduler).schedule(region, s.group, s.name) for s in params.schedules]
    states = {*(m.state for m in mappings), *(rule.state for rule in rules), *(s.state for s in schedules)}
    return states <= {event_source_mappings.DISABLED, event_rules.DISABLED, scheduler.DISABLED}
