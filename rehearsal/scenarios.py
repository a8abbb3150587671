"""What can happen to a plan's world in a rehearsal, each with the outcome that a plan in order comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.plan import Plan
from pilotlight.domain.run import Outcome
from rehearsal.operators import approved_by_two, two_operators
from rehearsal.scene import Scene
from rehearsal.services.ecs import Ecs
from rehearsal.services.elasticache import ElastiCache
from rehearsal.services.events import Crossing, Events
from rehearsal.services.rds import Rds

BEFORE_ONSET = timedelta(minutes=20)


@dataclass(frozen=True)
class Scenario:
    """One thing that happens: `happen` is called at the moment of onset, inside the world.

    `before` is called `BEFORE_ONSET` earlier, where something was not in order before it came to the outage; `given` is
    what the plan must say for it to happen.
    """

    name: str
    summary: str
    expected: Outcome
    happen: Callable[[Scene], None]
    before: Callable[[Scene], None] | None = None
    given: Callable[[Plan], Plan] | None = None


def scenario(name: str) -> Scenario:
    """The scenario of that name; raises `PlanRefused` naming the ones there are."""
    found = SCENARIOS.get(name)
    if found is None:
        raise PlanRefused(f"There is no scenario '{name}'; there are {', '.join(SCENARIOS)}.")
    return found


def _outage(scene: Scene) -> None:
    scene.world.darken(scene.plan.regions.primary)


BLIP_SECONDS = 43.0


def _blip(scene: Scene) -> None:
    _outage(scene)

    def end_soon(crossing: Crossing) -> None:
        if scene.world.is_dark(scene.plan.regions.primary):
            scene.world.time.spawn(
                lambda: scene.world.relight(scene.plan.regions.primary),
                name="the primary is well",
                delay_seconds=BLIP_SECONDS,
            )

    scene.account.aws.service(Events).on_crossing.append(end_soon)


def _replica_backing_up(scene: Scene) -> None:
    rds = scene.account.aws.service(Rds)
    for step in _steps(scene, "promote_replica"):
        rds.begin_backup(scene.plan.regions.standby, str(step["replica"]), 15 * 60.0)
    _outage(scene)


def _cache_create_failed(scene: Scene) -> None:
    _steps(scene, "create_cache")
    reason = "The requested node type is not available in the requested Availability Zone."
    scene.account.aws.service(ElastiCache).fail_next_creation(scene.plan.regions.standby, reason, after_seconds=200.0)
    _outage(scene)


def _image_missing(scene: Scene) -> None:
    _steps(scene, "scale_ecs_service")
    ecs = scene.account.aws.service(Ecs)
    for definition in ecs.definitions:
        ecs.lose_image(scene.plan.regions.standby, definition.image)
    _outage(scene)


def _each_replica(trouble: Callable[[Rds, str, str], None]) -> Callable[[Scene], None]:
    """Something that befalls every replica that the plan promotes."""

    def befall(scene: Scene) -> None:
        for step in _steps(scene, "promote_replica"):
            trouble(scene.account.aws.service(Rds), scene.plan.regions.standby, str(step["replica"]))

    return befall


def _fall_behind(rds: Rds, region: str, replica: str) -> None:
    rds.instance(region, replica).lag_seconds = timedelta(minutes=40).total_seconds()


def _fall_behind_on_postgres(rds: Rds, region: str, replica: str) -> None:
    instance = rds.instance(region, replica)
    assert instance.source is not None
    for each in (instance, instance.source):
        each.engine, each.engine_version = "postgres", "16.4"
    instance.lag_seconds = timedelta(minutes=40).total_seconds()


def _slack_down(scene: Scene) -> None:
    scene.slack.go_down()
    _outage(scene)


def _steps(scene: Scene, kind: str) -> list[dict[str, object]]:
    found = [step.params for step in scene.plan.steps().values() if step.kind == kind]
    if not found:
        raise PlanRefused(f"This scenario needs a step of kind {kind}, and {scene.plan.application} has none.")
    return found


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("outage", "The primary region goes dark and stays dark.", Outcome.RECOVERED, _outage),
        Scenario(
            "blip",
            "The alarm is delivered, but 43 seconds later the primary is well.",
            Outcome.NOT_NEEDED,
            _blip,
        ),
        Scenario(
            "replica-backing-up",
            "A backup of the replica is under way when the primary goes dark.",
            Outcome.RECOVERED,
            _replica_backing_up,
        ),
        Scenario(
            "cache-create-failed",
            "The cache that is created ends in create-failed.",
            Outcome.FAILED,
            _cache_create_failed,
        ),
        Scenario(
            "image-missing",
            "The standby's registry lacks the image that the service runs.",
            Outcome.FAILED,
            _image_missing,
        ),
        Scenario(
            "replica-lagging",
            "The replica was 40 minutes behind when the primary went dark.",
            Outcome.BLOCKED,
            _outage,
            before=_each_replica(_fall_behind),
        ),
        Scenario(
            "replica-stopped",
            "Somebody had stopped the replication 20 minutes before the primary went dark.",
            Outcome.BLOCKED,
            _outage,
            before=_each_replica(Rds.stop_replication),
        ),
        Scenario(
            "lag-missing",
            "The replica had not reported its lag for 20 minutes when the primary went dark.",
            Outcome.BLOCKED,
            _outage,
            before=_each_replica(Rds.lose_lag),
        ),
        Scenario(
            "gate-blocks-after-alarm",
            "All observers agree, but the PostgreSQL replica was 40 minutes behind: the primary stays as it was.",
            Outcome.BLOCKED,
            _outage,
            before=_each_replica(_fall_behind_on_postgres),
        ),
        Scenario(
            "two-operators",
            "Two people start a failover in the same second, and approve it in the same second.",
            Outcome.RECOVERED,
            two_operators,
            given=approved_by_two,
        ),
        Scenario("slack-down", "Slack does not answer during the whole incident.", Outcome.RECOVERED, _slack_down),
    )
}
