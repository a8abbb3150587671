"""A recovery plan: what one application needs so that its standby region can take over.

These models are the schema of the files under `plans/` and of the snapshot that a run follows; `planfile` reads them
from YAML with positions, and checks what needs the step kinds. A model here refuses unknown fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self

from pydantic import Field

from pilotlight.domain.canonical import digest
from pilotlight.domain.durations import Duration
from pilotlight.domain.network import Network
from pilotlight.domain.part import Account, Name, Part, Region
from pilotlight.domain.place import Place
from pilotlight.domain.policy import Decision, Fence, Gates, People
from pilotlight.domain.stages import AwaitStep, PlannedStep, RunStep, StageName, Stages, StartStep
from pilotlight.domain.traffic import Traffic

HEALTH_CHECK_REGION = "us-east-1"
"""Route 53 publishes the metrics of health checks, and so their alarms live, in this region only."""


class PlanKind(StrEnum):
    """A failover plan moves an application between two regions; a runbook, which is not built yet, works in one."""

    FAILOVER = "failover"
    RUNBOOK = "runbook"


class Arming(StrEnum):
    """What the controller may do by itself; each level is also a fact of IAM."""

    OBSERVE = "observe"
    MANUAL = "manual"
    STAGED = "staged"
    AUTOMATIC = "automatic"


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


class Slack(Part):
    """Where the living message goes. The token stands in a secret, never here."""

    channel: str = Field(
        pattern=r"^[CG][A-Z0-9]{8,}$", description="The channel's id, not its name.", examples=["C0123456789"]
    )
    token_secret: str = Field(
        description=(
            "The name of the secret, in the standby region, that holds the bot token. It begins with pilotlight/ "
            "because the notifier's role reads nothing else."
        ),
        examples=["pilotlight/slack-bot-token"],
    )


class Notifications(Part):
    """Who is told."""

    slack: Slack | None = None


class OtherWriter(Part):
    """Someone else who writes to what this plan moves."""

    name: str
    plan: str | None = Field(None, description="The plan that covers it; none means that nobody does.")


class Requirement(Part):
    """Something that must be true in AWS before the plan can be relied on, and that no step of it acts on."""

    requirement: Name
    kind: str
    params: dict[str, Any] = Field(default_factory=dict)


class Plan(Part):
    """One workload and how it is recovered."""

    application: Name
    kind: PlanKind = PlanKind.FAILOVER
    description: str = ""
    account: Account
    regions: Regions
    arming: Arming = Arming.OBSERVE
    objectives: Objectives
    network: Network = Network()
    shared_group: Name | None = Field(None, description="Plans that share a writer move together, as this group.")
    other_writers: tuple[OtherWriter, ...] = ()
    signals: Signals
    decision: Decision = Decision()
    fence: Fence = Fence()
    gates: Gates = Gates()
    people: People = People()
    traffic: Traffic | None = Field(None, description="How users reach the application, and what holds them.")
    notifications: Notifications = Notifications()
    requirements: tuple[Requirement, ...] = Field(
        (), description="What must be true before an incident and no step brings about; readiness looks at it."
    )
    stages: Stages

    @property
    def place(self) -> Place:
        """The names that the plan's ARNs are computed from."""
        others = tuple(writer.plan for writer in self.other_writers if writer.plan)
        return Place(self.application, self.account, self.regions.primary, self.regions.standby, others)

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

    def entries(self) -> Iterator[tuple[StageName, str, RunStep | StartStep | AwaitStep]]:
        """Every entry with its stage and lane, in order."""
        for stage in StageName:
            for lane, entries in self.stages.of(stage).items():
                for entry in entries:
                    yield stage, lane, entry

    def steps(self) -> dict[str, PlannedStep]:
        """The steps by name, in the order in which they start."""
        awaited = {entry.await_: stage for stage, _, entry in self.entries() if isinstance(entry, AwaitStep)}
        found: dict[str, PlannedStep] = {}
        for stage, lane, entry in self.entries():
            match entry:
                case RunStep():
                    found[entry.step] = PlannedStep(entry.step, entry.kind, entry.params, stage, stage, lane)
                case StartStep():
                    found[entry.start] = PlannedStep(
                        entry.start, entry.kind, entry.params, stage, awaited.get(entry.start), lane
                    )
                case AwaitStep():
                    pass
        return found

    def snapshot(self) -> str:
        """The JSON that a run follows, with lanes and parameters in the order of the plan."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), separators=(",", ":"), ensure_ascii=False)

    def digest(self) -> str:
        """SHA-256 of the plan in its canonical spelling, which no order of keys changes."""
        return digest(self.model_dump(mode="json", by_alias=True))

    @classmethod
    @lru_cache(maxsize=16)
    def from_snapshot(cls, text: str) -> Self:
        """Read a snapshot back; the same text gives the same plan, which nobody changes."""
        return cls.model_validate_json(text)
