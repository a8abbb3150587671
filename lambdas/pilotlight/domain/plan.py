"""A failover plan: what one application needs so that its standby region can take over.

These models are the schema of the files under `plans/` and of the snapshot that a run follows; `planfile` reads them
from YAML with positions, and checks what needs the step kinds. A model here refuses unknown fields. What it
shares with a run-book stands in `pilotlight.domain.any_plan`.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Literal

from pydantic import Field

from pilotlight.domain.any_plan import AnyPlan, Arming, Notifications, PlanKind, Requirement, Slack
from pilotlight.domain.drilling import Drilling
from pilotlight.domain.durations import Duration
from pilotlight.domain.network import Network
from pilotlight.domain.part import Name, Part, Region
from pilotlight.domain.place import Place
from pilotlight.domain.policy import Decision, Fence, Gates
from pilotlight.domain.traffic import Traffic

# Whoever works on plans takes all their words from here, those that run-books share included.
__all__ = [
    "HEALTH_CHECK_REGION",
    "AnyPlan",
    "Arming",
    "Clock",
    "HealthCheck",
    "Heartbeat",
    "Network",
    "Notifications",
    "Objectives",
    "OtherWriter",
    "Plan",
    "PlanKind",
    "PrimaryAlarm",
    "Probe",
    "Regions",
    "Requirement",
    "ResourceObjective",
    "Signals",
    "Slack",
]

HEALTH_CHECK_REGION = "us-east-1"
"""Route 53 publishes the metrics of health checks, and so their alarms live, in this region only."""


class Clock(StrEnum):
    """The moments from which times are counted."""

    ONSET = "onset"
    DETECTED = "detected"
    DECIDED = "decided"
    EXECUTED = "executed"
    VERIFIED = "verified"


class Regions(Part):
    """Where the application lives, where it comes up, and who only looks."""

    primary: Region
    standby: Region
    witness: Region | None = Field(
        None, description="A third region that only looks and keeps a copy of the tombstone."
    )


class ResourceObjective(Part):
    """How soon one resource must be back, how much of its data may be lost, and since when the time counts."""

    resource: str
    rto: Duration
    rpo: Duration | None = Field(None, description="None where the loss of data is accepted.")
    since: Clock = Clock.DECIDED
    step: str | None = Field(
        None, description="The step whose end is this resource's recovery; none where nothing runs."
    )


class Objectives(Part):
    """What the application promises: the time to recover and the data that may be lost, since onset."""

    rto: Duration
    rpo: Duration
    expected_rto: tuple[Duration, Duration] | None = Field(None, description="The span that is expected in practice.")
    resources: tuple[ResourceObjective, ...] = ()


class HealthCheck(Part):
    """The Route 53 health check of the primary: an existing one by id, or the request for a new one.

    Its metric exists in us-east-1 only, so its alarm and its rule live there. Records are never edited.
    """

    id: str | None = Field(None, description="The id of an existing health check; leave it out to have one created.")
    host: str = Field(description="The name that is asked for, and that TLS is checked against.")
    path: str = "/"
    port: int = Field(443, ge=1, le=65535)
    interval: Duration = Field(timedelta(seconds=30), description="10 s or 30 s between two looks of one checker.")
    failures: int = Field(3, ge=1, le=10, description="Looks in a row that must fail.")
    alarm: str | None = Field(None, description="The name of an existing alarm on it in us-east-1; none creates one.")


class PrimaryAlarm(Part):
    """An alarm of the application in its primary region; it may hasten or contradict, never decide alone."""

    name: str


class Probe(Part):
    """How the standby looks at the primary itself: at its own load balancer, never through DNS."""

    url: str = Field(pattern=r"^https?://", examples=["https://fileflow.ryuqqq.com/actuator/health"])
    connect_to: str | None = Field(None, description="The load balancer's own name; the URL's host stays Host and SNI.")
    expect_status: int = 200
    expect_body: str | None = Field(None, description="Text that a healthy answer contains.")
    timeout: Duration = Field(timedelta(seconds=2), description="How long it waits for an answer: 5 s at most.")


class Heartbeat(Part):
    """The beat that the primary region sends into the standby each minute; its absence speaks of the region."""

    silent_after: Duration = Field(
        timedelta(seconds=150), description="A heartbeat that was not heard for longer than this calls its region dark."
    )


class Signals(Part):
    """Who looks at the primary."""

    health_check: HealthCheck | None = Field(
        None, description="Needed where the application is public; one that is private has none."
    )
    probe: Probe
    heartbeat: Heartbeat = Heartbeat()
    alarms: tuple[PrimaryAlarm, ...] = Field((), description="Alarms of the application itself: 10 at most.")
    aws_health: bool = Field(
        False,
        description=(
            "Whether what AWS Health says of the plan's regions and services is told beside what the observers see. It "
            "hastens a look and decides nothing. Needs a stack in us-west-2, where it comes when the primary is dark."
        ),
    )


class OtherWriter(Part):
    """Someone else who writes to what this plan moves."""

    name: str
    plan: str | None = Field(None, description="The plan that covers it; none means that nobody does.")


class Plan(AnyPlan):
    """One workload and how it is recovered in another region."""

    kind: Literal[PlanKind.FAILOVER] = PlanKind.FAILOVER
    regions: Regions
    objectives: Objectives
    network: Network = Network()
    shared_group: Name | None = Field(None, description="Plans that share a writer move together, as this group.")
    other_writers: tuple[OtherWriter, ...] = ()
    signals: Signals
    decision: Decision = Decision()
    fence: Fence = Fence()
    gates: Gates = Gates()
    traffic: Traffic | None = Field(None, description="How users reach the application, and what holds them.")
    drill: Drilling | None = Field(None, description="How the failover is drilled; without it there are no drills.")

    @property
    def name(self) -> str:
        """The application's own name."""
        return self.application

    @property
    def machine(self) -> str:
        """The failover machine."""
        return f"{self.application}-failover"

    @property
    def longest_look(self) -> timedelta:
        """A start that cannot be confirmed by then is blocked."""
        return self.decision.give_up_looking

    @property
    def place(self) -> Place:
        """The names that the plan's ARNs are computed from."""
        others = tuple(writer.plan for writer in self.other_writers if writer.plan)
        return Place(self.application, self.account, self.regions.primary, self.regions.standby, others)

    def say_intent(self) -> str:
        """Move the application."""
        return f"move {self.application} from {self.regions.primary} to {self.regions.standby}"

    def say_done(self) -> str:
        """The application has moved."""
        return f"{self.application} is served from {self.regions.standby}."

    @property
    def health_check_alarm(self) -> str | None:
        """The name of the alarm on the primary's health check: an existing one, or the one that is deployed for it.

        None where there is no health check, because the application is private.
        """
        check = self.signals.health_check
        return (check.alarm or f"pilotlight-{self.application}-primary-health") if check else None

    @property
    def alarm_arns(self) -> tuple[str, ...]:
        """The ARNs of all alarms that the plan listens to, the health check's first."""
        own = [(self.regions.primary, alarm.name) for alarm in self.signals.alarms]
        first = [(HEALTH_CHECK_REGION, self.health_check_alarm)] if self.health_check_alarm else []
        return tuple(self.place.arn("cloudwatch", f"alarm:{name}", region=region) for region, name in (*first, *own))

    def is_asked_from(self, role: str) -> bool:
        """Whether somebody asks for the primary's application from the region of a role, `standby` or `witness`."""
        return not self.network.private or self.network.foothold(role) is not None
