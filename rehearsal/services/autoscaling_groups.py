"""What EC2 Auto Scaling does for one group: launch and end instances until there are as many as it wants.

What an instance will take is drawn before it is launched, so that the whole time of an update is known when it is
accepted. A launch that fails is an activity with the words of EC2, and is tried again ever more rarely; a process that
is suspended does nothing, and says nothing. An instance that ends leaves its target groups first and is shown as
Terminating until their delay is over and EC2 has shut it down. Sources: EC2 Auto Scaling user guide, "Amazon EC2 Auto
Scaling instance lifecycle", "Suspend and resume a process", "Health checks for instances", "Use instance scale-in
protection"; aws-facts sections 4.2 and 11.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from random import Random

from rehearsal.service import Spread
from rehearsal.services.autoscaling_instances import STARTING, Activity, GroupInstance, Life, Lifecycle
from rehearsal.services.ec2_launching import Launching, LaunchRefused, Subnet
from rehearsal.services.elbv2 import Target, TargetGroup, TargetState
from rehearsal.world import World

SCHEDULING = Spread(1.0, 4.0, 15.0)
"""From an accepted update to the first launch, in seconds: an estimate."""
BOOT = Spread(60.0, 120.0, 360.0)
"""From the launch to InService: aws-facts section 11 (60 s, 2 to 4 min; a scene sets the tail of 10 min)."""
APPLICATION_START = Spread(30.0, 40.0, 60.0)
"""From InService until the application answers: 30 s to a minute, as the first user of this model measured it."""
SHUT_DOWN = Spread(20.0, 45.0, 120.0)
"""Until EC2 has ended an instance, in seconds: an estimate."""
HEALTH_CHECK = Spread(10.0, 30.0, 60.0)
"""Until a group notices what its load balancer says of an instance: an estimate of "its next periodic check"."""
FIRST_BACK_OFF_SECONDS, LONGEST_BACK_OFF_SECONDS = 30.0, 900.0
"""AWS does not say how often it tries a failed launch again; that the time doubles, and these two, are estimates."""
PROTECTED = "Could not scale to desired capacity because all remaining instances are protected from scale-in."
FAILED = "Launching EC2 instance failed."


class Process(StrEnum):
    """What can be suspended: botocore's text on SuspendProcesses."""

    LAUNCH = "Launch"
    TERMINATE = "Terminate"
    ADD_TO_LOAD_BALANCER = "AddToLoadBalancer"
    ALARM_NOTIFICATION = "AlarmNotification"
    AZ_REBALANCE = "AZRebalance"
    HEALTH_CHECK = "HealthCheck"
    INSTANCE_REFRESH = "InstanceRefresh"
    REPLACE_UNHEALTHY = "ReplaceUnhealthy"
    SCHEDULED_ACTIONS = "ScheduledActions"


@dataclass(eq=False)
class AutoScalingGroup:
    """One group with its instances, and the scaling at work on it. `wait_seconds` is a hook that holds each launch.

    Whoever builds on the group is told of each instance that comes into service, and why one could not be launched.
    """

    world: World
    random: Random
    ec2: Launching
    region: str
    name: str
    arn: str
    template: tuple[str, str, str]
    subnets: tuple[Subnet, ...]
    groups: tuple[TargetGroup, ...]
    minimum: int = 0
    maximum: int = 0
    desired: int = 0
    health_check_type: str = "ELB"
    grace_seconds: int = 300
    protects_new: bool = False
    deleting: bool = False
    wait_seconds: float = 0.0
    created: datetime | None = None
    suspended: dict[str, str] = field(default_factory=dict)
    tags: dict[str, tuple[str, bool]] = field(default_factory=dict)
    instances: list[GroupInstance] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    on_service: list[Callable[[GroupInstance], None]] = field(default_factory=list)
    on_failure: list[Callable[[str], None]] = field(default_factory=list)
    _planned: deque[Life] = field(default_factory=deque)
    _shut_down_seconds: float = SHUT_DOWN.mode
    _failures: int = 0
    _tries_again: bool = False

    def __post_init__(self) -> None:
        self.created = self.world.time.now()
        for _ in range(self.desired):
            self._launch(Life(0.0, (0.0,) * len(self.groups)), "the scene", at_once=True)

    @property
    def staying(self) -> list[GroupInstance]:
        """The instances that count against the wanted size: neither ending nor in Standby."""
        return [i for i in self.instances if i.lifecycle not in (Lifecycle.TERMINATING, Lifecycle.STANDBY)]

    def resize(self, minimum: int, maximum: int, desired: int) -> float:
        """Accept new sizes; gives the seconds until the last new instance is healthy, or the last old one gone."""
        before, self.minimum, self.maximum, self.desired = self.desired, minimum, maximum, desired
        delay, cause = SCHEDULING.draw(self.random), f"a user request changed the desired capacity from {before}"
        self._shut_down_seconds = SHUT_DOWN.draw(self.random)
        lives = [self._draw_life() for _ in range(desired - len(self.staying) - len(self._planned))]
        self._planned.extend(lives)
        self._later(delay, partial(self.reconcile, f"{cause} to {desired}"))
        if lives:
            return delay + self.wait_seconds + max(life.seconds for life in lives)
        return delay + self._drain_seconds + self._shut_down_seconds if desired < before else 0.0

    def delete(self, gone: Callable[[], None]) -> None:
        """End all instances, whatever protects them or is suspended, and tell when there is none left."""
        self.deleting, self.minimum, self.maximum, self.desired = True, 0, 0, 0
        self._planned.clear()
        self._shut_down_seconds = SHUT_DOWN.draw(self.random)
        for instance in [i for i in self.instances if i.lifecycle is not Lifecycle.TERMINATING]:
            self._end(instance, "a user request deleted the group")
        self._tell_when_empty(gone)

    def _tell_when_empty(self, gone: Callable[[], None]) -> None:
        if self.instances:
            self._later(SCHEDULING.draw(self.random), partial(self._tell_when_empty, gone))
        else:
            gone()

    def reconcile(self, cause: str) -> None:
        """Launch what is missing, end what is too much; a suspended process does neither, and says nothing."""
        too_many = len(self.staying) - self.desired
        if too_many > 0 and Process.TERMINATE not in self.suspended:
            self._scale_in(too_many, cause)
        missing = -too_many
        if missing > 0 and Process.LAUNCH not in self.suspended and not self._tries_again:
            for _ in range(missing):
                self._launch(self._planned.popleft() if self._planned else self._draw_life(), cause)
        if missing <= 0:
            self._planned.clear()

    def resume(self, *processes: str) -> None:
        """Let processes go on; what they left undone is done at once."""
        for process in processes:
            self.suspended.pop(process, None)
        self._later(SCHEDULING.draw(self.random), partial(self.reconcile, "a process was resumed"))

    def _draw_life(self) -> Life:
        checks = (APPLICATION_START.draw(self.random) + group.draw_seconds_to_healthy() for group in self.groups)
        return Life(BOOT.draw(self.random), tuple(checks))

    def _zones(self) -> Iterator[Subnet]:
        """The subnets in the order in which a launch tries them: those with the fewest instances first."""
        used = [i.subnet for i in self.staying]
        return iter(sorted(self.subnets, key=used.count))

    def _launch(self, life: Life, cause: str, *, at_once: bool = False) -> None:
        refused = ""
        for subnet in self._zones():
            try:
                version = self.ec2.launch(self.region, self.template[0], self.template[2], subnet)
            except LaunchRefused as refusal:
                refused = refused or str(refusal)
                continue
            self._started(GroupInstance(self._id(), subnet, version), life, cause, at_once=at_once)
            return
        self._failed(f"{refused} {FAILED}", cause)

    def _started(self, instance: GroupInstance, life: Life, cause: str, *, at_once: bool) -> None:
        self.instances.append(instance)
        if at_once:
            self._enter_service(instance, life, None)
            return
        activity = self._say(f"Launching a new EC2 instance: {instance.id}", cause, "PreInService")
        if self.wait_seconds:
            self._later(life.boot, partial(self._hold, instance, activity))
        self._later(life.boot + self.wait_seconds, partial(self._enter_service, instance, life, activity))

    def _hold(self, instance: GroupInstance, activity: Activity) -> None:
        if instance.lifecycle is Lifecycle.PENDING:
            instance.lifecycle, activity.status = Lifecycle.PENDING_WAIT, "MidLifecycleAction"

    def _failed(self, message: str, cause: str) -> None:
        activity = self._say(f"Launching a new EC2 instance.  Status Reason: {message}", cause, "Failed")
        activity.message, activity.ended = message, self.world.time.now()
        for tell in self.on_failure:
            tell(message)
        if self._tries_again:
            return
        self._tries_again = True
        wait = min(LONGEST_BACK_OFF_SECONDS, FIRST_BACK_OFF_SECONDS * 2.0**self._failures)
        self._failures += 1
        self._later(wait, self._try_again)

    def _try_again(self) -> None:
        self._tries_again = False
        self.reconcile("a difference between desired and actual capacity")

    def _enter_service(self, instance: GroupInstance, life: Life, activity: Activity | None) -> None:
        if instance.lifecycle not in STARTING:
            return
        instance.lifecycle, instance.in_service_since = Lifecycle.IN_SERVICE, self.world.time.now()
        instance.protected, self._failures = self.protects_new, 0
        if activity:
            activity.status, activity.ended = "Successful", self.world.time.now()
        for tell in self.on_service:
            tell(instance)
        if Process.ADD_TO_LOAD_BALANCER in self.suspended:
            return
        for group, seconds in zip(self.groups, life.healthy, strict=True):
            target = group.register(instance.id, partial(self._on_target, instance), seconds)
            instance.targets.append((group, target))

    def _on_target(self, instance: GroupInstance, _: Target) -> None:
        self._later(HEALTH_CHECK.draw(self.random), partial(self._check_health, instance))

    def _check_health(self, instance: GroupInstance) -> None:
        """What the load balancer calls unhealthy is replaced, once its time of grace is over."""
        sick = any(target.state is TargetState.UNHEALTHY for _, target in instance.targets)
        judged = self.health_check_type != "EC2" and Process.HEALTH_CHECK not in self.suspended
        if not sick or not judged or instance.lifecycle is not Lifecycle.IN_SERVICE or not instance.in_service_since:
            return
        age = (self.world.time.now() - instance.in_service_since).total_seconds()
        if age < self.grace_seconds:
            self._later(self.grace_seconds - age, partial(self._check_health, instance))
            return
        instance.healthy = False
        if {Process.REPLACE_UNHEALTHY, Process.TERMINATE} & self.suspended.keys():
            return
        why = "an instance was taken out of service in response to an ELB system health check failure"
        self._end(instance, why)
        self.reconcile("an instance was launched in response to an unhealthy instance needing to be replaced")

    def _scale_in(self, count: int, cause: str) -> None:
        ending = [i for i in self.staying if not i.protected][:count]
        for instance in ending:
            self._end(instance, cause)
        if len(ending) < count:
            self._say(PROTECTED, cause, "Cancelled").message = PROTECTED

    def _end(self, instance: GroupInstance, cause: str) -> None:
        instance.lifecycle = Lifecycle.TERMINATING
        drain = self._drain_seconds if instance.targets else 0.0
        status = "WaitingForELBConnectionDraining" if drain else "InProgress"
        activity = self._say(f"Terminating EC2 instance: {instance.id}", cause, status)
        for group, target in instance.targets:
            group.deregister(target)
        self._later(drain + self._shut_down_seconds, partial(self._gone, instance, activity))

    def _gone(self, instance: GroupInstance, activity: Activity) -> None:
        activity.status, activity.ended = "Successful", self.world.time.now()
        self.instances.remove(instance)
        self.ec2.release(instance.version, instance.subnet)

    @property
    def _drain_seconds(self) -> float:
        return max((group.deregistration_delay_seconds for group in self.groups), default=0.0)

    def _id(self) -> str:
        return f"i-{self.random.getrandbits(68):017x}"

    def _say(self, description: str, cause: str, status: str) -> Activity:
        now, bits = self.world.time.now(), f"{self.random.getrandbits(128):032x}"
        identity = "-".join((bits[:8], bits[8:12], bits[12:16], bits[16:20], bits[20:]))
        activity = Activity(identity, description, f"At {now:%Y-%m-%dT%H:%M:%SZ} {cause}.", now, status)
        self.activities.insert(0, activity)
        return activity

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        self.world.time.spawn(work, name=f"group {self.name}", delay_seconds=seconds)
