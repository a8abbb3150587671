"""The rest of a plan's primary: what serves there and no step of the plan touches, as its steps imply it.

A plan names what it makes and scales in the standby, after a primary that has the same. A look at an account meets that
primary: a service with as many tasks, a cache of the same kind, a load balancer before both, under the names that the
plan knows it by. Nothing of it answers or changes during a run, so only a look needs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from pilotlight.domain.plan import Plan
from pilotlight.steps import kind_and_params
from pilotlight.steps.check_http import CheckHttpParams
from pilotlight.steps.create_cache import CreateCacheParams
from pilotlight.steps.fence_event_sources import FenceEventSourcesParams
from pilotlight.steps.restore_database import RestoreDatabaseParams
from pilotlight.steps.scale_auto_scaling_group import ScaleAutoScalingGroupParams
from pilotlight.steps.scale_ecs_service import ScaleEcsServiceParams
from pilotlight.steps.scale_node_group import ScaleNodeGroupParams
from pilotlight.steps.swap_configuration import SwapConfigurationParams
from pilotlight.steps.swap_user_pool import SwapUserPoolParams
from pilotlight.steps.switch_event_sources import SwitchEventSourcesParams
from rehearsal.scene import Scene
from rehearsal.services.application_autoscaling import ApplicationAutoScaling
from rehearsal.services.autoscaling import AutoScaling
from rehearsal.services.cognito_idp import CognitoIdp
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ecs import Ecs
from rehearsal.services.eks import Eks
from rehearsal.services.elasticache import ElastiCache
from rehearsal.services.elbv2 import Elbv2, TargetGroup
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.rds import Rds

OF_THE_PRIMARY = "prod"


def furnish_primary(scene: Scene) -> None:
    """Put the rest of the primary into an open scene, and its load balancers under the names that the plan knows."""
    plan = scene.plan
    probe = plan.signals.probe
    path = urlsplit(probe.url).path or "/"
    group = _group_behind(scene, plan.regions.primary, probe.connect_to or "", path)
    for params in _params(plan):
        match params:
            case CheckHttpParams(connect_to=str() as host):
                _group_behind(scene, plan.regions.standby, host, urlsplit(params.url).path or "/")
            case ScaleEcsServiceParams():
                _serve(scene, params, group)
            case ScaleAutoScalingGroupParams():
                _serve_by_instances(scene, params, group)
            case CreateCacheParams():
                _keep_cache(scene, params)
            case RestoreDatabaseParams():
                source = scene.account.aws.service(Rds).instance(plan.regions.primary, params.source)
                source.instance_class = params.instance_class
            case SwapConfigurationParams():
                _read_parameters(scene, tuple(params.settings()))
            case _:
                _furnish_more(scene, params)


def _furnish_more(scene: Scene, params: Any) -> None:
    """What is known by other names than those that a plan says."""
    match params:
        case ScaleNodeGroupParams():
            _serve_by_nodes(scene, params)
        case SwapUserPoolParams():
            _name_pools(scene, params)
        case FenceEventSourcesParams() | SwitchEventSourcesParams():
            _name_sources(scene)
        case _:
            pass


def _params(plan: Plan) -> Iterator[Any]:
    """The steps' parameters, with what reads behind what it reads."""
    found = [kind_and_params(step)[1] for step in plan.steps().values()]
    yield from sorted(found, key=lambda params: isinstance(params, SwapConfigurationParams))


def _in_primary(name: str) -> str:
    """The name of what a resource of the standby takes over from."""
    return name.replace("-dr-", f"-{OF_THE_PRIMARY}-").replace("-DR-", "-")


def _group_behind(scene: Scene, region: str, host: str, path: str) -> TargetGroup | None:
    """A target group behind the load balancer of that DNS name, which is made or renamed if need be.

    None for a host that is no load balancer's.
    """
    elb = scene.account.aws.service(Elbv2)
    name = host.partition(".")[0].rpartition("-")[0]
    if not name or ".elb." not in host:
        return None
    here = [b for b in elb.load_balancers if b.region == region]
    balancer = next((b for b in here if b.name == name), None) or (here[0] if len(here) == 1 else None)
    balancer = balancer or elb.add_load_balancer(region, name)
    balancer.name, balancer.dns_name = name, host
    groups = [g for g in elb.target_groups if g.load_balancer is balancer]
    group = groups[0] if groups else elb.add_target_group(region, f"{name.removesuffix('-alb')}-tg", balancer)
    group.checks = replace(group.checks, path=path)
    if not any(listener.balancer is balancer for listener in elb.listeners):
        elb.add_listener(balancer)
    return group


def _serve(scene: Scene, params: ScaleEcsServiceParams, group: TargetGroup | None) -> None:
    ecs, region = scene.account.aws.service(Ecs), scene.plan.regions.primary
    cluster, name = _in_primary(params.cluster), _in_primary(params.service)
    stopped = [s for s in ecs.ecs_services if s.region == region]
    if stopped:
        return
    image = f"{scene.world.account}.dkr.ecr.{region}.amazonaws.com/{name}:live"
    behind = [group] if group else []
    made = ecs.add_service(
        region, cluster, name, ecs.add_task_definition(region, name, image), *behind, desired=params.tasks
    )  # fmt: skip
    if params.autoscaling:
        bounds = params.autoscaling
        scene.account.aws.service(ApplicationAutoScaling).add_target(made, bounds.minimum, bounds.maximum)


def _serve_by_instances(scene: Scene, params: ScaleAutoScalingGroupParams, group: TargetGroup | None) -> None:
    groups, region = scene.account.aws.service(AutoScaling), scene.plan.regions.primary
    name = _in_primary(params.group)
    if groups.find(region, name):
        return
    ec2 = scene.account.aws.service(Ec2)
    template = ec2.add_template(region, f"{name}-lt", ec2.add_image(region))
    subnets = tuple(ec2.add_subnet(region, f"{region}{zone}") for zone in "ac")
    sizes = (params.minimum, params.maximum, params.desired)
    groups.add_group(region, name, template, subnets, *([group] if group else []), sizes=sizes)


def _keep_cache(scene: Scene, params: CreateCacheParams) -> None:
    scene.account.aws.service(ElastiCache).add_group(
        scene.plan.regions.primary,
        _in_primary(params.replication_group),
        nodes=params.nodes,
        node_type=params.node_type,
        engine=params.engine.value,
        engine_version=f"{params.engine_version}.0",
        automatic_failover=params.automatic_failover,
        multi_az=params.multi_az,
        transit_encryption=params.transit_encryption,
        at_rest_encryption=params.at_rest_encryption,
        auth_token=params.auth_token_secret is not None,
    )


def _serve_by_nodes(scene: Scene, params: ScaleNodeGroupParams) -> None:
    eks, most = scene.account.aws.service(Eks), params.maximum or params.nodes
    cluster = eks.add_cluster(scene.plan.regions.primary, _in_primary(params.cluster))
    eks.add_node_group(cluster, _in_primary(params.node_group), nodes=params.nodes, maximum=most)


def _name_pools(scene: Scene, params: SwapUserPoolParams) -> None:
    """People know pools and clients by names, which a plan does not say."""
    application = scene.plan.application
    names = {params.pool: f"{application}-dr", params.primary.pool: application}
    for pool in scene.account.aws.service(CognitoIdp).pools:
        if pool.id in names:
            pool.says["Name"] = f"{names[pool.id]}-user-pool"
            for client in pool.clients.values():
                client["ClientName"] = f"{names[pool.id]}-client"


def _name_sources(scene: Scene) -> None:
    """A mapping feeds a function of the application, which a plan does not say either."""
    application = scene.plan.application
    for mapping in scene.account.aws.service(LambdaFunctions).mappings:
        mapping.function, mapping.source = f"{application}-worker", f"{application}-work"


def _read_parameters(scene: Scene, names: tuple[str, ...]) -> None:
    """The standby's tasks are told the parameters that a run writes, or else they would be written for nobody."""
    ecs, region = scene.account.aws.service(Ecs), scene.plan.regions.standby
    arn = f"arn:aws:ssm:{region}:{scene.world.account}:parameter"
    told = {name.strip("/").replace("/", "_").upper(): f"{arn}/{name.lstrip('/')}" for name in names}
    for service in ecs.ecs_services:
        if service.region == region:
            old = service.definition
            made = service.definition = ecs.add_task_definition(region, old.family, old.image, secrets=told)
            made.task_role, made.execution_role = old.task_role, old.execution_role
