"""Phrases that every sentence about an incident is built from."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from pilotlight.domain.durations import say_duration
from pilotlight.domain.life import StepStatus
from pilotlight.report.incident import (
    IncidentState,
    IncidentView,
)
from pilotlight.report.step_view import StepView

_MANY = 3


def in_region(region: str) -> str:
    """`in ap-northeast-1` behind a space, or nothing where the region is not known."""
    return f" in {region}" if region else ""


def to_region(region: str) -> str:
    """`to ap-northeast-1` behind a space, or nothing where the region is not known."""
    return f" to {region}" if region else ""


def listed(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    shown = names[:_MANY]
    more = len(names) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")


def recovery_failed(view: IncidentView) -> bool:
    """Whether a step failed that the recovery cannot do without; in the stage `after`, a failure is a follow-up."""
    return any(step.stage != "after" for step in view.failed_steps)


def state_words(step: StepView, view: IncidentView) -> str:
    """A step's state in the words that every medium uses."""
    over = view.standing is IncidentState.CLOSED
    match step.status:
        case StepStatus.WAITING:
            return "not reached" if over else "waiting"
        case StepStatus.RUNNING:
            return "left unfinished" if over else "at work"
        case StepStatus.SETTLED:
            return "settled, after errors" if step.asked_again else "settled"
        case StepStatus.FAILED:
            return "failed"
        case StepStatus.SKIPPED:
            return "skipped"
        case _:
            assert_never(step.status)


def promise_words(step: StepView) -> str:
    """What a run-book promised of a step's time, and whether that was kept; empty where it promised nothing."""
    if step.promised_seconds is None:
        return ""
    of = f" of {say_duration(timedelta(seconds=step.promised_seconds))}"
    if step.started is None or step.finished is None or step.status is not StepStatus.SETTLED:
        return of
    took = (step.finished - step.started).total_seconds()
    return f"{of}: {'kept' if took <= step.promised_seconds else 'missed'}"
