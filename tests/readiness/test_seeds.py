"""What readiness finds first in worlds as the documents of PortForge, MegaTicket and TriFlow describe them literally.

Each world is that of the plan, changed where the document's commands and code make it otherwise: see docs/portforge.md,
docs/megaticket.md and docs/triflow.md, "What was changed". FileFlow's stands in test_fileflow.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

import planfile
from pilotlight.domain.kind import Severity
from pilotlight.readiness.look import Found, looks, take, worst_first
from rehearsal.readiness import Ways, look_at
from rehearsal.scene import Scene, close_scene, open_scene
from rehearsal.services.acm import Acm
from rehearsal.services.bedrock import Bedrock
from rehearsal.services.cognito_idp import CognitoIdp
from rehearsal.services.dynamodb import DynamoDb
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ecs import Ecs
from rehearsal.services.edge import CloudFront
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.rds import Rds
from rehearsal.services.route53 import Route53
from rehearsal.services.s3 import S3

pytestmark = pytest.mark.full

PLANS = Path(__file__).parents[2] / "plans"
SEOUL, TOKYO = "ap-northeast-2", "ap-northeast-1"


def portforge(scene: Scene) -> None:
    aws = scene.account.aws
    rds, tables = aws.service(Rds), aws.service(DynamoDb)
    # "If it is 0": a source without backups gets no replica; and `--publicly-accessible false` is refused as well.
    rds.instance(SEOUL, "portforge-test-rds").retention_days = 0
    rds.remove(TOKYO, "portforge-dr-rds-replica")
    # `create-global-table` is refused for tables that hold items, and that Tokyo has none of.
    tables.replicas = [replica for replica in tables.replicas if replica.region == SEOUL]
    for table in tables.replicas:
        table.replicas.clear()
    # The function that makes users in Tokyo is optional, and so is the group of origins.
    for pool in aws.service(CognitoIdp).pools:
        pool.says.pop("LambdaConfig", None)
    for distribution in aws.service(CloudFront).distributions:
        distribution["DistributionConfig"]["OriginGroups"] = {"Quantity": 0}
        distribution["DistributionConfig"]["DefaultCacheBehavior"]["TargetOriginId"] = "first"
    # A replica of a secret is Seoul's own value, word for word.
    seoul = rds.instance(SEOUL, "portforge-test-rds").address
    sdk, secret = scene.account.sdk(SEOUL), "portforge/ai-service/rds"
    sdk.call("secretsmanager", "PutSecretValue", SEOUL, SecretId=secret, SecretString=json.dumps({"host": seoul}))
    # No word of records.
    records = aws.service(Route53).records
    records.sets = [replace(record, failover="", check=None) for record in records.sets if record.failover == "PRIMARY"]


def megaticket(scene: Scene) -> None:
    aws = scene.account.aws
    elb = aws.service(Elbv2)
    # Its only listener is `aws_lb_listener.http`; no certificate is asked for.
    elb.listeners = [e for e in elb.listeners if e.balancer.region == SEOUL or e.port == 80]
    acm = aws.service(Acm)
    acm.certificates = [certificate for certificate in acm.certificates if certificate.region == SEOUL]
    # PRIMARY has the health check of Seoul, and SECONDARY is made as the console makes it.
    records = aws.service(Route53).records
    for record in list(records.sets):
        check = "megaticket-health-check" if record.failover == "PRIMARY" else None
        records.put(replace(record, check=check, evaluates_target=record.failover == "SECONDARY"))
    # "Only the region has to be changed."
    for model in aws.service(Bedrock).models_there:
        model.agreement = "NOT_AVAILABLE"
    # The images were copied by hand, once, and Seoul went on to another one.
    ec2 = aws.service(Ec2)
    template = next(t for t in ec2.templates if (t.region, t.name) == (SEOUL, "MegaTicket-App-ASG-lt"))
    newest = template.versions[-1]
    template.versions.append(replace(newest, number=newest.number + 1, image=ec2.add_image(SEOUL).id))


def triflow(scene: Scene) -> None:
    """ "Only ap-northeast-2 is used": of all that Tokyo would need nothing was built."""
    aws = scene.account.aws
    rds, elb, ecs, acm = aws.service(Rds), aws.service(Elbv2), aws.service(Ecs), aws.service(Acm)
    rds.automated.clear()
    rds.snapshots.clear()
    ecs.ecs_services = [service for service in ecs.ecs_services if service.region == SEOUL]
    elb.load_balancers = [balancer for balancer in elb.load_balancers if balancer.region == SEOUL]
    acm.certificates = [certificate for certificate in acm.certificates if certificate.region == SEOUL]
    for bucket in aws.service(S3).kept.values():
        bucket.rules.clear()
    records = aws.service(Route53).records
    records.sets = [replace(record, failover="", check=None) for record in records.sets if record.failover == "PRIMARY"]


WORLDS: Mapping[str, Callable[[Scene], None]] = {"portforge": portforge, "megaticket": megaticket, "triflow": triflow}
TRAPS = {
    "portforge": [
        ("promote", "target"),
        ("take-over-chats", "table"),
        ("promote", "source-backups"),
        ("user-pool", "pool-trigger"),
        ("latch-traffic", "record-not-latched"),
        ("database-secret", "secret-field"),
        ("front-fails-over", "origin-group"),
    ],
    "megaticket": [
        ("latch-traffic", "record-not-latched"),
        ("latch-traffic", "secondary-evaluates-target"),
        ("same-front-in-tokyo", "listener-missing"),
        ("certificate-in-tokyo", "listener"),
        ("app-image-in-tokyo", "image-old"),
        ("models-in-tokyo", "model-access"),
    ],
    "triflow": [
        ("restore-database", "backups"),
        ("scale-backend", "service-missing"),
        ("latch-traffic", "record-not-latched"),
        ("uploads-in-tokyo", "rule"),
        ("certificate-in-tokyo", "load-balancer"),
    ],
}
"""In the order in which they are told: what makes a run impossible, then errors, each by the plan's own name."""
GRAVE = (Severity.IMPOSSIBLE, Severity.ERROR)


def found_in(system: str, change: Callable[[Scene], None]) -> list[Found]:
    """All that readiness finds, worst first, of a system's plan in its world as it is once changed."""
    scene = open_scene(planfile.load(PLANS / f"{system}.yaml"), 1)

    def looking(ways: Ways) -> list[Found]:
        change(scene)
        return worst_first(each for look in looks(scene.plan, ways.now, ways.aws, ways.web) for each in take(look))

    try:
        return look_at(scene, looking)
    finally:
        close_scene(scene)


def told(found: list[Found]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((each.about, each.finding.code) for each in found if each.finding.severity in GRAVE))


@pytest.mark.parametrize("system", WORLDS)
def test_the_first_findings_are_the_traps_of_the_document(system: str) -> None:
    found = found_in(system, WORLDS[system])

    assert told(found) == TRAPS[system]
    assert all(each.finding.severity in GRAVE for each in found[: len(TRAPS[system])])
    assert all(each.finding.fix for each in found if each.finding.severity in GRAVE)


@pytest.mark.parametrize("system", WORLDS)
def test_none_of_them_is_found_where_the_plan_has_what_it_asks_for(system: str) -> None:
    assert told(found_in(system, lambda scene: None)) == []


def test_a_source_without_backups_is_named_as_the_reason_that_there_is_no_replica() -> None:
    found = {each.finding.code: each.finding for each in found_in("portforge", portforge)}

    assert found["source-backups"].sentence == (
        "Source portforge-test-rds keeps no automated backups (its backup retention is 0 days), so RDS makes no "
        "replica of it."
    )
