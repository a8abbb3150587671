"""Route 53 health checks: checkers all over the world look at an endpoint, one metric in us-east-1 says what they see.

The checkers are modelled as one that looks every interval, counted from the answer; a check is unhealthy after so many
failed looks in a row, and its metric is the state at the end of each minute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployment.resources import HealthCheck
from rehearsal.service import Service, Spread
from rehearsal.services.cloudwatch import CloudWatch

if TYPE_CHECKING:
    from rehearsal.world import World

CONNECT_TIMEOUT_SECONDS = 4.0
AGGREGATED_AFTER = Spread(0.5, 2.0, 6.0)


@dataclass
class Watched:
    """A health check and what it has seen."""

    check: HealthCheck
    id: str
    healthy: bool = True
    failures: int = 0


class Route53(Service):
    """The health checks of the account."""

    name = "route53"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.checks: dict[str, Watched] = {}
        self.answers: Callable[[str, str], bool] | None = None
        self.metrics: CloudWatch | None = None
        self.on_flip: list[Callable[[Watched], None]] = []

    def deploy(self, check: HealthCheck) -> str:
        """Create a health check, healthy as a new one is, and say its id."""
        number = len(self.checks) + 1
        identity = f"00000000-0000-4000-8000-{number:012d}"
        watched = Watched(check, identity)
        self.checks[check.name] = watched
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
            good = self.answers(check.host, check.path)
            self.world.time.sleep(0.1 if good else CONNECT_TIMEOUT_SECONDS)
            watched.failures = 0 if good else watched.failures + 1
            healthy = watched.failures < check.failures if watched.healthy else good
            if healthy != watched.healthy:
                self.world.time.sleep(AGGREGATED_AFTER.draw(self.random))
                watched.healthy = healthy
                for listener in self.on_flip:
                    listener(watched)
            self.world.time.sleep(check.interval.total_seconds())
