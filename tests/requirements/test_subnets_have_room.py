"""Free addresses of subnets, and the zones that they lie in."""

from __future__ import annotations

from pilotlight.domain.requirement import Severity
from pilotlight.requirements.subnets_have_room import KIND, SubnetsParams
from rehearsal.services.ec2 import Ec2
from tests.requirements.looking import furnish, look, worst
from tests.steps.conftest import Bench

ONE, OTHER = "subnet-0123456789abcdef0", "subnet-0123456789abcdef1"
PARAMS = SubnetsParams(subnets=(ONE, OTHER), addresses=8)


def test_room_in_two_zones_is_fine(bench: Bench) -> None:
    furnish(bench, KIND, PARAMS)

    found = look(bench, KIND, PARAMS)

    assert {finding.severity for finding in found} == {Severity.FINE}
    assert "and a recovery takes 8." in found[0].sentence


def test_what_is_free_is_added_up(bench: Bench) -> None:
    furnish(bench, KIND, PARAMS)
    for subnet, free in zip(bench.aws.service(Ec2).subnets, (3, 4), strict=True):
        subnet.free = free

    finding = worst(look(bench, KIND, PARAMS))

    assert finding.severity is Severity.ERROR
    assert "have 7 free addresses, and a recovery takes 8" in finding.sentence


def test_one_zone_alone_is_a_warning(bench: Bench) -> None:
    furnish(bench, KIND, PARAMS)

    finding = worst(look(bench, KIND, SubnetsParams(subnets=(ONE,), addresses=8)))

    assert (finding.severity, finding.code) == (Severity.WARNING, "zones")


def test_a_subnet_that_is_not_there_is_an_error(bench: Bench) -> None:
    finding = worst(look(bench, KIND, PARAMS))

    assert finding.severity is Severity.ERROR
    assert ONE in finding.sentence
