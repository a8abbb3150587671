"""Keys of the standby: there, usable, rotating as the primary's, and open to the same ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import AccessDenied
from pilotlight.domain.requirement import Severity
from pilotlight.requirements.key_in_standby import KIND, KeyParams
from rehearsal.keys import furnish_keys
from tests.requirements.looking import look, worst
from tests.steps.conftest import PLACE, Bench

HERE, THERE = "alias/fileflow-dr-rds", "alias/fileflow-rds"
ROLE = "arn:aws:iam::123456789012:role/fileflow-prod-task"


def params(**changes: Any) -> KeyParams:
    return KeyParams.model_validate({"key": HERE, "primary": THERE} | changes)


def owner(bench: Bench, operation: str, region: str, **parameters: Any) -> dict[str, Any]:
    sdk = Sdk(bench.aws.clients, region)
    return bench.inside(lambda: sdk.call("kms", operation, region, **parameters))


def furnish(bench: Bench, asked: KeyParams) -> None:
    (standing,) = KIND.standing(asked, PLACE)
    sdk = Sdk(bench.aws.clients, PLACE.standby)
    bench.inside(lambda: furnish_keys(sdk, PLACE.account, standing))


def key_id(bench: Bench, name: str, region: str) -> str:
    return str(owner(bench, "DescribeKey", region, KeyId=name)["KeyMetadata"]["KeyId"])


def allow(bench: Bench, name: str, region: str, principal: dict[str, Any]) -> None:
    account = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PLACE.account}:root"}, "Action": "kms:*"}
    more = {"Effect": "Allow", "Principal": principal, "Action": "kms:Decrypt"}
    refused = {"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::123456789012:role/nobody"}, "Action": "kms:Decrypt"}
    statements = [statement | {"Resource": "*"} for statement in (account, more, refused)]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    owner(bench, "PutKeyPolicy", region, KeyId=key_id(bench, name, region), PolicyName="default", Policy=policy)


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"replica": True},
        {
            "key": "0" * 8 + "-0000-4000-8000-" + "1" * 12,
            "primary": "arn:aws:kms:ap-northeast-2:123456789012:key/mrk-" + "2" * 32,
        },
    ],
    ids=["alias", "replica", "id-and-arn"],
)
def test_keys_that_are_alike_are_fine(bench: Bench, named: dict[str, Any]) -> None:
    furnish(bench, params(**named))

    found = look(bench, KIND, params(**named))

    assert {finding.severity for finding in found} == {Severity.FINE}
    assert found[0].sentence.endswith("of ap-northeast-1 is enabled.")


def test_a_key_that_is_not_there_is_an_error(bench: Bench) -> None:
    (finding,) = look(bench, KIND, params())

    assert (finding.severity, finding.code) == (Severity.ERROR, "key")
    assert finding.sentence == "There is no key alias/fileflow-dr-rds in ap-northeast-1."


@pytest.mark.parametrize(
    ("operation", "said", "fix"),
    [
        ("DisableKey", "is Disabled and not Enabled", "Enable it, or name another one."),
        ("ScheduleKeyDeletion", "is PendingDeletion and not Enabled", "Cancel its deletion."),
    ],
)
def test_a_key_that_encrypts_nothing_is_an_error(bench: Bench, operation: str, said: str, fix: str) -> None:
    furnish(bench, params())
    owner(bench, operation, PLACE.standby, KeyId=key_id(bench, HERE, PLACE.standby))

    (finding,) = look(bench, KIND, params())

    assert (finding.severity, finding.fix) == (Severity.ERROR, fix)
    assert said in finding.sentence


def test_a_key_of_its_own_reads_nothing_of_the_primary(bench: Bench) -> None:
    furnish(bench, params())

    finding = worst(look(bench, KIND, params(replica=True)))

    assert (finding.severity, finding.code) == (Severity.ERROR, "replica")


def test_rotation_is_the_primarys(bench: Bench) -> None:
    furnish(bench, params())
    owner(bench, "DisableKeyRotation", PLACE.standby, KeyId=key_id(bench, HERE, PLACE.standby))

    finding = worst(look(bench, KIND, params()))

    assert (finding.severity, finding.code) == (Severity.WARNING, "rotation")


def test_a_key_for_something_else_is_an_error(bench: Bench) -> None:
    furnish(bench, params())
    made = owner(bench, "CreateKey", PLACE.standby, KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
    owner(bench, "UpdateAlias", PLACE.standby, AliasName=HERE, TargetKeyId=made)

    found = look(bench, KIND, params())

    assert [each.code for each in found if each.severity is Severity.ERROR] == ["purpose"]


def test_whom_the_primarys_policy_names_the_standbys_names_too(bench: Bench) -> None:
    furnish(bench, params())
    allow(bench, THERE, PLACE.primary, {"AWS": [ROLE]})

    finding = worst(look(bench, KIND, params()))

    assert (finding.severity, finding.code) == (Severity.WARNING, "policy")
    assert f"does not name {ROLE}, as the primary's does" in finding.sentence
    assert worst(look(bench, KIND, params(only_in_primary=[ROLE]))).severity is Severity.FINE


def test_a_service_is_named_by_its_own_region(bench: Bench) -> None:
    furnish(bench, params())
    for name, region in ((HERE, PLACE.standby), (THERE, PLACE.primary)):
        allow(bench, name, region, {"Service": f"logs.{region}.amazonaws.com"})

    assert worst(look(bench, KIND, params())).severity is Severity.FINE


def test_a_primary_key_that_is_not_there_is_an_error(bench: Bench) -> None:
    furnish(bench, params())

    finding = worst(look(bench, KIND, params(primary="alias/another")))

    assert (finding.severity, finding.code) == (Severity.ERROR, "primary-key")


class Refusing:
    """AWS that allows everything but some reads of the primary's key."""

    def __init__(self, bench: Bench, *operations: str) -> None:
        self.sdk, self.operations = Sdk(bench.aws.clients, PLACE.standby), operations

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        if operation in self.operations and region == PLACE.primary:
            raise AccessDenied(service, operation, region, "AccessDeniedException", "no policy allows it")
        return self.sdk.call(service, operation, region, **parameters)


@pytest.mark.parametrize(
    ("operation", "code"),
    [("DescribeKey", "primary-key"), ("GetKeyRotationStatus", "rotation"), ("GetKeyPolicy", "policy")],
)
def test_what_cannot_be_read_is_not_taken_as_the_same(bench: Bench, operation: str, code: str) -> None:
    furnish(bench, params())

    finding = worst(look(bench, KIND, params(), Refusing(bench, operation)))

    assert (finding.severity, finding.code) == (Severity.WARNING, code)
    assert "was not read" in finding.sentence


def test_an_alias_is_permitted_by_a_condition_and_an_id_by_its_arn() -> None:
    here, there = KIND.statements(params(primary="1" * 8 + "-0000-4000-8000-" + "2" * 12), PLACE)

    assert here.conditions == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": HERE}}
    assert there.resources == ("arn:aws:kms:ap-northeast-2:123456789012:key/11111111-0000-4000-8000-222222222222",)
