"""Histories are read in our own shape and as `aws cloudwatch` prints them, and refused where they would mislead."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backtest.reading import HistoryRefused, read_history
from backtest.replay import BackTest, replay
from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.signals import Sight
from tests.backtest.histories import HOUR, an_alarm, at, looks
from tests.builders import ALARM, a_plan

PLAN = a_plan()


def item(minute: float, old: str, new: str, **reason: Any) -> dict[str, Any]:
    """A change of state as describe-alarm-history prints it."""
    states = {
        "version": "1.0",
        "oldState": {"stateValue": old, "stateReason": "..."},
        "newState": {"stateValue": new, "stateReason": "...", "stateReasonData": {"version": "1.0", **reason}},
    }
    return {
        "AlarmName": ALARM,
        "AlarmType": "MetricAlarm",
        "Timestamp": at(minute).isoformat(),
        "HistoryItemType": "StateUpdate",
        "HistorySummary": f"Alarm updated from {old} to {new}",
        "HistoryData": json.dumps(states),
    }


def metric_data(identity: str, label: str, dark: tuple[int, int]) -> dict[str, Any]:
    """What get-metric-data prints: newest first."""
    minutes = range(60, -1, -1)
    return {
        "MetricDataResults": [
            {
                "Id": identity,
                "Label": label,
                "Timestamps": [at(m).isoformat() for m in minutes],
                "Values": [0.0 if dark[0] <= m < dark[1] else 1.0 for m in minutes],
                "StatusCode": "Complete",
            }
        ],
        "Messages": [],
    }


def played(**documents: Any) -> BackTest:
    return replay(PLAN, read_history(PLAN, documents))


def test_what_aws_prints_is_read_as_it_is() -> None:
    changes = {"AlarmHistoryItems": [item(31, "ALARM", "OK"), item(12, "OK", "ALARM")]}

    came = played(alarms=changes, probe=metric_data("probe_standby", "Sight", (10, 30)))

    (episode,) = came.episodes
    assert (episode.began, episode.ended) == (at(10), at(31))
    assert {each.observer.id: each.minutes for each in came.coverage}["probe_standby"] == 61


def test_the_state_before_the_first_change_is_what_that_change_left() -> None:
    came = played(alarms={**HOUR, "AlarmHistoryItems": [item(30, "ALARM", "OK")]})

    assert came.episodes[0].began == at(0)
    assert came.coverage[0].minutes == 61


def test_a_state_began_with_the_first_datapoint_that_it_rests_on() -> None:
    past = read_history(
        PLAN, {"f": {"AlarmHistoryItems": [item(12, "OK", "ALARM", startDate="2026-10-01T00:09:00.000+0000")]}}
    )

    change = past.alarms[ALARM].last_before(at(20))
    assert change is not None
    assert (change.at, change.since) == (at(12), at(9))


def test_the_metric_of_a_health_check_is_known_by_its_label() -> None:
    past = read_history(PLAN, {"f": metric_data("m1", "HealthCheckStatus", (10, 30))})

    look = past.looks["health_check"].last_before(at(20))
    assert look is not None
    assert (look.sight, look.since) == (Sight.DARK, at(10))


def test_an_alarm_that_never_changed_is_known_by_its_description() -> None:
    described = {"AlarmName": ALARM, "StateValue": "OK", "StateUpdatedTimestamp": at(-9000).isoformat()}

    came = played(f={**HOUR, "MetricAlarms": [described], "CompositeAlarms": []})

    assert came.coverage[0].minutes == 61
    assert came.episodes == ()


def test_the_alarms_of_others_are_left_out() -> None:
    past = read_history(PLAN, {"f": {"alarms": [an_alarm(), an_alarm(name="somebody-elses")]}})

    assert set(past.alarms) == {ALARM}


@pytest.mark.parametrize(
    ("document", "because"),
    [
        ([], "f is no history: it holds none of metrics, alarms, MetricDataResults"),
        ({"metric": []}, "is no history"),
        ({"metrics": [{"observer": "probe_standby", "points": [["yesterday", 1]]}]}, "metrics.0.points.0.0"),
        ({"metrics": [{"observer": "probe_standby", "points": [["2026-10-01T00:00:00", 1]]}]}, "timezone"),
        ({"metrics": [looks("prob")]}, "Nobody of the name 'prob' looks at the primary; there are health_check, probe"),
        ({"metrics": [{**looks("probe_standby"), "region": "eu-west-1"}]}, "looks from ap-northeast-1 in this plan"),
        ({"alarms": [{"name": ALARM, "changes": [["2026-10-01T00:00:00Z", "RED"]]}]}, "alarms.0.changes.0.1"),
        ({"AlarmHistoryItems": [], "NextToken": "more"}, "holds a part only"),
        ({"AlarmHistoryItems": [{**item(12, "OK", "ALARM"), "HistoryData": "{}"}]}, "holds no old and new state"),
    ],
)
def test_what_would_mislead_is_refused_in_a_sentence(document: Any, because: str) -> None:
    with pytest.raises(HistoryRefused) as refused:
        read_history(PLAN, {"f": document})

    assert because in refused.value.sentence


def test_two_alarms_of_one_name_in_two_regions_cannot_be_told_apart() -> None:
    signals = {**PLAN.signals.model_dump(mode="json"), "alarms": [{"name": ALARM}]}

    with pytest.raises(PlanRefused, match="give one of the two another name"):
        read_history(a_plan(signals=signals), {"f": {"alarms": [an_alarm()]}})
