"""What ECS schedules: task definitions, deployments and tasks, and what keeps tasks from starting.

Plain state; `ecs_scheduler` moves it and `ecs` answers with it. Statuses: botocore's model of ECS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from rehearsal.services.elbv2 import Target, TargetGroup, TargetState


class TaskStatus(StrEnum):
    """The life of a task."""

    PROVISIONING = "PROVISIONING"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    DEACTIVATING = "DEACTIVATING"
    DEPROVISIONING = "DEPROVISIONING"
    STOPPED = "STOPPED"


class RolloutState(StrEnum):
    """How far a deployment is; a mere change of the desired count does not touch it."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


@dataclass(eq=False)
class TaskDefinition:
    """What tasks are made of: one container, named as the family unless `called` says otherwise. `secrets` are variable
    names with their `valueFrom` ARNs. One that was registered by a call is all that its `document` says."""

    region: str
    account: str
    family: str
    image: str
    secrets: tuple[tuple[str, str], ...] = ()
    revision: int = 1
    called: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    task_role: str = ""
    execution_role: str = ""
    status: str = "ACTIVE"
    tags: dict[str, str] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict)

    @property
    def container(self) -> str:
        """The name of its container."""
        return self.called or self.family

    @property
    def arn(self) -> str:
        """The full ARN, with the revision."""
        return f"arn:aws:ecs:{self.region}:{self.account}:task-definition/{self.family}:{self.revision}"

    @property
    def needs(self) -> set[str]:
        """Everything that must be readable before a task starts."""
        containers = self.document.get("containerDefinitions", ())
        told = {secret["valueFrom"] for each in containers for secret in each.get("secrets", ())}
        return {self.image, *(value for _, value in self.secrets), *told, *(each["image"] for each in containers)}


@dataclass
class Troubles:
    """What keeps the tasks of a region from starting.

    `no_room` is why none can be placed, `until` when, if it is known; `unreadable` holds the words that ECS
    stops a task with, by image or ARN.
    """

    no_room: str = ""
    until: datetime | None = None
    unreadable: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Life:
    """What one task is going to take, in seconds: until it runs, and from there to each healthy target."""

    launch: float
    healthy: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """From the launch to the last health check."""
        return self.launch + max(self.healthy, default=0.0)


@dataclass(eq=False)
class Deployment:
    """One rollout of a service."""

    id: str
    created: datetime
    state: RolloutState
    reason: str = ""


@dataclass(eq=False)
class Task:
    """One task of a service; `leaving` from the moment it is to stop."""

    id: str
    address: str
    deployment: Deployment
    created: datetime
    status: TaskStatus = TaskStatus.PROVISIONING
    leaving: bool = False
    started: datetime | None = None
    stopping: datetime | None = None
    stopped: datetime | None = None
    stop_code: str = ""
    stopped_reason: str = ""
    targets: list[tuple[TargetGroup, Target]] = field(default_factory=list)

    @property
    def healthy(self) -> bool:
        """Running, and healthy in each target group."""
        if self.status is not TaskStatus.RUNNING:
            return False
        return all(target.state is TargetState.HEALTHY for _, target in self.targets)
