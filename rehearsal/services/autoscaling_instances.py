"""The instances of a group of EC2 Auto Scaling, what one is going to take, and the activities that tell of them.

Source: EC2 Auto Scaling user guide, "Amazon EC2 Auto Scaling instance lifecycle".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rehearsal.services.ec2_launching import Subnet, TemplateVersion
from rehearsal.services.elbv2 import Target, TargetGroup


class Lifecycle(StrEnum):
    """Where an instance is in its life; the states that the model knows."""

    PENDING = "Pending"
    PENDING_WAIT = "Pending:Wait"
    IN_SERVICE = "InService"
    STANDBY = "Standby"
    TERMINATING = "Terminating"


STARTING = (Lifecycle.PENDING, Lifecycle.PENDING_WAIT)


@dataclass(eq=False)
class GroupInstance:
    """One instance of a group."""

    id: str
    subnet: Subnet
    version: TemplateVersion
    lifecycle: Lifecycle = Lifecycle.PENDING
    healthy: bool = True
    protected: bool = False
    in_service_since: datetime | None = None
    targets: list[tuple[TargetGroup, Target]] = field(default_factory=list)


@dataclass(eq=False)
class Activity:
    """One scaling activity."""

    id: str
    description: str
    cause: str
    started: datetime
    status: str
    message: str = ""
    ended: datetime | None = None


@dataclass(frozen=True)
class Life:
    """What one instance is going to take, in seconds: until it is in service, and from there to each healthy target."""

    boot: float
    healthy: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """From the launch to the last health check."""
        return self.boot + max(self.healthy, default=0.0)
