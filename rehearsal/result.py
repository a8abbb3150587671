"""What a rehearsal found, in the machine-readable form that `rehearse --output json` prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class StepResult:
    """One step; times are seconds since onset, None where it did not come to that."""

    name: str
    kind: str
    stage: str
    status: str
    started: float | None
    finished: float | None
    attempts: int
    reason: str


@dataclass(frozen=True)
class RehearsalResult:
    """One rehearsal; all times are simulated seconds since onset."""

    application: str
    scenario: str
    seed: int
    outcome: str | None
    reason: str
    clocks: dict[str, float | None]
    rto_seconds: float | None
    rpo_seconds: float | None
    objectives: dict[str, Any]
    critical_path_seconds: float | None
    overhead_ratio: float | None
    steps: list[StepResult]
    messages: list[dict[str, Any]] = field(default_factory=list)
    report: str | None = None
    exposure_seconds: float = 0.0
    """How long the old primary and the new one both took writes, after the old one came back."""

    def to_json(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return asdict(self)
