"""Route 53's rules of answering, and health checks that are not of an endpoint of the application."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deployment.resources import CalculatedHealthCheck, HealthCheck, MetricAlarm, MetricHealthCheck
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.route53 import Route53
from rehearsal.services.route53_records import PRIMARY, SECONDARY, SIMPLE, Record, Records
from rehearsal.world import World
from tests.rehearsal.services.rds_client import world_of

NAME, SEOUL, TOKYO = "fileflow.ryuqqq.com", "seoul-alb", "tokyo-alb"


def records(*sets: Record, healthy: dict[str, bool] | None = None, targets: dict[str, int] | None = None) -> Records:
    """Some records, the status of the health checks that they name, and how many targets each balancer has."""
    counts = {SEOUL: 1, TOKYO: 1, **(targets or {})}
    made = Records((healthy or {}).__getitem__)
    made.balancers = {name: (lambda count=count: count) for name, count in counts.items()}  # type: ignore[misc]
    for record in sets:
        made.put(record)
    return made


class TestFailoverRecords:
    @pytest.mark.parametrize(("healthy", "answer"), [(True, SEOUL), (False, TOKYO)])
    def test_the_primary_is_answered_while_it_is_healthy(self, healthy: bool, answer: str) -> None:
        made = records(
            Record(NAME, PRIMARY, SEOUL, "latch"), Record(NAME, SECONDARY, TOKYO), healthy={"latch": healthy}
        )

        assert made.resolve(NAME) == answer

    def test_a_primary_without_a_check_is_always_healthy(self) -> None:
        made = records(Record(NAME, PRIMARY, SEOUL), Record(NAME, SECONDARY, TOKYO), targets={SEOUL: 0})

        assert made.resolve(NAME) == SEOUL

    def test_where_none_is_healthy_the_primary_is_answered(self) -> None:
        made = records(
            Record(NAME, PRIMARY, SEOUL, "seoul"),
            Record(NAME, SECONDARY, TOKYO, "tokyo"),
            healthy={"seoul": False, "tokyo": False},
        )

        assert made.resolve(NAME) == SEOUL

    def test_an_empty_standby_that_is_evaluated_sends_users_to_a_dark_primary(self) -> None:
        """Given the records as the run-book had them and an empty standby, when Seoul is dark, Seoul is answered."""
        made = records(
            Record(NAME, PRIMARY, SEOUL, "seoul", evaluates_target=True),
            Record(NAME, SECONDARY, TOKYO, "tokyo", evaluates_target=True),
            healthy={"seoul": False, "tokyo": True},
            targets={SEOUL: 0, TOKYO: 0},
        )

        assert made.resolve(NAME) == SEOUL

    def test_an_alias_of_records_leads_on_to_what_they_answer(self) -> None:
        made = records(
            Record(NAME, PRIMARY, SEOUL, "joined"),
            Record(NAME, SECONDARY, "held", evaluates_target=True),
            Record("held", PRIMARY, "page", "latch"),
            Record("held", SECONDARY, TOKYO),
            healthy={"joined": False, "latch": False},
            targets={"page": 1},
        )

        assert made.resolve(NAME) == TOKYO

    def test_a_simple_record_answers_whatever_happens(self) -> None:
        made = records(Record(NAME, SIMPLE, SEOUL, "seoul"), healthy={"seoul": False})

        assert made.resolve(NAME) == SEOUL


@pytest.fixture
def world() -> World:
    return world_of(1)


class TestHealthChecks:
    def a_metric(self, world: World) -> tuple[Route53, CloudWatch]:
        """A check of an alarm on a metric of Tokyo, and the metric."""
        route53, cloudwatch = Route53(world), CloudWatch(world)
        route53.metrics = cloudwatch
        cloudwatch.send = lambda region, bus, event: None
        alarm = MetricAlarm(
            "latch", "On.", "Pilotlight/f", "FailoverActive", {}, "Maximum", 0, "GreaterThanThreshold", "missing"
        )
        cloudwatch.deploy(alarm, "ap-northeast-1")
        route53.watch_alarm(MetricHealthCheck("by-metric", "latch", "ap-northeast-1"))
        return route53, cloudwatch

    def put(self, cloudwatch: CloudWatch, value: float) -> None:
        now = cloudwatch.world.time.now()
        cloudwatch.put_metric("ap-northeast-1", "Pilotlight/f", "FailoverActive", {}, now, value)

    def test_a_check_of_a_metric_without_data_is_healthy_at_first(self, world: World) -> None:
        route53, _ = self.a_metric(world)

        world.time.run(limit_seconds=600)

        assert route53.is_healthy("by-metric")

    def test_it_keeps_its_last_known_status_while_there_is_no_data(self, world: World) -> None:
        route53, cloudwatch = self.a_metric(world)
        self.put(cloudwatch, 1.0)
        world.time.run(limit_seconds=90)
        assert not route53.is_healthy("by-metric")

        world.time.run(limit_seconds=6 * 3600)

        assert not route53.is_healthy("by-metric")

    def test_it_watches_the_data_and_not_the_state_of_the_alarm(self, world: World) -> None:
        """Given the alarm was set to ALARM by hand, then the check stays healthy: such a drill proves nothing."""
        route53, cloudwatch = self.a_metric(world)
        self.put(cloudwatch, 0.0)

        cloudwatch.alarms["ap-northeast-1", "latch"].state = "ALARM"
        world.time.run(limit_seconds=120)

        assert route53.is_healthy("by-metric")

    def test_an_inverted_check_is_new_unhealthy_and_healthy_where_nothing_answers(self, world: World) -> None:
        route53, _ = self.a_metric(world)
        route53.answers = lambda check: False
        route53.deploy(an_inverted_check())
        assert not route53.is_healthy("by-object")

        world.time.run(limit_seconds=180)

        assert route53.is_healthy("by-object")

    def test_a_calculated_check_needs_all_of_its_children(self, world: World) -> None:
        route53, cloudwatch = self.a_metric(world)
        route53.answers = lambda check: False
        route53.deploy(an_inverted_check())
        route53.calculate(CalculatedHealthCheck("both", ("by-metric", "by-object")))
        world.time.run(limit_seconds=180)
        assert route53.is_healthy("both")

        self.put(cloudwatch, 1.0)
        world.time.run(limit_seconds=90)

        assert not route53.is_healthy("both")


def an_inverted_check() -> HealthCheck:
    return HealthCheck("by-object", "bucket", "/latch", 443, timedelta(seconds=30), 3, inverted=True, search="is on")
