"""Peering of the VPCs: whatever is wrong with it, a failover does not need it."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight.domain.requirement import Severity
from pilotlight.requirements.peering_active import KIND, PeeringParams
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ec2_peering import DELETED, Connection
from rehearsal.wire import Call
from tests.requirements.looking import furnish, look, worst
from tests.steps.conftest import Bench

NAME = "pcx-0123456789abcdef0"


def params(**changes: Any) -> PeeringParams:
    return PeeringParams.model_validate({"connection": NAME} | changes)


@pytest.fixture
def connection(bench: Bench) -> Connection:
    furnish(bench, KIND, params(resolves_names=True))
    return bench.aws.service(Ec2).connections[0]


def test_an_active_connection_with_both_routes_is_fine(bench: Bench, connection: Connection) -> None:
    found = look(bench, KIND, params(resolves_names=True))

    assert {finding.severity for finding in found} == {Severity.FINE}
    assert found[0].sentence == f"Peering {NAME} is active. A failover does not need it."
    assert [finding.code for finding in found] == ["peering", "route", "route"]


@pytest.mark.parametrize("state", ["pending-acceptance", "deleted", "failed", "expired"])
def test_a_connection_that_is_not_active_is_a_warning(bench: Bench, connection: Connection, state: str) -> None:
    connection.state = state

    (finding,) = look(bench, KIND, params())

    assert finding.severity is Severity.WARNING
    assert finding.sentence == f"Peering {NAME} is {state} and not active. A failover does not need it."


def test_a_connection_that_is_not_there_is_a_warning(bench: Bench) -> None:
    (finding,) = look(bench, KIND, params())

    assert (finding.severity, finding.code) == (Severity.WARNING, "peering")
    assert finding.sentence.endswith("A failover does not need it.")


@pytest.mark.parametrize(("side", "region"), [(0, "ap-northeast-2"), (1, "ap-northeast-1")])
def test_a_side_without_a_route_is_told(bench: Bench, connection: Connection, side: int, region: str) -> None:
    connection.sides[side].routed = False

    finding = worst(look(bench, KIND, params()))

    assert (finding.severity, finding.code) == (Severity.WARNING, "route")
    assert f"in {region} to {connection.sides[1 - side].network}" in finding.sentence


def test_a_route_into_nothing_is_no_route(bench: Bench, connection: Connection) -> None:
    def delete_between(call: Call, host: str) -> None:
        if call.operation == "DescribeRouteTables":
            connection.state = DELETED

    bench.aws.before_call.append(delete_between)

    assert "is blackhole" in worst(look(bench, KIND, params())).sentence


@pytest.mark.parametrize("side", [0, 1])
def test_names_that_a_side_does_not_resolve_are_told_where_they_matter(
    bench: Bench, connection: Connection, side: int
) -> None:
    connection.sides[side].resolves = False

    finding = worst(look(bench, KIND, params(resolves_names=True)))

    assert (finding.severity, finding.code) == (Severity.WARNING, "names")
    assert connection.sides[side].region in finding.fix
    assert worst(look(bench, KIND, params())).severity is Severity.FINE


def test_a_connection_of_other_regions_is_a_warning(bench: Bench, connection: Connection) -> None:
    connection.requester.region = "eu-west-1"

    finding = worst(look(bench, KIND, params()))

    assert f"Peering {NAME} joins eu-west-1 with ap-northeast-1" in finding.sentence
