"""What a person says about a run, and whether that person may say it now.

A name is proven where AWS itself said who signed the word, else it is claimed. A claimed word may only hold a run,
because stopping is always safe. Who may say the rest stands in the plan, and an empty list is nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self, assert_never

from pilotlight.domain.canonical import digest
from pilotlight.domain.decision import LastRun
from pilotlight.domain.durations import parse_duration
from pilotlight.domain.in_one_region import InOneRegion
from pilotlight.domain.plan import AnyPlan
from pilotlight.domain.run import Phase, Run

OVERRIDE_LASTS = timedelta(minutes=30)
"""How long a person's word that data may be lost is good for: what was known when it was said grows old."""

UNKNOWN_LOSS = "unknown"
"""What an override accepts that accepts a loss of which nobody knows how great it is."""

STARTS = "starts"
"""What an acknowledgement accepts that lets the account's automatic starts be counted anew."""


class WordKind(StrEnum):
    """What may be said."""

    APPROVE = "approve"
    HOLD = "hold"
    RELEASE = "release"
    ABORT = "abort"
    OVERRIDE = "override"
    CHANGE = "change"
    ACKNOWLEDGE = "acknowledge"


_IN_ONE_REGION = (WordKind.APPROVE, WordKind.HOLD, WordKind.RELEASE, WordKind.ABORT)
_NEED_A_REASON = (WordKind.ABORT, WordKind.OVERRIDE, WordKind.CHANGE, WordKind.ACKNOWLEDGE)


class Mode(StrEnum):
    """How a run moves its writer: `planned` drains the standby and loses nothing, or moves nothing; `unplanned` drains
    where the primary still answers, and goes on without it."""

    PLANNED = "planned"
    UNPLANNED = "unplanned"


@dataclass(frozen=True)
class Word:
    """One word of one person about one run. `accept` is what it accepts or asks for: a loss, a mode, a step, ..."""

    kind: WordKind
    run_id: str
    person: str
    proven: bool
    reason: str
    given: datetime
    accept: str = ""

    @property
    def who(self) -> str:
        """The person, and how far the name is to be believed."""
        return f"{self.person} ({'proven' if self.proven else 'claimed'})"

    @property
    def because(self) -> str:
        """The reason as the end of a sentence."""
        return f", because: {self.reason.rstrip('. ')}." if self.reason.strip() else ", who gave no reason."

    def to_item(self) -> dict[str, Any]:
        """The word as a JSON object."""
        return {**asdict(self), "kind": self.kind.value, "given": self.given.isoformat()}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read it back."""
        return cls(
            kind=WordKind(item["kind"]),
            run_id=item["run_id"],
            person=item["person"],
            proven=item["proven"] is True,
            reason=item["reason"],
            given=datetime.fromisoformat(item["given"]),
            accept=item["accept"],
        )


def binding(application: str, kind: WordKind, run_id: str, reason: str, accept: str) -> str:
    """What the signature of a word is bound to, so that it proves this word about this run and no other."""
    return digest([application, kind.value, run_id, reason, accept])


@dataclass(frozen=True)
class Standing:
    """What a word meets: the run that it is about, or None; whether its writer moved; what was said of it before.

    `last` is how the application's last run ended.
    """

    run: Run | None
    moved: bool = False
    words: Sequence[Word] = ()
    last: LastRun | None = None


def refusal(word: Word, plan: AnyPlan, standing: Standing) -> str:
    """Why a word is not taken, with the way out; empty where it is."""
    return _refuse_the_person(word, plan) or _refuse_at_this_time(word, plan, standing)


def _refuse_the_person(word: Word, plan: AnyPlan) -> str:
    said = f"'{word.kind.value}' by {word.person or 'nobody named'} is refused, because"
    if not word.person:
        return f"{said} a word has a person; say who you are."
    if word.kind is WordKind.HOLD:
        return ""
    if not word.proven:
        return f"{said} that name is claimed and not proven; say it with ./pilotlight, so that AWS vouches for you."
    listed, where = plan.people.approvers, "people.approvers"
    if word.kind is WordKind.OVERRIDE:
        listed, where = plan.people.overriders, "people.overriders"
    if not is_listed(word.person, listed):
        return f"{said} {where} of the plan of {plan.name} does not name that person; ask one whom it names."
    if word.kind in _NEED_A_REASON and not word.reason.strip():
        return f"{said} it has no reason; give one with --reason."
    return ""


def is_listed(person: str, patterns: Iterable[str]) -> bool:
    """Whether a caller's ARN fits one of the patterns; `*` stands for any text without a slash, as one name is."""
    return any(re.fullmatch("[^/]*".join(map(re.escape, pattern.split("*"))), person) for pattern in patterns)


def _refuse_at_this_time(word: Word, plan: AnyPlan, standing: Standing) -> str:
    run = standing.run if standing.run and standing.run.application == plan.name else None
    if isinstance(plan, InOneRegion) and word.kind not in _IN_ONE_REGION:
        return (
            f"{plan.name} is a {plan.kind.said}: it moves no writer, loses no data and no outage starts it, so there "
            f"is nothing to {word.kind.value}; the other words are {', '.join(_IN_ONE_REGION)}."
        )
    match word.kind:
        case WordKind.ACKNOWLEDGE:
            return _refuse_acknowledgement(word, plan, standing.last)
        case WordKind.OVERRIDE:
            return _refuse_override(word, run)
        case WordKind.CHANGE:
            return _refuse_change(word, run, standing)
        case WordKind.APPROVE | WordKind.HOLD | WordKind.RELEASE | WordKind.ABORT:
            pass
        case _:
            assert_never(word.kind)
    if run is None:
        return f"There is no run {word.run_id} of {plan.name}; see in Step Functions which run is at work."
    if _is_over(run):
        return f"Run {run.run_id} is over, so there is nothing to {word.kind.value}: {run.outcome_reason}"
    if word.kind is WordKind.ABORT:
        return _refuse_past_the_move(run, standing, "abort")
    return _refuse_at_the_gate(word, run, standing)


def _is_over(run: Run) -> bool:
    return run.phase is Phase.CLOSED or run.outcome is not None


def _refuse_at_the_gate(word: Word, run: Run, standing: Standing) -> str:
    if word.kind is WordKind.APPROVE and word.accept and word.accept not in run.plan.steps():
        return f"The plan of run {run.run_id} has no step '{word.accept}'; it has {', '.join(run.plan.steps())}."
    if run.gate.passed and not (word.kind is WordKind.APPROVE and word.accept):
        until = "it is done" if isinstance(run.plan, InOneRegion) else "the writer moves"
        return (
            f"Run {run.run_id} passed its gate at {run.gate.passed:%H:%M:%S} UTC, so it is too late to "
            f"{word.kind.value}; until {until} it can be aborted."
        )
    if word.kind is WordKind.RELEASE and holding(standing.words) is None:
        return f"Run {run.run_id} is not held, so there is nothing to release."
    if word.kind is WordKind.APPROVE and run.plan.gates.approval and is_same_person(word.person, run.requested_by):
        return (
            f"'approve' by {word.person} is refused, because {run.requested_by} started run {run.run_id}, and who "
            "starts a run does not approve it; ask another person."
        )
    return ""


def _refuse_past_the_move(run: Run, standing: Standing, what: str) -> str:
    if standing.moved:
        standby, primary = run.plan.place.standby, run.plan.place.primary
        return (
            f"Run {run.run_id} is past its point of no return: the writer of {run.application} has moved to {standby}, "
            f"and going back to {primary} would lose what was written since. The run goes forward; leading back is a "
            "run of its own."
        )
    if run.clocks.verified:
        return f"Run {run.run_id} has brought {run.application} up already, so there is nothing to {what}."
    return ""


def _refuse_change(word: Word, run: Run | None, standing: Standing) -> str:
    """A change may be said ahead of a run, which is how a planned failover of a primary that is well begins."""
    if word.accept not in [mode.value for mode in Mode]:
        return f"A run is changed to {' or '.join(mode.value for mode in Mode)}, and not to '{word.accept}'; use --to."
    if run and _is_over(run):
        return f"Run {run.run_id} is over; say it for a run that is yet to start, by the name of its execution."
    return _refuse_past_the_move(run, standing, "change") if run else ""


def _refuse_override(word: Word, run: Run | None) -> str:
    if not word.run_id:
        return "An override belongs to one run; name the run."
    if run and _is_over(run):
        return (
            f"Run {run.run_id} is over; give the override for a run that is yet to start, by the name that you will "
            "give its execution."
        )
    if run and run.gate.passed:
        return f"Run {run.run_id} passed its gate at {run.gate.passed:%H:%M:%S} UTC, so no override is needed."
    try:
        accepted_seconds(word.accept)
    except ValueError as error:
        return f"What the override accepts is not clear: {error}; or '{UNKNOWN_LOSS}', with --accept."
    return ""


def accepted_seconds(accept: str) -> float | None:
    """The greatest loss that is accepted; None accepts an unknown one. Raises ValueError for what is no loss."""
    return None if accept == UNKNOWN_LOSS else parse_duration(accept).total_seconds()


def _refuse_acknowledgement(word: Word, plan: AnyPlan, last: LastRun | None) -> str:
    if word.accept not in ("", STARTS):
        return f"An acknowledgement accepts '{STARTS}' or nothing besides, and not '{word.accept}'."
    if last is None:
        return f"{plan.name} has had no run, so there is nothing to acknowledge."
    if word.run_id != last.run_id:
        return f"The last run of {plan.name} is {last.run_id}, not {word.run_id}; read how it ended, then name it."
    return ""


def is_same_person(arn: str, name: str) -> bool:
    """Whether a proven caller goes by a name that was given at a start: all of the ARN, or its last part."""
    return name.strip().casefold() in (arn.casefold(), arn.rsplit("/", 1)[-1].casefold())


def approval(words: Iterable[Word], step: str = "") -> Word | None:
    """The latest approval by a proven person: of the run at its gate, or of a step that asks for one."""
    return _latest(w for w in words if w.kind is WordKind.APPROVE and w.proven and w.accept == step)


def abort(words: Iterable[Word]) -> Word | None:
    """The word that aborts the run."""
    return _latest(w for w in words if w.kind is WordKind.ABORT and w.proven)


def holding(words: Iterable[Word]) -> Word | None:
    """The word that holds the run and was not released; None where it is free to go on."""
    latest = _latest(w for w in words if w.kind in (WordKind.HOLD, WordKind.RELEASE))
    return latest if latest and latest.kind is WordKind.HOLD else None


def mode(words: Iterable[Word]) -> Mode:
    """How the run is to move its writer, by what was said last; unplanned where nobody said anything."""
    changed = change(words)
    return Mode(changed.accept) if changed else Mode.UNPLANNED


def change(words: Iterable[Word]) -> Word | None:
    """The word that says how the run is to move its writer."""
    return _latest(w for w in words if w.kind is WordKind.CHANGE and w.proven)


def _latest(words: Iterable[Word]) -> Word | None:
    return max(words, key=lambda word: word.given, default=None)
