"""A NAT gateway that is replaced: one new one, routes that turn only to what is available, and the way back."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight.domain.life import StepStatus
from pilotlight.domain.step import CannotUndo, NotYet, Receipt, Severity, Undone
from pilotlight.steps.replace_nat_gateway import KIND, ReplaceNatGatewayParams
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.services.ec2 import Ec2
from tests.steps.conftest import PLACE, Bench

TOKYO, OLD = PLACE.standby, "nat-0123456789abcdef0"
SUBNET, FREE = "subnet-0123456789abcdef1", "eipalloc-0123456789abcdef0"
TABLES = ("rtb-0123456789abcdef0", "rtb-0123456789abcdef1")
ALLOCATE, CREATE, TURN = "ec2:AllocateAddress", "ec2:CreateNatGateway", "ec2:ReplaceRoute"


def params(**differences: Any) -> ReplaceNatGatewayParams:
    return ReplaceNatGatewayParams.model_validate(
        {"gateway": OLD, "subnet": SUBNET, "route_tables": TABLES, **differences}
    )


PARAMS = params()


@pytest.fixture
def ec2(bench: Bench) -> Ec2:
    model = bench.aws.service(Ec2)
    for standing in KIND.standing(params(allocation=FREE), PLACE):
        model.furnish(standing)
    return model


def execute(bench: Bench) -> Receipt | NotYet:
    done = bench.inside(lambda: KIND.execute(PARAMS, bench.context()))
    assert isinstance(done, Receipt | NotYet)
    return done


def targets(ec2: Ec2) -> set[str]:
    return {ec2.routes[TOKYO, table] for table in TABLES}


class TestReplacing:
    def test_the_routes_lead_to_a_new_gateway_with_a_new_address(self, bench: Bench, ec2: Ec2) -> None:
        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert targets(ec2) == {end.outputs["gateway"]}
        assert end.outputs["gateway"] != OLD
        assert end.reason.endswith(f"{OLD} is kept, and costs money until it is deleted.")
        assert bench.writes() == [ALLOCATE, CREATE, TURN, TURN]

    def test_a_named_address_is_used(self, bench: Bench, ec2: Ec2) -> None:
        end = bench.live(KIND, params(allocation=FREE))

        assert end.status is StepStatus.SETTLED
        assert bench.writes() == [CREATE, TURN, TURN]
        assert next(a for a in ec2.addresses if a.id == FREE).used_by == end.outputs["gateway"]

    def test_no_route_turns_before_the_gateway_is_available(self, bench: Bench, ec2: Ec2) -> None:
        execute(bench)
        bench.world.time.sleep(10)

        assert isinstance(execute(bench), NotYet)
        assert targets(ec2) == {OLD}

    @pytest.mark.parametrize("allocation", [None, FREE])
    def test_its_permissions_suffice(self, bench: Bench, ec2: Ec2, allocation: str | None) -> None:
        wanted = params(allocation=allocation)
        token = CURRENT_ROLE.set(Role("replace", KIND.statements(wanted, PLACE)))

        end = bench.live(KIND, wanted)

        CURRENT_ROLE.reset(token)
        assert end.status is StepStatus.SETTLED

    def test_one_that_ec2_cannot_make_fails_in_its_words_and_turns_nothing(self, bench: Bench, ec2: Ec2) -> None:
        ec2.subnet(TOKYO, SUBNET).free = 0

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.FAILED
        assert "InsufficientFreeAddressesInSubnet: Subnet has insufficient free addresses" in end.reason
        assert targets(ec2) == {OLD}


class TestActingTwice:
    @pytest.mark.parametrize("crash_seconds", [1, 60, 400])
    def test_whenever_it_died_it_makes_one_gateway(self, bench: Bench, ec2: Ec2, crash_seconds: float) -> None:
        execute(bench)
        bench.world.time.sleep(crash_seconds)
        execute(bench)

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert bench.writes() == [ALLOCATE, CREATE, TURN, TURN]

    @pytest.mark.parametrize("operation", ["AllocateAddress", "CreateNatGateway", "ReplaceRoute"])
    def test_an_answer_that_was_lost_is_read_back(self, bench: Bench, ec2: Ec2, operation: str) -> None:
        bench.lose_answers(operation)

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert bench.writes() == [ALLOCATE, CREATE, TURN, TURN]


class TestRefusing:
    @pytest.mark.parametrize(
        ("differences", "words"),
        [
            ({"subnet": "subnet-00000000000000000"}, "There is no subnet subnet-00000000000000000"),
            ({"allocation": "eipalloc-00000000000000000"}, "There is no address eipalloc-00000000000000000."),
            ({"route_tables": ["rtb-00000000000000000"]}, "One of the route tables rtb-00000000000000000 does not"),
            ({"gateway": "nat-00000000000000000"}, f"{TABLES[0]} leads to {OLD}, which is not the gateway"),
        ],
    )
    def test_what_is_not_as_the_plan_says_is_known_ahead_and_makes_nothing(
        self, bench: Bench, ec2: Ec2, differences: dict[str, Any], words: str
    ) -> None:
        wanted = params(**differences)

        end = bench.live(KIND, wanted)
        (finding,) = bench.inside(lambda: KIND.preflight(wanted, bench.context()))

        assert end.status is StepStatus.FAILED
        assert end.reason.startswith(words)
        assert finding.severity is Severity.IMPOSSIBLE
        assert bench.writes() == []

    def test_an_address_in_use_is_refused(self, bench: Bench, ec2: Ec2) -> None:
        used = next(address.id for address in ec2.addresses if address.used_by)

        end = bench.live(KIND, params(allocation=used))

        assert end.reason == f"Address {used} is in use."

    def test_a_route_that_a_person_turned_meanwhile_is_left(self, bench: Bench, ec2: Ec2) -> None:
        execute(bench)
        ec2.routes[TOKYO, TABLES[1]] = "igw-0123456789abcdef0"

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.FAILED
        assert end.reason.startswith(f"{TABLES[1]} leads to igw-0123456789abcdef0")
        assert ec2.routes[TOKYO, TABLES[0]] == OLD


class TestTheWayBack:
    def test_the_routes_lead_to_the_old_gateway_again(self, bench: Bench, ec2: Ec2) -> None:
        receipt = bench.live(KIND, PARAMS).receipt
        assert receipt

        undone = [bench.inside(lambda: KIND.undo(PARAMS, receipt, bench.context())) for _ in range(2)]

        assert all(isinstance(each, Undone) for each in undone)
        assert targets(ec2) == {OLD}
        assert bench.writes().count(TURN) == 4

    def test_an_old_gateway_that_is_gone_takes_no_route_back(self, bench: Bench, ec2: Ec2) -> None:
        end = bench.live(KIND, PARAMS)
        receipt = end.receipt
        assert receipt
        next(gateway for gateway in ec2.gateways if gateway.id == OLD).state = "deleted"

        undone = bench.inside(lambda: KIND.undo(PARAMS, receipt, bench.context()))

        assert undone == CannotUndo(f"The routes stay with {end.outputs['gateway']}, because {OLD} is deleted.")
