"""What every plan has, whatever its kind: whose it is, who may speak, what it requires, and its steps in stages.

The kinds stand in `pilotlight.domain.plan`, a failover between two regions, `pilotlight.domain.runbook` and
`pilotlight.domain.drill`.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field

from pilotlight.domain.canonical import digest
from pilotlight.domain.durations import Duration
from pilotlight.domain.paging import Pager
from pilotlight.domain.part import Account, Name, Part
from pilotlight.domain.place import Place
from pilotlight.domain.policy import People, PeopleGate
from pilotlight.domain.severity import IncidentSeverity, Severities
from pilotlight.domain.stages import AwaitStep, PlannedStep, RunStep, StageName, Stages, StartStep


class PlanKind(StrEnum):
    """A failover plan moves an application between two regions; a runbook and a drill work in one."""

    FAILOVER = "failover"
    RUNBOOK = "runbook"
    DRILL = "drill"

    @property
    def said(self) -> str:
        """What people call a plan of this kind."""
        return {"failover": "failover plan", "runbook": "run-book", "drill": "drill"}[self.value]


class Arming(StrEnum):
    """What the controller may do by itself; each level is also a fact of IAM."""

    OBSERVE = "observe"
    MANUAL = "manual"
    STAGED = "staged"
    AUTOMATIC = "automatic"


class Slack(Part):
    """Where the living message goes, and whence people speak. The token stands in a secret, never here."""

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
    team: str | None = Field(
        None,
        pattern=r"^T[A-Z0-9]{6,20}$",
        description=(
            "The workspace's id. With it, the people whom the plan names may speak in that channel, by buttons and "
            "/failover; left out, the channel is only told."
        ),
        examples=["T0123456789"],
    )


class Rung(Part):
    """One rung of the ladder by which an incident that nobody takes up is handed on."""

    level: str = Field(min_length=1, max_length=20, pattern=r"^[\w .-]+$", examples=["L2"])
    who: str = Field(min_length=1, max_length=80, description="Who is called on this rung, and how to reach them.")
    after: Duration = Field(description="How long after the incident was noticed, if nobody has taken it up.")
    sooner: dict[IncidentSeverity, Duration] = Field(
        default_factory=dict, description="The same for incidents of a severity that cannot wait so long."
    )
    only: tuple[IncidentSeverity, ...] = Field(
        (), description="The severities of the incidents that come to this rung. All of them, if left out."
    )

    def due_after(self, severity: IncidentSeverity) -> timedelta | None:
        """How long after the incident was noticed it is called; None for a severity that never comes to it."""
        return None if self.only and severity not in self.only else self.sooner.get(severity, self.after)


class Notifications(Part):
    """Who is told, how often, and who is called when nobody takes an incident up."""

    slack: Slack | None = None
    pager: Pager | None = Field(None, description="What wakes people, besides the alerts topic: Slack wakes nobody.")
    severities: Severities = Severities()
    drafts: bool = Field(
        False,
        description=(
            "Whether a draft of a case with AWS Support, and of what customers are told, stands in the thread as well. "
            "The report has both in any case; nothing of it is sent to anyone."
        ),
    )
    updates: Duration | None = Field(
        None, description="How often people hear how an incident stands that is not over. Never, if left out."
    )
    escalation: tuple[Rung, ...] = Field((), description="The ladder, in order: 8 rungs at most.")


class Requirement(Part):
    """Something that must be true in AWS before the plan can be relied on, and that no step of it acts on."""

    requirement: Name
    kind: str
    params: dict[str, Any] = Field(default_factory=dict)


class AnyPlan(Part, ABC):
    """What a failover plan and a run-book have in common: whose they are, who may speak, and steps in stages."""

    application: Name
    kind: PlanKind
    description: str = ""
    account: Account
    arming: Arming = Arming.OBSERVE
    gates: PeopleGate = PeopleGate()
    people: People = People()
    notifications: Notifications = Notifications()
    requirements: tuple[Requirement, ...] = Field(
        (), description="What must be true before an incident and no step brings about; readiness looks at it."
    )
    stages: Stages

    @property
    @abstractmethod
    def name(self) -> str:
        """What its runs, its lease, its ledger and its functions go by."""

    @property
    @abstractmethod
    def machine(self) -> str:
        """The name of its state machine."""

    @property
    @abstractmethod
    def place(self) -> Place:
        """The names that the plan's ARNs are computed from."""

    @property
    @abstractmethod
    def longest_look(self) -> timedelta:
        """How long a run looks whether it is needed before it gives up."""

    @abstractmethod
    def say_intent(self) -> str:
        """What a run would do, after "would"."""

    @abstractmethod
    def say_done(self) -> str:
        """What is true once all that serves is settled, as a sentence."""

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
                    found[entry.step] = PlannedStep(
                        entry.step, entry.kind, entry.params, stage, stage, lane, entry.skippable
                    )
                case StartStep():
                    found[entry.start] = PlannedStep(
                        entry.start, entry.kind, entry.params, stage, awaited.get(entry.start), lane, entry.skippable
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
