"""What the reports of all observers amount to: whether the primary is dark, since when, and what speaks against it.

Observers count by the region they look from: two that look from one region see one region's trouble, and make one
voice. A good answer that was got first-hand outweighs every report of darkness. An alarm that still says OK does not,
where two regions see darkness first-hand: it is minutes late. The primary's own alarms complete nothing; one of them
that can be read and says OK speaks against.

A private application is asked for from the standby's VPC, over peering, and from inside the primary. What is asked
inside and heard counts like any other. That it is not heard speaks of the region only: it counts as dark where the
region is seen dark from two others, and so a path that is cut between the two makes no second vantage point.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pilotlight.domain.durations import say_duration, say_elapsed
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.policy import Decision
from pilotlight.domain.signals import Sight, Signal, Subject
from pilotlight.domain.watching import PROBE_INSIDE, VOICE

Signals = tuple[Signal, ...]

SAME_TROUBLE = timedelta(hours=1)
"""A region that fell silent longer before its application did is silent for a reason of its own."""

REGIONS = 2
"""From so many regions must the primary's own be seen dark before the silence inside it counts as darkness."""


@dataclass(frozen=True)
class Weighed:
    """What is seen, weighed. `doubt` is why it is not enough to act, empty where it is.

    `onset` is when the darkness that is seen now began as far as can be told, `lasted` for how long enough vantage
    points have agreed on it; None where they do not agree.
    """

    is_dark: bool
    doubt: str
    seen: str
    onset: datetime | None = None
    lasted: timedelta | None = None


def weigh(plan: Plan, signals: Signals, now: datetime) -> Weighed:
    """Weigh the reports on a plan's primary."""
    policy = plan.decision
    signals = with_its_silence(plan, signals)
    about = [s for s in signals if s.subject is Subject.APPLICATION]
    dark = tuple(s for s in about if s.sight is Sight.DARK)
    if not dark:
        said = f"Nothing says that the primary of {plan.application} is dark: {say(tuple(about))}"
        return Weighed(False, "", said)
    counting = tuple(s for s in about if s.votes)
    began = onset(signals, policy)
    doubt = (
        _unsettled(dark, policy, now)
        or _contradicted(plan.application, about, counting)
        or _too_few(plan.application, policy, counting)
        or region_answers(plan, signals, began)
    )
    return Weighed(True, doubt, say(dark), began, None if doubt else _lasted(counting, policy.quorum))


def with_its_silence(plan: Plan, signals: Signals) -> Signals:
    """The reports, in which the probe inside a region that is dark says dark by saying nothing.

    Its silence begins with its last word, when all was well, so it dates the darkness no earlier than the others do.
    """
    of_region = [s for s in signals if s.subject is Subject.REGION]
    began = onset(signals, plan.decision)
    silent = next((s for s in of_region if s.observer == VOICE and s.sight is Sight.DARK), None)
    seen_from = {s.vantage.region for s in _same_trouble(of_region, began)}
    if silent is None or began is None or any(s.sight is Sight.WELL for s in of_region) or len(seen_from) < REGIONS:
        return signals
    if silent not in _same_trouble(of_region, began):
        return signals
    since, said = max(began, _since(silent)), silent.sentence
    return tuple(
        replace(s, sight=Sight.DARK, since=since, sentence=said, first_hand=False)
        if s.observer == PROBE_INSIDE and s.sight is Sight.UNKNOWN
        else s
        for s in signals
    )


def _same_trouble(of_region: Iterable[Signal], began: datetime | None) -> list[Signal]:
    """Who sees the region dark, and not since long before its application went dark."""
    dark = [s for s in of_region if s.sight is Sight.DARK]
    return [s for s in dark if began is None or began - _since(s) <= SAME_TROUBLE]


def well_again(signals: Signals) -> Signals:
    """The reports that end a run which has not moved anything: a good answer first-hand, or all that count say so."""
    counting = [s for s in signals if s.votes]
    well = tuple(s for s in counting if s.sight is Sight.WELL)
    return well if well and (len(well) == len(counting) or any(s.first_hand for s in well)) else ()


def onset(signals: Signals, policy: Decision) -> datetime | None:
    """When the darkness that is seen now began, as far as can be told.

    The earliest moment that a counting observer names, unless it lies so far before the quorum was complete that it
    cannot be the same darkness: an alarm that was stuck for days tells nothing of today.
    """
    moments = _first_by_region(s for s in signals if s.votes)
    if not moments:
        return None
    complete = moments[min(policy.quorum, len(moments)) - 1]
    return min(m for m in moments if complete - m <= policy.must_last)


def say(signals: Signals) -> str:
    """The sentences of some reports."""
    return " ".join(s.sentence for s in signals) if signals else "no observer reported."


def _since(signal: Signal) -> datetime:
    return signal.since or signal.seen


def _unsettled(dark: Signals, policy: Decision, now: datetime) -> str:
    fresh = [s for s in dark if s.alarm_changed and now - s.alarm_changed < policy.settle_after_alarm_change]
    if not fresh:
        return ""
    age = say_elapsed((now - (fresh[0].alarm_changed or now)).total_seconds())
    return f"{fresh[0].observer} was made or changed only {age} ago, so its alarm is held until it has settled."


def _contradicted(application: str, about: list[Signal], counting: Signals) -> str:
    """Who sees the primary well, if that is a reason to wait."""
    first_hand_dark = {s.vantage.region for s in counting if s.first_hand and s.sight is Sight.DARK}
    late = len(first_hand_dark) > 1
    against = [s for s in about if s.sight is Sight.WELL and not (s.counts and not s.first_hand and late)]
    if not against:
        return ""
    return f"The observers of {application} do not agree that the primary is dark: {say(tuple(about))}"


def _too_few(application: str, policy: Decision, counting: Signals) -> str:
    regions = sorted({s.vantage.region for s in counting if s.sight is Sight.DARK})
    if not regions:
        return f"Only the primary's own alarms call {application} dark, and they never decide alone."
    if len(regions) >= policy.quorum:
        return ""
    return (
        f"The primary of {application} is seen dark from {', '.join(regions)} only, and {policy.quorum} vantage points "
        f"must agree: {say(counting)}"
    )


def region_answers(plan: Plan, signals: Signals, began: datetime | None) -> str:
    """Why nothing may start by itself though the application is dark: its region is not known to be.

    A silence that began long before the application's darkness is another trouble: a heartbeat that somebody took down
    weeks ago is no evidence of today.
    """
    if plan.arming is not Arming.AUTOMATIC:
        return ""
    about = tuple(s for s in signals if s.subject is Subject.REGION)
    primary = plan.regions.primary
    beating = [s for s in about if s.sight is Sight.WELL and not s.first_hand]
    if _same_trouble(about, began) and not beating:
        return ""
    why = say(tuple(beating) or about)
    return (
        f"{plan.application} is dark, and nothing shows that {primary} is, so nothing starts by itself: a bad "
        f"deployment is no dead region. {why}"
    )


def _lasted(counting: Signals, quorum: int) -> timedelta:
    """For how long the quorum has been complete.

    It began when the last vantage point that it needed saw darkness first. It counts up to the newest look that saw
    darkness first-hand, and no further: what was dark a while ago may be well by now.
    """
    dark = [s for s in counting if s.sight is Sight.DARK]
    return max([s.seen for s in dark if s.first_hand] or [s.seen for s in dark]) - _first_by_region(dark)[quorum - 1]


def _first_by_region(signals: Iterable[Signal]) -> list[datetime]:
    """When each region saw darkness first, in order."""
    first: dict[str, datetime] = {}
    for signal in signals:
        if signal.sight is Sight.DARK:
            region, since = signal.vantage.region, _since(signal)
            first[region] = min(first.get(region, since), since)
    return sorted(first.values())


def say_persistence(policy: Decision, lasted: timedelta) -> str:
    """How long darkness must last, and how long it has."""
    has = say_elapsed(max(lasted, timedelta(0)).total_seconds())
    return f"it must last {say_duration(policy.must_last)} and has lasted {has}"
