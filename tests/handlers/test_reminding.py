"""Reminders by the detector: of a verdict that asks, of a run at work, and of one that failed; none once it is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pilotlight.domain.records import RecordKind
from rehearsal.sts import put_sts
from tests.builders import STANDBY, a_plan
from tests.handlers.conftest import TICK, Desk, a_desk
from tests.handlers.test_close import close
from tests.handlers.test_open import CONFIRMED, furnish, open_run
from tests.handlers.test_word import say
from tests.people import EVERYBODY, PEOPLE

NOTIFICATIONS = {
    "updates": "30 min",
    "escalation": [
        {"level": "L1", "who": "the on-call", "after": "5 min"},
        {"level": "L2", "who": "the lead", "after": "15 min"},
    ],
}


@contextmanager
def desk_with(arming: str = "manual") -> Iterator[Desk]:
    with a_desk(a_plan(arming=arming, people=PEOPLE, notifications=NOTIFICATIONS)) as desk:
        put_sts(desk.account.internet, desk.world, STANDBY, EVERYBODY)
        furnish(desk)
        yield desk


def wait(desk: Desk, minutes: int) -> None:
    """Time passes, in which the probes look each minute, and then the detector ticks."""
    desk.watch(minutes)
    desk.detect(TICK)


def reminders(desk: Desk) -> list[str]:
    return [record.entry.sentence for record in desk.records(RecordKind.REMINDER)]


def test_a_verdict_that_asks_for_a_person_climbs_the_ladder() -> None:
    with desk_with() as desk:
        desk.darken()
        desk.detect(TICK)
        assert reminders(desk) == []

        wait(desk, 8)
        wait(desk, 12)

        assert [sentence[:12] for sentence in reminders(desk)] == ["L1 is called", "L2 is called"]
        assert "is dark in ap-northeast-2, and waits for a person to decide" in reminders(desk)[0]


def test_nobody_is_called_for_a_run_of_which_a_proven_person_has_spoken() -> None:
    with desk_with() as desk:
        desk.darken()
        open_run(desk, "by-hand", CONFIRMED)
        assert say(desk, "hold")["accepted"]

        wait(desk, 25)
        wait(desk, 20)

        assert [sentence.split()[0] for sentence in reminders(desk)] == ["Not"]


def test_a_run_that_failed_is_reminded_of_until_it_is_acknowledged() -> None:
    with desk_with() as desk:
        desk.darken()
        open_run(desk, "by-hand", CONFIRMED)
        close(desk, "by-hand", {"trouble": {"Error": "States.Runtime", "Cause": "it broke"}})
        wait(desk, 8)

        assert [sentence[:2] for sentence in reminders(desk)] == ["L1"]
        assert "could not be failed over" in reminders(desk)[0]


def test_without_an_incident_nobody_hears_anything() -> None:
    with desk_with() as desk:
        wait(desk, 20)

        assert reminders(desk) == []
