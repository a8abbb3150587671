"""What is remembered of the replication of global tables: each minute, from the primary into the standby."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest

from deployment import names
from deployment.guard import guard
from deployment.resources import Function, MetricAlarm, Rule
from pilotlight.domain.plan import Arming
from pilotlight.estate.dynamodb.replication import remembered_latencies
from rehearsal.scene import Scene, close_scene, open_scene
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.dynamodb import DynamoDb
from rehearsal.services.lambda_functions import FunctionFailed, LambdaFunctions
from tests.builders import PRIMARY, STANDBY, a_plan
from tests.handlers.old_primary import quiet
from tests.ticketing import TABLES, megaticket

LATENCY = names.latency_function("megaticket")


class Primary:
    """MegaTicket's primary, whose latency function is called by the test."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.world, self.aws = scene, scene.world, scene.account.aws

    def minute(self) -> dict[str, int]:
        """One minute passes, and the function is called."""
        self.world.time.run(limit_seconds=60)
        task = self.world.time.spawn(lambda: self.aws.service(LambdaFunctions).run(PRIMARY, LATENCY, {}), name="test")
        self.world.time.run(until=lambda: task.done)
        answer: dict[str, int] = task.result()["minutes"]
        return answer

    def remembered(self, table: str) -> list[float]:
        """What the standby holds of the last hour, oldest first."""
        self.world.time.run(limit_seconds=30)
        now, place = self.world.time.now(), self.scene.plan.place
        sdk = self.scene.account.sdk(STANDBY)
        task = self.world.time.spawn(
            lambda: remembered_latencies(sdk, place, table, now - timedelta(hours=1), now), name="look"
        )
        self.world.time.run(until=lambda: task.done)
        return [value for _, value in sorted(task.result())]


@pytest.fixture
def primary() -> Iterator[Primary]:
    random.seed(1)
    plan = megaticket()
    scene = open_scene(plan, seed=1, stacks=quiet(guard(plan)))
    try:
        yield Primary(scene)
    finally:
        close_scene(scene)


def test_what_the_primary_reports_of_each_table_is_held_in_the_standby(primary: Primary) -> None:
    answer = primary.minute()

    assert list(answer) == list(TABLES)
    for table in TABLES:
        held = primary.remembered(table)
        assert len(held) == answer[table] > 0
        assert all(400.0 < value < 3000.0 for value in held)


def test_a_minute_that_is_repeated_stands_once(primary: Primary) -> None:
    primary.minute()
    before = primary.remembered(TABLES[0])

    primary.minute()
    primary.minute()

    after = primary.remembered(TABLES[0])
    assert after[: len(before)] == before
    assert len(before) < len(after) <= len(before) + 4


def test_what_a_call_left_out_is_remembered_by_a_later_one(primary: Primary) -> None:
    primary.aws.service(CloudWatch).silent.add(PRIMARY)
    for _ in range(3):
        with pytest.raises(FunctionFailed):
            primary.minute()
    assert primary.remembered(TABLES[0]) == []
    primary.aws.service(CloudWatch).silent.clear()

    primary.minute()

    assert len(primary.remembered(TABLES[0])) >= 4


def test_a_table_that_nobody_writes_to_leaves_nothing_and_keeps_the_others_from_nothing(primary: Primary) -> None:
    model = primary.aws.service(DynamoDb)
    model.written.discard(TABLES[0])
    primary.world.time.run(limit_seconds=120)  # a minute that was measured before becomes visible up to a minute later
    primary.aws.service(CloudWatch).metrics.clear()

    for _ in range(3):
        answer = primary.minute()

    assert (answer[TABLES[0]], answer[TABLES[1]] > 0) == (0, True)
    assert primary.remembered(TABLES[0]) == []


def test_a_standby_that_cannot_be_reached_is_an_error_that_is_heard(primary: Primary) -> None:
    primary.world.cut(PRIMARY, STANDBY)

    with pytest.raises(FunctionFailed, match="ConnectTimeoutError"):
        primary.minute()


@pytest.mark.parametrize("arming", list(Arming))
def test_it_may_write_metrics_of_its_own_namespace_and_nothing_else(arming: Arming) -> None:
    (stack,) = guard(megaticket(arming=arming.value))
    (function,) = [r for r in stack.resources if isinstance(r, Function) and r.name == LATENCY]

    assert [(s.actions, dict(s.conditions)) for s in function.statements] == [
        (("cloudwatch:GetMetricData",), {}),
        (("cloudwatch:PutMetricData",), {"StringEquals": {"cloudwatch:namespace": "Pilotlight/megaticket/tables"}}),
    ]


def test_it_stands_in_the_primary_with_a_tick_and_an_alarm_that_is_heard_there() -> None:
    (stack,) = guard(megaticket())
    its = [r for r in stack.resources if getattr(r, "name", "").startswith(LATENCY)]

    assert stack.region == PRIMARY
    assert [type(r) for r in its] == [Function, Rule, MetricAlarm]
    topic = names.guard_alerts("megaticket")
    assert [r.notify for r in its if isinstance(r, MetricAlarm)] == [(f"arn:aws:sns:{PRIMARY}:123456789012:{topic}",)]


def test_a_plan_without_global_tables_has_none() -> None:
    fence = {"step": "close", "kind": "fence_listener", "params": {"load_balancer": "alb", "ports": [443]}}
    (stack,) = guard(a_plan(stages={"fence": {"primary": [fence]}, **_PROMOTION}))

    assert not [r for r in stack.resources if "latency" in getattr(r, "name", "")]


_PROMOTION = {
    "move": {
        "database": [
            {"step": "promote", "kind": "promote_replica", "params": {"replica": "the-replica", "source": "the-source"}}
        ]
    }
}
