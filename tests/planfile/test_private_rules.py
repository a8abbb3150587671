"""A plan of a private application says where it is asked from, and names nobody who would look in vain."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pilotlight.steps import kind
from planfile.draft import Kinds
from planfile.drawing import lines_of
from planfile.overview import overview
from tests.planfile.builders import KINDS, SOUND, faults_of, points_at, read, the_fault_of

HEALTH_CHECK = "  health_check:\n    host: shop-1.eu-west-1.elb.amazonaws.com\n"
FOOTHOLDS = """\
network:
  private: true
  primary: {subnets: [subnet-0a1], security_groups: [sg-0a1]}
  standby: {subnets: [subnet-0b1, subnet-0b2], security_groups: [sg-0b1]}
"""
PRIVATE = SOUND.replace(HEALTH_CHECK, "").replace("signals:\n", FOOTHOLDS + "signals:\n")
WITNESS = ("  standby: eu-central-1\n", "  standby: eu-central-1\n  witness: eu-north-1\n")
TRAFFIC = "traffic:\n  records:\n    - {name: shop.example.com, zone: Z1}\nstages:\n"
LATCH = "      - {step: latch, kind: latch_traffic, params: {databases: [replica]}}\n"
LATCHED = PRIVATE.replace("stages:\n", TRAFFIC) + LATCH
REAL: Kinds = {**KINDS, "latch_traffic": kind("latch_traffic"), "check_http": kind("check_http")}


def test_a_private_plan_needs_no_health_check() -> None:
    plan = read(PRIVATE)

    assert plan.health_check_alarm is None
    assert plan.alarm_arns == ()
    assert plan.network.standby is not None
    assert plan.network.standby.subnets == ("subnet-0b1", "subnet-0b2")


def test_it_is_shown_as_what_it_is() -> None:
    heading = "".join(piece.text for piece in next(iter(lines_of(overview(read(PRIVATE), KINDS)))))

    assert heading == "shop: failover plan of a private application, eu-west-1 to eu-central-1, armed 'observe'"


def test_a_public_plan_needs_one() -> None:
    text = SOUND.replace(HEALTH_CHECK, "")

    fault = the_fault_of(text)

    assert points_at(fault, text, "signals:")
    assert fault.sentence == (
        "The signals name no health_check, and a public application is looked at by Route 53 too; name the primary's "
        "own load balancer there, or say 'private: true' under network if only its VPCs reach it."
    )


def test_a_private_plan_may_not_have_one() -> None:
    text = PRIVATE.replace("signals:\n", f"signals:\n{HEALTH_CHECK}")

    fault = the_fault_of(text)

    assert points_at(fault, text, "health_check:")
    assert "the checkers of Route 53 reach public endpoints only" in fault.sentence


@pytest.mark.parametrize("role", ["primary", "standby"])
def test_a_private_application_is_asked_from_both_its_regions(role: str) -> None:
    lines = [line for line in PRIVATE.splitlines(keepends=True) if not line.startswith(f"  {role}: {{")]

    fault = the_fault_of("".join(lines))

    assert fault.sentence == (
        f"The application is private, and nothing says where it is asked from in the {role}; name subnets and security "
        f"groups under network.{role}."
    )


def test_a_foothold_without_subnets_or_with_too_many_is_refused() -> None:
    none, seventeen = "subnets: []", f"subnets: [{', '.join(f'subnet-{n}' for n in range(17))}]"

    assert len(faults_of(PRIVATE.replace("subnets: [subnet-0a1]", none))) == 1
    assert len(faults_of(PRIVATE.replace("subnets: [subnet-0a1]", seventeen))) == 1


def test_nobody_stands_in_the_vpc_of_a_public_application() -> None:
    text = SOUND.replace("signals:\n", FOOTHOLDS.replace("  private: true\n", "") + "signals:\n")

    primary, standby = faults_of(text)

    assert "nobody would stand in the VPC of the primary" in primary.sentence
    assert "nobody would stand in the VPC of the standby" in standby.sentence


def test_a_foothold_in_a_witness_that_the_plan_does_not_have_is_refused() -> None:
    further = "  witness: {subnets: [subnet-0c1], security_groups: [sg-0c1]}\n"
    text = PRIVATE.replace("signals:\n", f"{further}signals:\n")

    assert "The plan has no witness" in the_fault_of(text).sentence
    assert faults_of(text.replace(*WITNESS)) == ()


def test_a_private_plan_that_starts_by_itself_has_a_witness() -> None:
    """A plan that asks people first does so too: a path that is cut looks like a dark primary from one side."""
    text = PRIVATE + "arming: staged\npeople: {approvers: ['arn:aws:sts::123456789012:assumed-role/Operators/*']}\n"

    sentences = [fault.sentence for fault in faults_of(text)]
    with_witness = [fault.sentence for fault in faults_of(text.replace(*WITNESS))]

    assert [s for s in sentences if s.startswith("Armed 'staged' without a witness, nothing tells a dark primary")]
    assert [s for s in with_witness if "witness" in s] == []


def test_private_records_name_their_zone_and_join_no_health_check() -> None:
    assert faults_of(LATCHED, REAL) == ()

    nameless = the_fault_of(LATCHED.replace(", zone: Z1", ""), REAL)
    joined = the_fault_of(LATCHED.replace("zone: Z1", "zone: Z1, primary_check: joined, maintenance_page: true"), REAL)

    assert "write the zone's id into zone" in nameless.sentence
    assert "a private application has none; write 'latch'" in joined.sentence


def test_a_question_inside_a_vpc_is_short() -> None:
    text = PRIVATE.replace("kind: check\n", "kind: check_http\n").replace(
        "          connect_to: shop-2", "          timeout: 6 s\n          connect_to: shop-2"
    )

    fault = the_fault_of(text, REAL)

    assert points_at(fault, text, "6 s")
    assert fault.sentence == (
        "'check' would wait 6 s for an answer, and inside a VPC 5 s is the most; make the timeout shorter."
    )
    assert faults_of(text.replace("6 s", "5 s"), REAL) == ()


@pytest.mark.parametrize(("must_last", "later"), [("5 min", 0), ("3 min", 30)])
def test_its_darkness_is_detected_by_probes_and_lasts_no_sooner_than_silence_is_called_so(
    must_last: str, later: int
) -> None:
    text = PRIVATE.replace("must_last: 5 min", f"must_last: {must_last}")
    text = text.replace("decision:\n", "  heartbeat: {silent_after: 210 s}\ndecision:\n")

    budget = overview(read(text), KINDS).detection

    assert budget
    assert budget.shortest == timedelta(seconds=2 + later)
    assert budget.longest == timedelta(seconds=75 + later)
