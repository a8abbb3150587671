"""Who reaches a private load balancer in a rehearsal: a function in its VPC or a peered one, and nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from pilotlight.domain.ports import Silence, WebAnswer, WebRequest
from rehearsal.internet import Internet
from rehearsal.virtual_time import VirtualTime
from rehearsal.world import CURRENT_REGION, CURRENT_VPC, World
from tests.builders import ACCOUNT, PRIMARY, STANDBY, WITNESS

PRIVATE, PUBLIC = "internal-shop.example.com", "shop.example.com"
NOBODY = ""


@dataclass
class Net:
    world: World
    internet: Internet

    def ask(self, host: str, *, region: str = STANDBY, vpc: str = NOBODY) -> WebAnswer:
        """Ask as a function in a region, which stands in the VPC of that region or in none."""

        def ask() -> WebAnswer:
            CURRENT_REGION.set(region)
            CURRENT_VPC.set(vpc)
            return self.internet.ask(WebRequest("GET", f"https://{host}/", timeout_seconds=2.0))

        task = self.world.time.spawn(ask, name="test")
        self.world.time.run(until=lambda: task.done)
        return task.result()


@pytest.fixture
def net() -> Net:
    world = World(VirtualTime(datetime(2026, 11, 21, tzinfo=UTC)), 1, ACCOUNT)
    internet = Internet(world)
    internet.put_private(PRIVATE, PRIMARY, lambda request: WebAnswer(200, "UP"))
    internet.put_in_region(PUBLIC, PRIMARY, lambda request: WebAnswer(200, "UP"))
    world.peer(PRIMARY, STANDBY)
    return Net(world, internet)


@pytest.mark.parametrize("vpc", [PRIMARY, STANDBY])
def test_a_function_in_the_vpc_or_in_a_peered_one_gets_an_answer(net: Net, vpc: str) -> None:
    assert net.ask(PRIVATE, region=vpc, vpc=vpc).status == 200


@pytest.mark.parametrize("vpc", [NOBODY, WITNESS], ids=["in no VPC", "in a VPC that is not peered"])
def test_nobody_else_does_though_the_name_resolves(net: Net, vpc: str) -> None:
    """As a public probe of a private host would time out in AWS."""
    began = net.world.time.now()

    answer = net.ask(PRIVATE, region=vpc or STANDBY, vpc=vpc)

    assert (answer.status, answer.silence) == (None, Silence.TIMED_OUT)
    assert (net.world.time.now() - began).total_seconds() >= 2.0


def test_a_function_in_a_vpc_reaches_nothing_on_the_internet(net: Net) -> None:
    assert net.ask(PUBLIC).status == 200
    assert net.ask(PUBLIC, vpc=STANDBY).silence is Silence.TIMED_OUT


def test_a_cut_peering_leaves_the_vpc_itself_and_the_internet_alone(net: Net) -> None:
    net.world.cut_peering(PRIMARY, STANDBY)

    assert net.ask(PRIVATE, vpc=STANDBY).silence is Silence.TIMED_OUT
    assert net.ask(PRIVATE, region=PRIMARY, vpc=PRIMARY).status == 200
    assert net.ask(PUBLIC).status == 200


@pytest.mark.parametrize("trouble", ["dark", "cut"])
def test_peering_goes_with_the_region_and_with_the_path_to_it(net: Net, trouble: str) -> None:
    if trouble == "dark":
        net.world.darken(PRIMARY)
    else:
        net.world.cut(PRIMARY, STANDBY)

    assert net.ask(PRIVATE, vpc=STANDBY).silence is Silence.TIMED_OUT
