"""Trouble with what the standby needs: its replica, its cache, its image; and with Slack."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from pilotlight.domain.paging import Pager, PagerService
from pilotlight.domain.plan import Plan
from pilotlight.domain.run import Outcome
from rehearsal.scenarios.scenario import Scenario, later, outage, steps_of
from rehearsal.scene import Scene
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ecs import Ecs
from rehearsal.services.eks import Eks
from rehearsal.services.elasticache import ElastiCache
from rehearsal.services.rds import Rds


def _replica_backing_up(scene: Scene) -> None:
    rds = scene.account.aws.service(Rds)
    for step in steps_of(scene, "promote_replica"):
        rds.begin_backup(scene.plan.regions.standby, str(step["replica"]), 15 * 60.0)
    outage(scene)


def _cache_create_failed(scene: Scene) -> None:
    steps_of(scene, "create_cache")
    reason = "The requested node type is not available in the requested Availability Zone."
    scene.account.aws.service(ElastiCache).fail_next_creation(scene.plan.regions.standby, reason, after_seconds=200.0)
    outage(scene)


def _image_missing(scene: Scene) -> None:
    """Of a service and of pods the registry lacks it, of a group nobody copied it."""
    standby, aws = scene.plan.regions.standby, scene.account.aws
    ecs, ec2, clusters = aws.service(Ecs), aws.service(Ec2), aws.service(Eks).clusters
    if not clusters and all(step.kind != "scale_auto_scaling_group" for step in scene.plan.steps().values()):
        steps_of(scene, "scale_ecs_service")
    for cluster in clusters:
        cluster.missing_images |= {deployment.image for deployment in cluster.deployments}
    for definition in ecs.definitions:
        ecs.lose_image(standby, definition.image)
    copied = [i for i in ec2.images if (i.region, i.owner) == (standby, ec2.world.account)]
    ec2.images[:] = [image for image in ec2.images if image not in copied]
    outage(scene)


def _nodes_do_not_come(scene: Scene) -> None:
    steps_of(scene, "scale_node_group")
    scene.account.aws.service(Ec2).limits_of(scene.plan.regions.standby).vcpus = 0
    outage(scene)


def _each_replica(trouble: Callable[[Rds, str, str], None]) -> Callable[[Scene], None]:
    """Something that befalls every replica that the plan promotes."""

    def befall(scene: Scene) -> None:
        for step in steps_of(scene, "promote_replica"):
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


def _nobody_remembers(scene: Scene) -> None:
    """CloudWatch in the primary answers nobody, so that the latencies of its tables are not repeated elsewhere."""
    steps_of(scene, "take_over_tables")
    scene.account.aws.service(CloudWatch).silent.add(scene.plan.regions.primary)


def _slack_down(scene: Scene) -> None:
    scene.slack.go_down()
    outage(scene)


def _slack_slow(scene: Scene) -> None:
    """Slack takes half a minute for an answer, then wants to be left alone, then knows the token no more."""
    slack, now = scene.slack, scene.world.time.now
    slack.be_slow(30.0)
    later(scene, timedelta(minutes=7), slack.come_up, "Slack is as quick as ever, and overloaded")
    later(scene, timedelta(minutes=7), lambda: slack.limit_until(now() + timedelta(minutes=3)), "Slack answers 429")
    later(scene, timedelta(minutes=10), slack.revoke, "somebody revokes the token of Slack's bot")
    later(scene, timedelta(minutes=20), slack.come_up, "Slack takes the token again")
    outage(scene)


def with_pager(plan: Plan) -> tuple[Plan, ...]:
    """The plan with a pager, if it has none."""
    pager = plan.notifications.pager or Pager(service=PagerService.PAGERDUTY, secret="pilotlight/pagerduty")
    return (plan.model_copy(update={"notifications": plan.notifications.model_copy(update={"pager": pager})}),)


SCENARIOS = (
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
        "The standby lacks the images that the application runs.",
        Outcome.FAILED,
        _image_missing,
    ),
    Scenario(
        "nodes-do-not-come",
        "The standby's node group can launch no instance.",
        Outcome.FAILED,
        _nodes_do_not_come,
    ),
    Scenario(
        "replica-lagging",
        "The replica was 40 minutes behind when the primary went dark.",
        Outcome.BLOCKED,
        outage,
        before=_each_replica(_fall_behind),
    ),
    Scenario(
        "replica-stopped",
        "Somebody had stopped the replication 20 minutes before the primary went dark.",
        Outcome.BLOCKED,
        outage,
        before=_each_replica(Rds.stop_replication),
    ),
    Scenario(
        "lag-missing",
        "The replica had not reported its lag for 20 minutes when the primary went dark.",
        Outcome.BLOCKED,
        outage,
        before=_each_replica(Rds.lose_lag),
    ),
    Scenario(
        "gate-blocks-after-alarm",
        "All observers agree, but the PostgreSQL replica was 40 minutes behind: the primary stays as it was.",
        Outcome.BLOCKED,
        outage,
        before=_each_replica(_fall_behind_on_postgres),
    ),
    Scenario(
        "latency-missing",
        "For 20 minutes before the primary went dark nobody remembered how far its global tables were behind.",
        Outcome.BLOCKED,
        outage,
        before=_nobody_remembers,
    ),
    Scenario("slack-down", "Slack does not answer during the whole incident.", Outcome.RECOVERED, _slack_down),
    Scenario(
        "slack-slow",
        "Slack takes 30 s for an answer, then answers 429, then refuses the token; a pager wakes people meanwhile.",
        Outcome.RECOVERED,
        _slack_slow,
        at_least=timedelta(minutes=25),
        company=with_pager,
    ),
)
