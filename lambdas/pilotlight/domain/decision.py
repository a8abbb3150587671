"""When to act: signals, policy, history and the present in; a verdict and its sentence out.

The decision is level-triggered: an event only makes a look earlier, and what is seen at the look decides. Unknown is
never yes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from pilotlight.domain.durations import say_duration, say_elapsed
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.quorum import Signals, Weighed, onset, region_answers, say, say_persistence, weigh, well_again
from pilotlight.domain.run import Outcome
from pilotlight.domain.signals import Sight


class VerdictKind(StrEnum):
    """What the decision concludes."""

    START = "start"
    JOIN = "join"
    HOLD = "hold"
    IGNORE = "ignore"
    BLOCK = "block"


@dataclass(frozen=True)
class Verdict:
    """A conclusion and its one-sentence reason.

    `dark_since` is the earliest moment of darkness it rests on; `again_in` is set where another look at that moment
    may conclude otherwise though nothing else happens.
    """

    kind: VerdictKind
    sentence: str
    dark_since: datetime | None = None
    again_in: timedelta | None = None


class Switch(StrEnum):
    """Where the account's kill switch for automatic starts stands; one that cannot be read is `unreadable`."""

    ON = "on"
    OFF = "off"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class LastRun:
    """How the last run ended, and who has looked at it since; nobody if `acknowledged_by` is empty."""

    run_id: str
    outcome: Outcome
    ended: datetime
    acknowledged_by: str = ""


@dataclass(frozen=True)
class History:
    """What went before, in this application and in the account.

    `starts` counts what started by itself in the account within the window of the plan's velocity cap. `well` are the
    applications that write to the same resources and are not seen dark.
    """

    live_run: str | None = None
    last: LastRun | None = None
    well: tuple[str, ...] = ()
    starts: int = 0
    switch: Switch = Switch.ON


def decide(plan: Plan, signals: Signals, history: History, now: datetime) -> Verdict:
    """Conclude from what is seen now whether a run is to be opened."""
    seen = weigh(plan, signals, now)
    if not seen.is_dark:
        return Verdict(VerdictKind.IGNORE, seen.seen)
    if history.live_run:
        return Verdict(VerdictKind.JOIN, f"Run {history.live_run} is at work already; this joins it.", seen.onset)
    if seen.doubt:
        return Verdict(VerdictKind.HOLD, seen.doubt, seen.onset)
    lasted = seen.lasted or timedelta(0)
    remaining = plan.decision.must_last - lasted
    if remaining > timedelta(0):
        lasting = say_persistence(plan.decision, lasted)
        sentence = f"The primary of {plan.application} is dark, and {lasting}: {seen.seen}"
        return Verdict(VerdictKind.HOLD, sentence, seen.onset, remaining)
    held = _held_by_the_group(plan, history.well) or _held_by_the_last_run(plan, history.last, now)
    if held:
        return Verdict(VerdictKind.HOLD, held, seen.onset)
    return _by_arming(plan, seen, history)


def _held_by_the_group(plan: Plan, well: tuple[str, ...]) -> str:
    """Why those who share a writer with this application forbid an automatic start; empty where they do not.

    They move together: what is dark for one of them alone is no reason to take the database away from the others.
    """
    if not well:
        return ""
    return (
        f"{plan.application} is dark, and {', '.join(well)}, which writes to the same resources, is not seen dark, so "
        "nothing moves them by itself."
    )


def _held_by_the_last_run(plan: Plan, last: LastRun | None, now: datetime) -> str:
    """Why the last run forbids an automatic start; empty where it does not."""
    if last is None or last.outcome is Outcome.NOT_NEEDED:
        return ""
    application = plan.application
    if last.outcome is Outcome.RECOVERED:
        return (
            f"Run {last.run_id} moved {application} to {plan.regions.standby}, so there is nothing to start; a person "
            "leads it back."
        )
    until = last.ended + plan.decision.cooldown
    if last.acknowledged_by or now >= until:
        return ""
    return (
        f"Run {last.run_id} of {application} ended {last.outcome.value}, so nothing starts by itself until "
        f"{until:%Y-%m-%d %H:%M} UTC, unless a person acknowledges it."
    )


def _by_arming(plan: Plan, seen: Weighed, history: History) -> Verdict:
    application, since = plan.application, seen.onset
    match plan.arming:
        case Arming.OBSERVE:
            sentence = f"{application} is armed 'observe': a failover would start now, because {seen.seen}"
            return Verdict(VerdictKind.BLOCK, sentence, since)
        case Arming.MANUAL:
            sentence = (
                f"{application} is armed 'manual', so a person must start {application}-failover; it would be right, "
                f"because {seen.seen}"
            )
            return Verdict(VerdictKind.BLOCK, sentence, since)
        case Arming.STAGED | Arming.AUTOMATIC:
            stopped = _stopped_account_wide(plan, history)
            if stopped:
                return Verdict(VerdictKind.BLOCK, stopped, since)
            return Verdict(VerdictKind.START, f"The primary of {application} is dark: {seen.seen}", since)
        case _:
            assert_never(plan.arming)


def _stopped_account_wide(plan: Plan, history: History) -> str:
    """Why no application of the account may start by itself now; empty where one may."""
    by_hand = f"a person can start {plan.application}-failover"
    switch = say_switch(history.switch)
    if switch:
        return f"{switch}; {by_hand}."
    cap = plan.decision.velocity
    if history.starts < cap.starts:
        return ""
    return (
        f"{history.starts} failovers started by themselves within {say_duration(cap.within)}, and more than "
        f"{cap.starts} are likelier a broken observer than so many deaths; {by_hand}."
    )


def say_switch(switch: Switch) -> str:
    """Why the kill switch forbids an automatic start, without a full stop; empty where it does not."""
    match switch:
        case Switch.ON:
            return ""
        case Switch.OFF:
            return "The account's switch for automatic failovers is off"
        case Switch.UNREADABLE:
            return "The account's switch for automatic failovers cannot be read, which counts as off"
        case _:
            assert_never(switch)


class Confirmation(StrEnum):
    """What a look inside a run says about going on."""

    GO = "go"
    LOOK_AGAIN = "look_again"
    NOT_NEEDED = "not_needed"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Confirmed:
    """The answer of a look, in a sentence; `look_again_in` where it is to be asked again."""

    confirmation: Confirmation
    sentence: str
    look_again_in: timedelta = timedelta(0)


def confirm(
    plan: Plan, signals: Signals, *, looking_since: datetime, by_person: bool, planned_by: str = "", now: datetime
) -> Confirmed:
    """Whether a run that holds its lease may go on, by what is seen first-hand now.

    That the darkness lasted and that enough vantage points agree was decided before the run was started; here it only
    has to be there still. A good answer got first-hand ends the run, whoever started it. `looking_since` is when this
    look was asked for first. A person's start needs no dark region, and a planned run no darkness at all: `planned_by`
    names who asked for it.
    """
    if planned_by:
        said = f"{planned_by} asked for a planned failover of {plan.application}, whose primary need not be dark"
        return Confirmed(Confirmation.GO, f"{said}: {say(signals)}")
    well = well_again(signals)
    if well:
        sentence = f"The primary of {plan.application} is well again: {say(well)}"
        return Confirmed(Confirmation.NOT_NEEDED, sentence)
    dark = tuple(s for s in signals if s.votes and s.sight is Sight.DARK)
    doubt = "" if by_person else region_answers(plan, signals, onset(signals, plan.decision))
    if dark and not doubt:
        started = "A person started this run, and nobody" if by_person else "Nobody"
        return Confirmed(Confirmation.GO, f"{started} gets a good answer from {plan.application}: {say(dark)}")
    if now - looking_since >= plan.decision.give_up_looking:
        patience = say_elapsed(plan.decision.give_up_looking.total_seconds())
        sentence = (
            f"The darkness of {plan.application} could not be confirmed within {patience}: {doubt or say(signals)}"
        )
        return Confirmed(Confirmation.BLOCKED, sentence)
    sentence = f"The primary of {plan.application} is looked at again, because {doubt or say(signals)}"
    return Confirmed(Confirmation.LOOK_AGAIN, sentence, plan.decision.look_every)
