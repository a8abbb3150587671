"""A plan whose global tables could have two writers is refused at the place that says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from planfile import parse
from planfile.faults import PlanFileRefused
from tests.ticketing import CHECK, CLOSE, SCALE, STAGES, STOP, TAKE_OVER, megaticket

PROMOTE = {"step": "promote", "kind": "promote_replica", "params": {"replica": "the-replica", "source": "the-source"}}
DATABASE = {
    "step": "close-database",
    "kind": "fence_security_group",
    "params": {"instance": "the-source", "security_groups": ["sg-0123456789abcdef1"]},
}


def refusals(arming: str = "automatic", **stages: Any) -> list[str]:
    """What is said of the plan with these stages in the place of its own."""
    plan = megaticket(arming=arming, stages={**STAGES, **stages}).model_dump(mode="json", by_alias=True)
    wanted = ("application", "account", "regions", "arming", "objectives", "stages")
    spans = {"rto": "2 h", "rpo": "15 min"}
    health = {"host": "megaticket-1.ap-northeast-2.elb.amazonaws.com"}
    probe = {"url": "https://megaticket.example.com/health", "connect_to": health["host"]}
    kept = {name: plan[name] for name in wanted}
    whole = {**kept, "objectives": spans, "signals": {"health_check": health, "probe": probe}}
    try:
        parse(yaml.safe_dump(whole, sort_keys=False), str(Path("plan.yaml")))
    except PlanFileRefused as refused:
        return [fault.sentence for fault in refused.faults]
    return []


def test_tables_behind_a_fence_and_before_the_capacity_are_sound() -> None:
    assert refusals() == []


def test_as_many_as_one_role_can_name_and_no_more() -> None:
    def taking(name: str, tables: range) -> dict[str, Any]:
        return {**TAKE_OVER, "step": name, "params": {"tables": [f"megaticket-{number}" for number in tables]}}

    assert refusals(move={"tables": [taking("first", range(10))]}) == []
    assert refusals(move={"tables": [taking("first", range(6)), taking("second", range(6, 12))]}) == [
        "The plan takes over 12 tables with 'second', and the policies of one role have room for 10; make two plans of "
        "it, or leave out what may stay as it is."
    ]


def test_beside_a_promotion_they_are_taken_over_behind_it() -> None:
    fence = {**STAGES["fence"], "database": [DATABASE]}

    assert refusals(fence=fence, move={"data": [PROMOTE, TAKE_OVER]}) == []


@pytest.mark.parametrize(
    "move", [{"data": [TAKE_OVER, PROMOTE]}, {"tables": [TAKE_OVER], "database": [PROMOTE]}], ids=["before", "beside"]
)
def test_what_can_be_refused_moves_first(move: dict[str, Any]) -> None:
    assert refusals(move=move) == [
        "'take-over-tables' would be past the point of no return before 'promote' has moved its writer, which can be "
        "refused; put it behind that step, in the same lane."
    ]


@pytest.mark.parametrize("arming", ["observe", "manual", "staged", "automatic"])
def test_whoever_starts_it_something_closes_the_application(arming: str) -> None:
    assert (
        "'take-over-tables' takes over tables that the old primary can write to for ever, and no fence closes what "
        "writes to them; add one to the stage fence (a fence_security_group closes a database only)."
    ) in refusals(arming, fence={"database": [DATABASE]})


@pytest.mark.parametrize("fence", [CLOSE, STOP])
def test_one_fence_of_the_application_is_enough(fence: dict[str, Any]) -> None:
    assert refusals(fence={"application": [fence]}) == []


def test_they_stand_in_the_stage_move() -> None:
    assert refusals(move={}, serve={"application": [TAKE_OVER, SCALE, CHECK]}) == [
        "'take-over-tables' moves the writer of its tables; put it into the stage move."
    ]


@pytest.mark.parametrize("lanes", [{"tables": [TAKE_OVER], "app": [SCALE]}, {"tables": [SCALE, TAKE_OVER]}])
def test_nothing_is_brought_up_before_they_have_changed_hands(lanes: dict[str, Any]) -> None:
    said = (
        "'scale' (scale_ecs_service) may let the standby write before 'take-over-tables' has taken the tables over; "
        "put it into the stage serve."
    )

    refused = refusals(move=lanes, serve={"application": [CHECK]})

    assert said in refused
    assert all(sentence.endswith("put it into the stage serve.") for sentence in refused)


def test_capacity_in_prepare_is_refused_as_anything_disruptive_is() -> None:
    (sentence,) = refusals(prepare={"application": [SCALE]}, serve={"application": [CHECK]})

    assert sentence.startswith("'scale' is disruptive (scale_ecs_service), and prepare comes before the gate")
