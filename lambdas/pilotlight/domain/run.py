"""A run: one execution of a plan, from the moment it opened to its outcome and its five clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pilotlight.domain.asking import Asking
from pilotlight.domain.data_loss import DataAtRisk, LossWindow, worst_of
from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.plan import AnyPlan, Clock, Plan
from pilotlight.domain.snapshots import read_snapshot
from pilotlight.domain.stages import StageName


class Origin(StrEnum):
    """Who started a run."""

    EVENT = "event"
    CONSOLE = "console"
    SLACK = "slack"
    CLI = "cli"


class Outcome(StrEnum):
    """How a run ended."""

    RECOVERED = "RECOVERED"
    NOT_NEEDED = "NOT_NEEDED"
    BLOCKED = "BLOCKED"
    ABORTED_CLEAN = "ABORTED_CLEAN"
    ABORTED_FORWARD_ONLY = "ABORTED_FORWARD_ONLY"
    FAILED = "FAILED"


EXECUTION_STATUS: Mapping[Outcome, str] = {
    Outcome.RECOVERED: "SUCCEEDED",
    Outcome.NOT_NEEDED: "SUCCEEDED",
    Outcome.BLOCKED: "FAILED",
    Outcome.ABORTED_CLEAN: "FAILED",
    Outcome.ABORTED_FORWARD_ONLY: "FAILED",
    Outcome.FAILED: "FAILED",
}
"""The one table that maps an outcome to the status of its execution: whatever left users without service has failed."""


@dataclass(frozen=True)
class Clocks:
    """The five clocks; None where a moment was not reached."""

    onset: datetime | None = None
    detected: datetime | None = None
    decided: datetime | None = None
    executed: datetime | None = None
    verified: datetime | None = None

    def at(self, clock: Clock) -> datetime | None:
        """The moment of one clock."""
        moment: datetime | None = getattr(self, clock.value)
        return moment

    def seconds_since_onset(self, clock: Clock) -> float | None:
        """How long after onset a moment came."""
        moment = self.at(clock)
        return (moment - self.onset).total_seconds() if moment and self.onset else None


class Phase(StrEnum):
    """Where a run is: looking whether it is needed, acting, or over."""

    LOOKING = "looking"
    ACTING = "acting"
    CLOSED = "closed"


@dataclass(frozen=True)
class AtGate:
    """A run at its gate: since when, when it last saw the primary dark, what it said it waits for, when it passed."""

    since: datetime | None = None
    saw_dark: datetime | None = None
    waits: str = ""
    passed: datetime | None = None

    def to_item(self) -> dict[str, str | None]:
        """It as a JSON object."""
        moments = {"since": self.since, "saw_dark": self.saw_dark, "passed": self.passed}
        return {"waits": self.waits, **{name: at.isoformat() if at else None for name, at in moments.items()}}

    @classmethod
    def from_item(cls, item: Mapping[str, str | None]) -> Self:
        """Read it back; an entry that is missing was not reached."""
        since, saw_dark, passed = (
            datetime.fromisoformat(at) if (at := item.get(name)) else None for name in ("since", "saw_dark", "passed")
        )
        return cls(since, saw_dark, item.get("waits") or "", passed)


@dataclass(frozen=True)
class Run:
    """What is recorded of a run. `plan_snapshot` is the canonical JSON that every step reads, and nothing else.

    `epochs` are those of its leases, by subject: its application, and each writer that it moves.
    """

    run_id: str
    application: str
    origin: Origin
    reason: str
    requested_by: str
    epochs: Mapping[str, int]
    opened: datetime
    plan_snapshot: str
    plan_digest: str
    execution_arn: str
    first_sequence: int
    phase: Phase = Phase.LOOKING
    clocks: Clocks = field(default_factory=Clocks)
    lag_at_onset_seconds: float | None = None
    data_loss_sentence: str = ""
    loss_window: LossWindow | None = None
    outcome: Outcome | None = None
    outcome_reason: str = ""
    incident: str = ""
    looks: int = 0
    reentries: Mapping[str, int] = field(default_factory=dict)
    gate: AtGate = AtGate()
    losses: Mapping[str, DataAtRisk] = field(default_factory=dict)
    asking: Asking = field(default_factory=Asking)

    @property
    def epoch(self) -> int:
        """The epoch of its application's lease."""
        return self.epochs[self.application]

    @property
    def plan(self) -> AnyPlan:
        """The plan as it was when the run opened."""
        return read_snapshot(self.plan_snapshot)

    @property
    def failover(self) -> Plan:
        """The same of a run that moves an application to another region, which a run-book's never does."""
        plan = self.plan
        assert isinstance(plan, Plan), f"Run {self.run_id} follows a run-book."
        return plan

    def losing(self, losses: Mapping[str, DataAtRisk], sentence: str = "") -> Self:
        """The run with what the steps that move its writers would lose, by step name; the greatest loss is the run's.

        `sentence` says it where it is more than that of the greatest loss.
        """
        losses = {**self.losses, **losses}
        worst = worst_of(losses.values())
        return replace(
            self,
            losses=losses,
            lag_at_onset_seconds=worst.seconds,
            data_loss_sentence=sentence or worst.sentence,
            loss_window=worst.window,
        )

    def to_item(self) -> dict[str, Any]:
        """The run as a JSON object."""
        clocks = {clock.value: moment.isoformat() if (moment := self.clocks.at(clock)) else None for clock in Clock}
        plain = {name: getattr(self, name) for name in _PLAIN}
        outcome = self.outcome.value if self.outcome else None
        return {
            **plain,
            "origin": self.origin.value,
            "phase": self.phase.value,
            "opened": self.opened.isoformat(),
            "gate": self.gate.to_item(),
            "asking": self.asking.to_item(),
            "clocks": clocks,
            "loss_window": self.loss_window.to_item() if self.loss_window else None,
            "losses": {step: loss.to_item() for step, loss in self.losses.items()},
            "outcome": outcome,
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read a run back."""
        clocks = {name: datetime.fromisoformat(moment) if moment else None for name, moment in item["clocks"].items()}
        return cls(
            **{name: item[name] for name in _PLAIN},
            origin=Origin(item["origin"]),
            phase=Phase(item["phase"]),
            opened=datetime.fromisoformat(item["opened"]),
            clocks=Clocks(**clocks),
            # A run that an older version opened has no such entries.
            gate=AtGate.from_item(item.get("gate") or {}),
            asking=Asking.from_item(item.get("asking") or {}),
            loss_window=LossWindow.from_item(window) if (window := item.get("loss_window")) else None,
            losses={step: DataAtRisk.from_item(loss) for step, loss in (item.get("losses") or {}).items()},
            outcome=Outcome(item["outcome"]) if item["outcome"] else None,
        )


_PLAIN = (
    "run_id", "application", "reason", "requested_by", "epochs", "plan_snapshot", "plan_digest", "execution_arn",
    "first_sequence", "lag_at_onset_seconds", "data_loss_sentence", "outcome_reason",
    "incident", "looks", "reentries",
)  # fmt: skip


class Review(StrEnum):
    """What comes after a stage."""

    GO_ON = "go_on"
    AGAIN = "again"
    STOP = "stop"


@dataclass(frozen=True)
class Reviewed:
    """The answer to "open steps?" after a stage, and why."""

    review: Review
    sentence: str


MOST_ENTRIES = 3
"""How often a stage may be entered for steps that never come to an end, because their function crashes."""


def review_stage(plan: AnyPlan, stage: StageName, states: Mapping[str, StepState], entered: int) -> Reviewed:
    """Whether a run goes on after a stage.

    Steps that are not over (their lane was cut short by a crash) send the run into the stage once more, where each
    looks first. A failed step stops the run, except in the stage `after`, where it is a follow-up.
    """
    due = [step for step in plan.steps().values() if step.awaited_in == stage]
    failed = failed_in(plan, stage, states)
    if failed and stage is not StageName.AFTER:
        return Reviewed(Review.STOP, f"Stage {stage.value} stops the run: {say_failures(failed, states)}")
    if failed:
        return Reviewed(Review.GO_ON, f"Left to be followed up after the recovery: {say_failures(failed, states)}")
    open_steps = [step.name for step in due if not (states.get(step.name) or StepState()).status.over]
    if open_steps and entered > MOST_ENTRIES:
        return Reviewed(
            Review.STOP,
            f"Stage {stage.value} stops the run: {', '.join(open_steps)} did not come to an end in {entered} entries.",
        )
    if open_steps:
        return Reviewed(
            Review.AGAIN,
            f"Stage {stage.value} is entered again, because {', '.join(open_steps)} did not come to an end.",
        )
    return Reviewed(Review.GO_ON, f"Stage {stage.value} is done.")


def failed_in(plan: AnyPlan, stage: StageName, states: Mapping[str, StepState]) -> list[str]:
    """The failed steps that must be done by the end of a stage."""
    due = [step.name for step in plan.steps().values() if step.awaited_in == stage]
    return [name for name in due if name in states and states[name].status is StepStatus.FAILED]


def say_failures(names: list[str], states: Mapping[str, StepState]) -> str:
    """Which steps failed, and why."""
    return " ".join(f"Step {name} failed: {states[name].reason}" for name in names)


def conclude(run: Run, states: Mapping[str, StepState], stopped_by: str) -> Run:
    """The run with its outcome: recovered if all that serves is settled, else failed in the words of the first failure.

    Parameters: `stopped_by` is why the execution came to its end early, empty where it did not.
    """
    if run.outcome is not None:
        return run
    plan = run.plan
    serving = [s for s in plan.steps().values() if s.awaited_in not in (None, StageName.AFTER)]
    bad = [
        s.name
        for s in serving
        if states.get(s.name, StepState()).status not in (StepStatus.SETTLED, StepStatus.SKIPPED)
    ]
    if not bad:
        return replace(
            run,
            outcome=Outcome.RECOVERED,
            outcome_reason=plan.say_done(),
        )
    failed = [name for name in bad if states.get(name, StepState()).status is StepStatus.FAILED]
    reason = say_failures(failed[:1], states) if failed else stopped_by or f"Step {bad[0]} did not come to an end."
    return replace(run, outcome=Outcome.FAILED, outcome_reason=reason)
