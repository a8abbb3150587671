"""The publisher says what it read, and nothing that it did not read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployment import names
from pilotlight.estate.traffic.latch import Latch, Position
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.lambda_functions import FunctionFailed
from rehearsal.services.s3 import S3
from tests.builders import STANDBY, a_plan
from tests.handlers.conftest import TICK, Desk, a_desk

STEP = {"step": "latch", "kind": "latch_traffic", "params": {}}
PLAN = a_plan(
    traffic={"records": [{"name": "fileflow.example.com"}]},
    stages={"serve": {"traffic": [STEP]}},
)
LATCH = Latch(PLAN.place)
PUBLISHER = names.latch_function("fileflow")


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk(PLAN) as made:
        yield made


def turn(desk: Desk, position: Position) -> None:
    sdk = desk.account.sdk(STANDBY)
    desk.inside(lambda: LATCH.turn(sdk, LATCH.switch(sdk), position, "fileflow-e1", desk.now))


def lose_the_switch(desk: Desk) -> None:
    key = {"partition": {"S": "fileflow"}, "sort": {"S": "latch"}}
    desk.inside(
        lambda: desk.account.sdk(STANDBY).call("dynamodb", "DeleteItem", STANDBY, TableName=LATCH.table, Key=key)
    )


def published(desk: Desk) -> list[float]:
    """The values of the metric, the newest last, once what was put can be seen."""
    desk.world.time.run(limit_seconds=30)
    metrics = desk.account.aws.service(CloudWatch).metrics
    return [value for key, points in metrics.items() if key[2] == "FailoverActive" for value in points.values()]


def shown(desk: Desk) -> str:
    return desk.account.aws.service(S3).buckets[LATCH.bucket].objects.get(LATCH.key, "").strip()


def test_a_latch_that_was_never_turned_is_off(desk: Desk) -> None:
    assert desk.call(PUBLISHER, TICK) == {"published": "off"}

    assert published(desk) == [0.0]
    assert shown(desk) == "The latch of fileflow is off."


def test_it_carries_the_switch_to_both_mechanisms(desk: Desk) -> None:
    turn(desk, Position.ON)

    assert desk.call(PUBLISHER, TICK) == {"published": "on"}

    assert published(desk) == [1.0]
    assert shown(desk) == "The latch of fileflow is on."


def test_an_object_that_says_so_already_is_not_written_again(desk: Desk) -> None:
    desk.call(PUBLISHER, TICK)
    desk.world.trace.clear()

    desk.call(PUBLISHER, TICK)

    assert [line.operation for line in desk.world.trace if line.mutating] == ["PutMetricData"]


def test_a_lost_switch_sends_nobody_back(desk: Desk) -> None:
    """Given the latch is on, when the item of the switch is lost, then nothing is published and the object stays."""
    turn(desk, Position.ON)
    desk.call(PUBLISHER, TICK)
    before = published(desk)
    lose_the_switch(desk)

    with pytest.raises(FunctionFailed, match="has no switch, and the object says on, so nothing is published"):
        desk.call(PUBLISHER, TICK)

    assert published(desk) == before
    assert shown(desk) == "The latch of fileflow is on."


def test_an_object_that_does_not_answer_is_not_taken_for_off(desk: Desk) -> None:
    """Given a latch without a switch, when nothing answers for its object, then nothing is published."""
    desk.account.aws.service(S3).silent.add(STANDBY)

    with pytest.raises(FunctionFailed, match="gives no answer"):
        desk.call(PUBLISHER, TICK)

    assert published(desk) == []


def test_a_switch_that_cannot_be_read_publishes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.world.darken(STANDBY)

    with pytest.raises(FunctionFailed, match="Unavailable"):
        desk.call(PUBLISHER, TICK)

    desk.world.relight(STANDBY)
    assert published(desk) == []


def test_trouble_with_one_mechanism_keeps_the_other_from_nothing_and_is_heard(desk: Desk) -> None:
    turn(desk, Position.ON)
    desk.account.aws.service(CloudWatch).silent.add(STANDBY)

    with pytest.raises(FunctionFailed, match="PutMetricData"):
        desk.call(PUBLISHER, TICK)

    assert shown(desk) == "The latch of fileflow is on."


def test_what_is_said_late_is_said_of_the_minute_in_which_it_was_read(desk: Desk) -> None:
    """Given `off` was read in a minute and `on` published for it meanwhile, then that minute says on."""
    sdk = desk.account.sdk(STANDBY)
    read = desk.now

    desk.inside(lambda: LATCH.publish(sdk, Position.ON, read))
    desk.inside(lambda: LATCH.publish(sdk, Position.OFF, read))

    assert published(desk) == [1.0]
