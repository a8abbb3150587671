"""How bad an incident is, and what it asks of a pager: two answers that every sink needs in the same words."""

from __future__ import annotations

from dataclasses import dataclass

from pilotlight.domain.decision import VerdictKind
from pilotlight.domain.paging import PagerAction
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome
from pilotlight.domain.severity import WHY, IncidentSeverity, Situation
from pilotlight.report.incident import IncidentState, IncidentView

_REGION_IS_DARK = (VerdictKind.START, VerdictKind.BLOCK)
"""Verdicts that only a region that enough vantage points see dark comes to."""

_LEFT_TO_PEOPLE = (Outcome.FAILED, Outcome.BLOCKED, Outcome.ABORTED_FORWARD_ONLY)


@dataclass(frozen=True)
class Graded:
    """The severity of an incident, as its plan calls it, and why it is that one."""

    severity: IncidentSeverity
    words: str
    because: str


def graded(view: IncidentView) -> Graded:
    """How bad the incident is, by the rule of `pilotlight.domain.severity`."""
    situation = _situation(view)
    severity = view.severities.of(situation)
    return Graded(severity, view.severities.said(severity), WHY[situation])


def _situation(view: IncidentView) -> Situation:
    if view.in_one_region:
        return Situation.RUNBOOK if view.is_runbook else Situation.DRILL
    if view.run and view.run.planned:
        return Situation.PLANNED
    dark = any(verdict.kind in _REGION_IS_DARK for verdict in view.verdicts)
    return Situation.DARK if dark else Situation.DEGRADED


def asked_of_pager(view: IncidentView) -> PagerAction | None:
    """What the incident asks of its alert as it stands; None while nobody is told of it."""
    if view.standing is IncidentState.QUIET:
        return None
    if _is_over(view):
        return PagerAction.RESOLVE
    return PagerAction.ACKNOWLEDGE if view.taken_up else PagerAction.TRIGGER


def _is_over(view: IncidentView) -> bool:
    """Whether nobody has to do anything more about it: it passed, ended well, or its primary was seen well since."""
    if view.standing is not IncidentState.CLOSED:
        return view.standing is IncidentState.PASSED
    if view.outcome not in _LEFT_TO_PEOPLE:
        return True
    later = next(
        (r for r in reversed(view.records) if r.entry.kind in (RecordKind.RUN_CLOSED, RecordKind.VERDICT)), None
    )
    return (
        later is not None
        and later.entry.kind is RecordKind.VERDICT
        and later.entry.details["verdict"] == VerdictKind.IGNORE
    )
