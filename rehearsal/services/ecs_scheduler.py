"""What the ECS scheduler does for one service: start, replace and stop tasks until enough are healthy.

A change of the desired count starts no deployment, so the deployment that is there stays COMPLETED while
its tasks are only starting. What a task will take is drawn before it is launched, so that the whole time of
an update is known when it is accepted. Tasks that cannot start are stopped with a reason and tried again
ever more rarely; tasks that find no room are an event and nothing else. Sources: botocore's model of ECS;
aws-facts sections 4.1 and 11.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from rehearsal.services.ecs_reading import why_unreadable
from rehearsal.services.ecs_tasks import (
    Deployment,
    Life,
    RolloutState,
    Task,
    TaskDefinition,
    TaskStatus,
    Troubles,
)
from rehearsal.services.ecs_times import (
    FIRST_BACK_OFF_SECONDS,
    LAUNCH,
    LONGEST_BACK_OFF_SECONDS,
    RETRY_PLACEMENT,
    SCHEDULING,
    SHARE_OF_PROVISIONING,
    WINDING_DOWN,
)
from rehearsal.services.elbv2 import Target, TargetGroup, TargetState
from rehearsal.world import World


@dataclass(eq=False)
class EcsService:
    """One service with its tasks, and the scheduler at work on it."""

    world: World
    random: Random
    region: str
    cluster: str
    name: str
    definition: TaskDefinition
    groups: tuple[TargetGroup, ...]
    troubles: Troubles
    desired_changed: list[Callable[[EcsService], None]]
    desired: int = 0
    grace_seconds: int = 60
    controller: str = "ECS"
    strategy: str = "REPLICA"
    status: str = "ACTIVE"
    deployments: list[Deployment] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    events: list[tuple[datetime, str]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)
    behind: tuple[tuple[str, int], ...] = ()
    """The container and port behind each target group; the only container and the group's own port unless given."""
    _planned: deque[Life] = field(default_factory=deque)
    _ready_at: datetime | None = None
    _hold_until: datetime | None = None
    _failures: int = 0
    _waits_for_room: bool = False
    _winding_down_seconds: float = 0.0

    def __post_init__(self) -> None:
        self._deploy(RolloutState.COMPLETED)
        for _ in range(self.desired):
            task = self._new_task()
            task.status, task.started = TaskStatus.RUNNING, task.created
            self._register(task, (0.0,) * len(self.groups))

    @property
    def primary(self) -> Deployment:
        """The deployment that the service goes towards."""
        return self.deployments[0]

    @property
    def deploying(self) -> bool:
        """Whether a rollout is going on."""
        return self.primary.state is RolloutState.IN_PROGRESS

    def count(self, *statuses: TaskStatus, of: Deployment | None = None) -> int:
        """How many tasks are in one of these statuses, of the service or of one deployment."""
        return sum(t.status in statuses for t in self.tasks if of is None or t.deployment is of)

    def update(self, desired: int | None, *, force: bool = False) -> float:
        """Accept an update; gives the seconds until its last task is healthy and the last old one gone."""
        if desired is not None and desired != self.desired:
            self.desired = desired
            for listener in self.desired_changed:
                listener(self)
        self._winding_down_seconds = WINDING_DOWN.draw(self.random)
        if force:
            self._planned.clear()
            self._deploy(RolloutState.IN_PROGRESS)
        delay = SCHEDULING.draw(self.random)
        self._plan(delay)
        self._later(delay, self.reconcile)
        if self._ready_at is None:
            return 0.0
        return max(0.0, (self._ready_at - self.world.time.now()).total_seconds())

    def close(self) -> None:
        """Delete it by force: it drains until its last task is gone, and has no more then."""
        self.status, self.desired = "DRAINING", 0
        self.update(0)
        self._later(0.0, self._end_if_empty)

    def reconcile(self) -> None:
        """Launch what is missing, stop what is too much."""
        mine = self._alive(self.primary)
        missing = max(0, self.desired - len(mine))
        held = self._hold_until is not None and self.world.time.now() < self._hold_until
        if missing and self.troubles.no_room:
            self._wait_for_room()
        elif missing and not held:
            for _ in range(missing):
                self._launch(self._planned.popleft() if self._planned else self._draw_life())
            started = " ".join(f"(task {task.id})" for task in self.tasks[-missing:])
            self._say(f"has started {missing} tasks: {started}.")
        elif not missing:
            self._planned.clear()
        for task in mine[self.desired :]:
            self._retire(task)
        self._replace()

    def stop_task(self, task: Task, reason: str) -> float:
        """Stop a task as a user asks; gives the seconds until its successor is healthy."""
        if task.leaving:
            return 0.0
        self._winding_down_seconds = WINDING_DOWN.draw(self.random)
        self._stop(task, "UserInitiated", reason)
        delay, life = SCHEDULING.draw(self.random), self._draw_life()
        self._planned.append(life)
        self._later(delay, self.reconcile)
        return delay + life.seconds

    def roll_back(self, reason: str) -> None:
        """Cause trouble: the circuit breaker gives the rollout up and goes back to the one before."""
        self.fail_deployment(reason)
        back = self.deployments[1].id
        self._deploy(RolloutState.IN_PROGRESS)
        self.primary.reason = f"ECS deployment circuit breaker: rolling back to deploymentId {back}."

    def fail_deployment(self, reason: str) -> None:
        """Cause trouble: the rollout is given up, as a deployment circuit breaker without rollback does."""
        self.primary.state, self.primary.reason = RolloutState.FAILED, reason

    def _plan(self, delay: float) -> None:
        missing = max(0, self.desired - len(self._alive(self.primary)) - len(self._planned))
        lives = [self._draw_life() for _ in range(missing)]
        self._planned.extend(lives)
        if not lives:
            return
        begin = self.world.time.now() + timedelta(seconds=delay)
        if self.troubles.no_room and self.troubles.until:
            begin = max(begin, self.troubles.until)
        replacing = 0.0
        if self._old():
            drains = [group.deregistration_delay_seconds for group in self.groups]
            replacing = max(drains, default=0.0) + self._winding_down_seconds
        ready = begin + timedelta(seconds=max(life.seconds for life in lives) + replacing)
        self._ready_at = max(ready, self._ready_at or ready)

    def _wait_for_room(self) -> None:
        if self._waits_for_room:
            return
        self._waits_for_room = True
        self._say(f"was unable to place a task. Reason: {self.troubles.no_room}")
        self._later(RETRY_PLACEMENT.draw(self.random), self._place_again)

    def _place_again(self) -> None:
        self._waits_for_room = False
        self.reconcile()

    def _draw_life(self) -> Life:
        return Life(LAUNCH.draw(self.random), tuple(g.draw_seconds_to_healthy() for g in self.groups))

    def _deploy(self, state: RolloutState) -> None:
        identifier = f"ecs-svc/{self.random.randrange(10**18, 10**19)}"
        self.deployments.insert(0, Deployment(identifier, self.world.time.now(), state))

    def _alive(self, deployment: Deployment) -> list[Task]:
        return [t for t in self.tasks if t.deployment is deployment and not t.leaving]

    def _old(self) -> list[Task]:
        stopped = TaskStatus.STOPPED
        return [t for t in self.tasks if t.deployment is not self.primary and t.status is not stopped]

    def _new_task(self) -> Task:
        address = f"10.1.{32 + len(self.tasks) // 250}.{1 + len(self.tasks) % 250}"
        now = self.world.time.now()
        self.tasks.append(Task(f"{self.random.getrandbits(128):032x}", address, self.primary, now))
        return self.tasks[-1]

    def _launch(self, life: Life) -> None:
        task = self._new_task()
        self._later(life.launch * SHARE_OF_PROVISIONING, partial(self._pull, task))
        self._later(life.launch, partial(self._start, task, life))

    def _pull(self, task: Task) -> None:
        if not task.leaving:
            task.status = TaskStatus.PENDING

    def _start(self, task: Task, life: Life) -> None:
        if task.leaving:
            return
        trouble = why_unreadable(self.definition, self.troubles)
        if trouble:
            self._fail_start(task, trouble)
            return
        task.status, task.started = TaskStatus.RUNNING, self.world.time.now()
        self._failures = 0
        self._register(task, life.healthy)
        self._replace()

    def _register(self, task: Task, healthy_in_seconds: tuple[float, ...]) -> None:
        for group, seconds in zip(self.groups, healthy_in_seconds, strict=True):
            target = group.register(task.address, partial(self._on_target, task), seconds)
            task.targets.append((group, target))

    def _fail_start(self, task: Task, reason: str) -> None:
        rounds = self._failures // max(1, self.desired)
        self._failures += 1
        wait = min(LONGEST_BACK_OFF_SECONDS, FIRST_BACK_OFF_SECONDS * 2**rounds)
        self._hold_until = self.world.time.now() + timedelta(seconds=wait)
        if rounds:
            self._say("is unable to consistently start tasks successfully.")
        self._stop(task, "TaskFailedToStart", reason)
        self._later(wait, self.reconcile)

    def _on_target(self, task: Task, _: Target) -> None:
        if not task.leaving:
            self._replace()
            self._stop_if_sick(task)

    def _stop_if_sick(self, task: Task) -> None:
        sick = [group for group, target in task.targets if target.state is TargetState.UNHEALTHY]
        if not sick or task.leaving or task.started is None:
            return
        age = (self.world.time.now() - task.started).total_seconds()
        if age < self.grace_seconds:
            self._later(self.grace_seconds - age, partial(self._stop_if_sick, task))
            return
        group = sick[0]
        why = f"due to (reason Health checks failed with these codes: [{group.code}])"
        self._say(f"(port {group.port}) is unhealthy in (target-group {group.arn}) {why}")
        reason = f"Task failed ELB health checks in (target-group {group.arn})"
        self._stop(task, "ServiceSchedulerInitiated", reason)
        self._later(SCHEDULING.draw(self.random), self.reconcile)

    def _retire(self, task: Task) -> None:
        reason = f"Scaling activity initiated by (deployment {self.primary.id})"
        self._stop(task, "ServiceSchedulerInitiated", reason)

    def _stop(self, task: Task, code: str, reason: str) -> None:
        task.leaving, task.stop_code, task.stopped_reason = True, code, reason
        task.stopping = self.world.time.now()
        task.status = TaskStatus.DEACTIVATING if task.targets else TaskStatus.DEPROVISIONING
        for group, target in task.targets:
            group.deregister(target)
        drain = max((group.deregistration_delay_seconds for group, _ in task.targets), default=0.0)
        self._later(drain + self._winding_down_seconds, partial(self._end, task))

    def _end(self, task: Task) -> None:
        task.status, task.stopped = TaskStatus.STOPPED, self.world.time.now()
        self._replace()
        self._end_if_empty()

    def _end_if_empty(self) -> None:
        if self.status == "DRAINING" and all(task.status is TaskStatus.STOPPED for task in self.tasks):
            self.status = "INACTIVE"

    def _replace(self) -> None:
        healthy = sum(t.healthy for t in self._alive(self.primary))
        old = [t for t in self._old() if not t.leaving]
        for task in old[: max(0, healthy + len(old) - self.desired)]:
            self._retire(task)
        if self.deploying and healthy >= self.desired and not self._old():
            self.primary.state = RolloutState.COMPLETED
            del self.deployments[1:]
            self._say("has reached a steady state.")

    def _say(self, what: str) -> None:
        self.events.insert(0, (self.world.time.now(), f"(service {self.name}) {what}"))

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        self.world.time.spawn(work, name=f"ecs {self.name}", delay_seconds=seconds)
