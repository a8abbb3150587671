"""Replicas of secrets: there, in sync, of the same version, and not leading back to the primary."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import AwsError, Unavailable
from pilotlight.domain.requirement import Severity
from pilotlight.requirements.secret_replicated import KIND, SecretParams
from tests.requirements.looking import look, worst
from tests.steps.conftest import PLACE, Bench

NAME = "fileflow/database"
HERE = "database.ap-northeast-1.rds.amazonaws.com"


def params(**changes: Any) -> SecretParams:
    return SecretParams.model_validate({"secret": NAME} | changes)


def owner(bench: Bench, operation: str, region: str, **parameters: Any) -> dict[str, Any]:
    sdk = Sdk(bench.aws.clients, region)
    return bench.inside(lambda: sdk.call("secretsmanager", operation, region, **parameters))


def create(bench: Bench, value: dict[str, Any] | str, region: str = PLACE.primary, *, replicate: bool = True) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    more = {"AddReplicaRegions": [{"Region": PLACE.standby}]} if replicate else {}
    owner(bench, "CreateSecret", region, Name=NAME, SecretString=text, **more)


class Saying:
    """AWS that answers one operation in one region with something else."""

    def __init__(self, bench: Bench, operation: str, region: str, instead: dict[str, Any] | AwsError) -> None:
        self.sdk, self.said, self.instead = Sdk(bench.aws.clients, PLACE.standby), (operation, region), instead

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        answer = self.sdk.call(service, operation, region, **parameters)
        if (operation, region) != self.said:
            return answer
        if isinstance(self.instead, AwsError):
            raise self.instead
        return answer | self.instead


def test_a_replica_in_sync_is_fine(bench: Bench) -> None:
    create(bench, {"host": HERE})

    found = look(bench, KIND, params(fields=["host"]))

    assert [finding.sentence for finding in found] == [
        "Secret fileflow/database in ap-northeast-1 is in sync with ap-northeast-2.",
        "Field host of secret fileflow/database does not name ap-northeast-2.",
    ]
    assert worst(found).severity is Severity.FINE


def test_no_secret_is_opened_unless_a_field_is_looked_at(bench: Bench) -> None:
    create(bench, {"host": HERE})

    look(bench, KIND, params())

    assert "GetSecretValue" not in [line.operation for line in bench.world.trace]
    assert "secretsmanager:GetSecretValue" not in [a for s in KIND.statements(params(), PLACE) for a in s.actions]


def test_a_missing_replica_is_an_error(bench: Bench) -> None:
    create(bench, "plain", replicate=False)

    finding = worst(look(bench, KIND, params()))

    assert finding.severity is Severity.ERROR
    assert finding.sentence == "There is no secret fileflow/database in ap-northeast-1."


def test_a_secret_that_stands_alone_is_no_replica(bench: Bench) -> None:
    create(bench, "plain", PLACE.standby, replicate=False)

    finding = worst(look(bench, KIND, params()))

    assert "is no replica of the one in ap-northeast-2, so no rotation reaches it" in finding.sentence


def test_the_host_of_the_primary_stands_in_its_replica_too(bench: Bench) -> None:
    create(bench, {"host": "database.ap-northeast-2.rds.amazonaws.com", "password": "hush-hush"})

    finding = worst(look(bench, KIND, params(fields=["host"])))

    assert (finding.severity, finding.code) == (Severity.ERROR, "secret-field")
    assert "names ap-northeast-2, in ap-northeast-1 too" in finding.sentence
    assert "hush-hush" not in finding.sentence
    assert "rds.amazonaws.com" not in finding.sentence


@pytest.mark.parametrize("value", ['{"user": "app"}', "no JSON", "[1]"])
def test_a_field_that_is_not_there_is_an_error(bench: Bench, value: str) -> None:
    create(bench, value)

    assert "has no field host" in worst(look(bench, KIND, params(fields=["host"]))).sentence


@pytest.mark.parametrize(
    ("status", "severity"),
    [("Failed", Severity.ERROR), ("Detached", Severity.ERROR), ("InProgress", Severity.WARNING)],
)
def test_a_replication_that_is_not_in_sync_is_said_with_its_reason(
    bench: Bench, status: str, severity: Severity
) -> None:
    create(bench, "plain")
    told = {"ReplicationStatus": [{"Region": PLACE.standby, "Status": status, "StatusMessage": "Its key is disabled"}]}

    finding = worst(look(bench, KIND, params(), Saying(bench, "DescribeSecret", PLACE.primary, told)))

    assert finding.severity is severity
    assert f"is {status} (Its key is disabled)." in finding.sentence


def test_another_version_than_the_primarys_is_an_error(bench: Bench) -> None:
    create(bench, "plain")
    older = {"VersionIdsToStages": {"older": ["AWSCURRENT"]}}

    finding = worst(look(bench, KIND, params(), Saying(bench, "DescribeSecret", PLACE.standby, older)))

    assert "holds another current version than in ap-northeast-2" in finding.sentence


def test_a_primary_that_does_not_answer_is_a_warning(bench: Bench) -> None:
    create(bench, "plain")
    silence = Unavailable("secretsmanager", "DescribeSecret", PLACE.primary, "ConnectTimeout", "no connection")

    finding = worst(look(bench, KIND, params(), Saying(bench, "DescribeSecret", PLACE.primary, silence)))

    assert finding.severity is Severity.WARNING
    assert "was not compared" in finding.sentence
