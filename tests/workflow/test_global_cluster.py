"""An application on an Aurora global database, whole: an outage, a planned run, and a planned run into the dark."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from pilotlight.domain.plan import Plan
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome
from planfile import load
from rehearsal.play import Played, play
from rehearsal.scenarios import scenario
from rehearsal.scenarios.scenario import Scenario, outage
from rehearsal.scene import Scene
from rehearsal.services.elasticache import ElastiCache
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.rds import Rds
from rehearsal.services.scheduler import Scheduler

pytestmark = pytest.mark.full

ORDERS = Path(__file__).parent / "orders.yaml"
SEOUL, TOKYO = "ap-northeast-2", "ap-northeast-1"


@cache
def orders() -> Plan:
    return load(ORDERS)


@cache
def seen_of(name: str) -> Played:
    return play(orders(), scenario(name), seed=1)


def moves(seen: Played) -> list[str]:
    trace = seen.scene.world.trace
    return [line.operation for line in trace if line.operation.endswith("overGlobalCluster")]


def writer(scene: Scene) -> str:
    return scene.account.aws.service(Rds).global_databases["orders-global"].writer.identifier


def test_an_outage_is_recovered_from_by_a_failover_that_allows_data_loss() -> None:
    seen = seen_of("outage")

    assert seen.result.outcome == "RECOVERED", seen.result.reason
    assert moves(seen) == ["FailoverGlobalCluster"]
    assert writer(seen.scene) == "orders-tokyo"
    assert seen.result.rpo_seconds is not None
    assert 0 < seen.result.rpo_seconds < 180
    assert [line for line in seen.scene.world.trace if line.error == "AccessDenied"] == []
    assert seen.primary[0] == seen.primary[1]


def test_the_warm_cache_is_scaled_beside_the_gate_and_its_address_swapped_in() -> None:
    seen = seen_of("outage")

    group = seen.scene.account.aws.service(ElastiCache).group(TOKYO, "orders-dr-redis")
    assert group is not None
    assert (group.node_type, len(group.nodes)) == ("cache.r7g.large", 2)
    swapped = [line for line in seen.scene.world.trace if line.resource.endswith("parameter/orders/dr/redis/endpoint")]
    assert "PutParameter" in [line.operation for line in swapped]


def test_a_planned_run_switches_over_and_loses_nothing() -> None:
    seen = seen_of("planned")

    assert seen.result.outcome == "RECOVERED", seen.result.reason
    assert moves(seen) == ["SwitchoverGlobalCluster"]
    assert seen.result.rpo_seconds == 0.0
    drained = [r.entry.sentence for r in seen.records if r.entry.kind is RecordKind.DRAINED]
    assert drained == [
        "Nothing is lost: orders-seoul is closed, and Aurora switches over to orders-tokyo only when that holds all "
        "that was written."
    ]


def test_what_starts_functions_is_off_in_the_old_primary_and_on_in_the_standby() -> None:
    seen = seen_of("planned")

    scheduler = seen.scene.account.aws.service(Scheduler)
    mappings = seen.scene.account.aws.service(LambdaFunctions).mappings
    assert scheduler.schedule(SEOUL, "default", "orders-invoices").state == "DISABLED"
    assert scheduler.schedule(TOKYO, "default", "orders-invoices").state == "ENABLED"
    assert {m.region: m.state for m in mappings} == {SEOUL: "Disabled", TOKYO: "Enabled"}


def test_the_function_of_the_plan_is_called_for_this_run_with_what_an_earlier_step_gave() -> None:
    seen = seen_of("outage")

    function = seen.scene.account.aws.service(LambdaFunctions).own_function(TOKYO, "orders-dr-warm-search", "live")
    assert function is not None
    assert [event["do"] for event in function.events] == ["execute", "verify"]
    runs = {r.entry.run_id for r in seen.records if r.entry.step == "warm-search"}
    assert {event["run_id"] for event in function.events} == runs
    assert function.events[0]["payload"]["database"].startswith("orders-tokyo.cluster-")


def test_a_lag_that_nobody_reports_blocks_before_anything_is_moved() -> None:
    def silent(scene: Scene) -> None:
        scene.account.aws.service(Rds).clusters[TOKYO, "orders-tokyo"].lag_reported = False

    seen = play(orders(), Scenario("silent", "No lag is reported.", Outcome.BLOCKED, outage, before=silent), seed=1)

    assert seen.result.outcome == "BLOCKED", seen.result.reason
    assert moves(seen) == []
    assert writer(seen.scene) == "orders-seoul"
