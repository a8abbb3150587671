"""The part of the embedded ECS that runs tasks which no service keeps.

The traps are: the same client token gives the same task, and with another request a conflict; a task is listed by
`startedBy` alone or not at all; a lack of room is an answer with `failures` and no error; a task that could not start
has containers without an exit code. Answers and errors: botocore's model of ECS.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from rehearsal.service import Spread, operation
from rehearsal.services.ecs_reading import why_unreadable
from rehearsal.services.ecs_tasks import TaskDefinition, TaskStatus, Troubles
from rehearsal.services.ecs_times import LAUNCH, SHARE_OF_PROVISIONING
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

WORKS = Spread(5, 40, 300)
"""From the start of a container to its end, in seconds: an estimate; a scene may set it."""
_ASKED = {
    "cluster", "taskDefinition", "count", "launchType", "networkConfiguration", "overrides", "clientToken", "startedBy",
}  # fmt: skip
_STARTED_BY = re.compile(r"[A-Za-z0-9/_-]{1,128}")


@dataclass(eq=False)
class OneOff:
    """One task of its own."""

    region: str
    cluster: str
    id: str
    definition: TaskDefinition
    override: Mapping[str, Any]
    started_by: str
    created: datetime
    status: TaskStatus = TaskStatus.PROVISIONING
    started: datetime | None = None
    stopped: datetime | None = None
    stop_code: str = ""
    stopped_reason: str = ""
    exit_code: int | None = None

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:ecs:{self.region}:{self.definition.account}:task/{self.cluster}/{self.id}"

    def shown(self) -> dict[str, Any]:
        """As DescribeTasks shows it; what is not so yet is left out."""
        container = {"name": self.definition.container, "lastStatus": self.status.value}
        said = {
            "taskArn": self.arn,
            "clusterArn": f"arn:aws:ecs:{self.region}:{self.definition.account}:cluster/{self.cluster}",
            "taskDefinitionArn": self.definition.arn,
            "group": f"family:{self.definition.family}",
            "startedBy": self.started_by,
            "lastStatus": self.status.value,
            "desiredStatus": "STOPPED" if self.status is TaskStatus.STOPPED else "RUNNING",
            "containers": [container | ({} if self.exit_code is None else {"exitCode": self.exit_code})],
            "createdAt": self.created,
            "startedAt": self.started,
            "stoppedAt": self.stopped,
            "stopCode": self.stop_code,
            "stoppedReason": self.stopped_reason,
        }
        return {key: value for key, value in said.items() if value}


@dataclass
class _Plans:
    """How the next task of a region is to go."""

    exit_code: int = 0
    seconds: float | None = None


class OneOffs:
    """Tasks that are run once."""

    world: World
    random: Random
    definitions: list[TaskDefinition]
    troubles: defaultdict[str, Troubles]
    _cluster_of: Callable[[Call], Any]

    def __init__(self, world: World) -> None:
        super().__init__(world)  # type: ignore[call-arg]
        self.one_offs: list[OneOff] = []
        self._plans: dict[str, _Plans] = {}
        self._tokens: dict[str, tuple[str, OneOff]] = {}

    def plan_next_task(self, region: str, *, exit_code: int = 0, seconds: float | None = None) -> None:
        """The next task that is run once ends with that code, after so long."""
        self._plans[region] = _Plans(exit_code, seconds)

    @operation("RunTask")
    def run_task(self, call: Call) -> Mapping[str, Any]:
        """Start one task, or give the one that the same token has started."""
        asked = call.parameters
        if asked.keys() - _ASKED or asked.get("count", 1) != 1:
            raise NotModelled(call)
        cluster = self._cluster_of(call)
        definition = self.definition(call.region, str(asked["taskDefinition"]))
        self._must_fit(asked, definition)
        token, request = str(asked.get("clientToken", "")), json.dumps(asked, sort_keys=True, default=str)
        if token and token in self._tokens:
            same, task = self._tokens[token]
            if same != request:
                raise ServiceError("ConflictException", "The provided clientToken is already in use.")
            return {"tasks": [task.shown()], "failures": []}
        trouble = self.troubles[call.region]
        if trouble.no_room:
            return {"tasks": [], "failures": [{"arn": cluster.arn, "reason": trouble.no_room}]}
        task = OneOff(
            call.region,
            cluster.name,
            f"{self.random.getrandbits(128):032x}",
            definition,
            asked["overrides"]["containerOverrides"][0],
            str(asked.get("startedBy", "")),
            self.world.time.now(),
        )
        self.one_offs.append(task)
        self._tokens[token] = request, task
        self._live(task)
        return {"tasks": [task.shown()], "failures": []}

    def one_offs_of(self, region: str, cluster: str) -> list[OneOff]:
        """Those of one cluster, in the order in which they were started."""
        return [task for task in self.one_offs if (task.region, task.cluster) == (region, cluster)]

    def list_one_offs(self, call: Call, cluster: str) -> Mapping[str, Any]:
        """What is to run, by who started it; or by the family, also what has stopped."""
        asked = call.parameters
        if "startedBy" in asked and asked.keys() - {"cluster", "startedBy"}:
            raise ServiceError("InvalidParameterException", "startedBy must be the only filter.")
        if asked.keys() - {"cluster", "startedBy", "family", "desiredStatus"}:
            raise NotModelled(call)
        status, family = asked.get("desiredStatus", "RUNNING"), asked.get("family")
        tasks = [task.shown() for task in self.one_offs_of(call.region, cluster)]
        named = [t for t in tasks if t["startedBy"] == asked.get("startedBy", t["startedBy"])]
        of_family = [t for t in named if family is None or t["group"] == f"family:{family}"]
        return {"taskArns": [t["taskArn"] for t in of_family if t["desiredStatus"] == status]}

    def _live(self, task: OneOff) -> None:
        plans = self._plans.pop(task.region, _Plans())
        launch, works = LAUNCH.draw(self.random), plans.seconds or WORKS.draw(self.random)
        time = self.world.time

        def pull() -> None:
            task.status = TaskStatus.PENDING

        def start() -> None:
            trouble = why_unreadable(task.definition, self.troubles[task.region])
            if trouble:
                end("TaskFailedToStart", trouble, None)
                return
            task.status, task.started = TaskStatus.RUNNING, time.now()
            later(works, lambda: end("EssentialContainerExited", "Essential container in task exited", plans.exit_code))

        def end(code: str, reason: str, exit_code: int | None) -> None:
            task.status, task.stopped = TaskStatus.STOPPED, time.now()
            task.stop_code, task.stopped_reason, task.exit_code = code, reason, exit_code

        def later(seconds: float, work: Callable[[], None]) -> None:
            time.spawn(work, name=f"ecs task {task.id}", delay_seconds=seconds)

        self.world.begin_effect(task.arn, launch + works)
        later(launch * SHARE_OF_PROVISIONING, pull)
        later(launch, start)

    def _must_fit(self, asked: Mapping[str, Any], definition: TaskDefinition) -> None:
        if not asked.get("networkConfiguration"):
            said = "Network Configuration must be provided when networkMode 'awsvpc' is specified."
            raise ServiceError("InvalidParameterException", said)
        if asked.get("startedBy") and not _STARTED_BY.fullmatch(str(asked["startedBy"])):
            raise ServiceError("InvalidParameterException", "startedBy contains invalid characters.")
        for override in asked.get("overrides", {}).get("containerOverrides", ()):
            if override["name"] != definition.container:
                said = f"Override for container named {override['name']} is not a container in the TaskDefinition."
                raise ServiceError("InvalidParameterException", said)

    def definition(self, region: str, named: str) -> TaskDefinition:
        """A revision by family:revision or ARN, the latest active one by family; raises what ECS says of none."""
        family, _, revision = named.rsplit("/", maxsplit=1)[-1].partition(":")
        found = [d for d in self.definitions if (d.region, d.family) == (region, family)]
        found = [d for d in found if (str(d.revision) == revision if revision else d.status == "ACTIVE")]
        if not found:
            raise ServiceError("ClientException", "Unable to describe task definition.")
        return found[-1]
