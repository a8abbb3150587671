"""What the scheduled look keeps: when it looked, how many of each weight there were, and all that was not fine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from pilotlight.domain.durations import say_elapsed
from pilotlight.domain.kind import Finding, Severity
from pilotlight.readiness.look import Found

BAD = (Severity.ERROR, Severity.IMPOSSIBLE)
MOST_KEPT = 200
"""Far above any plan, far below the 400 KB of an item of DynamoDB."""


@dataclass(frozen=True)
class Kept:
    """One scheduled look."""

    looked: datetime
    count: Mapping[Severity, int]
    found: tuple[Found, ...]

    @classmethod
    def of(cls, found: Sequence[Found], looked: datetime) -> Self:
        """What is kept of a look; `found` has the worst first."""
        count = Counter(each.finding.severity for each in found)
        return cls(looked, dict(count), tuple(e for e in found if e.finding.severity is not Severity.FINE)[:MOST_KEPT])

    @property
    def bad(self) -> tuple[Found, ...]:
        """What must be put right before the plan is relied on."""
        return tuple(each for each in self.found if each.finding.severity in BAD)

    def news(self, before: Self | None) -> tuple[Found, ...]:
        """What is bad now and was not when it was looked at before; the figures in a sentence are no news."""
        known = {_identity(each) for each in before.bad} if before else set()
        return tuple(each for each in self.bad if _identity(each) not in known)

    def sentence(self, now: datetime) -> str:
        """How long ago it was, and what it came to."""
        age = say_elapsed((now - self.looked).total_seconds())
        counted = [f"{self.count[s]} {s.value}" for s in reversed(Severity) if self.count.get(s) and s != Severity.FINE]
        return f"Readiness was looked at {age} ago: {', '.join(counted) or 'all was fine'}."

    def to_item(self) -> dict[str, Any]:
        """The look as a JSON object."""
        return {
            "looked": self.looked.isoformat(),
            "count": {severity.value: number for severity, number in self.count.items()},
            "found": [item_of(each) for each in self.found],
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read it back."""
        return cls(
            datetime.fromisoformat(item["looked"]),
            {Severity(severity): int(number) for severity, number in item["count"].items()},
            tuple(found_in(each) for each in item["found"]),
        )


def item_of(found: Found) -> dict[str, str]:
    """A finding as a JSON object."""
    finding = found.finding
    return {
        "severity": finding.severity.value,
        "about": found.about,
        "code": finding.code,
        "sentence": finding.sentence,
        "fix": finding.fix,
    }


def found_in(item: Mapping[str, str]) -> Found:
    """A finding read back."""
    finding = Finding(Severity(item["severity"]), item["code"], item["sentence"], item["fix"])
    return Found(item["about"], finding)


def said(found: Iterable[Found]) -> str:
    """Findings in one line, each with its way out."""
    return " ".join(f"{each.about}: {each.finding.sentence} {each.finding.fix}".strip() for each in found)


def partition(application: str) -> str:
    """Where the control table keeps the last look at an application."""
    return f"readiness#{application}"


SORT = "last"


def _identity(found: Found) -> tuple[str, str]:
    return found.about, found.finding.code
