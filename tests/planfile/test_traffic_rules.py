"""A plan whose traffic could leave a verified writer is refused at the place that says so."""

from __future__ import annotations

import pytest

from pilotlight.domain.place import Place, Writer
from pilotlight.domain.step import Params
from pilotlight.steps import kind
from planfile import PlanFileRefused, parse
from planfile.draft import Kinds
from planfile.generated import ROOT
from tests.planfile.builders import KINDS, SOUND, faults_of, points_at, the_fault_of

CHECK = """\
      - step: check
        kind: check
        params:
          url: https://shop.example.com/health
          connect_to: shop-2.eu-central-1.elb.amazonaws.com
"""
LATCH = """\
      - step: latch
        kind: latch_traffic
        params: {databases: [replica]}
"""
TRAFFIC = """\
traffic:
  records:
    - name: shop.example.com
stages:
"""


class MovesReplica(type(KINDS["promote"])):  # type: ignore[misc]  # a type made at run time
    """A fake promotion that says which writer it moves."""

    def writers(self, params: Params, place: Place) -> tuple[Writer, ...]:
        return (Writer(place.arn("rds", "db:old", region=place.primary), place.arn("rds", "db:replica")),)


WITH_LATCH: Kinds = {**KINDS, "latch_traffic": kind("latch_traffic")}
STATEFUL: Kinds = {**WITH_LATCH, "promote": MovesReplica()}
LATCHED = SOUND.replace("stages:\n", TRAFFIC).replace(CHECK, CHECK + LATCH)


def test_a_plan_that_latches_its_records_last_is_sound() -> None:
    assert faults_of(LATCHED, STATEFUL) == ()


def test_a_joined_check_needs_a_maintenance_page_where_a_writer_moves() -> None:
    text = LATCHED.replace("name: shop.example.com", "name: shop.example.com\n      primary_check: joined")

    fault = the_fault_of(text, STATEFUL)

    assert points_at(fault, text, "joined")
    assert fault.sentence == (
        "The PRIMARY record shop.example.com joins the primary's own health to the latch, so its users would reach a "
        "standby whose database is a replica still; write 'latch', or put a maintenance page behind it and say so with "
        "maintenance_page."
    )


def test_with_a_page_behind_it_or_without_a_writer_a_check_may_be_joined() -> None:
    text = LATCHED.replace("name: shop.example.com", "name: shop.example.com\n      primary_check: joined")
    with_page = text.replace("primary_check: joined", "primary_check: joined\n      maintenance_page: true")

    assert faults_of(with_page, STATEFUL) == ()
    assert faults_of(text, WITH_LATCH) == ()


def test_records_that_nothing_latches_are_pointed_out() -> None:
    text = SOUND.replace("stages:\n", TRAFFIC)

    fault = the_fault_of(text, STATEFUL)

    assert points_at(fault, text, "traffic:")
    assert fault.sentence == (
        "No step latches the traffic of these records; end the stage serve with one of kind latch_traffic."
    )


def test_a_latch_without_records_moves_nobody() -> None:
    text = SOUND.replace(CHECK, CHECK + LATCH)

    fault = the_fault_of(text, STATEFUL)

    assert points_at(fault, text, "latch_traffic")
    assert "latches the traffic of no record, because the plan has no section traffic" in fault.sentence


def test_users_come_after_all_that_serves_them() -> None:
    early = SOUND.replace("stages:\n", TRAFFIC).replace(CHECK, LATCH + CHECK)
    beside = SOUND.replace("stages:\n", TRAFFIC).replace(CHECK, CHECK + "    traffic:\n" + LATCH)

    assert the_fault_of(early, STATEFUL).sentence == (
        "'latch' would send users to the standby before 'check' is done; put it behind that step, at the end of the "
        "only lane of serve."
    )
    assert "before 'scale' is done" in the_fault_of(beside, STATEFUL).sentence


def test_users_come_after_what_serve_starts_and_only_the_stage_after_awaits() -> None:
    started = LATCHED.replace("      - step: check\n", "      - start: check\n")
    text = started + "  after:\n    more:\n      - await: check\n"

    assert the_fault_of(text, STATEFUL).sentence == (
        "'latch' would send users to the standby before 'check' is done; put it behind that step, at the end of the "
        "only lane of serve."
    )


def test_traffic_is_latched_in_serve_and_nowhere_else() -> None:
    text = SOUND.replace("stages:\n", TRAFFIC) + "  after:\n    traffic:\n" + LATCH

    fault = the_fault_of(text, STATEFUL)

    assert points_at(fault, text, "latch_traffic")
    assert fault.sentence == "'latch' stands in stage after; latch traffic at the end of the stage serve."


def test_the_latch_reads_each_database_that_the_plan_moves() -> None:
    text = LATCHED.replace("databases: [replica]", "databases: [another]")

    fault = the_fault_of(text, STATEFUL)

    assert points_at(fault, text, "{databases")
    assert fault.sentence == (
        "'latch' does not look whether replica takes the writes before it moves users there; add it to databases."
    )


def test_the_latch_reads_each_cluster_that_the_plan_moves() -> None:
    text = (ROOT / "tests/workflow/orders.yaml").read_text()
    text = text.replace("clusters: { orders-global: orders-tokyo }", "databases: []")

    with pytest.raises(PlanFileRefused) as refused:
        parse(text, "orders.yaml")

    (fault,) = refused.value.faults
    assert points_at(fault, text, "databases: []")
    assert fault.sentence.endswith(
        "whether orders-tokyo takes the writes before it moves users there; add it to clusters, under its global "
        "database."
    )


def test_an_application_whose_bucket_could_not_be_named_is_refused() -> None:
    name = "a-shop-that-sells-many-things-xy"
    text = LATCHED.replace("application: shop", f"application: {name}")

    fault = the_fault_of(text, STATEFUL)

    assert points_at(fault, text, name)
    assert "and S3 allows 63; shorten the application's name" in fault.sentence
