"""FileFlow's readiness in the world that its own documents describe: what was left open there comes first.

The world is that of the plan, changed where the documents' infrastructure code says otherwise or nothing: see
docs/fileflow.md, "What readiness finds first".
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import planfile
from deployment import names
from pilotlight.domain.kind import Severity
from pilotlight.readiness.look import Found, looks, take, worst_first
from rehearsal.readiness import Ways, look_at
from rehearsal.scene import Scene, close_scene, open_scene
from rehearsal.services.acm import Acm
from rehearsal.services.edge import CloudFront
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.logs import CloudWatchLogs, Firehose
from rehearsal.services.rds import Rds
from rehearsal.services.route53 import Route53
from rehearsal.services.s3 import S3

FILEFLOW = Path(__file__).parents[2] / "plans" / "fileflow.yaml"
SEOUL, TOKYO = "ap-northeast-2", "ap-northeast-1"


def as_documented(scene: Scene) -> None:
    """Change the world of the plan into that of FileFlow's documents."""
    aws = scene.account.aws
    aws.service(Rds).instance(TOKYO, "ryuqqq-shared-rds-replica").deletion_protection = False
    records = aws.service(Route53).records
    for record in list(records.sets):
        records.put(replace(record, check="fileflow-health-check", evaluates_target=True))
    balancer = scene.plan.traffic.primary_balancers[0]  # type: ignore[union-attr]  # FileFlow's has the section
    aws.service(CloudFront).add("EFILEFLOW", balancer, "fileflow-dr-alb.example.com")
    aws.service(Acm).certificates.clear()
    buckets = aws.service(S3).kept
    # Its buckets encrypt with KMS, and its rule does not select what KMS encrypts.
    buckets["ryuqqq-prod-logs"].encryption = "aws:kms"
    # "Kinesis Firehose" stands in the table of objectives, and in no code.
    aws.service(Firehose).streams.clear()
    for group in aws.service(CloudWatchLogs).groups:
        group.streams.clear()
    _forget_parameters(scene)
    _keep_the_secret_in_seoul(scene)


def _forget_parameters(scene: Scene) -> None:
    """Of the shared parameters Tokyo has the endpoint of its database alone."""
    sdk = scene.account.sdk(TOKYO)
    for path in ("/shared/network", "/shared/kms", "/shared/rds/dr"):
        for found in sdk.call("ssm", "GetParametersByPath", TOKYO, Path=path, Recursive=True)["Parameters"]:
            if found["Name"] != "/shared/rds/dr/endpoint":
                sdk.call("ssm", "DeleteParameter", TOKYO, Name=found["Name"])


def _keep_the_secret_in_seoul(scene: Scene) -> None:
    sdk, name = scene.account.sdk(SEOUL), "fileflow-prod-db-credentials"
    sdk.call("secretsmanager", "RemoveRegionsFromReplication", SEOUL, SecretId=name, RemoveReplicaRegions=[TOKYO])


@pytest.fixture(scope="module")
def scene() -> Any:
    opened = open_scene(planfile.load(FILEFLOW), 1)
    yield opened
    close_scene(opened)


@pytest.fixture(scope="module")
def found(scene: Scene) -> list[Found]:
    """What is found before, and then in the world as it is documented."""

    def looking(ways: Ways) -> list[Found]:
        as_documented(scene)
        return worst_first(each for look in looks(scene.plan, ways.now, ways.aws, ways.web) for each in take(look))

    return look_at(scene, looking)


def test_what_the_plan_asks_for_is_found_in_order_by_the_function_that_looks() -> None:
    opened = open_scene(planfile.load(FILEFLOW), 1)
    functions = opened.account.aws.service(LambdaFunctions)

    answer = look_at(opened, lambda _: functions.run(TOKYO, names.readiness_function("fileflow"), {}))

    close_scene(opened)
    # The error is that nobody knows who else writes to the database; the warning that AWS promises no capacity.
    assert answer["sentence"] == "Readiness was looked at 0 s ago: 1 error, 1 warning."


def test_what_was_left_open_comes_first(found: list[Found]) -> None:
    errors = [each for each in found if each.finding.severity in (Severity.ERROR, Severity.IMPOSSIBLE)]

    assert found[: len(errors)] == errors
    assert list(dict.fromkeys((each.about, each.finding.code) for each in errors)) == [
        ("writers", "writer-without-plan"),
        ("latch-traffic", "record-not-latched"),
        ("latch-traffic", "secondary-evaluates-target"),
        ("latch-traffic", "none-healthy-answers-primary"),
        ("latch-traffic", "path-cloudfront"),
        ("log-archive-in-tokyo", "key"),
        ("logs-in-tokyo", "subscription"),
        ("logs-in-tokyo", "stream"),
        ("database-secret", "secret-replica"),
        ("certificate-in-tokyo", "certificate"),
        ("parameters-of-the-database", "missing"),
        ("parameters-of-the-network", "missing"),
        ("parameters-of-the-keys", "missing"),
    ]


def test_what_a_run_would_survive_comes_after_it(found: list[Found]) -> None:
    warnings = [each for each in found if each.finding.severity is Severity.WARNING]

    assert [(each.about, each.finding.code) for each in warnings] == [
        ("create-redis", "cache-capacity"),
        ("promote", "deletion-protection"),
    ]


def test_nothing_of_it_was_left_unread(found: list[Found]) -> None:
    assert [each.about for each in found if each.finding.code in ("not-read", "not-permitted", "path-unread")] == []
