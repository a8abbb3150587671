"""A record fits as long as observers, policy and regions are what they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backtest.record import fingerprint, missing_record, record_path, write_record
from tests.builders import PRIMARY_HOST, STANDBY, a_plan, a_private_plan


@pytest.mark.parametrize("arming", ["observe", "manual", "staged"])
def test_the_arming_is_no_part_of_what_was_tested(arming: str) -> None:
    assert fingerprint(a_plan(arming=arming)) == fingerprint(a_plan(arming="automatic"))


@pytest.mark.parametrize(
    "difference",
    [
        {"decision": {"must_last": "4 min"}},
        {"regions": {"primary": "ap-northeast-2", "standby": STANDBY, "witness": "ap-southeast-1"}},
        {"signals": {"health_check": {"host": PRIMARY_HOST}, "probe": {"url": f"https://{PRIMARY_HOST}/live"}}},
    ],
)
def test_another_policy_another_observer_or_another_region_is_another_test(difference: dict[str, Any]) -> None:
    assert fingerprint(a_plan(**difference)) != fingerprint(a_plan())


def test_a_private_application_that_is_asked_from_elsewhere_is_another_test_and_other_subnets_are_none() -> None:
    plan = a_private_plan()
    footholds = {role: plan.network.foothold(role) for role in ("primary", "standby")}
    moved = {**footholds, "standby": {"subnets": ["subnet-9"], "security_groups": ["sg-9"]}}

    def with_network(**named: object) -> str:
        return fingerprint(a_private_plan(network={"private": True, **named}))

    assert with_network(**moved) == fingerprint(plan)
    assert with_network(**footholds, witness=moved["standby"]) != fingerprint(plan)


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (None, "is missing"),
        ("{", "cannot be read"),
        ('{"application": "fileflow"}', "cannot be read"),
        ('{"application": "fileflow", "hash": "0"}', "is of other observers or another policy than the plan's"),
    ],
)
def test_a_record_that_does_not_fit_is_refused_with_the_way_out(
    tmp_path: Path, content: str | None, trouble: str
) -> None:
    plan = a_plan()
    if content is not None:
        record_path(plan, tmp_path).write_text(content)

    assert missing_record(plan, tmp_path) == (
        f"fileflow is armed `automatic`, and its back-test record fileflow.backtest.json {trouble}; run "
        "`./pilotlight backtest PLAN --from cloudwatch --record` and read what it says, or arm it `manual`."
    )


def test_a_record_of_another_application_does_not_fit(tmp_path: Path) -> None:
    plan = a_plan()
    write_record(plan, tmp_path, {"application": "shop", "hash": fingerprint(plan)})

    assert "other observers" in missing_record(plan, tmp_path)


def test_a_record_that_fits_lets_the_plan_act(tmp_path: Path) -> None:
    plan = a_plan()
    write_record(plan, tmp_path, {"application": "fileflow", "hash": fingerprint(plan), "episodes": []})

    assert missing_record(plan, tmp_path) == ""


@pytest.mark.parametrize("arming", ["observe", "manual"])
def test_who_does_nothing_alone_needs_none(tmp_path: Path, arming: str) -> None:
    assert missing_record(a_plan(arming=arming), tmp_path) == ""
