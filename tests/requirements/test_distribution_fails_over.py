"""Distributions: a group that ends in the standby, criteria that hold, and behaviours that use it."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight.domain.requirement import Finding, Severity
from pilotlight.requirements.distribution_fails_over import KIND, DistributionParams
from rehearsal.services.edge import CloudFront
from tests.requirements.looking import furnish, look
from tests.steps.conftest import Bench

PARAMS = DistributionParams(distribution="E1A2B3C4D5E6F7", origin="portforge-front-dr.s3.ap-northeast-1.amazonaws.com")


@pytest.fixture
def distribution(bench: Bench) -> dict[str, Any]:
    furnish(bench, KIND, PARAMS)
    return bench.aws.service(CloudFront).distributions[0]


def config(distribution: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = distribution["DistributionConfig"]
    return found


def the_error(bench: Bench) -> Finding:
    (finding,) = [each for each in look(bench, KIND, PARAMS) if each.severity is Severity.ERROR]
    return finding


def test_a_group_that_ends_in_the_standby_is_fine(bench: Bench, distribution: dict[str, Any]) -> None:
    (finding,) = look(bench, KIND, PARAMS)

    assert finding.severity is Severity.FINE
    assert finding.sentence == f"Origin group both of E1A2B3C4D5E6F7 fails over to {PARAMS.origin}."


def test_a_distribution_that_is_not_there_is_an_error(bench: Bench) -> None:
    assert the_error(bench).sentence == "There is no distribution E1A2B3C4D5E6F7."


def test_without_a_group_it_goes_dark_with_the_primary(bench: Bench, distribution: dict[str, Any]) -> None:
    config(distribution)["OriginGroups"] = {"Quantity": 0}

    assert "No origin group of E1A2B3C4D5E6F7 fails over to portforge-front-dr" in the_error(bench).sentence


def test_a_group_that_begins_in_the_standby_does_not_fail_over_to_it(
    bench: Bench, distribution: dict[str, Any]
) -> None:
    config(distribution)["OriginGroups"]["Items"][0]["Members"]["Items"].reverse()

    assert the_error(bench).code == "origin-group"


def test_codes_that_are_left_out_are_named(bench: Bench, distribution: dict[str, Any]) -> None:
    criteria = config(distribution)["OriginGroups"]["Items"][0]["FailoverCriteria"]
    criteria["StatusCodes"] = {"Quantity": 2, "Items": [403, 500]}

    assert the_error(bench).sentence.endswith("does not fail over on 502, 503, 504.")


def test_a_group_that_no_behaviour_uses_is_of_no_use(bench: Bench, distribution: dict[str, Any]) -> None:
    config(distribution)["DefaultCacheBehavior"]["TargetOriginId"] = "first"

    assert "No behaviour of E1A2B3C4D5E6F7 uses origin group both" in the_error(bench).sentence


def test_a_behaviour_that_goes_round_the_group_is_named(bench: Bench, distribution: dict[str, Any]) -> None:
    images = {"PathPattern": "/images/*", "TargetOriginId": "first", "ViewerProtocolPolicy": "https-only"}
    config(distribution)["CacheBehaviors"] = {"Quantity": 1, "Items": [images]}

    assert the_error(bench).sentence.startswith("The behaviour for /images/* of E1A2B3C4D5E6F7 asks first alone")


def test_a_behaviour_of_another_origin_is_nobodys_matter_here(bench: Bench, distribution: dict[str, Any]) -> None:
    api = {"PathPattern": "/api/*", "TargetOriginId": "api", "ViewerProtocolPolicy": "https-only"}
    config(distribution)["CacheBehaviors"] = {"Quantity": 1, "Items": [api]}

    assert [each.severity for each in look(bench, KIND, PARAMS)] == [Severity.FINE]


def test_a_disabled_distribution_is_an_error(bench: Bench, distribution: dict[str, Any]) -> None:
    config(distribution)["Enabled"] = False

    assert the_error(bench).sentence == "Distribution E1A2B3C4D5E6F7 is disabled."


def test_what_is_being_deployed_is_a_warning(bench: Bench, distribution: dict[str, Any]) -> None:
    distribution["Status"] = "InProgress"

    found = look(bench, KIND, PARAMS)

    assert [each.severity for each in found] == [Severity.FINE, Severity.WARNING]
