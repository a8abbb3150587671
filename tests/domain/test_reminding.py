"""What people are reminded of, and when: the ladder while nobody speaks, updates whoever is at work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pilotlight.domain.any_plan import Notifications
from pilotlight.domain.reminding import Reminded, Standing, due
from pilotlight.domain.severity import IncidentSeverity

BEGAN = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
RUNGS = [("L1", "the on-call", "0 s"), ("L2", "the lead", "15 min"), ("L3", "the CTO", "1 h")]
MORE: dict[str, dict[str, object]] = {"L2": {"sooner": {"P1": "1 min"}}, "L3": {"only": ["P1", "P2", "P3"]}}
LADDER = Notifications.model_validate({
    "updates": "30 min",
    "escalation": [{"level": level, "who": who, "after": after, **MORE.get(level, {})} for level, who, after in RUNGS],
})  # fmt: skip
NEW = Reminded("fileflow-2026-11-21T01:00Z", BEGAN)
STANDING = "fileflow is dark in ap-northeast-2, and waits for a person to decide"


def after(
    minutes: float,
    before: Reminded = NEW,
    *,
    taken_up: bool = False,
    severity: IncidentSeverity = IncidentSeverity.P3,
) -> tuple[list[str], Reminded]:
    """The sentences that are due so many minutes after the incident was noticed."""
    now = BEGAN + timedelta(minutes=minutes)
    reminders, told = due(LADDER, before, Standing(STANDING, severity), taken_up=taken_up, now=now)
    return [reminder.sentence for reminder in reminders], told


def test_each_rung_is_called_once_and_in_its_time() -> None:
    first, told = after(0)
    none, told = after(14, told)
    second, told = after(15, told)

    assert first == [f"L1 is called, the on-call, because nobody has taken this up for 0 s: {STANDING}."]
    assert none == []
    assert second == [f"L2 is called, the lead, because nobody has taken this up for 15 min 00 s: {STANDING}."]
    assert told.called == ("L1", "L2")


def test_rungs_that_were_missed_are_called_together() -> None:
    sentences, told = after(29)

    assert [sentence[:2] for sentence in sentences] == ["L1", "L2"]
    assert told.called == ("L1", "L2")


def test_nobody_is_called_once_somebody_has_taken_it_up() -> None:
    assert after(20, taken_up=True) == ([], NEW_AFTER_20)


NEW_AFTER_20 = Reminded(NEW.incident, BEGAN, (), BEGAN)


def test_an_update_comes_every_so_often_whoever_is_at_work() -> None:
    first, told = after(30, taken_up=True)
    none, told = after(59, told, taken_up=True)
    second, _ = after(60, told, taken_up=True)

    assert first == [f"Not over after 30 min 00 s: {STANDING}."]
    assert none == []
    assert len(second) == 1


@pytest.mark.parametrize("minutes", [0, 15, 45])
def test_what_was_said_is_read_back_as_it_was_kept(minutes: float) -> None:
    _, told = after(minutes)

    assert Reminded.from_note(told.to_note()) == told


def test_what_is_worse_climbs_sooner_and_what_is_slight_not_so_far() -> None:
    worst, _ = after(1, severity=IncidentSeverity.P1)
    slight, _ = after(120, severity=IncidentSeverity.P4)

    assert [sentence[:2] for sentence in worst] == ["L1", "L2"]
    assert [sentence[:3] for sentence in slight] == ["L1 ", "L2 ", "Not"]
