"""An incident as people are told it: who saw what, what was concluded, the run with its steps and clocks, and its end.

The view is plain data, folded from the ledger by `report.view`. Every text (Slack, the report, the terminal, SNS) is
made of it, so that all of them say the same in the same words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pilotlight.domain.data_loss import LossWindow
from pilotlight.domain.decision import VerdictKind
from pilotlight.domain.life import StepStatus
from pilotlight.domain.plan import PlanKind
from pilotlight.domain.records import Record
from pilotlight.domain.run import Clocks, Outcome, Review
from pilotlight.domain.severity import Severities
from pilotlight.domain.signals import Signal
from pilotlight.domain.stages import StageName
from pilotlight.domain.step import Severity
from pilotlight.domain.waiting import WaitsFor
from pilotlight.report.step_view import Call, StepView
from pilotlight.report.surroundings import HealthView, TakenUp


class IncidentState(StrEnum):
    """Where an incident stands. `QUIET` is one that nobody was told of, `PASSED` one that passed without a run."""

    QUIET = "quiet"
    ASKED = "asked"
    PASSED = "passed"
    STARTING = "starting"
    LOOKING = "looking"
    ACTING = "acting"
    STOPPING = "stopping"
    CLOSED = "closed"


class Tone(StrEnum):
    """How an incident looks at a glance; each medium shows it as a sign and a word, never as a colour alone."""

    CALM = "calm"
    AT_WORK = "at work"
    ASKING = "asking"
    BAD = "bad"
    GOOD = "good"


@dataclass(frozen=True)
class VerdictView:
    """What the decision concluded, and when."""

    time: datetime
    kind: VerdictKind
    sentence: str
    dark_since: datetime | None


@dataclass(frozen=True)
class FindingView:
    """What preflight found about a step."""

    severity: Severity
    code: str
    sentence: str
    fix: str
    step: str


@dataclass(frozen=True)
class Gate:
    """What the data-loss gate was told when it let the run pass."""

    time: datetime
    lag_seconds: float | None
    sentence: str


@dataclass(frozen=True)
class Pause:
    """What a run waits for, until when, and what happens then if nobody says anything.

    `steps` are the failed ones that people are asked about, `skippable` those that the run may go on without.
    """

    what: WaitsFor
    until: datetime
    sentence: str
    then: str
    steps: tuple[str, ...] = ()
    skippable: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReviewView:
    """What was decided after a stage."""

    time: datetime
    stage: str
    review: Review
    sentence: str


@dataclass(frozen=True)
class ObjectivesView:
    """What was promised, in seconds since onset; None where it is not known. `expected` is the usual span."""

    rto_seconds: float | None = None
    rpo_seconds: float | None = None
    expected_seconds: tuple[float, float] | None = None


@dataclass(frozen=True)
class RunView:
    """Who started the run, why, and what it follows."""

    run_id: str
    origin: str
    requested_by: str
    proven: bool
    reason: str
    epoch: int
    plan_digest: str
    opened: datetime
    execution_arn: str
    planned: bool = False
    outcome: Outcome | None = None
    outcome_reason: str = ""


@dataclass(frozen=True)
class Need:
    """What is needed from whom, by when and why then; `paste` is what to copy, if there is something."""

    who: str
    sentence: str
    by: datetime | None = None
    because: str = ""
    paste: str = ""


@dataclass(frozen=True)
class Outlook:
    """What a reader wants to know first: how it stands, what is going on, what comes next, what is needed."""

    tone: Tone = Tone.CALM
    headline: str = ""
    happening: str = ""
    comes_next: str = ""
    need: Need | None = None


@dataclass(frozen=True)
class IncidentView:
    """Everything that the ledger says of one incident."""

    incident: str
    application: str
    primary: str = ""
    standby: str = ""
    arming: str = ""
    kind: str = PlanKind.FAILOVER.value
    machine: str = ""
    standing: IncidentState = IncidentState.QUIET
    outlook: Outlook = Outlook()
    run: RunView | None = None
    earlier_runs: tuple[RunView, ...] = ()
    stage: StageName | None = None
    stages: tuple[StageName, ...] = ()
    steps: tuple[StepView, ...] = ()
    other_calls: tuple[Call, ...] = ()
    clocks: Clocks = field(default_factory=Clocks)
    objectives: ObjectivesView = ObjectivesView()
    rto_seconds: float | None = None
    rpo_seconds: float | None = None
    rpo_sentence: str = ""
    loss_window: LossWindow | None = None
    objectives_met: bool | None = None
    signals: tuple[Signal, ...] = ()
    verdicts: tuple[VerdictView, ...] = ()
    findings: tuple[FindingView, ...] = ()
    looks: int = 0
    gate: Gate | None = None
    pause: Pause | None = None
    override_sentence: str = ""
    tombstone_sentence: str = ""
    reviews: tuple[ReviewView, ...] = ()
    outcome: Outcome | None = None
    outcome_reason: str = ""
    follow_ups: tuple[str, ...] = ()
    to_do: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()
    severities: Severities = field(default_factory=Severities)
    taken_up: TakenUp | None = None
    aws_says: tuple[HealthView, ...] = ()
    chain_fault: str | None = None
    told: tuple[Record, ...] = ()
    last_update: datetime | None = None

    @property
    def is_runbook(self) -> bool:
        """Whether a run-book is told of, which loses no data."""
        return self.kind == PlanKind.RUNBOOK.value

    @property
    def is_drill(self) -> bool:
        """Whether a drill is told of, which loses nothing either and measures what would have been lost."""
        return self.kind == PlanKind.DRILL.value

    @property
    def in_one_region(self) -> bool:
        """Whether it was asked for and works in one region: a run-book or a drill."""
        return self.is_runbook or self.is_drill

    @property
    def where(self) -> str:
        """The two regions, or the one that all happens in; empty where they are not known."""
        return self.standby if self.in_one_region or not self.primary else f"{self.primary} → {self.standby}"

    @property
    def acting_steps(self) -> tuple[StepView, ...]:
        """The steps that are at work."""
        return tuple(step for step in self.steps if step.status is StepStatus.RUNNING)

    @property
    def failed_steps(self) -> tuple[StepView, ...]:
        """The steps that failed, in the order of the plan."""
        return tuple(step for step in self.steps if step.status is StepStatus.FAILED)

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every mutating call of the run."""
        return (*self.other_calls, *(call for step in self.steps for call in step.calls))

    @property
    def conflicts(self) -> tuple[str, ...]:
        """Of each global table that was taken over, which writes of the old primary may meet those of the new one."""
        return tuple(line for step in self.steps for line in step.outputs.get("conflicts", "").splitlines())

    @property
    def left_to_do(self) -> tuple[str, ...]:
        """What people have to see to after the run, each thing once."""
        return tuple(dict.fromkeys((*self.follow_ups, *self.to_do)))

    @property
    def elapsed_seconds(self) -> float | None:
        """The time without service: the RTO where the run recovered, else from onset until the last update."""
        if self.rto_seconds is not None or self.clocks.onset is None or self.last_update is None:
            return self.rto_seconds
        return (self.last_update - self.clocks.onset).total_seconds()
