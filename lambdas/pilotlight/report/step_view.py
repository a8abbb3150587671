"""What the ledger says of one step: its state, its sentences, the calls it made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pilotlight.domain.life import StepStatus


@dataclass(frozen=True)
class Call:
    """One mutating AWS call: written down before it was made, and again with its answer."""

    service: str
    operation: str
    region: str
    parameters: Mapping[str, Any]
    intended: datetime
    answered: datetime | None = None
    error: str = ""
    sentence: str = ""

    @property
    def name(self) -> str:
        """The operation as AWS names it."""
        return f"{self.service} {self.operation}"


@dataclass(frozen=True)
class Said:
    """A sentence and when it was true first."""

    time: datetime
    sentence: str


@dataclass(frozen=True)
class StepView:
    """One step: where it belongs, where it is in its life, what it said and called on the way."""

    name: str
    kind: str
    title: str
    stage: str
    started_in: str
    harm: str
    status: StepStatus = StepStatus.WAITING
    reason: str = ""
    fix: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    attempts: int = 0
    outputs: Mapping[str, str] = field(default_factory=dict)
    promised_seconds: float | None = None
    said: tuple[Said, ...] = ()
    calls: tuple[Call, ...] = ()
    asks_until: datetime | None = None
    resources: tuple[str, ...] = ()

    @property
    def asked_again(self) -> bool:
        """Whether AWS answered one of its calls with an error, and the step went on from there."""
        return self.status is not StepStatus.FAILED and any(call.error for call in self.calls)

    def seconds(self, until: datetime) -> float | None:
        """How long it was, or has been, at work; None before its start."""
        return ((self.finished or until) - self.started).total_seconds() if self.started else None
