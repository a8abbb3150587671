"""The plans of this repository are sound, and each says what its application needs."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

import planfile
from pilotlight.domain.plan import Arming, Clock, Plan
from pilotlight.domain.runbook import Runbook
from pilotlight.domain.snapshots import read_snapshot
from pilotlight.domain.stages import StageName
from planfile.generated import ROOT
from planfile.overview import overview
from planfile.reading import InstalledKinds

PLANS = sorted((ROOT / "plans").glob("*.yaml"))


@pytest.fixture(scope="module")
def fileflow() -> Plan:
    return planfile.load(ROOT / "plans" / "fileflow.yaml")


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_every_plan_is_sound(path: Path) -> None:
    plan = planfile.load_any(path)

    assert plan.name == path.stem
    assert read_snapshot(plan.snapshot()) == plan


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_every_plan_tells_editors_its_schema(path: Path) -> None:
    assert path.read_text().startswith("# yaml-language-server: $schema=plan.schema.json\n")


def test_fileflow_moves_from_seoul_to_tokyo_and_only_observes(fileflow: Plan) -> None:
    assert (fileflow.regions.primary, fileflow.regions.standby) == ("ap-northeast-2", "ap-northeast-1")
    assert fileflow.account == "123456789012"
    assert fileflow.arming is Arming.OBSERVE


def test_fileflow_has_the_objectives_of_its_owners(fileflow: Plan) -> None:
    told = fileflow.objectives

    assert (told.rto, told.rpo) == (timedelta(hours=2), timedelta(minutes=15))
    assert told.expected_rto == (timedelta(minutes=15), timedelta(minutes=20))
    minutes = {each.resource.split()[0]: (each.rto, each.rpo) for each in told.resources}
    assert minutes == {
        "Application": (timedelta(minutes=15), timedelta(0)),
        "Database": (timedelta(minutes=30), timedelta(minutes=15)),
        "Cache": (timedelta(minutes=10), None),
        "Object": (timedelta(0), timedelta(minutes=15)),
        "Logs": (timedelta(0), timedelta(minutes=5)),
    }


def test_fileflow_recovers_within_what_its_owners_expect(fileflow: Plan) -> None:
    seen = overview(fileflow, InstalledKinds())

    assert fileflow.objectives.expected_rto is not None
    shortest, longest = fileflow.objectives.expected_rto
    assert shortest <= seen.expected[Clock.ONSET].typical <= longest
    assert seen.expected[Clock.ONSET].longest <= fileflow.objectives.rto
    assert [each.met for each in seen.resources if each.met is not None] == [True, True, True]


def test_fileflow_creates_its_cache_first_and_waits_for_it_beside_the_promotion(fileflow: Plan) -> None:
    steps = fileflow.steps()

    assert steps["create-redis"].started_in is StageName.PREPARE
    assert steps["create-redis"].awaited_in is StageName.MOVE
    assert steps["promote"].started_in is StageName.MOVE
    assert steps["promote"].lane != "cache"


def test_fileflow_brings_up_what_it_had_in_its_run_book(fileflow: Plan) -> None:
    params = {name: step.params for name, step in fileflow.steps().items()}

    cache, scale = params["create-redis"], params["scale-service"]
    assert params["promote"] == {
        "replica": "ryuqqq-shared-rds-replica",
        "source": "ryuqqq-shared-rds",
        "backup_retention": "7 d",
    }
    assert (cache["replication_group"], cache["node_type"], cache["nodes"]) == (
        "fileflow-dr-redis",
        "cache.r6g.large",
        2,
    )
    assert cache["automatic_failover"] is True
    assert (scale["cluster"], scale["service"], scale["tasks"]) == ("fileflow-dr-cluster", "fileflow-dr-service", 4)


def test_fileflow_writes_its_endpoints_before_its_tasks_start_and_asks_tokyo_before_users_come(fileflow: Plan) -> None:
    serve = [step for step in fileflow.steps().values() if step.started_in is StageName.SERVE]

    assert [step.kind for step in serve] == ["swap_configuration", "scale_ecs_service", "check_http", "latch_traffic"]
    assert len({step.lane for step in serve}) == 1
    assert "ap-northeast-1" in serve[-2].params["connect_to"]
    assert fileflow.steps()["convert-to-multi-az"].started_in is StageName.AFTER


def test_portforge_takes_its_tables_behind_the_promotion_and_brings_nothing_up_before() -> None:
    steps = planfile.load(ROOT / "plans" / "portforge.yaml").steps()

    assert steps["take-over-chats"].lane == steps["promote"].lane
    assert list(steps).index("promote") < list(steps).index("take-over-chats")
    assert steps["scale-nodes"].started_in is StageName.SERVE


def test_portforge_requires_what_its_guide_sets_up_and_no_step_acts_on() -> None:
    required = {each.requirement: each for each in planfile.load(ROOT / "plans" / "portforge.yaml").requirements}

    assert len(required["images-in-tokyo"].params["repositories"]) == 7
    assert required["database-secret"].params == {"secret": "portforge/ai-service/rds", "fields": ["host"]}
    buckets = [each.params["destination"] for each in required.values() if each.kind == "bucket_replicated"]
    assert buckets == ["portforge-front-dr", "portforge-team-dr", "portforge-log-dr"]


def test_every_time_that_portforge_promises_says_from_when_it_counts() -> None:
    told = planfile.load(ROOT / "plans" / "portforge.yaml").objectives.resources

    assert {each.resource.split()[0]: each.since for each in told} == {
        "Sign-in": Clock.VERIFIED,
        "Application": Clock.DECIDED,
        "Database": Clock.DECIDED,
        "Chats": Clock.DECIDED,
        "Static": Clock.ONSET,
        "Files": Clock.VERIFIED,
    }


class TestMegaTicket:
    @pytest.fixture
    def megaticket(self) -> Plan:
        return planfile.load(ROOT / "plans" / "megaticket.yaml")

    def test_it_moves_from_seoul_to_tokyo_and_only_observes(self, megaticket: Plan) -> None:
        assert (megaticket.regions.primary, megaticket.regions.standby) == ("ap-northeast-2", "ap-northeast-1")
        assert megaticket.arming is Arming.OBSERVE

    def test_its_recovery_takes_what_it_expects_and_each_objective_says_its_clock(self, megaticket: Plan) -> None:
        seen = overview(megaticket, InstalledKinds())

        assert megaticket.objectives.expected_rto is not None
        shortest, longest = megaticket.objectives.expected_rto
        assert shortest <= seen.expected[Clock.ONSET].typical <= longest
        assert seen.expected[Clock.ONSET].longest <= megaticket.objectives.rto
        assert [(each.since, each.met) for each in seen.resources] == [(Clock.DECIDED, True)] * 3

    def test_it_scales_both_groups_from_none_each_behind_its_own_port(self, megaticket: Plan) -> None:
        params = {name: step.params for name, step in megaticket.steps().items() if name.startswith("scale-")}

        assert {name: (p["minimum"], p["maximum"], p["desired"]) for name, p in params.items()} == {
            "scale-app": (2, 3, 2),
            "scale-web": (2, 3, 2),
        }
        assert params["scale-app"]["target_groups"] == {"MegaTicket-DR-App-TG": 3001}
        assert params["scale-web"]["target_groups"] == {"MegaTicket-DR-Web-TG": 3000}
        assert {p["user_data_marker"] for p in params.values()} == {"DR_RECOVERY_MODE=true"}

    def test_its_tables_are_its_only_writers(self, megaticket: Plan) -> None:
        moved = [step for step in megaticket.steps().values() if step.started_in is StageName.MOVE]

        assert [step.kind for step in moved] == ["take_over_tables"]
        assert moved[0].params["tables"] == [
            f"KDT-Msp4-PLDR-{name}" for name in ("performances", "reservations", "schedules", "venues")
        ]

    def test_it_requires_what_its_guide_takes_for_granted(self, megaticket: Plan) -> None:
        assert [each.kind for each in megaticket.requirements] == [
            "listener_parity",
            "certificate_issued",
            "image_copied",
            "image_copied",
            "model_access",
        ]


@pytest.fixture(scope="module")
def triflow() -> Plan:
    return planfile.load(ROOT / "plans" / "triflow.yaml")


@cache
def runbook(name: str) -> Runbook:
    plan = planfile.load_any(ROOT / "plans" / f"{name}.yaml")
    assert isinstance(plan, Runbook)
    return plan


RUNBOOKS = [path.stem for path in PLANS if path.stem.startswith("triflow-")]


def test_triflow_promises_the_rpo_that_replicated_backups_can_keep(triflow: Plan) -> None:
    assert (triflow.objectives.rto, triflow.objectives.rpo) == (timedelta(hours=4), timedelta(minutes=15))
    assert triflow.gates.max_data_loss == triflow.objectives.rpo


def test_triflow_recovers_within_its_four_hours(triflow: Plan) -> None:
    seen = overview(triflow, InstalledKinds())

    assert seen.expected[Clock.ONSET].longest <= triflow.objectives.rto
    assert [each.met for each in seen.resources if each.met is not None] == [True, True, True]


def test_triflow_restores_before_the_gate_and_looks_at_vectors_before_it_migrates(triflow: Plan) -> None:
    steps = triflow.steps()
    serve = [name for name, step in steps.items() if step.started_in is StageName.SERVE]

    assert steps["restore-database"].started_in is StageName.PREPARE
    assert serve.index("check-database") < serve.index("migrate") < serve.index("scale-backend")
    assert "extname = 'vector'" in steps["check-database"].params["query"]


def test_triflow_looks_at_the_age_of_each_copy(triflow: Plan) -> None:
    restore, cache = triflow.steps()["restore-database"].params, triflow.steps()["create-redis"].params
    (state,) = [each for each in triflow.requirements if each.kind == "object_is_fresh"]

    assert restore["automated_backups"]["no_older_than"] == "30 min"
    assert restore["snapshots"] == {"named": "triflow-weekly-", "no_older_than": "8 d"}
    assert cache["snapshot"] == {"named": "triflow-redis-snapshot-", "no_older_than": "5 d"}
    assert state.params["no_older_than"] == "26 h"


@pytest.mark.parametrize("name", RUNBOOKS)
def test_triflows_run_books_work_in_seoul_by_hand_and_only_observe(name: str) -> None:
    plan = runbook(name)

    assert (plan.region, plan.account, plan.arming) == ("ap-northeast-2", "123456789012", Arming.OBSERVE)


@pytest.mark.parametrize("name", [name for name in RUNBOOKS if "staging" not in name])
def test_what_mends_production_waits_while_its_failover_is_at_work(triflow: Plan, name: str) -> None:
    assert runbook(name).failover_region == triflow.regions.standby


@pytest.mark.parametrize("name", [name for name in RUNBOOKS if "staging" in name])
def test_what_tests_staging_names_nothing_of_production(name: str) -> None:
    assert "production" not in runbook(name).snapshot()
    assert "prod-" not in runbook(name).snapshot()


@pytest.mark.parametrize(
    ("name", "step", "promised"),
    [
        ("triflow-multi-az", "force-failover", timedelta(minutes=3)),
        ("triflow-staging-multi-az", "force-failover", timedelta(minutes=3)),
        ("triflow-staging-stop-task", "stop-a-task", timedelta(minutes=3)),
        ("triflow-staging-restore-copy", "restore-copy", timedelta(hours=1)),
    ],
)
def test_triflows_run_books_time_what_they_promise(name: str, step: str, promised: timedelta) -> None:
    assert runbook(name).objectives.steps == {step: promised}


def test_a_copy_is_taken_into_use_only_with_a_second_person_and_stopped_tasks() -> None:
    plan = runbook("triflow-take-copy")
    serve = [step.kind for step in plan.steps().values() if step.started_in is StageName.SERVE]

    assert plan.gates.approval
    assert serve == ["ask_a_person", "swap_configuration", "scale_ecs_service", "check_http"]
