"""FileFlow's VPCs are peered, and a failover does not need it: a world without the connection recovers as any other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployment import names
from deployment.application import application
from deployment.resources import Function
from planfile import load
from rehearsal.play import Played, play
from rehearsal.scenarios import scenario
from rehearsal.scene import Scene
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ec2_peering import DELETED
from tests.workflow.played import FILEFLOW, played

pytestmark = pytest.mark.full

PEERING = ("DescribeVpcPeeringConnections", "DescribeRouteTables")


def delete_the_peering(scene: Scene) -> None:
    """The connection is gone, and with it every way between the VPCs."""
    (connection,) = scene.account.aws.service(Ec2).connections
    connection.state = DELETED
    scene.world.peerings.clear()


@pytest.fixture(scope="module")
def without() -> Played:
    return play(load(FILEFLOW), replace(scenario("outage"), before=delete_the_peering), 1)


def test_an_outage_is_recovered_from_all_the_same(without: Played) -> None:
    assert without.result.outcome == "RECOVERED", without.result.reason
    assert without.result.objectives["met"] is True


def test_the_run_takes_the_steps_of_one_with_peering(without: Played) -> None:
    steps = [(step.name, step.status) for step in without.result.steps]

    assert steps == [(step.name, step.status) for step in played("outage").result.steps]


def test_no_call_since_the_onset_is_about_the_peering_but_the_looks_of_readiness(without: Played) -> None:
    calls = [line for line in without.scene.world.trace if line.time >= without.onset]

    assert calls
    assert {line.by for line in calls if line.operation in PEERING} <= {names.readiness_function("fileflow")}


def test_no_function_of_it_stands_in_a_vpc_from_where_alone_peering_leads_anywhere() -> None:
    functions = [each for each in application(load(FILEFLOW)).resources if isinstance(each, Function)]

    assert functions
    assert [function.name for function in functions if function.foothold] == []
