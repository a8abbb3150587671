"""Route 53: health checks, and the records that answer by them.

Checkers all over the world look at an endpoint; they are modelled as one that looks every interval, counted from the
answer. Its status changes after so many looks in a row that say otherwise, good ones as bad ones; one metric in
us-east-1 is the state at the end of each minute. A check of an alarm watches the alarm's data and keeps its last known
status while there is none; a calculated check is healthy while all its children are. How records answer stands in
`route53_records`, what the API lists in `route53_lists`. Health checks and answers go on when us-east-1 is dark: only
its control plane is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployment.resources import CalculatedHealthCheck, HealthCheck, MetricHealthCheck
from rehearsal.service import Service, Spread
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.route53_lists import Check, Lists
from rehearsal.services.route53_records import Records

if TYPE_CHECKING:
    from rehearsal.world import World

CONNECT_TIMEOUT_SECONDS = 4.0
AGGREGATED_AFTER = Spread(0.5, 2.0, 6.0)
WATCHES_ALARM_EVERY = Spread(10.0, 20.0, 60.0)
"""How soon a change of an alarm's data is noticed, in seconds: an estimate."""


@dataclass
class Watched:
    """A health check and what it has seen."""

    check: HealthCheck
    id: str
    passing: bool = True
    against: int = 0
    """Looks in a row that saw the other thing than `passing` says."""

    @property
    def healthy(self) -> bool:
        """The status: an inverted check is healthy where the endpoint is not, so a new one is unhealthy."""
        return self.passing != self.check.inverted


class Route53(Lists, Service):
    """The health checks of the account."""

    name = "route53"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.checks: dict[str, Watched] = {}
        self.statuses: dict[str, Callable[[], bool]] = {}
        self.made: dict[str, Check] = {}
        self.records = Records(self.is_healthy)
        self.answers: Callable[[HealthCheck], bool] | None = None
        self.metrics: CloudWatch | None = None
        self.on_flip: list[Callable[[Watched], None]] = []

    def is_healthy(self, name: str) -> bool:
        """The status of the health check of that name."""
        return self.statuses[name]()

    def watch_alarm(self, check: MetricHealthCheck) -> None:
        """Create a health check of an alarm's data; without a last known status it is healthy."""
        self.made[check.name] = check
        last_known = [True]
        self.statuses[check.name] = lambda: last_known[0]

        def watch() -> None:
            while True:
                assert self.metrics is not None
                breaching = self.metrics.breaching(check.region, check.alarm)
                last_known[0] = last_known[0] if breaching is None else not breaching
                self.world.time.sleep(WATCHES_ALARM_EVERY.draw(self.random))

        self.world.time.spawn(watch, name=f"health check {check.name}")

    def calculate(self, check: CalculatedHealthCheck) -> None:
        """Create a health check that is healthy while all of its children are."""
        self.made[check.name] = check
        self.statuses[check.name] = lambda: all(self.is_healthy(child) for child in check.children)

    def deploy(self, check: HealthCheck) -> str:
        """Create a health check, passing as a new one is, and say its id."""
        number = len(self.checks) + 1
        identity = f"00000000-0000-4000-8000-{number:012d}"
        watched = Watched(check, identity)
        self.checks[check.name] = watched
        self.made[check.name] = check
        self.statuses[check.name] = lambda: watched.healthy
        self.world.time.spawn(
            lambda: self._look_for_ever(watched),
            name=f"health check {check.name}",
            delay_seconds=self.random.uniform(0, 30),
        )
        assert self.metrics is not None
        self.metrics.sample_each_minute(
            "us-east-1",
            "AWS/Route53",
            "HealthCheckStatus",
            {"HealthCheckId": identity},
            lambda: self._sample(watched),
        )
        return identity

    def _sample(self, watched: Watched) -> float | None:
        return None if self.world.is_dark("us-east-1") else float(watched.healthy)

    def _look_for_ever(self, watched: Watched) -> None:
        check = watched.check
        assert self.answers is not None
        while True:
            good = self.answers(check)
            self.world.time.sleep(0.1 if good else CONNECT_TIMEOUT_SECONDS)
            watched.against = 0 if good == watched.passing else watched.against + 1
            if watched.against >= check.failures:
                self.world.time.sleep(AGGREGATED_AFTER.draw(self.random))
                watched.passing, watched.against = good, 0
                for listener in self.on_flip:
                    listener(watched)
            self.world.time.sleep(check.interval.total_seconds())
