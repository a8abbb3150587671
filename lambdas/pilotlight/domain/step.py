"""The contract of a step kind: one recovery action, described whole in one module under `pilotlight.steps`.

A kind says what it is called with (`params`), what it may do (`statements`), which AWS operations it calls and what
each of their errors means to it (`operations`), how long it takes (`timing`) and what it does to the living world
(`harm`). What it shares with the kinds that only look stands in `pilotlight.domain.kind`. It then looks, acts, and
reads back its effect:

* `readiness` on a schedule, in any region; `preflight` inside a run, short, standby data plane only.
* `execute` looks first, acts if there is something to do, and returns a receipt. It may run twice.
* `verify` only reads. Success is the role, never just "available".
* `undo` takes back what the receipt says was done, where the run was not needed or could not move its writer.
* `stand_in` says what a drill does in place of the step, and `remains` what of that still stands.
* `by_hand` says how a person does the same, with commands to paste, for the day when the controller is gone.

No method sleeps and no kind keeps state between calls. An `AwsError` that a kind does not catch is settled by the
step handler: throttled, unavailable and ambiguous mean "look again"; all others fail the step.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from pilotlight.domain.data_loss import DataAtRisk
from pilotlight.domain.handwork import Handwork, held_in, variable_of
from pilotlight.domain.kind import (
    Access,
    Finding,
    Kind,
    Operation,
    P,
    Params,
    Severity,
    Standing,
    Statement,
    StepContext,
)
from pilotlight.domain.place import Place, Writer
from pilotlight.domain.standing_in import Isolation, LeftOut, Refusal, Remains, StandIn

# A step kind takes all the words of its contract from here, those that it shares with requirements included.
__all__ = [
    "Access",
    "CannotUndo",
    "Failed",
    "Finding",
    "Harm",
    "NotYet",
    "Operation",
    "OutputOf",
    "Params",
    "Pending",
    "Receipt",
    "Settled",
    "Severity",
    "Standing",
    "Statement",
    "StepContext",
    "StepKind",
    "Timing",
    "Undone",
]


class Harm(StrEnum):
    """What a step does to the living world."""

    HARMLESS = "harmless"
    DISRUPTIVE = "disruptive"
    IRREVERSIBLE = "irreversible"


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
class Receipt:
    """What `execute` did or found done: enough to verify it and to undo it. JSON values only."""

    sentence: str
    acted: bool
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NotYet:
    """`execute` looked and may not act yet; it is called again after a while.

    `until` is when a person must have answered, where one is asked.
    """

    reason: str
    until: datetime | None = None


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

    def foreseen(self, code: str) -> Finding:
        """The same, found before a run meets it."""
        return Finding.impossible(code, self.reason, self.fix)


@dataclass(frozen=True)
class Undone:
    """What was taken back, or why there was nothing to take back."""

    sentence: str


@dataclass(frozen=True)
class CannotUndo:
    """Why the effect stays, and what a person can do about it."""

    sentence: str


class OutputOf(BaseModel):
    """A value that an earlier step gives: `{step: promote, output: address}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    step: str
    output: str

    @property
    def by_hand(self) -> str:
        """The same value where a person works by hand: what the shell holds of that step."""
        return held_in(variable_of(self.step, self.output))


class StepKind(Kind[P]):
    """One kind of recovery action. The module holds one instance, named `KIND`."""

    harm: ClassVar[Harm]
    timing: ClassVar[Timing]
    outputs: ClassVar[tuple[str, ...]] = ()
    fences: ClassVar[bool] = False
    """Whether it closes the old primary's write path. Such a kind stands in the stage `fence` and nowhere else, and its
    step settles with the output `closed`: `yes` where a read showed it closed, `unreachable` where the primary did not
    answer."""
    asks: ClassVar[bool] = False
    """Whether it waits for a person, which is longer than a primary may be closed."""
    waits_for_the_runtime: ClassVar[bool] = False
    """Whether the SDK that Lambda's runtime brings does not know its operations yet, so that no plan may name it."""
    marks: ClassVar[bool] = False
    """Whether what it makes bears the run's mark from the first call on, long before there is a receipt. Such a step is
    undone without one, and its `undo` then goes by the mark alone."""

    leaves_nothing: ClassVar[str] = ""
    """Why nothing of it can still stand after a drill that declared it as a stand-in, so that `remains` has nothing to
    say; empty for a kind that answers `remains`, or that stands in for nothing."""
    stands_in_for_nothing: ClassVar[str] = ""
    """Why no drill may declare it as a stand-in, as the end of a sentence that begins with the kind."""

    verifies_by: ClassVar[tuple[str, ...]] = ()
    """Operations by which `verify` only looks, though their names do not say so: a function that is asked how far it
    is. Like every call that may change something, each is guarded and recorded."""

    def gives(self, params: P) -> tuple[str, ...]:
        """The outputs that a step with these parameters gives; those of its kind unless it says otherwise."""
        return self.outputs

    def needs(self, params: P) -> tuple[OutputOf, ...]:
        """The outputs of earlier steps that this one uses."""
        return ()

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

    def closes(self, params: P, place: Place) -> tuple[str, ...]:
        """The old writers, by ARN, that a fence closes for everybody, and not for this application alone."""
        return ()

    def moved(self, params: P, context: StepContext) -> bool | None:
        """Whether the writers that this step moves stand in the standby by now; None where that cannot be told yet."""
        return None

    def data_at_risk(self, params: P, context: StepContext, onset: datetime) -> DataAtRisk | None:
        """How much data would be lost if the writer moved now; None where this step has no part in that."""
        return None

    def left_to_drain(self, params: P, context: StepContext, closed: datetime) -> DataAtRisk | None:
        """Which writes of before `closed`, when the primary was closed, the standby still lacks, by what was measured
        since; an empty window is none. None for a kind whose writers take nothing over from a primary that is closed.
        """
        return None

    @abstractmethod
    def stand_in(self, params: P, isolation: Isolation) -> StandIn | LeftOut | Refusal:
        """What a drill does in place of this step without touching production."""

    def not_apart(self, params: P, isolation: Isolation) -> str:
        """Why these parameters, declared as a stand-in, are not apart from production; empty where they are."""
        return ""

    def changes(self, params: P, place: Place) -> tuple[str, ...]:
        """What it changes of which no statement of IAM can tell, each named as in a sentence."""
        return ()

    def remains(self, params: P, context: StepContext) -> Remains | None:
        """What stands of what a drill made with these parameters, whichever drill it was; None where nothing does.

        A kind that makes something in a drill answers this from AWS alone: it is asked when a drill was cut off, and
        again and again until `undo` has had its effect.
        """
        return None

    @abstractmethod
    def by_hand(self, params: P, place: Place) -> Handwork:
        """How a person does it, sees that it is done, and takes it back, without this code."""
