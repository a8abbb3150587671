"""The detector: what starts a run, what does not, and that all of it is written down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pilotlight.domain.records import RecordKind
from tests.builders import ALARM, a_plan, a_sample_event, an_alarm_event
from tests.handlers.conftest import TICK, Desk, a_desk
from tests.handlers.test_open import furnish


def verdicts(desk: Desk) -> list[tuple[str, str]]:
    return [(r.entry.details["verdict"], r.entry.sentence) for r in desk.records(RecordKind.VERDICT)]


class TestWhatStartsARun:
    def test_an_alarm_while_the_primary_is_dark_starts_one(self, desk: Desk) -> None:
        desk.darken()

        answer = desk.detect(an_alarm_event(desk.now))

        assert answer["verdict"] == "start"
        assert desk.executions() == ["fileflow-e1"]
        assert "Run fileflow-e1 was started." in answer["sentence"]

    def test_a_tick_alone_starts_one_when_the_event_was_lost(self, desk: Desk) -> None:
        desk.darken()

        answer = desk.detect(TICK)

        assert answer["verdict"] == "start"
        assert desk.executions() == ["fileflow-e1"]

    def test_insufficient_data_to_alarm_is_a_signal_like_any_other(self, desk: Desk) -> None:
        desk.darken()
        event = an_alarm_event(desk.now)
        event["detail"]["previousState"] = {
            "value": "INSUFFICIENT_DATA",
            "reason": "Unchecked: Initial alarm creation",
            "timestamp": event["time"],
        }

        assert desk.detect(event)["verdict"] == "start"

    def test_an_alarm_that_was_just_made_is_held(self, desk: Desk) -> None:
        desk.darken()
        desk.alarm.changed = desk.now - timedelta(minutes=3)

        answer = desk.detect(an_alarm_event(desk.now))

        assert answer["verdict"] == "hold"
        assert f"Alarm {ALARM} was made or changed only 3 min" in answer["sentence"]
        assert desk.executions() == []

    def test_a_second_alarm_joins_the_run(self, desk: Desk) -> None:
        furnish(desk)
        desk.darken()
        desk.detect(an_alarm_event(desk.now))
        desk.world.time.run(limit_seconds=20)

        answer = desk.detect(an_alarm_event(desk.now, id="another"))

        assert answer["verdict"] == "join"
        assert desk.executions() == ["fileflow-e1"]

    def test_the_detector_waits_for_the_rest_of_the_darkness_that_must_last(self, desk: Desk) -> None:
        desk.darken(minutes=3)
        asked = desk.now

        answer = desk.detect(TICK)

        waited = desk.now - asked
        assert answer["verdict"] == "start"
        assert timedelta(seconds=5) < waited < timedelta(seconds=60)


class TestWhatStartsNone:
    @pytest.mark.parametrize(
        ("differences", "because"),
        [
            ({"state": "OK"}, "went to OK, which starts nothing"),
            ({"state": "INSUFFICIENT_DATA"}, "went to INSUFFICIENT_DATA"),
            ({"account": "210987654321"}, "comes from account 210987654321"),
            ({"detail-type": "CloudWatch Alarm Configuration Change"}, "is not a change of its state"),
            (
                {"resources": ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:other"]},
                "is none that fileflow listens to",
            ),
            ({"state__actionsSuppressedBy": "Alarm"}, "went off while suppressed by Alarm"),
            ({"state__timestamp": "2026-11-20T01:00:00.000+0000"}, "one older than 10 min starts nothing"),
        ],
    )
    def test_each_no_is_recorded_with_its_reason(self, desk: Desk, differences: dict[str, Any], because: str) -> None:
        desk.darken()

        answer = desk.detect(an_alarm_event(desk.now, **differences))

        assert answer["verdict"] == "ignore"
        assert verdicts(desk) == [("ignore", answer["sentence"])]
        assert because in answer["sentence"]
        assert desk.executions() == []

    def test_a_composite_alarm_is_read_too(self, desk: Desk) -> None:
        answer = desk.detect(a_sample_event("composite-alarm"))

        assert answer["verdict"] == "ignore"
        assert "is none that fileflow listens to" in answer["sentence"]

    def test_a_change_of_the_alarm_itself_starts_nothing(self, desk: Desk) -> None:
        desk.darken()

        answer = desk.detect(a_sample_event("configuration-change"))

        assert answer["verdict"] == "ignore"
        assert "The event 'CloudWatch Alarm Configuration Change'" in answer["sentence"]
        assert desk.executions() == []

    @pytest.mark.parametrize(
        "event", [{}, {"detail": 3}, {"id": "x", "detail-type": "CloudWatch Alarm State Change"}, {"alarmData": {}}]
    )
    def test_what_is_no_alarm_event_is_refused_in_a_sentence(self, desk: Desk, event: Any) -> None:
        answer = desk.detect(event)

        assert answer["verdict"] == "ignore"
        assert "is not an alarm event of CloudWatch" in answer["sentence"]
        assert len(verdicts(desk)) == 1

    def test_the_same_event_counts_once(self, desk: Desk) -> None:
        event = an_alarm_event(desk.now)
        desk.detect(event)

        answer = desk.detect(event)

        assert "was delivered again" in answer["sentence"]
        assert len(verdicts(desk)) == 2

    def test_an_alarm_that_the_probe_contradicts_is_held(self, desk: Desk) -> None:
        desk.darken()
        desk.recover()

        assert desk.detect(an_alarm_event(desk.now))["verdict"] == "hold"
        assert desk.executions() == []

    def test_an_observer_that_cannot_see_starts_nothing(self, desk: Desk) -> None:
        desk.darken()
        desk.world.darken("us-east-1")

        answer = desk.detect(an_alarm_event(desk.now))

        assert answer["verdict"] == "hold"
        assert "cannot be read" in answer["sentence"]

    def test_ticks_that_see_nothing_new_write_nothing(self, desk: Desk) -> None:
        for _ in range(3):
            desk.detect(TICK)

        assert desk.records() == []


@pytest.mark.parametrize("arming", ["observe", "manual"])
def test_a_level_that_may_not_start_says_what_it_would_do(arming: str) -> None:
    with a_desk(a_plan(arming=arming)) as desk:
        desk.darken(minutes=5)

        answers = [desk.detect(an_alarm_event(desk.now)), desk.detect(TICK), desk.detect(TICK)]

        assert [a["verdict"] for a in answers] == ["block", "block", "block"]
        assert f"armed '{arming}'" in answers[0]["sentence"]
        assert desk.executions() == []
        assert len(verdicts(desk)) == 1, "a tick that sees what was seen before writes nothing"
