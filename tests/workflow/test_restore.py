"""A region without a replica comes back from what the standby holds: TriFlow's region failover, whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache

import pytest

from pilotlight.domain.plan import Plan
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome
from planfile import load
from planfile.generated import ROOT
from rehearsal.invariants import InvariantBroken
from rehearsal.play import Played, play
from rehearsal.scenarios import scenario
from rehearsal.scenarios.scenario import Scenario, outage, return_after
from rehearsal.scene import Scene
from rehearsal.services.ecs import Ecs
from rehearsal.services.elasticache import ElastiCache
from rehearsal.services.rds import Rds
from rehearsal.services.rds_holdings import AutomatedBackups

pytestmark = pytest.mark.full

TRIFLOW = ROOT / "plans" / "triflow.yaml"
SEOUL, TOKYO = "ap-northeast-2", "ap-northeast-1"
COPY = "triflow-dr-db"
RESTORE, DELETE = "rds:RestoreDBInstanceToPointInTime", "rds:DeleteDBInstance"


@cache
def triflow() -> Plan:
    return load(TRIFLOW)


@cache
def recovered() -> Played:
    return play(triflow(), scenario("outage"), seed=1)


def backups(scene: Scene) -> AutomatedBackups:
    (found,) = scene.account.aws.service(Rds).automated
    return found


def stopped_long_ago(scene: Scene) -> None:
    """The replication of backups stopped two hours ago; the weekly snapshot is a day old."""
    backups(scene).halted = scene.world.time.now() - timedelta(hours=2)


def untold(scene: Scene) -> None:
    """RDS does not say how far the backups reach, and there is no snapshot."""
    backups(scene).told = False
    scene.account.aws.service(Rds).snapshots.clear()


def gone(scene: Scene) -> None:
    """The standby holds nothing to restore from."""
    scene.account.aws.service(Rds).automated.clear()
    scene.account.aws.service(Rds).snapshots.clear()


def told_no_more(scene: Scene) -> None:
    """The region goes dark, and when the run is at its gate nothing says any more what the copy reaches to."""
    outage(scene)
    rds, time = scene.account.aws.service(Rds), scene.world.time

    def lose_the_mark() -> None:
        while (TOKYO, COPY) not in rds._instances:
            time.sleep(1.0)
        rds.instance(TOKYO, COPY).tags["pilotlight:restored-to"] = "some time ago"

    time.spawn(lose_the_mark, name="somebody tags the copy")


def play_with(before: Callable[[Scene], None] | None, happen: Callable[[Scene], None] = outage) -> Played:
    return play(triflow(), Scenario("restore", "Seoul goes dark.", Outcome.BLOCKED, happen, before=before), seed=1)


def calls(seen: Played) -> list[str]:
    """What the steps changed in RDS and ECS, in order."""
    changes = [line for line in seen.scene.world.trace if line.step and line.mutating and not line.error]
    return [f"{line.service}:{line.operation}" for line in changes if line.service in ("rds", "ecs", "elasticache")]


def said(seen: Played, kind: RecordKind) -> list[str]:
    return [record.entry.sentence for record in seen.records if record.entry.kind is kind]


class TestAnOutage:
    def test_it_is_recovered_within_what_triflow_promises(self) -> None:
        result = recovered().result

        assert result.outcome == "RECOVERED", result.reason
        assert result.objectives["met"] is True
        assert result.exposure_seconds == 0

    def test_the_database_is_there_before_the_gate_and_adopted_in_seconds_behind_it(self) -> None:
        seen = recovered()
        wanted = (RecordKind.GATE_PASSED, RecordKind.STEP_SETTLED)
        watched = ("", "restore-database", "adopt-database")
        told = [(record.entry.kind, record.entry.step) for record in seen.records]
        order = [(kind, step) for kind, step in told if kind in wanted and step in watched]
        adopted = next(step for step in seen.result.steps if step.name == "adopt-database")

        assert order == [
            (RecordKind.STEP_SETTLED, "restore-database"),
            (RecordKind.GATE_PASSED, ""),
            (RecordKind.STEP_SETTLED, "adopt-database"),
        ]
        assert adopted.started is not None
        assert adopted.finished is not None
        assert adopted.finished - adopted.started < 45

    def test_the_loss_is_what_the_backups_lacked_at_the_onset(self) -> None:
        (passed,) = said(recovered(), RecordKind.GATE_PASSED)

        assert f"Copy {COPY} reaches to 2026-11-21" in passed
        assert recovered().result.rpo_seconds == pytest.approx(180, abs=180)

    def test_each_thing_is_done_once(self) -> None:
        assert sorted(calls(recovered())) == [
            "ecs:RunTask",
            "ecs:UpdateService",
            "elasticache:CreateReplicationGroup",
            "rds:AddTagsToResource",
            "rds:ModifyDBInstance",
            RESTORE,
        ]

    def test_the_cache_is_filled_from_the_snapshot_that_tokyo_holds(self) -> None:
        group = recovered().scene.account.aws.service(ElastiCache).group(TOKYO, "triflow-dr-redis")

        assert group is not None
        assert group.snapshot == "triflow-redis-snapshot-copy"

    def test_the_new_database_is_looked_at_and_then_migrated(self) -> None:
        aws = recovered().scene.account.aws
        (migration,) = aws.service(Ecs).one_offs
        address = aws.service(Rds).instance(TOKYO, COPY).address
        (looked,) = [s for s in said(recovered(), RecordKind.STEP_SETTLED) if "asked from its own network" in s]

        assert "it answers '0.8.0' to: select extversion from pg_extension where extname = 'vector'" in looked
        assert list(aws.service(Rds).contents[TOKYO, COPY].tables["pilotlight_check"]) == ["triflow-e1"]
        assert migration.override["command"] == ["alembic", "upgrade", "head"]
        assert migration.override["environment"] == [{"name": "RDS_ENDPOINT", "value": address}]
        assert migration.exit_code == 0


class TestWhatIsHeldIsNotEnough:
    def test_backups_that_stopped_two_hours_ago_are_refused_at_the_gate(self) -> None:
        seen = play_with(stopped_long_ago)

        assert seen.result.outcome == "BLOCKED"
        assert f"Copy {COPY} reaches to" in seen.result.reason
        assert "is more than the 15 min that the plan accepts to lose" in seen.result.reason
        assert "rds:AddTagsToResource" not in calls(seen)
        (told,) = said(seen, RecordKind.PREFLIGHT)
        assert "as the automated backups of triflow-ai-production-db is 2 h" in told

    @pytest.mark.parametrize("trouble", [untold, pytest.param(gone, marks=pytest.mark.full)])
    def test_what_nothing_tells_ends_the_run_before_anything_is_restored(
        self, trouble: Callable[[Scene], None]
    ) -> None:
        seen = play_with(trouble)

        assert seen.result.outcome == "BLOCKED"
        assert "Nothing in ap-northeast-1 says to which moment" in seen.result.reason
        assert calls(seen) == []

    @pytest.mark.full
    def test_a_copy_that_does_not_tell_how_far_it_reaches_is_an_unknown_loss(self) -> None:
        seen = play_with(None, told_no_more)

        assert seen.result.outcome == "BLOCKED"
        assert "An unknown loss is not within" in seen.result.reason
        assert "rds:AddTagsToResource" not in calls(seen)


def test_a_region_that_is_well_again_when_the_copy_is_there_keeps_its_writer() -> None:
    # Given Seoul comes back after ten minutes, while the copy is being restored
    def happen(scene: Scene) -> None:
        outage(scene)
        return_after(scene, timedelta(minutes=10))

    seen = play_with(None, happen)

    # Then the gate sees it, nothing is adopted, and the copy is deleted again
    assert seen.result.outcome == "NOT_NEEDED", seen.result.reason
    assert RESTORE in calls(seen)
    assert DELETE in calls(seen)
    assert "rds:AddTagsToResource" not in calls(seen)


def test_an_adoption_without_a_tombstone_ends_the_rehearsal() -> None:
    def adopt_by_hand(scene: Scene) -> None:
        rds = scene.account.aws.service(Rds)
        copy = rds.add_instance(TOKYO, COPY, restored=True)
        pairs = [{"Key": "pilotlight:adopted", "Value": copy.resource_id}]
        scene.account.sdk(TOKYO).call("rds", "AddTagsToResource", TOKYO, ResourceName=copy.arn, Tags=pairs)

    with pytest.raises(InvariantBroken, match=f"{COPY} was promoted without a durable tombstone"):
        play_with(None, adopt_by_hand)


def test_a_database_without_its_extension_is_not_migrated_and_serves_nobody() -> None:
    def happen(scene: Scene) -> None:
        scene.account.aws.service(Rds).contents[TOKYO, COPY].extensions.clear()
        outage(scene)

    seen = play_with(None, happen)

    assert seen.result.outcome == "FAILED"
    assert f"Database {COPY} answers nothing and not something to: select extversion" in seen.result.reason
    assert calls(seen).count("ecs:RunTask") == 0
    assert "ecs:UpdateService" not in calls(seen)


@pytest.mark.parametrize(
    "seed", [pytest.param(s, marks=pytest.mark.full if s <= 6 else pytest.mark.nightly) for s in range(2, 12)]
)
def test_it_recovers_whatever_the_latencies(seed: int) -> None:
    assert play(triflow(), scenario("outage"), seed).result.outcome == "RECOVERED"
