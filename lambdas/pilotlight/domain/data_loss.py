"""The data-loss gate: whether what a run would lose is known, and is no more than may be lost.

What is measured comes in as `DataAtRisk`, one for each step that moves a writer; `judge` says whether the run may go
on. It fails closed: an unknown loss is never within a limit, and an override that does not fit is none.

A primary that is cut off but alive goes on taking writes after the onset. Those are not counted here: the fence and the
tombstone are there to end them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from pilotlight.domain.durations import say_duration, say_elapsed

PERIOD = timedelta(seconds=60)
"""RDS and DynamoDB report how far a copy is behind once a minute."""

FRESH_WITHIN = 2 * PERIOD + timedelta(seconds=60)
"""How long before an onset the minute of a reading may have ended.

Two periods, so that one reading may be lost. And a minute, because both ends are known late: a datapoint becomes
visible up to a minute after its minute, and an onset is the first bad look of an observer, up to two minutes after the
last good write; by then MySQL has stopped replicating, and what it reported last is as old as that.
"""


@dataclass(frozen=True)
class LossWindow:
    """The writes that a standby may lack: those that the primary took between two moments."""

    began: datetime
    ended: datetime

    def __str__(self) -> str:
        same_day = self.began.date() == self.ended.date()
        first = f"{self.began:%H:%M:%S}" if same_day else f"{self.began:%Y-%m-%d %H:%M:%S}"
        last = f"{self.ended:%H:%M:%S}" if same_day else f"{self.ended:%Y-%m-%d %H:%M:%S}"
        return f"between {first} and {last} UTC"

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.ended - self.began).total_seconds()

    def to_item(self) -> list[str]:
        """Its two moments as JSON values."""
        return [self.began.isoformat(), self.ended.isoformat()]

    @classmethod
    def from_item(cls, item: Sequence[str]) -> Self:
        """Read it back."""
        began, ended = (datetime.fromisoformat(moment) for moment in item)
        return cls(began, ended)


@dataclass(frozen=True)
class DataAtRisk:
    """Which writes before onset the standby may lack at most. No window is an unknown loss, and never none."""

    sentence: str
    window: LossWindow | None = None
    measured: datetime | None = None

    @property
    def seconds(self) -> float | None:
        """How many seconds of writes that is; None is unknown."""
        return self.window.seconds if self.window else None

    @property
    def nothing(self) -> bool:
        """Whether it is known that no write is missing."""
        return self.seconds == 0

    def to_item(self) -> dict[str, Any]:
        """It as a JSON object."""
        window, measured = self.window, self.measured
        return {
            "sentence": self.sentence,
            "window": window.to_item() if window else None,
            "measured": measured.isoformat() if measured else None,
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read it back."""
        window, measured = item["window"], item["measured"]
        return cls(
            item["sentence"],
            LossWindow.from_item(window) if window else None,
            datetime.fromisoformat(measured) if measured else None,
        )


def worst_of(risks: Iterable[DataAtRisk]) -> DataAtRisk:
    """The greatest of some risks; an unknown one is greater than any. Raises ValueError for none."""
    return max(risks, key=_weight)


def fresh_readings(
    readings: Iterable[tuple[datetime, float]], onset: datetime, within: timedelta = FRESH_WITHIN
) -> list[tuple[datetime, float]]:
    """The readings that say how things stood when `onset` came, oldest first; each is stamped with its minute's start.

    The minute in which an outage begins is left out: it may have been measured after the onset.
    """
    return sorted(r for r in readings if timedelta(0) <= onset - (r[0] + PERIOD) <= within)


@dataclass(frozen=True)
class Override:
    """One person's word that one run may lose what it would lose, for a reason and for a while.

    `proven` says whether somebody checked that it is this person (Slack's signature, the caller in STS), and not only a
    name that was typed in. `accepted_seconds` is the most that may be lost; None accepts a loss that is unknown.
    """

    run_id: str
    person: str
    proven: bool
    reason: str
    granted: datetime
    expires: datetime
    accepted_seconds: float | None

    def to_item(self) -> dict[str, Any]:
        """The override as a JSON object."""
        return {**asdict(self), "granted": self.granted.isoformat(), "expires": self.expires.isoformat()}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read it back."""
        return cls(
            run_id=item["run_id"],
            person=item["person"],
            proven=item["proven"] is True,
            reason=item["reason"],
            granted=datetime.fromisoformat(item["granted"]),
            expires=datetime.fromisoformat(item["expires"]),
            accepted_seconds=item["accepted_seconds"],
        )


@dataclass(frozen=True)
class Judgement:
    """What the gate says. `worst` is the greatest of the risks; `override` is the one that the run goes on by."""

    passed: bool
    sentence: str
    worst: DataAtRisk
    override: Override | None = None


def judge(
    risks: Sequence[DataAtRisk], limit: timedelta, *, run_id: str, override: Override | None, now: datetime
) -> Judgement:
    """Whether a run may go on: no risk is unknown or above the limit, or an override that fits accepts them all.

    Raises ValueError for no risks at all: that nothing is lost is for somebody to say.
    """
    worst = worst_of(risks)
    too_much = " ".join(risk.sentence for risk in risks if _weight(risk) > limit.total_seconds())
    if not too_much:
        return Judgement(True, f"{worst.sentence} That is within {_limit(limit)}.", worst)
    if override is None:
        return Judgement(False, _blocked(too_much, worst, limit), worst)
    refusal = _refusal(override, run_id, worst, now)
    if refusal:
        return Judgement(False, f"{_blocked(too_much, worst, limit)} {refusal}", worst)
    return Judgement(True, f"{too_much} {_accepted(override, worst, limit)}", worst, override)


def _weight(risk: DataAtRisk) -> float:
    return float("inf") if risk.seconds is None else risk.seconds


def _limit(limit: timedelta) -> str:
    return f"the {say_duration(limit)} that the plan accepts to lose"


def _blocked(said: str, worst: DataAtRisk, limit: timedelta) -> str:
    why = "An unknown loss is not within" if worst.seconds is None else f"{say_elapsed(worst.seconds)} is more than"
    return (
        f"The data-loss gate stops the run before anything is disrupted. {said} {why} {_limit(limit)}. Wait until the "
        "primary answers and drain the replica; or start a run with an override, by which a proven person accepts this "
        "loss for that one run, with a reason."
    )


def _accepted(override: Override, worst: DataAtRisk, limit: timedelta) -> str:
    more = "an unknown loss" if worst.seconds is None else f"a loss of {say_elapsed(worst.seconds)}"
    return (
        f"{override.person} (proven) accepts {more}, which is not within {_limit(limit)}, for this run, at "
        f"{override.granted:%H:%M:%S} UTC, because: {override.reason}"
    )


def _refusal(override: Override, run_id: str, worst: DataAtRisk, now: datetime) -> str:
    """Why an override does not let this run pass, with the way out; empty where it does."""
    who = override.person or "nobody named"
    its = f"The override by {who} is refused, because"
    if override.run_id != run_id:
        return f"{its} it was given for run {override.run_id} and this is {run_id}; give one for this run."
    if not (override.proven and override.person):
        return f"{its} that name is claimed and not proven; give it from Slack or with ./pilotlight."
    if not override.reason.strip():
        return f"{its} it has no reason; give one that says why the loss is accepted."
    if now >= override.expires:
        return f"{its} it expired at {override.expires:%Y-%m-%d %H:%M:%S} UTC; give one anew."
    if override.accepted_seconds is None:
        return ""
    accepted = say_elapsed(override.accepted_seconds)
    if worst.seconds is None:
        return f"{its} it accepts {accepted}, and the loss is unknown; give one that accepts an unknown loss."
    if worst.seconds > override.accepted_seconds:
        more = say_elapsed(worst.seconds)
        return f"{its} it accepts {accepted}, and there is more to lose, {more}; give one that accepts that."
    return ""
