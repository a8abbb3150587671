"""What CloudWatch holds is fetched whole, and played as a file would be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from backtest.cloudwatch import fetch
from backtest.observers import observers_of
from backtest.reading import read_history
from backtest.replay import BackTest, replay
from pilotlight.domain.plan import Arming
from pilotlight.domain.read_only import ReadOnlyAws
from pilotlight.domain.records import RecordKind
from rehearsal.services.cloudwatch import CloudWatch
from tests.backtest.histories import at
from tests.builders import ALARM, STANDBY, a_plan
from tests.handlers.conftest import TICK, Desk, a_desk

PLAN = a_plan(decision={"must_last": "5 min"})


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk(PLAN) as made:
        yield made


def sights(desk: Desk) -> list[dict[str, Any]]:
    """What the detector's log says to CloudWatch of what it saw."""
    lines = [json.loads(line) for line in desk.account.log.getvalue().splitlines() if '"Sight"' in line]
    return [line for line in lines if "_aws" in line]


def an_outage(desk: Desk) -> None:
    """Forty minutes, dark from the tenth to the thirtieth: the health check's metric, and what the probe saw."""
    cloudwatch, started = desk.account.aws.service(CloudWatch), desk.now
    watched = cloudwatch.alarms["us-east-1", ALARM].alarm

    def is_well() -> float:
        minutes = (desk.now - started) / timedelta(minutes=1)
        value = 0.0 if 10 <= minutes < 30 else 1.0
        seen = {"application": "fileflow", "observer": "The probe in the standby"}
        cloudwatch.put_metric(STANDBY, "Pilotlight", "Sight", seen, desk.now, value)
        return value

    cloudwatch.sample_each_minute("us-east-1", watched.namespace, watched.metric, watched.dimensions, is_well)
    desk.world.time.run(limit_seconds=40 * 60)


def back_test(desk: Desk, minutes: int = 40) -> BackTest:
    aws, now = ReadOnlyAws(desk.account.sdk(STANDBY)), desk.now
    documents = desk.inside(lambda: fetch(PLAN, aws, now - timedelta(minutes=minutes), now))
    return replay(PLAN, read_history(PLAN, documents))


def test_an_outage_is_found_as_it_was(desk: Desk) -> None:
    an_outage(desk)

    came = back_test(desk)

    (episode,) = came.episodes
    assert timedelta(minutes=19) <= episode.ended - episode.began <= timedelta(minutes=23)
    staged = next(f for f in episode.firings if f.arming is Arming.STAGED)
    assert staged.assumed == ()
    assert timedelta(minutes=5) <= staged.at - episode.began <= timedelta(minutes=9)


def test_the_whole_period_is_covered_by_an_alarm_that_did_not_change(desk: Desk) -> None:
    came = back_test(desk)

    assert came.coverage[0].minutes == came.minutes == 41
    assert came.episodes == ()


def test_every_page_is_read(desk: Desk) -> None:
    watched = desk.alarm
    for minute in range(250):
        states = {"oldState": {"stateValue": "OK"}, "newState": {"stateValue": "OK"}}
        watched.history.append({
            "AlarmName": ALARM, "Timestamp": at(minute), "HistoryItemType": "StateUpdate",
            "HistoryData": json.dumps(states),
        })  # fmt: skip

    documents = desk.inside(lambda: fetch(PLAN, desk.account.sdk(STANDBY), at(0), at(300)))

    assert len(documents["the history of alarms in us-east-1"]["AlarmHistoryItems"]) == 250


def test_the_detector_publishes_what_the_back_test_asks_for(desk: Desk) -> None:
    desk.recover()
    desk.detect(TICK)
    desk.darken()
    desk.detect(TICK)

    published = sights(desk)
    of_the_probe = [line["Sight"] for line in published if line["observer"] == "The probe in the standby"]
    assert (of_the_probe[0], of_the_probe[-1]) == ([1], [0])
    assert {line["application"] for line in published} == {"fileflow"}
    said = published[0]["_aws"]["CloudWatchMetrics"][0]
    assert (said["Namespace"], said["Dimensions"]) == ("Pilotlight", [["application", "observer"]])


def test_the_observers_of_a_history_are_those_of_the_detector(desk: Desk) -> None:
    desk.darken()
    desk.detect(TICK)

    looking = {record.entry.details["observer"] for record in desk.records(RecordKind.SIGNAL)}
    assert looking == {observer.name for observer in observers_of(PLAN)}
