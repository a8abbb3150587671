"""Traffic in a whole failover of FileFlow: users follow a verified writer, and do not come back by themselves."""

from __future__ import annotations

from datetime import timedelta

from pilotlight.domain.run import Outcome
from planfile import load
from rehearsal.play import Played, play
from rehearsal.scenarios import Scenario
from rehearsal.scene import Scene
from rehearsal.services.rds import Rds
from rehearsal.traffic import region_of_users
from tests.workflow.played import FILEFLOW

PRIMARY, STANDBY = "ap-northeast-2", "ap-northeast-1"
NAME, REPLICA = "fileflow.ryuqqq.com", "ryuqqq-shared-rds-replica"
RETURNS_AFTER = timedelta(minutes=25)


class Watch:
    """What users meet at each five seconds of an outage after which the primary returns: where, and whether the
    standby's database takes writes."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bool]] = []

    def play(self) -> Played:
        scenario = Scenario("primary-returns", "The primary returns while the run tidies up.", Outcome.RECOVERED, self)
        return play(load(FILEFLOW), scenario, 1)

    def __call__(self, scene: Scene) -> None:
        world = scene.world
        world.darken(PRIMARY)
        world.time.every(5.0, lambda: self._look(scene), name="watch the users")
        relight = RETURNS_AFTER.total_seconds()
        world.time.spawn(lambda: world.relight(PRIMARY), name="the primary returns", delay_seconds=relight)

    def _look(self, scene: Scene) -> None:
        replica = scene.account.aws.service(Rds).instance(STANDBY, REPLICA)
        self.seen.append((region_of_users(scene.world, scene.plan, NAME), replica.source is None))


def test_users_reach_a_writer_only_and_stay_when_the_primary_returns() -> None:
    """Given Seoul is dark for 25 minutes, when Tokyo has taken over and Seoul answers again, then users reached Tokyo
    only once its database took the writes, and never Seoul after that."""
    watch = Watch()

    result = watch.play().result

    regions = [region for region, _ in watch.seen]
    moved = regions.index(STANDBY)
    assert result.outcome == Outcome.RECOVERED.value
    assert set(regions[:moved]) == {PRIMARY}
    assert set(regions[moved:]) == {STANDBY}
    assert all(takes_writes for region, takes_writes in watch.seen if region == STANDBY)
    assert len(watch.seen) * 5 > RETURNS_AFTER.total_seconds()
