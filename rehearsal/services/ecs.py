"""Amazon ECS as a recovery sees it: clusters, Fargate services, tasks and task definitions, by region.

The traps are: a missing service is an entry in `failures` and no error, an update answers before a task
exists, a change of the desired count leaves the rollout COMPLETED, and why tasks do not start stands only
in the stopped tasks and in the events. Errors and answers: botocore's model of ECS; aws-facts section 4.1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from pilotlight.domain.step import Standing
from rehearsal.service import Service, operation
from rehearsal.services.ecs_answers import arn, say_service, say_task
from rehearsal.services.ecs_lists import Lists
from rehearsal.services.ecs_making import Making
from rehearsal.services.ecs_one_off import OneOff, OneOffs
from rehearsal.services.ecs_scheduler import EcsService
from rehearsal.services.ecs_tasks import Task, TaskDefinition, Troubles
from rehearsal.services.elbv2 import Elbv2, TargetGroup
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone."
QUOTA = "You've reached the limit on the number of vCPUs you can run concurrently."
KEPT = timedelta(hours=1)
"""How long stopped tasks are shown: "at least one hour" in botocore's text on DescribeTasks."""
_MOST_TASKS = 100
_SERVING = 2
"""So many tasks a service of the primary has before an incident."""
_UPDATABLE = {"cluster", "service", "desiredCount", "forceNewDeployment"}


@dataclass(eq=False)
class Cluster:
    """A cluster; only an ACTIVE one takes tasks."""

    region: str
    name: str
    arn: str
    status: str = "ACTIVE"


class Ecs(OneOffs, Making, Lists, Service):
    """Clusters, services and tasks."""

    name: ClassVar[str] = "ecs"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.clusters: list[Cluster] = []
        self.ecs_services: list[EcsService] = []
        self.definitions: list[TaskDefinition] = []
        self.troubles: defaultdict[str, Troubles] = defaultdict(Troubles)
        self.desired_changed: list[Callable[[EcsService], None]] = []

    def add_task_definition(
        self, region: str, family: str, image: str, *, secrets: Mapping[str, str] | None = None, container: str = ""
    ) -> TaskDefinition:
        """Set the scene: the next revision of a family. `secrets` are `valueFrom` ARNs by variable name."""
        revisions = [d.revision for d in self.definitions if (d.region, d.family) == (region, family)]
        named = tuple((secrets or {}).items())
        made = TaskDefinition(
            region, self.world.account, family, image, named, max(revisions, default=0) + 1, container
        )
        self.definitions.append(made)
        return self.definitions[-1]

    def add_cluster(self, region: str, name: str) -> None:
        """Set the scene: a cluster, if there is none of that name."""
        if self._cluster(region, name) is None:
            self.clusters.append(Cluster(region, name, f"arn:aws:ecs:{region}:{self.world.account}:cluster/{name}"))

    def add_service(
        self,
        region: str,
        cluster: str,
        service: str,
        definition: TaskDefinition,
        *target_groups: TargetGroup,
        desired: int = 0,
    ) -> EcsService:
        """Set the scene: a service with `desired` healthy tasks; its cluster is made if need be."""
        self.add_cluster(region, cluster)
        place = (self.world, self.random, region, cluster, service)
        here = self.troubles[region]
        made = EcsService(*place, definition, target_groups, here, self.desired_changed, desired)
        self.ecs_services.append(made)
        return made

    def furnish(self, standing: Standing) -> None:
        """A task definition; or a service with no tasks, or one that serves, and its target group behind a balancer."""
        facts, region = standing.facts, standing.region
        if standing.what == "task definition":
            self.add_cluster(region, str(facts["cluster"]))
            image = f"{self.world.account}.dkr.ecr.{region}.amazonaws.com/{facts['name']}:live"
            self.add_task_definition(region, str(facts["name"]), image, container=str(facts["container"]))
            return
        if standing.what not in ("service", "serving service"):
            super().furnish(standing)
        serving = standing.what == "serving service"
        name, role = str(facts["service"]), str(facts.get("execution_role", ""))
        there = self.find(region, str(facts["cluster"]), name)
        if there is not None and role:
            # A drill copies a service that another step has furnished.
            there.definition.execution_role = role
            return
        image = f"{self.world.account}.dkr.ecr.{region}.amazonaws.com/{name}:live"
        balancing = self.world.model(Elbv2)
        balancer = balancing.add_load_balancer(region, f"{name}-alb")
        group = balancing.add_target_group(region, str(facts.get("target_group") or f"{name}-tg"), balancer)
        definition, desired = self.add_task_definition(region, name, image), _SERVING if serving else 0
        definition.execution_role = role
        self.add_service(region, str(facts["cluster"]), name, definition, group, desired=desired)

    def find(self, region: str, cluster: str, service: str) -> EcsService | None:
        """A service by its names or ARNs."""
        names = (region, _last(cluster), _last(service))
        return next((s for s in self.ecs_services if (s.region, s.cluster, s.name) == names), None)

    def lose_image(self, region: str, image: str) -> None:
        """Cause trouble: the image is not in the registry; tasks stop with CannotPullContainerError."""
        self.troubles[region].unreadable[image] = (
            "CannotPullContainerError: pull image manifest has been retried 5 time(s): "
            f"failed to resolve ref {image}: {image}: not found"
        )

    def lose_secret(self, region: str, secret: str) -> None:
        """Cause trouble: a named secret is not there; tasks stop with ResourceInitializationError."""
        self.troubles[region].unreadable[secret] = (
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
            "retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): "
            f"failed to fetch secret {secret} from secrets manager: ResourceNotFoundException"
        )

    def restore(self, region: str, thing: str) -> None:
        """End the trouble: an image or secret is readable again; ECS finds out at its next try."""
        self.troubles[region].unreadable.pop(thing, None)

    def starve(self, region: str, seconds: float | None = None, *, reason: str = CAPACITY) -> None:
        """Cause trouble: no task finds room in the region, for that long, or until `feed`."""
        trouble = self.troubles[region]
        trouble.no_room, trouble.until = reason, None
        if seconds is not None:
            trouble.until = self.world.time.now() + timedelta(seconds=seconds)
            self.world.time.spawn(lambda: self.feed(region), name=f"room in {region}", delay_seconds=seconds)

    def feed(self, region: str) -> None:
        """End the trouble: there is room again, and the scheduler takes it at once."""
        self.troubles[region].no_room = ""
        for service in self.ecs_services:
            if service.region == region:
                service.reconcile()

    @operation("DescribeClusters")
    def describe_clusters(self, call: Call) -> Mapping[str, Any]:
        """The named clusters; a missing one is a failure, no error."""
        names = call.parameters.get("clusters") or ["default"]
        known = [c for c in (self._cluster(call.region, name) for name in names) if c is not None]
        gone = [n for n in names if self._cluster(call.region, n) is None]
        return {
            "clusters": [{"clusterArn": c.arn, "clusterName": c.name, "status": c.status} for c in known],
            "failures": [self._missing(call, f"cluster/{_last(name)}") for name in gone],
        }

    @operation("DescribeServices")
    def describe_services(self, call: Call) -> Mapping[str, Any]:
        """The named services; a missing one is a failure, a missing cluster an error."""
        names, tags = call.parameters["services"], "TAGS" in call.parameters.get("include", ())
        if not names:
            raise ServiceError("InvalidParameterException", "Services cannot be empty.")
        cluster = self._cluster_of(call).name
        found = [(name, self.find(call.region, cluster, name)) for name in names]
        return {
            "services": [say_service(service, tags=tags) for _, service in found if service is not None],
            "failures": [self._missing(call, f"service/{cluster}/{_last(n)}") for n, s in found if s is None],
        }

    @operation("UpdateService")
    def update_service(self, call: Call) -> Mapping[str, Any]:
        """Change the desired count, force a deployment, or both."""
        if set(call.parameters) - _UPDATABLE:
            raise NotModelled(call)
        service = self.find(call.region, self._cluster_of(call).name, call.parameters["service"])
        if service is None:
            raise ServiceError("ServiceNotFoundException", "Service not found.")
        if service.status != "ACTIVE":
            raise ServiceError("ServiceNotActiveException", "Service was not ACTIVE.")
        force, desired = bool(call.parameters.get("forceNewDeployment")), call.parameters.get("desiredCount")
        if force and service.controller != "ECS":
            owner = f"a {service.controller} deployment controller"
            text = f"Cannot force a new deployment on services with {owner}."
            raise ServiceError("InvalidParameterException", text)
        if desired is not None and service.strategy != "REPLICA":
            text = "The daemon scheduling strategy does not support a desired count."
            raise ServiceError("InvalidParameterException", text)
        seconds = service.update(desired, force=force)
        if seconds > 0:
            self.world.begin_effect(arn(service, f"service/{service.cluster}/{service.name}"), seconds)
        return {"service": say_service(service)}

    @operation("TagResource")
    def tag_resource(self, call: Call) -> Mapping[str, Any]:
        """Tag a service; a key that is there gets the new value."""
        self._tagged(call).tags |= {tag["key"]: tag.get("value", "") for tag in call.parameters["tags"]}
        return {}

    @operation("UntagResource")
    def untag_resource(self, call: Call) -> Mapping[str, Any]:
        """Remove tags from a service; a key that is not there is as good."""
        for key in call.parameters["tagKeys"]:
            self._tagged(call).tags.pop(key, None)
        return {}

    @operation("ListTasks")
    def list_tasks(self, call: Call) -> Mapping[str, Any]:
        """The ARNs of tasks that are to run, or, asked for STOPPED, of those that left within the hour."""
        cluster = self._cluster_of(call).name
        if {"startedBy", "family"} & call.parameters.keys():
            return self.list_one_offs(call, cluster)
        services = self._services_of(call)
        name = call.parameters.get("serviceName")
        if name is not None:
            services = [s for s in services if s.name == _last(name)]
            if not services:
                raise ServiceError("ServiceNotFoundException", "Service not found.")
        stopped = call.parameters.get("desiredStatus", "RUNNING") == "STOPPED"
        listed = [(s, t) for s in services for t in s.tasks if t.leaving == stopped and self._is_kept(t)]
        first = int(call.parameters.get("nextToken", 0))
        page = listed[first : first + _MOST_TASKS]
        answer: dict[str, Any] = {"taskArns": [arn(s, f"task/{s.cluster}/{t.id}") for s, t in page]}
        if len(listed) > first + _MOST_TASKS:
            answer["nextToken"] = str(first + _MOST_TASKS)
        return answer

    @operation("DescribeTasks")
    def describe_tasks(self, call: Call) -> Mapping[str, Any]:
        """The named tasks, at most a hundred, with their stop codes and reasons."""
        cluster, names = self._cluster_of(call).name, [_last(name) for name in call.parameters["tasks"]]
        if not 1 <= len(names) <= _MOST_TASKS:
            raise ServiceError("InvalidParameterException", "Tasks must name between 1 and 100 tasks.")
        known = {t.id: say_task(s, t) for s in self._services_of(call) for t in s.tasks if self._is_kept(t)}
        known |= {t.id: t.shown() for t in self.one_offs_of(call.region, cluster) if self._is_kept(t)}
        return {
            "tasks": [known[name] for name in names if name in known],
            "failures": [self._missing(call, f"task/{cluster}/{n}") for n in names if n not in known],
        }

    @operation("StopTask")
    def stop_task(self, call: Call) -> Mapping[str, Any]:
        """Stop a task; the scheduler of its service puts another in its place."""
        name, services = _last(call.parameters["task"]), self._services_of(call)
        found = next(((s, t) for s in services for t in s.tasks if t.id == name and self._is_kept(t)), None)
        if found is None:
            raise ServiceError("InvalidParameterException", "The referenced task was not found.")
        service, task = found
        seconds = service.stop_task(task, str(call.parameters.get("reason", "Task stopped by user")))
        self.world.begin_effect(arn(service, f"service/{service.cluster}/{service.name}"), seconds)
        return {"task": say_task(service, task)}

    def _is_kept(self, task: Task | OneOff) -> bool:
        return task.stopped is None or self.world.time.now() - task.stopped < KEPT

    def _tagged(self, call: Call) -> EcsService:
        _, cluster, name = str(call.parameters["resourceArn"]).split(":")[-1].split("/")
        found = self.find(call.region, cluster, name)
        if found is None:
            raise ServiceError("ResourceNotFoundException", "The specified resource could not be found.")
        return found

    def _missing(self, call: Call, resource: str) -> dict[str, str]:
        return {"arn": f"arn:aws:ecs:{call.region}:{self.world.account}:{resource}", "reason": "MISSING"}

    def _cluster(self, region: str, name: str) -> Cluster | None:
        return next((c for c in self.clusters if (c.region, c.name) == (region, _last(name))), None)

    def _cluster_of(self, call: Call) -> Cluster:
        cluster = self._cluster(call.region, call.parameters.get("cluster", "default"))
        if cluster is None:
            raise ServiceError("ClusterNotFoundException", "Cluster not found.")
        return cluster

    def _services_of(self, call: Call) -> list[EcsService]:
        here = (call.region, self._cluster_of(call).name)
        return [s for s in self.ecs_services if (s.region, s.cluster) == here]


def _last(name: Any) -> str:
    return str(name).split("/")[-1]
