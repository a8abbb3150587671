"""How bad an incident is, by the one rule, and what it asks of its alert."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pilotlight.domain.paging import PagerAction
from pilotlight.domain.records import RecordKind
from pilotlight.domain.severity import IncidentSeverity
from pilotlight.report.standing import asked_of_pager, graded
from pilotlight.report.view import view
from tests.report import stories
from tests.report.stories import Story

OWN = {"degraded": "P3", "planned": "P4", "runbook": "P1", "names": {"P1": "Critical", "P4": "Low"}}


def by_hand(**run: Any) -> Story:
    """A person starts a failover; the detector never saw the region dark."""
    story = Story().signal(104).verdict(161, "hold", "Only one observer reported.")
    return story.opened(163, origin="console", requested_by="somebody", proven=False, **run)


def planned() -> Story:
    word = {"kind": "change", "person": "anna", "proven": True, "accept": "planned"}
    return by_hand().write(RecordKind.WORD, 170, "It is planned from now on.", word=word, mark="1")


def a_runbook() -> Story:
    return by_hand(plan_kind="runbook", regions={"primary": "ap-northeast-2", "standby": "ap-northeast-2"})


@pytest.mark.parametrize(
    ("story", "severity"),
    [
        (stories.blocked_by_arming, IncidentSeverity.P1),
        (stories.recovered, IncidentSeverity.P1),
        (by_hand, IncidentSeverity.P2),
        (planned, IncidentSeverity.P3),
        (a_runbook, IncidentSeverity.P3),
    ],
)
def test_each_situation_has_its_severity(story: Callable[[], Story], severity: IncidentSeverity) -> None:
    assert graded(view(story().records)).severity is severity


def test_a_plan_weighs_and_names_all_but_a_dark_region() -> None:
    dark = graded(view(Story().signal(104).verdict(161, "block", severities=OWN).records))
    slight = graded(view(planned().verdict(180, "hold", "It is well.", severities=OWN).records))

    assert (dark.words, dark.because) == ("P1 Critical", "the region is dark, and nobody planned it")
    assert (slight.words, slight.because) == ("P4 Low", "a person planned it")


@pytest.mark.parametrize(
    ("story", "action"),
    [
        (lambda: Story().signal(104).verdict(105, "hold"), None),
        (stories.blocked_by_arming, PagerAction.TRIGGER),
        (stories.moving, PagerAction.TRIGGER),
        (stories.taken_up, PagerAction.ACKNOWLEDGE),
        (planned, PagerAction.ACKNOWLEDGE),
        (stories.failed, PagerAction.TRIGGER),
        (stories.recovered, PagerAction.RESOLVE),
        (stories.not_needed, PagerAction.RESOLVE),
        (lambda: stories.blocked_by_arming().verdict(900, "ignore", "It is well."), PagerAction.RESOLVE),
    ],
)
def test_the_alert_follows_how_the_incident_stands(story: Callable[[], Story], action: PagerAction | None) -> None:
    assert asked_of_pager(view(story().records)) is action
