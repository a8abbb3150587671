"""The step kind `create_serverless_cache`: whole lives on the embedded AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    CannotUndo,
    NotYet,
    Receipt,
    Severity,
    Undone,
)
from pilotlight.steps.create_serverless_cache import KIND, CreateServerlessCacheParams
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.services.elasticache import ElastiCache
from rehearsal.services.elasticache_serverless import ServerlessCache
from tests.builders import ISOLATION, drilled
from tests.steps.conftest import PLACE, Bench
from tests.steps.fences import OldPrimary

NAME = "orders-dr"
SNAPSHOT = "arn:aws:elasticache:ap-northeast-1:123456789012:serverlesscachesnapshot:orders-daily"
PARAMS = CreateServerlessCacheParams.model_validate(
    {
        "cache": NAME,
        "engine": "valkey",
        "major_version": "8",
        "vpc": "vpc-0a1b2c3d4e5f60718",
        "subnets": ["subnet-0d1e2f3a4b5c60718", "subnet-0d1e2f3a4b5c60719"],
        "security_groups": ["sg-0d1e2f3a4b5c60718"],
        "user_group": "orders-dr",
        "snapshot_arns": [SNAPSHOT],
    }
)
CREATE, DELETE = "elasticache:CreateServerlessCache", "elasticache:DeleteServerlessCache"


def the_cache(bench: Bench) -> ServerlessCache | None:
    return bench.aws.service(ElastiCache).serverless.get((PLACE.standby, NAME))


def add(bench: Bench, status: str = "available", run: str = "fileflow-e0", **changes: Any) -> ServerlessCache:
    order = PARAMS.order(PLACE, run) | changes
    return bench.aws.service(ElastiCache).add_serverless(PLACE.standby, order, status)


def under_its_role(work: Callable[[], Any]) -> Any:
    token = CURRENT_ROLE.set(Role("the-step", KIND.statements(PARAMS, PLACE)))
    try:
        return work()
    finally:
        CURRENT_ROLE.reset(token)


def live(bench: Bench) -> StepState:
    state: StepState = under_its_role(lambda: bench.live(KIND, PARAMS))
    return state


def undo(bench: Bench, receipt: Receipt | None) -> Any:
    assert receipt is not None
    return under_its_role(lambda: bench.inside(lambda: KIND.undo(PARAMS, receipt, bench.context())))


def test_it_is_created_as_the_plan_says_and_waited_for(bench: Bench) -> None:
    state = live(bench)

    made = the_cache(bench)
    assert state.status is StepStatus.SETTLED, state.reason
    assert bench.writes() == [CREATE]
    assert made is not None
    assert made.order["SnapshotArnsToRestore"] == [SNAPSHOT]
    assert made.order["UserGroupId"] == "orders-dr"
    assert state.outputs["endpoint"] == f"{state.outputs['address']}:6379"
    assert f"Serverless cache {NAME} is creating." in [s.reason for s in bench.states]


def test_our_own_is_adopted_and_never_deleted(bench: Bench) -> None:
    add(bench)

    state = live(bench)
    undone = undo(bench, state.receipt)

    assert state.status is StepStatus.SETTLED
    assert bench.writes() == []
    assert undone == Undone(f"Serverless cache {NAME} stays, because this run found it and did not make it.")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"Tags": []}, "does not say that it is fileflow's"),
        ({"Tags": [{"Key": "pilotlight:application", "Value": "portforge"}]}, "does not say that it is fileflow's"),
        ({"Engine": "redis"}, "its engine is redis, not valkey"),
        ({"MajorEngineVersion": "7"}, "its major version is 7, not 8"),
        ({"SecurityGroupIds": ["sg-1"]}, "its set of security groups is sg-1"),
        ({"UserGroupId": "others"}, "its user group is others, not orders-dr"),
    ],
)
def test_what_is_not_ours_or_differs_stops_the_step(bench: Bench, changes: dict[str, Any], why: str) -> None:
    add(bench, **changes)

    state = live(bench)
    found = bench.inside(lambda: KIND.preflight(PARAMS, bench.context()))

    assert state.status is StepStatus.FAILED
    assert why in state.reason
    assert bench.writes() == []
    assert [finding.severity for finding in found] == [Severity.IMPOSSIBLE]


def test_a_lost_answer_is_looked_at_and_its_cache_is_taken_back_all_the_same(bench: Bench) -> None:
    bench.lose_answers("CreateServerlessCache")

    state = live(bench)
    undone = undo(bench, state.receipt)

    assert state.status is StepStatus.SETTLED
    assert bench.writes() == [CREATE, DELETE]
    assert isinstance(undone, Undone)


def test_a_creation_that_fails_is_told_and_cleared_away_by_the_next_try(bench: Bench) -> None:
    bench.aws.service(ElastiCache).serverless_failure = "create-failed"

    first = live(bench)
    second = live(bench)

    assert first.status is StepStatus.FAILED
    assert "could not be created" in first.reason
    assert second.status is StepStatus.SETTLED
    assert bench.writes() == [CREATE, DELETE, CREATE]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("UserGroupNotFound", "its user group is missing"),
        ("ServerlessCacheQuotaForCustomerExceededFault", "quota of serverless caches"),
        ("ServiceLinkedRoleNotFoundFault", "service-linked role is missing"),
    ],
)
def test_a_refusal_says_why_and_the_way_out(bench: Bench, code: str, why: str) -> None:
    OldPrimary(bench, KIND, PARAMS).refuse("elasticache", "CreateServerlessCache", code)

    state = live(bench)

    assert state.status is StepStatus.FAILED
    assert why in state.reason
    assert state.fix


def test_one_that_is_being_deleted_is_waited_for(bench: Bench) -> None:
    add(bench, status="deleting")

    done = bench.inside(lambda: KIND.execute(PARAMS, bench.context()))

    assert done == NotYet(f"Serverless cache {NAME} is being deleted, so its name is not free yet.")


def test_undo_deletes_what_this_run_made_and_nothing_that_took_its_place(bench: Bench) -> None:
    state = live(bench)
    made = the_cache(bench)
    assert made is not None
    made.order["Description"] = "Made by somebody"

    refused = undo(bench, state.receipt)
    made.order["Description"] = "Made by Pilotlight for fileflow, run fileflow-e1"
    done = undo(bench, state.receipt)

    assert isinstance(refused, CannotUndo)
    assert done == Undone(
        f"Serverless cache {NAME} is being deleted, without a snapshot, because this run had made it."
    )


def test_one_that_is_gone_meanwhile_fails_the_step(bench: Bench) -> None:
    add(bench)
    receipt = Receipt("found", acted=False, data={"made_by": ""})
    bench.aws.service(ElastiCache).serverless.clear()

    looked = bench.inside(lambda: KIND.verify(PARAMS, receipt, bench.context()))

    assert looked.reason == f"Serverless cache {NAME} is gone, and not by this run."


def test_a_drill_makes_one_of_its_own_without_the_data() -> None:
    drill = drilled(KIND, PARAMS)

    assert (drill.cache, drill.snapshot_arns) == ("drill-orders-dr", ())
    assert drill.security_groups == ISOLATION.security_groups
    assert isinstance(KIND.stand_in(PARAMS.model_copy(update={"cache": "x" * 38}), ISOLATION), Refusal)


def test_no_security_group_is_never_the_default_one() -> None:
    with pytest.raises(ValidationError, match="security_groups"):
        CreateServerlessCacheParams.model_validate(PARAMS.model_dump() | {"security_groups": []})
