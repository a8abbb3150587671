"""Parameters of two paths: none missing, none of another type, none that leads back to the primary."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.requirement import Severity
from pilotlight.requirements.parameters_in_parity import KIND, ParametersParams
from tests.requirements.looking import look, worst
from tests.steps.conftest import PLACE, Bench

PROD, DR = "/shared/rds/prod", "/shared/rds/dr"


def params(**changes: Any) -> ParametersParams:
    return ParametersParams.model_validate({"primary": PROD, "standby": DR, "names": ["endpoint"]} | changes)


def put(bench: Bench, region: str, name: str, value: str = "a value", kind: str = "String") -> None:
    sdk = Sdk(bench.aws.clients, region)
    asked = {"Name": name, "Value": value, "Type": kind, "Overwrite": True}
    bench.inside(lambda: sdk.call("ssm", "PutParameter", region, **asked))


def both(bench: Bench, name: str, value: str = "a value") -> None:
    put(bench, PLACE.primary, f"{PROD}/{name}", value)
    put(bench, PLACE.standby, f"{DR}/{name}", value)


def test_the_same_names_are_fine_whatever_they_hold(bench: Bench) -> None:
    for number in range(12):
        both(bench, f"deep/{number}", f"value {number}")
    put(bench, PLACE.primary, f"{PROD}/endpoint", "seoul")
    put(bench, PLACE.standby, f"{DR}/endpoint", "tokyo")

    (finding,) = look(bench, KIND, params())

    assert finding.severity is Severity.FINE
    assert finding.sentence == f"The 13 parameters of {PROD} stand under {DR} in ap-northeast-1."


def test_what_the_primary_has_and_the_standby_lacks_is_an_error(bench: Bench) -> None:
    both(bench, "endpoint")
    put(bench, PLACE.primary, f"{PROD}/security-group-id")

    (finding,) = look(bench, KIND, params())

    assert (finding.severity, finding.code) == (Severity.ERROR, "missing")
    assert f"There is no parameter {DR}/security-group-id in ap-northeast-1" in finding.sentence
    assert look(bench, KIND, params(only_in_primary=["security-group-id"]))[0].severity is Severity.FINE


def test_what_the_application_reads_is_missed_even_where_neither_has_it(bench: Bench) -> None:
    (finding,) = look(bench, KIND, params())

    assert finding.sentence == f"There is no parameter {DR}/endpoint in ap-northeast-1."


def test_values_are_compared_only_where_they_have_to_be_the_same(bench: Bench) -> None:
    put(bench, PLACE.primary, f"{PROD}/endpoint", "one")
    put(bench, PLACE.standby, f"{DR}/endpoint", "another")

    finding = worst(look(bench, KIND, params(same=["endpoint"])))

    assert (finding.severity, finding.code) == (Severity.ERROR, "value")
    assert "one" not in finding.sentence.split()
    assert "another value" in finding.sentence


def test_a_value_that_leads_to_the_primary_is_an_error_unless_it_may(bench: Bench) -> None:
    both(bench, "endpoint", "arn:aws:kms:ap-northeast-2:123456789012:key/1")

    (finding,) = look(bench, KIND, params())

    assert (finding.severity, finding.code) == (Severity.ERROR, "names-primary")
    assert look(bench, KIND, params(may_name_primary=["endpoint"]))[0].severity is Severity.FINE


def test_another_type_is_a_warning(bench: Bench) -> None:
    put(bench, PLACE.primary, f"{PROD}/endpoint", kind="StringList")
    put(bench, PLACE.standby, f"{DR}/endpoint")

    finding = worst(look(bench, KIND, params()))

    assert (finding.severity, finding.code) == (Severity.WARNING, "type")


def test_a_secure_value_is_opened_by_nobody(bench: Bench) -> None:
    put(bench, PLACE.primary, f"{PROD}/endpoint", kind="SecureString")
    put(bench, PLACE.standby, f"{DR}/endpoint", "ap-northeast-2", kind="SecureString")

    (finding,) = look(bench, KIND, params(same=["endpoint"]))

    assert (finding.severity, finding.code) == (Severity.WARNING, "value")
    assert "is not looked at, because it is a SecureString" in finding.sentence


def test_only_the_two_paths_may_be_read() -> None:
    (statement,) = KIND.statements(params(), PLACE)

    assert statement.resources == (
        f"arn:aws:ssm:ap-northeast-1:123456789012:parameter{DR}",
        f"arn:aws:ssm:ap-northeast-2:123456789012:parameter{PROD}",
    )


@pytest.mark.parametrize("missing", [[], ["endpoint"]])
def test_the_owner_makes_the_standbys_and_not_the_primarys(missing: list[str]) -> None:
    asked = params(only_in_primary=missing)

    assert [each.facts["name"] for each in KIND.prerequisites(asked, PLACE)] == ([] if missing else [f"{DR}/endpoint"])
    assert f"{PROD}/endpoint" in [each.facts["name"] for each in KIND.standing(asked, PLACE)]
