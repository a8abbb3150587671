"""When to act: signals, policy, history and the present in; a verdict and its sentence out.

The decision is level-triggered: an event only makes a look earlier, and what is seen at the look decides. Unknown is
never yes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from pilotlight.domain.durations import say_elapsed
from pilotlight.domain.plan import Arming, Decision
from pilotlight.domain.signals import Sight, Signal


class VerdictKind(StrEnum):
    """What the decision concludes."""

    START = "start"
    JOIN = "join"
    HOLD = "hold"
    IGNORE = "ignore"
    BLOCK = "block"


@dataclass(frozen=True)
class Verdict:
    """A conclusion and its one-sentence reason. `dark_since` is the earliest moment of darkness it rests on."""

    kind: VerdictKind
    sentence: str
    dark_since: datetime | None = None


@dataclass(frozen=True)
class History:
    """What went before: the run that is live, and how the last one ended."""

    live_run: str | None = None
    last_run: str | None = None
    last_outcome: str | None = None


def decide(
    application: str,
    arming: Arming,
    policy: Decision,
    signals: tuple[Signal, ...],
    history: History,
    now: datetime,
) -> Verdict:
    """Conclude from what is seen now whether a run is to be opened."""
    dark = [s for s in signals if s.sight is Sight.DARK]
    if not dark:
        return Verdict(VerdictKind.IGNORE, f"Nothing says that the primary of {application} is dark: {_say(signals)}")
    doubt = _doubt(application, policy, signals, now)
    if doubt:
        return Verdict(VerdictKind.HOLD, doubt)
    since = onset(signals, policy)
    if history.live_run:
        return Verdict(
            VerdictKind.JOIN, f"Run {history.live_run} of {application} is at work already; this joins it.", since
        )
    if history.last_run and history.last_outcome != "NOT_NEEDED":
        sentence = (
            f"Run {history.last_run} of {application} ended {history.last_outcome}, so nothing starts by itself until "
            "a person has looked at it."
        )
        return Verdict(VerdictKind.HOLD, sentence, since)
    return _by_arming(application, arming, _say(dark), since)


def agreed_since(signals: tuple[Signal, ...]) -> datetime | None:
    """Since when all that decide see the primary dark; None where they do not."""
    decisive = [s for s in signals if s.counts]
    if not decisive or any(s.sight is not Sight.DARK for s in decisive):
        return None
    return max(s.since or s.seen for s in decisive)


def onset(signals: tuple[Signal, ...], policy: Decision) -> datetime | None:
    """When the darkness that is seen now began, as far as can be told.

    The earliest moment that a decisive observer names, unless it lies so far before the latest one that it cannot be
    the same darkness: an alarm that was stuck for days tells nothing of today.
    """
    moments = [s.since or s.seen for s in signals if s.counts and s.sight is Sight.DARK]
    latest = max(moments, default=None)
    return min((m for m in moments if latest and latest - m <= policy.must_last), default=None)


def _doubt(application: str, policy: Decision, signals: tuple[Signal, ...], now: datetime) -> str:
    """Why what is seen is not enough; empty where it is."""
    dark = [s for s in signals if s.sight is Sight.DARK]
    fresh = [s for s in dark if s.alarm_changed and now - s.alarm_changed < policy.settle_after_alarm_change]
    if fresh:
        age = say_elapsed((now - (fresh[0].alarm_changed or now)).total_seconds())
        return f"{fresh[0].observer} was made or changed only {age} ago, so its alarm is held until it has settled."
    if any(s.counts and s.sight is not Sight.DARK for s in signals):
        return f"The observers of {application} do not agree that the primary is dark: {_say(signals)}"
    if not any(s.counts for s in dark):
        return f"Only the primary's own alarms call {application} dark, and they never decide alone: {_say(signals)}"
    return ""


def _by_arming(application: str, arming: Arming, seen: str, since: datetime | None) -> Verdict:
    match arming:
        case Arming.OBSERVE:
            sentence = f"{application} is armed 'observe': a failover would start now, because {seen}"
            return Verdict(VerdictKind.BLOCK, sentence, since)
        case Arming.MANUAL:
            sentence = (
                f"{application} is armed 'manual', so a person must start {application}-failover; it would be right, "
                f"because {seen}"
            )
            return Verdict(VerdictKind.BLOCK, sentence, since)
        case Arming.STAGED | Arming.AUTOMATIC:
            return Verdict(VerdictKind.START, f"The primary of {application} is dark: {seen}", since)
        case _:
            assert_never(arming)


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
    application: str,
    policy: Decision,
    signals: tuple[Signal, ...],
    *,
    looking_since: datetime,
    by_person: bool,
    now: datetime,
) -> Confirmed:
    """Whether a run that holds its lease may go on, by what is seen now.

    Darkness has lasted since all that decide agree on it, not since the first of them said so; `looking_since` is when
    this look was asked for first. The run ends when an observer sees the primary well first-hand, or when all that
    decide say so. A person's start needs no lasting darkness and no alarm, but it does not move an application whose
    primary answers.
    """
    decisive = [s for s in signals if s.counts]
    well = [s for s in decisive if s.sight is Sight.WELL]
    if well and (len(well) == len(decisive) or any(s.first_hand for s in well)):
        return Confirmed(Confirmation.NOT_NEEDED, f"The primary of {application} is well again: {_say(tuple(well))}")
    if by_person and any(s.sight is Sight.DARK for s in decisive):
        sentence = f"A person started this run, and nobody gets a good answer from {application}: {_say(signals)}"
        return Confirmed(Confirmation.GO, sentence)
    agreed = agreed_since(signals)
    lasted = now - agreed if agreed else timedelta(0)
    if agreed and lasted >= policy.must_last:
        return Confirmed(
            Confirmation.GO,
            f"The primary of {application} has been dark for {say_elapsed(lasted.total_seconds())}: {_say(signals)}",
        )
    if now - looking_since >= policy.give_up_looking:
        patience = say_elapsed(policy.give_up_looking.total_seconds())
        sentence = f"The darkness of {application} could not be confirmed within {patience}: {_say(signals)}"
        return Confirmed(Confirmation.BLOCKED, sentence)
    return _not_yet(application, policy, decisive, lasted)


def _not_yet(application: str, policy: Decision, decisive: list[Signal], lasted: timedelta) -> Confirmed:
    """The look that follows, and why: not all see it dark, or it has not lasted."""
    unknown = [s for s in decisive if s.sight is not Sight.DARK]
    if unknown:
        sentence = f"The primary of {application} is looked at again, because {_say(unknown)}"
        return Confirmed(Confirmation.LOOK_AGAIN, sentence, policy.look_every)
    must, has = say_elapsed(policy.must_last.total_seconds()), say_elapsed(lasted.total_seconds())
    sentence = f"The primary of {application} is looked at again, because it must last {must} and has lasted {has}."
    remaining = max(policy.must_last - lasted, timedelta(seconds=1))
    return Confirmed(Confirmation.LOOK_AGAIN, sentence, min(policy.look_every, remaining))


def _say(signals: tuple[Signal, ...] | list[Signal]) -> str:
    return " ".join(s.sentence for s in signals) if signals else "no observer reported."
