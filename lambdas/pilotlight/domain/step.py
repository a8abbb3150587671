"""The contract of a step kind: one recovery action, described whole in one module under `pilotlight.steps`.

A kind says what it is called with (`params`), what it may do (`statements`), which AWS operations it calls and what
each of their errors means to it (`operations`), how long it takes (`timing`) and what it does to the living world
(`harm`). It then looks, acts, and reads back its effect:

* `readiness` on a schedule, in any region; `preflight` inside a run, short, standby data plane only.
* `execute` looks first, acts if there is something to do, and returns a receipt. It may run twice.
* `verify` only reads. Success is the role, never just "available".
* `undo` takes back what the receipt says was done, where the run was not needed or could not move its writer.
* `stand_in` gives the parameters of a drill. No run calls it yet.

No method sleeps and no kind keeps state between calls. An `AwsError` that a kind does not catch is settled by the
step handler: throttled, unavailable and ambiguous mean "look again"; all others fail the step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from pilotlight.domain.data_loss import DataAtRisk
from pilotlight.domain.place import Place, Writer
from pilotlight.domain.ports import Aws, Web
from pilotlight.domain.traffic import Traffic


class Harm(StrEnum):
    """What a step does to the living world."""

    HARMLESS = "harmless"
    DISRUPTIVE = "disruptive"
    IRREVERSIBLE = "irreversible"


class Access(StrEnum):
    """What an IAM statement, or an AWS operation, lets its caller do."""

    READ = "read"
    WRITE = "write"
    PASS_ROLE = "pass-role"
    GRANT = "grant"


@dataclass(frozen=True)
class Statement:
    """One IAM permission: `actions` on `resources`, under `conditions`, of one class of access."""

    access: Access
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, str | list[str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One AWS operation that a kind calls, as botocore names it, with the fate of each error its model lists.

    `handled` maps a wire error code to what the kind does about it, in a few words; `fatal` lists the codes that end
    the step. Together they name every modelled error of the operation (a convention test compares them with botocore).
    """

    service: str
    name: str
    access: Access
    handled: Mapping[str, str] = field(default_factory=dict)
    fatal: tuple[str, ...] = ()


@dataclass(frozen=True)
class Timing:
    """How long a step takes: the span of a normal completion, how often to look, and when to give up."""

    shortest: timedelta
    typical: timedelta
    longest: timedelta
    poll: timedelta
    give_up: timedelta

    def look_again_in(self, waited: timedelta) -> timedelta:
        """How long to wait before the next look, `waited` after the start.

        Before the shortest known completion a look cannot succeed, so looks are rare there (every 30 s at most, so
        that an early failure is still noticed); from then on they come every `poll`.
        """
        until_possible = self.shortest - waited
        if until_possible <= self.poll:
            return self.poll
        return min(until_possible, timedelta(seconds=30))


@dataclass(frozen=True)
class StepContext:
    """What a step kind sees of the run it works in.

    `started` is when this step first acted, `now` the present; `outputs` are those of the steps settled before it,
    by step name. `aws` and `web` are the only ways out. `traffic` is what the plan says of its users' ways.
    """

    place: Place
    run_id: str
    step: str
    epoch: int
    started: datetime
    now: datetime
    aws: Aws
    web: Web
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    traffic: Traffic | None = None

    @property
    def waited(self) -> timedelta:
        """How long this step has been at work."""
        return self.now - self.started


@dataclass(frozen=True)
class Standing:
    """One thing that stands in a region before an incident: `what` of which service, with facts a step relies on."""

    service: str
    what: str
    region: str
    facts: Mapping[str, Any]


class Severity(StrEnum):
    """How a finding bears on a run: only `impossible` blocks one. `error` is for readiness: it must be put right before
    the plan is relied on, though a run would reach its end (users who go round the latch, for example)."""

    FINE = "fine"
    WARNING = "warning"
    ERROR = "error"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True)
class Finding:
    """One thing looked at before it was needed, with what to do about it."""

    severity: Severity
    code: str
    sentence: str
    fix: str = ""


@dataclass(frozen=True)
class Receipt:
    """What `execute` did or found done: enough to verify it and to undo it. JSON values only."""

    sentence: str
    acted: bool
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NotYet:
    """`execute` looked and may not act yet; it is called again after a while."""

    reason: str


@dataclass(frozen=True)
class Settled:
    """The effect was read back. `outputs` are the values that later steps may name."""

    reason: str
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pending:
    """Not done yet, and nothing is wrong so far."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """It will not come to pass by waiting. `fix` says what a person can do."""

    reason: str
    fix: str = ""


@dataclass(frozen=True)
class Undone:
    """What was taken back, or why there was nothing to take back."""

    sentence: str


@dataclass(frozen=True)
class CannotUndo:
    """Why the effect stays, and what a person can do about it."""

    sentence: str


@dataclass(frozen=True)
class Refusal:
    """Why a kind cannot do what was asked, here: have a stand-in."""

    sentence: str


class Params(BaseModel):
    """What a step is called with in a plan. Each subclass's docstring holds a YAML example, which a test validates."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OutputOf(BaseModel):
    """A value that an earlier step gives: `{step: promote, output: address}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    step: str
    output: str


P = TypeVar("P", bound=Params)


class StepKind(ABC, Generic[P]):
    """One kind of recovery action. The module holds one instance, named `KIND`."""

    name: ClassVar[str]
    params: type[P]
    harm: ClassVar[Harm]
    timing: ClassVar[Timing]
    operations: ClassVar[tuple[Operation, ...]]
    outputs: ClassVar[tuple[str, ...]] = ()
    fences: ClassVar[bool] = False
    """Whether it closes the old primary's write path. Such a kind stands in the stage `fence` and nowhere else, and its
    step settles with the output `closed`: `yes` where a read showed it closed, `unreachable` where the primary did not
    answer."""

    @abstractmethod
    def title(self, params: P) -> str:
        """What this step does, as the console and Slack name it: a verb and the resource."""

    @abstractmethod
    def statements(self, params: P, place: Place) -> tuple[Statement, ...]:
        """The permissions this very step needs; a write never falls back to `*`."""

    def needs(self, params: P) -> tuple[OutputOf, ...]:
        """The outputs of earlier steps that this one uses."""
        return ()

    def standing(self, params: P, place: Place) -> tuple[Standing, ...]:
        """What the plan takes to stand before an incident; a rehearsal furnishes its world with it."""
        return ()

    @abstractmethod
    def readiness(self, params: P, context: StepContext) -> tuple[Finding, ...]:
        """Everything that must be true before an incident; may read any region."""

    @abstractmethod
    def preflight(self, params: P, context: StepContext) -> tuple[Finding, ...]:
        """The short look inside a run: the standby's data plane only."""

    @abstractmethod
    def execute(self, params: P, context: StepContext) -> Receipt | NotYet | Failed:
        """Look, act if there is something to do, and say what was done."""

    @abstractmethod
    def verify(self, params: P, receipt: Receipt, context: StepContext) -> Settled | Pending | Failed:
        """Read the effect back; changes nothing."""

    @abstractmethod
    def undo(self, params: P, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """Take back what the receipt says this run did."""

    def writers(self, params: P, place: Place) -> tuple[Writer, ...]:
        """The writers that this step moves; none for a kind that moves none."""
        return ()

    def moved(self, params: P, context: StepContext) -> bool | None:
        """Whether the writers that this step moves stand in the standby by now; None where that cannot be told yet."""
        return None

    def data_at_risk(self, params: P, context: StepContext, onset: datetime) -> DataAtRisk | None:
        """How much data would be lost if this step moved the writer now; None for a kind that moves none."""
        return None

    @abstractmethod
    def stand_in(self, params: P, run_id: str) -> P | Refusal:
        """The parameters with which a drill does the same without touching production."""
