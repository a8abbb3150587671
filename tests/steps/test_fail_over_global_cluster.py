"""The step kind `fail_over_global_cluster`: whole lives on the embedded AWS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pilotlight.domain.data_loss import DataAtRisk
from pilotlight.domain.life import StepState, StepStatus, advance, look_again_in
from pilotlight.domain.place import Writer
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    NotYet,
    Pending,
    Receipt,
    Severity,
    Undone,
)
from pilotlight.steps.fail_over_global_cluster import KIND, FailOverGlobalClusterParams
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.rds import Rds
from rehearsal.services.rds_global import DbCluster, GlobalDatabase
from tests.builders import ISOLATION
from tests.steps.conftest import PLACE, Bench
from tests.steps.fences import OldPrimary

SEOUL, TOKYO = PLACE.primary, PLACE.standby
PARAMS = FailOverGlobalClusterParams(global_cluster="orders-global", cluster="orders-tokyo", source="orders-seoul")
FAILOVER, SWITCHOVER = "rds:FailoverGlobalCluster", "rds:SwitchoverGlobalCluster"


@pytest.fixture
def database(bench: Bench) -> GlobalDatabase:
    rds = bench.aws.service(Rds)
    rds.furnish(KIND.standing(PARAMS, PLACE)[0])
    return rds.global_databases["orders-global"]


def tokyo(bench: Bench) -> DbCluster:
    return bench.aws.service(Rds).clusters[TOKYO, "orders-tokyo"]


def under_its_role(work: Callable[[], Any]) -> Any:
    token = CURRENT_ROLE.set(Role("the-step", KIND.statements(PARAMS, PLACE)))
    try:
        return work()
    finally:
        CURRENT_ROLE.reset(token)


def live(bench: Bench, *, planned: bool = False) -> StepState:
    """Take turns until the step is over, in a run that may lose nothing, or in one that may."""

    def turns() -> StepState:
        current = StepState()
        while not current.status.over:
            context = replace(bench.context(started=current.started), planned=planned)
            current = advance(KIND, PARAMS, current, context)
            bench.states.append(current)
            if not current.status.over:
                bench.world.time.sleep(look_again_in(KIND, current, bench.world.time.now()).total_seconds())
        return current

    state: StepState = under_its_role(lambda: bench.inside(turns))
    return state


def ask(bench: Bench, work: Callable[[Any], Any], *, planned: bool = False) -> Any:
    return under_its_role(lambda: bench.inside(lambda: work(replace(bench.context(), planned=planned))))


# Moving


def test_an_unplanned_run_fails_over_and_allows_data_loss(bench: Bench, database: GlobalDatabase) -> None:
    bench.world.darken(SEOUL)

    state = live(bench)

    assert state.status is StepStatus.SETTLED, state.reason
    assert bench.writes() == [FAILOVER]
    assert database.writer is tokyo(bench)
    assert state.outputs["endpoint"] == f"{state.outputs['address']}:3306"
    assert state.outputs["address"].startswith("orders-tokyo.cluster-")


def test_a_planned_run_switches_over(bench: Bench, database: GlobalDatabase) -> None:
    state = live(bench, planned=True)

    assert state.status is StepStatus.SETTLED, state.reason
    assert bench.writes() == [SWITCHOVER]
    assert database.writer is tokyo(bench)


def test_a_failover_that_does_not_allow_data_loss_would_hang_in_the_dark(
    bench: Bench, database: GlobalDatabase
) -> None:
    bench.world.darken(SEOUL)
    named = {"GlobalClusterIdentifier": "orders-global", "TargetDbClusterIdentifier": tokyo(bench).arn}
    bench.inside(lambda: bench.context().aws.call("rds", "FailoverGlobalCluster", TOKYO, **named))

    bench.inside(lambda: bench.world.time.sleep(3600))

    assert database.writer is not tokyo(bench)
    assert database.move["Status"] == "pending"


def test_the_role_alone_is_not_enough(bench: Bench, database: GlobalDatabase) -> None:
    database.writer, tokyo(bench).status = tokyo(bench), "modifying"
    receipt = Receipt("asked", True, {"asked": bench.world.time.now().isoformat()})

    looked = ask(bench, lambda context: KIND.verify(PARAMS, receipt, context))

    assert looked == Pending("Cluster orders-tokyo is the writer and is modifying, with 1 instances up.")


@pytest.mark.parametrize("planned", [False, True])
def test_a_lost_answer_is_looked_at_and_nothing_is_asked_twice(
    bench: Bench, database: GlobalDatabase, planned: bool
) -> None:
    bench.lose_answers("SwitchoverGlobalCluster" if planned else "FailoverGlobalCluster")

    state = live(bench, planned=planned)

    assert state.status is StepStatus.SETTLED
    assert bench.writes() == [SWITCHOVER if planned else FAILOVER]
    assert state.receipt is not None
    assert state.receipt.sentence == "Cluster orders-tokyo is being made the writer already."


@pytest.mark.parametrize("code", ["InvalidGlobalClusterStateFault", "InvalidDBClusterStateFault"])
def test_a_refusal_for_now_is_looked_at_again(bench: Bench, database: GlobalDatabase, code: str) -> None:
    OldPrimary(bench, KIND, PARAMS).refuse("rds", "FailoverGlobalCluster", code)

    state = live(bench)

    assert state.status is StepStatus.SETTLED
    assert any("is not made the writer for now" in s.reason for s in bench.states)


def test_another_move_has_to_be_over_first(bench: Bench, database: GlobalDatabase) -> None:
    database.move = {"Status": "cancelling", "ToDbClusterArn": tokyo(bench).arn}

    done = ask(bench, lambda context: KIND.execute(PARAMS, context))

    assert done == NotYet("Global database orders-global is cancelling, which has to be over first.")


def test_a_planned_run_waits_for_a_cluster_that_does_not_follow(bench: Bench, database: GlobalDatabase) -> None:
    tokyo(bench).synchronization = "pending-resync"

    done = ask(bench, lambda context: KIND.execute(PARAMS, context), planned=True)

    assert done == NotYet("Cluster orders-tokyo is pending-resync, so a switchover has to wait for it.")
    assert bench.writes() == []


def test_a_writer_already_is_left_as_it_is(bench: Bench, database: GlobalDatabase) -> None:
    database.writer = tokyo(bench)

    state = live(bench)

    assert state.status is StepStatus.SETTLED
    assert bench.writes() == []


def _headless(bench: Bench, database: GlobalDatabase) -> None:
    tokyo(bench).instances.clear()


def _no_member(bench: Bench, database: GlobalDatabase) -> None:
    database.members.remove(tokyo(bench))


def _gone(bench: Bench, database: GlobalDatabase) -> None:
    bench.aws.service(Rds).global_databases.clear()


def _another_writer(bench: Bench, database: GlobalDatabase) -> None:
    other = bench.aws.service(Rds).add_cluster("us-west-2", "orders-oregon")
    database.members.append(other)
    database.writer = other


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (_headless, "it is headless"),
        (_no_member, "is no member of global database"),
        (_gone, "is not there"),
        (_another_writer, "and not orders-seoul"),
    ],
)
def test_what_the_plan_does_not_mean_is_not_moved(
    bench: Bench, database: GlobalDatabase, trouble: Callable[[Bench, GlobalDatabase], None], why: str
) -> None:
    trouble(bench, database)

    state = live(bench)
    found = ask(bench, lambda context: KIND.preflight(PARAMS, context))

    assert state.status is StepStatus.FAILED
    assert why in state.reason
    assert state.fix
    assert bench.writes() == []
    assert [finding.severity for finding in found] == [Severity.IMPOSSIBLE]


def test_a_move_that_came_to_nothing_fails(bench: Bench, database: GlobalDatabase) -> None:
    asked = bench.world.time.now() - timedelta(minutes=6)
    receipt = Receipt("asked", True, {"asked": asked.isoformat()})

    looked = ask(bench, lambda context: KIND.verify(PARAMS, receipt, context))

    assert isinstance(looked, Failed)
    assert "nothing is on its way any more" in looked.reason


# What it says of the writer and of its data


def test_it_names_the_old_writer_and_the_new_one() -> None:
    old = "arn:aws:rds:ap-northeast-2:123456789012:cluster:orders-seoul"
    assert KIND.writers(PARAMS, PLACE) == (Writer(old, "arn:aws:rds:ap-northeast-1:123456789012:cluster:orders-tokyo"),)


def test_whether_it_moved_is_unknown_while_it_is_on_its_way(bench: Bench, database: GlobalDatabase) -> None:
    def moved() -> Any:
        return ask(bench, lambda context: KIND.moved(PARAMS, context))

    before = moved()
    database.move = {"Status": "failing-over", "ToDbClusterArn": tokyo(bench).arn}
    meanwhile = moved()
    database.move, database.writer = {}, tokyo(bench)

    assert (before, meanwhile, moved()) == (False, None, True)


def report(bench: Bench, milliseconds: float, *, metric: str = "AuroraGlobalDBRPOLag", **dimensions: str) -> None:
    """A lag of the minute before last."""
    stamp = bench.world.time.now().replace(second=0) - timedelta(minutes=2)
    of = {"DBClusterIdentifier": "orders-tokyo", **dimensions}
    bench.aws.service(CloudWatch).put_metric(TOKYO, "AWS/RDS", metric, of, stamp, milliseconds)


def at_risk(bench: Bench) -> DataAtRisk:
    risk: DataAtRisk = ask(bench, lambda context: KIND.data_at_risk(PARAMS, context, context.now))
    return risk


@pytest.mark.parametrize(
    "said",
    [
        {"metric": "AuroraGlobalDBRPOLag"},
        {"metric": "AuroraGlobalDBReplicationLag"},
        {"metric": "AuroraGlobalDBRPOLag", "SourceRegion": SEOUL},
        {"metric": "AuroraGlobalDBReplicationLag", "SourceRegion": SEOUL},
    ],
)
def test_the_lag_is_read_in_milliseconds_before_the_onset(
    bench: Bench, database: GlobalDatabase, said: dict[str, str]
) -> None:
    report(bench, 5_000.0, **said)

    risk = at_risk(bench)

    assert risk.seconds == 125.0
    assert "was 5 s behind" in risk.sentence


def test_no_lag_is_an_unknown_loss(bench: Bench, database: GlobalDatabase) -> None:
    assert at_risk(bench).seconds is None


def test_a_stale_lag_is_an_unknown_loss(bench: Bench, database: GlobalDatabase) -> None:
    report(bench, 400.0)
    bench.inside(lambda: bench.world.time.sleep(600))

    assert at_risk(bench).seconds is None


def test_a_lag_of_minus_one_is_an_unknown_loss(bench: Bench, database: GlobalDatabase) -> None:
    report(bench, -1.0)

    assert at_risk(bench).seconds is None


def test_a_planned_run_has_nothing_to_drain_because_the_switchover_does(bench: Bench, database: GlobalDatabase) -> None:
    left = ask(bench, lambda context: KIND.left_to_drain(PARAMS, context, context.now), planned=True)

    assert left.nothing
    assert "switches over to orders-tokyo only when that holds all" in left.sentence


def test_a_planned_run_does_not_call_it_nothing_where_the_cluster_does_not_follow(
    bench: Bench, database: GlobalDatabase
) -> None:
    tokyo(bench).synchronization = "pending-resync"

    left = ask(bench, lambda context: KIND.left_to_drain(PARAMS, context, context.now), planned=True)

    assert left.seconds is None


def test_an_unplanned_run_drains_by_the_lag_that_is_measured_behind_the_closing(
    bench: Bench, database: GlobalDatabase
) -> None:
    closed = bench.world.time.now() - timedelta(minutes=4)
    before = ask(bench, lambda context: KIND.left_to_drain(PARAMS, context, closed))
    report(bench, 400.0)

    after = ask(bench, lambda context: KIND.left_to_drain(PARAMS, context, closed))

    assert before.seconds is None
    assert after.nothing


# Before an incident, and afterwards


def _late_version(bench: Bench) -> None:
    tokyo(bench).engine_version = "8.0.mysql_aurora.3.07.1"


def _resync(bench: Bench) -> None:
    tokyo(bench).synchronization = "pending-resync"


def _silent(bench: Bench) -> None:
    bench.inside(lambda: bench.world.time.sleep(900))


def _stopped(bench: Bench) -> None:
    tokyo(bench).instances[0].status = "stopped"


@pytest.mark.parametrize(
    ("trouble", "code"),
    [(_late_version, "version"), (_resync, "synchronization"), (_silent, "lag"), (_stopped, "instances")],
)
def test_readiness_says_what_would_keep_it_from_taking_over(
    bench: Bench, database: GlobalDatabase, trouble: Callable[[Bench], None], code: str
) -> None:
    report(bench, 400.0)
    trouble(bench)

    found = ask(bench, lambda context: KIND.readiness(PARAMS, context))

    assert [finding.code for finding in found if finding.severity is Severity.ERROR] == [code]


def test_readiness_is_fine_where_all_is_well(bench: Bench, database: GlobalDatabase) -> None:
    report(bench, 400.0)

    found = ask(bench, lambda context: KIND.readiness(PARAMS, context))

    assert {finding.severity for finding in found} == {Severity.FINE}
    assert [finding.code for finding in found] == ["target", "synchronization", "instances", "version", "lag"]


def test_undo_says_that_it_stays_and_takes_nothing_for_its_own(bench: Bench, database: GlobalDatabase) -> None:
    state = live(bench)
    assert state.receipt is not None

    ours = KIND.undo(PARAMS, state.receipt, bench.context())
    others = KIND.undo(PARAMS, replace(state.receipt, acted=False), bench.context())

    assert isinstance(ours, CannotUndo)
    assert isinstance(others, Undone)


def test_it_may_move_these_clusters_and_no_other() -> None:
    written = [s for s in KIND.statements(PARAMS, PLACE) if s.access is Access.WRITE]

    assert [s.resources for s in written] == [
        (
            "arn:aws:rds::123456789012:global-cluster:orders-global",
            "arn:aws:rds:ap-northeast-1:123456789012:cluster:orders-tokyo",
            "arn:aws:rds:ap-northeast-2:123456789012:cluster:orders-seoul",
        )
    ]


def test_a_drill_is_refused() -> None:
    assert isinstance(KIND.stand_in(PARAMS, ISOLATION), Refusal)
