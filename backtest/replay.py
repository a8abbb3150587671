"""Plays a history to the detector's own decision, minute by minute.

Each darkness is judged by itself: as if no run had gone before, none had started elsewhere, and the switch were on. It
is judged as if the plan were armed `staged`, and as if it were armed `automatic`.

Where the history does not hold an observer, its report is unknown, and unknown completes no quorum. So there is a
second answer, which is an upper bound and is called so: what would have fired had all the missing ones agreed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from backtest.history import Past
from backtest.observers import HEALTH_CHECK, Observer, observers_of
from backtest.record import fingerprint
from pilotlight.domain.decision import History, Verdict, VerdictKind, decide
from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.signals import Sight, Signal, Subject

MINUTE = timedelta(minutes=1)
METRIC_SEEN_AFTER = timedelta(seconds=90)
"""A point of HealthCheckStatus speaks of the minute that it begins, and its alarm goes off some half a minute later."""

ACTING = (Arming.STAGED, Arming.AUTOMATIC)
Signals = tuple[Signal, ...]


@dataclass(frozen=True)
class Firing:
    """A start that the policy would have made. `assumed` are the missing observers that had to agree; none if empty."""

    arming: Arming
    at: datetime
    sentence: str
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Episode:
    """A time in which somebody saw the primary dark. `held` is, by arming, what spoke against a start."""

    began: datetime
    ended: datetime
    goes_on: bool
    firings: tuple[Firing, ...]
    held: dict[Arming, str]


@dataclass(frozen=True)
class Coverage:
    """At how many of the minutes the history holds an observer."""

    observer: Observer
    minutes: int


@dataclass(frozen=True)
class BackTest:
    """What came of a replay."""

    application: str
    hash: str
    start: datetime
    end: datetime
    minutes: int
    coverage: tuple[Coverage, ...]
    episodes: tuple[Episode, ...]


@dataclass(frozen=True)
class _Minute:
    """One minute's reports, and those of the observers that the history does not hold then."""

    now: datetime
    signals: Signals
    missing: Signals

    @property
    def is_dark(self) -> bool:
        return any(s.sight is Sight.DARK and s.subject is Subject.APPLICATION for s in self.signals)

    def had_all_agreed(self) -> Signals:
        """The same with each missing observer agreeing, since the first of those that the history holds."""
        began = min(s.since or s.seen for s in self.signals if s.sight is Sight.DARK)
        agreed = (
            replace(s, sight=Sight.DARK, since=began, sentence=f"{s.observer} is taken to have seen it dark.")
            for s in self.missing
        )
        return (*self.signals, *agreed)


@dataclass
class _Open:
    """An episode that is being played."""

    began: datetime
    firings: dict[tuple[Arming, bool], Firing] = field(default_factory=dict)
    held: dict[Arming, list[Verdict]] = field(default_factory=dict)


def replay(plan: Plan, past: Past) -> BackTest:
    """Play a history; raises `PlanRefused` for one that holds nothing of the plan's observers."""
    span, known = past.span(), observers_of(plan)
    start, end = (moment.replace(second=0, microsecond=0) for moment in span) if span else (None, None)
    played = [_minute(known, past, now) for now in _minutes(start, end)] if start and end else []
    if not start or not end or not any(minute.signals for minute in played):
        raise PlanRefused(
            f"The history holds nothing of the observers of {plan.application}, so it says nothing; they are "
            f"{', '.join(o.id for o in known)}."
        )
    gaps = [signal.observer for minute in played for signal in minute.missing]
    coverage = tuple(Coverage(o, len(played) - gaps.count(o.name)) for o in known)
    episodes = tuple(_episodes(plan, played, start))
    return BackTest(plan.application, fingerprint(plan), start, end, len(played), coverage, episodes)


def _minutes(start: datetime, end: datetime) -> Iterator[datetime]:
    now = start
    while now <= end:
        yield now
        now += MINUTE


def _minute(known: Sequence[Observer], past: Past, now: datetime) -> _Minute:
    reports = [(_report(observer, past, now), observer) for observer in known]
    held = tuple(signal for signal, _ in reports if signal)
    unknown = (o for signal, o in reports if signal is None)
    missing = tuple(_signal(o, Sight.UNKNOWN, now, now, "is not in the history") for o in unknown)
    return _Minute(now, held, missing)


def _report(observer: Observer, past: Past, now: datetime) -> Signal | None:
    """What an observer reports at a moment; None where the history does not say."""
    if observer.alarm:
        alarm = past.alarms.get(observer.alarm)
        change = alarm.last_before(now) if alarm else None
        if alarm and change:
            sight = {"ALARM": Sight.DARK, "OK": Sight.WELL}.get(change.state, Sight.UNKNOWN)
            said = f"in {observer.vantage.region} is in state {change.state}"
            signal = _signal(observer, sight, now, change.since, said)
            return replace(signal, alarm_changed=alarm.changed_before(now))
        if observer.id != HEALTH_CHECK:
            return None
    looks, delay = past.looks.get(observer.id), METRIC_SEEN_AFTER if observer.alarm else timedelta(0)
    look = looks.last_before(now - delay) if looks else None
    if look is None:
        return None
    subject = "the region" if observer.subject is Subject.REGION else "the primary"
    said = f"sees {subject} {look.sight.value}"
    return _signal(observer, look.sight, look.at if observer.first_hand else now, look.since, said)


def _signal(observer: Observer, sight: Sight, seen: datetime, since: datetime, said: str) -> Signal:
    return Signal(
        observer.name, observer.vantage, sight, seen, f"{observer.name} {said}.", since,
        subject=observer.subject, counts=observer.counts, first_hand=observer.first_hand,
    )  # fmt: skip


def _episodes(plan: Plan, played: Sequence[_Minute], start: datetime) -> Iterator[Episode]:
    armed = [plan.model_copy(update={"arming": arming}) for arming in ACTING]
    going: _Open | None = None
    for minute in played:
        if not minute.is_dark:
            if going:
                yield _closed(going, minute.now, goes_on=False)
            going = None
            continue
        if going is None:
            going = _Open(max(start, min(s.since or s.seen for s in minute.signals if s.sight is Sight.DARK)))
        for each in armed:
            _judge(each, minute, going)
    if going:
        yield _closed(going, played[-1].now, goes_on=True)


def _judge(plan: Plan, minute: _Minute, going: _Open) -> None:
    """Let the policy conclude on what was seen, and on what would have been seen had all the missing agreed."""
    if (plan.arming, False) in going.firings:
        return
    verdict = decide(plan, minute.signals + minute.missing, History(), minute.now)
    if verdict.kind is VerdictKind.START:
        going.firings[plan.arming, False] = Firing(plan.arming, minute.now, verdict.sentence)
        return
    if (plan.arming, True) in going.firings:
        return
    going.held.setdefault(plan.arming, []).append(verdict)
    if minute.missing:
        bound = _bound(plan, minute)
        if bound.kind is VerdictKind.START:
            assumed = tuple(s.observer for s in minute.missing if s.counts or s.subject is Subject.REGION)
            going.firings[plan.arming, True] = Firing(plan.arming, minute.now, bound.sentence, assumed)


def _bound(plan: Plan, minute: _Minute) -> Verdict:
    return decide(plan, minute.had_all_agreed(), History(), minute.now)


def _closed(going: _Open, ended: datetime, *, goes_on: bool) -> Episode:
    """The episode as it came out; where the policy fired on what was seen, what else might have been is left out."""
    fired = {arming for arming, is_bound in going.firings if not is_bound}
    kept = [f for (arming, is_bound), f in going.firings.items() if not (is_bound and arming in fired)]
    firings = tuple(sorted(kept, key=lambda firing: ACTING.index(firing.arming)))
    held = {arming: _what_held(verdicts) for arming, verdicts in going.held.items() if arming not in fired}
    return Episode(going.began, ended, goes_on, firings, held)


def _what_held(verdicts: Sequence[Verdict]) -> str:
    """What kept it from a start: that only time was missing, if it came that far, or else what was said most often."""
    for verdict in reversed(verdicts):
        if verdict.again_in is not None:
            return verdict.sentence
    sentence, _ = Counter(verdict.sentence for verdict in verdicts).most_common(1)[0]
    return sentence
