"""Deployments and their pods: a changed template rolls out, pod by pod, as far as nodes, images and values allow.

A pod waits for a node that takes pods, pulls its image, reads its values once, starts, and is ready. All pods of a new
template start at once, and one of the old goes for each that is ready. Without progress for the deadline the rollout is
called failed and is tried on. How long anything takes is an estimate. Source: the Kubernetes documentation,
"Deployments" (status, conditions, progressDeadlineSeconds) and "Images" (ImagePullBackOff).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from random import Random
from typing import Any

from rehearsal.service import Spread
from rehearsal.world import World

OBSERVES = Spread(0.2, 0.6, 2.0)
PULLS = Spread(3.0, 12.0, 40.0)
STARTS = Spread(5.0, 15.0, 45.0)
LOOKS_FOR_A_NODE_SECONDS = 5.0
TRIES_A_PULL_AGAIN_SECONDS = 60.0
PROGRESS_DEADLINE_SECONDS = 600.0
"""The default of progressDeadlineSeconds."""


@dataclass(eq=False)
class Pod:
    """One pod: of which template, whether it is ready, why it waits, and the values that it started with."""

    name: str
    template: int
    created: datetime
    ready: bool = False
    unschedulable: str = ""
    waiting: tuple[str, str] = ("", "")
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ground:
    """What pods find in their cluster: nodes, images, and the values that a deployment reads."""

    has_node: Callable[[Deployment], bool]
    has_image: Callable[[str], bool]
    values_of: Callable[[str, tuple[str, ...]], Mapping[str, str]]


@dataclass(eq=False)
class Deployment:
    """One deployment with its pods, and the controller at work on it."""

    world: World
    random: Random
    ground: Ground
    namespace: str
    name: str
    image: str
    replicas: int = 2
    reads: tuple[str, ...] = ()
    tolerates: str = ""
    """The taint, as `key=value`, that its pods tolerate."""
    node_group: str = ""
    """The managed node group whose label its pods select."""
    annotations: dict[str, str] = field(default_factory=dict)
    """Those of the template."""
    generation: int = 1
    observed: int = 1
    version: int = 1
    pods: list[Pod] = field(default_factory=list)
    timed_out: bool = False
    _made: int = 0
    _progressed: datetime | None = None

    def __post_init__(self) -> None:
        self._roll_out(self.generation)

    @property
    def ready(self) -> list[Pod]:
        """The pods that serve."""
        return [pod for pod in self.pods if pod.ready]

    def annotate(self, annotations: Mapping[str, str | None]) -> None:
        """Change annotations of the template; another template rolls out."""
        after = {**self.annotations, **annotations}
        changed = {name: value for name, value in after.items() if value is not None}
        if changed == self.annotations:
            return
        self.annotations, self.generation, self.version = changed, self.generation + 1, self.version + 1
        generation, seconds = self.generation, OBSERVES.draw(self.random)
        self.world.time.spawn(lambda: self._observe(generation), name=f"observe {self.name}", delay_seconds=seconds)

    def as_answer(self) -> dict[str, Any]:
        """The object, as far as it is modelled."""
        current = [pod for pod in self.pods if pod.template == self.observed]
        said = ("False", "ProgressDeadlineExceeded") if self.timed_out else ("True", "ReplicaSetUpdated")
        progress = f'ReplicaSet "{self.name}-{self.observed}" has timed out progressing.' if self.timed_out else ""
        condition = {"type": "Progressing", "status": said[0], "reason": said[1], "message": progress}
        metadata = {
            "name": self.name,
            "namespace": self.namespace,
            "generation": self.generation,
            "resourceVersion": str(self.version),
        }
        key, _, value = self.tolerates.partition("=")
        tolerations = [{"key": key, "operator": "Equal", "value": value, "effect": "NoSchedule"}] if key else []
        selector = {"eks.amazonaws.com/nodegroup": self.node_group} if self.node_group else {}
        template = {
            "metadata": {"annotations": dict(self.annotations), "labels": {"app": self.name}},
            "spec": {"tolerations": tolerations, "nodeSelector": selector},
        }
        return {
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": self.replicas,
                "selector": {"matchLabels": {"app": self.name}},
                "template": template,
            },
            "status": {
                "observedGeneration": self.observed,
                "replicas": len(self.pods),
                "updatedReplicas": len(current),
                "readyReplicas": len(self.ready),
                "availableReplicas": len(self.ready),
                "conditions": [condition],
            },
        }

    def _observe(self, generation: int) -> None:
        if generation == self.generation:
            self.observed, self.timed_out = generation, False
            self._roll_out(generation)

    def _roll_out(self, generation: int) -> None:
        self._progressed = self.world.time.now()
        self.pods = [pod for pod in self.pods if pod.ready]
        for _ in range(self.replicas):
            self._made += 1
            pod = Pod(f"{self.name}-{generation}-{self._made}", generation, self.world.time.now())
            self.pods.append(pod)
            self.world.time.spawn(partial(self._live, pod), name=f"pod {pod.name}")
        self.world.time.spawn(lambda: self._watch(generation), name=f"progress of {self.name}")

    def _live(self, pod: Pod) -> None:
        time = self.world.time
        while pod in self.pods and not self.ground.has_node(self):
            pod.unschedulable = "no nodes available to schedule pods"
            time.sleep(LOOKS_FOR_A_NODE_SECONDS)
        pod.unschedulable = ""
        pod.waiting = ("ContainerCreating", "")
        time.sleep(PULLS.draw(self.random))
        while pod in self.pods and not self.ground.has_image(self.image):
            pod.waiting = ("ImagePullBackOff", f'Back-off pulling image "{self.image}": ErrImagePull: not found')
            time.sleep(TRIES_A_PULL_AGAIN_SECONDS)
        pod.values, pod.waiting = dict(self.ground.values_of(self.namespace, self.reads)), ("", "")
        time.sleep(STARTS.draw(self.random))
        if pod in self.pods:
            pod.ready, self._progressed = True, time.now()
            old = next((p for p in self.pods if p.template != self.observed), None)
            if old is not None:
                self.pods.remove(old)

    def _watch(self, generation: int) -> None:
        time = self.world.time
        while self.generation == generation and not self._is_complete():
            assert self._progressed is not None
            left = PROGRESS_DEADLINE_SECONDS - (time.now() - self._progressed).total_seconds()
            if left <= 0:
                self.timed_out = True
                return
            time.sleep(left)

    def _is_complete(self) -> bool:
        return len(self.pods) == len(self.ready) == self.replicas
