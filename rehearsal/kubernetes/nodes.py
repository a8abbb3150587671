"""The nodes of a cluster that the instances of a node group become, each some seconds after it is in service.

How long a node takes to join is an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rehearsal.kubernetes.deployments import Deployment
from rehearsal.service import Spread
from rehearsal.services.autoscaling_groups import AutoScalingGroup
from rehearsal.services.autoscaling_instances import GroupInstance, Lifecycle

JOINING = Spread(10.0, 25.0, 60.0)
"""From InService until Kubernetes calls the node Ready, in seconds."""


@dataclass(eq=False)
class Nodes:
    """The nodes of one Auto Scaling group; the instances that the scene begins with have joined.

    A taint keeps pods off that do not tolerate it. `name` is that of the managed node group, with which they are
    labelled.
    """

    name: str
    group: AutoScalingGroup
    taint: str = ""
    joined: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.joined |= {instance.id for instance in self.group.instances}
        self.group.on_service.append(self._join)

    @property
    def ready(self) -> int:
        """How many nodes take pods."""
        serving = (i for i in self.group.instances if i.lifecycle is Lifecycle.IN_SERVICE)
        return sum(instance.id in self.joined for instance in serving)

    def take(self, deployment: Deployment) -> bool:
        """Whether pods of a deployment may start here."""
        return self.taint in ("", deployment.tolerates) and deployment.node_group in ("", self.name)

    def _join(self, instance: GroupInstance) -> None:
        delay = JOINING.draw(self.group.random)
        join = f"node {instance.id} joins"
        self.group.world.time.spawn(lambda: self.joined.add(instance.id), name=join, delay_seconds=delay)
