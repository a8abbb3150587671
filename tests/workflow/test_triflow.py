"""TriFlow's run-books, whole: each is played by hand to its end, and the world shows what it is for."""

from __future__ import annotations

from functools import cache

import pytest

from pilotlight.domain.records import RecordKind
from pilotlight.domain.runbook import Runbook
from planfile import load_any
from planfile.generated import ROOT
from rehearsal.by_hand import play_runbook
from rehearsal.play import AnyPlayed
from rehearsal.services.ecs import Ecs
from rehearsal.services.rds import Rds

pytestmark = pytest.mark.full

SEOUL = "ap-northeast-2"
PRODUCTION, COPY = "triflow-ai-production-db", "triflow-ai-production-db-pitr"
RUNBOOKS = sorted(path.stem for path in (ROOT / "plans").glob("triflow-*.yaml"))


@cache
def played(name: str) -> AnyPlayed:
    plan = load_any(ROOT / "plans" / f"{name}.yaml")
    assert isinstance(plan, Runbook)
    return play_runbook(plan, seed=1)


@pytest.mark.parametrize("name", RUNBOOKS)
def test_it_recovers_within_what_it_promises_and_changes_seoul_alone(name: str) -> None:
    seen = played(name)

    assert seen.result.outcome == "RECOVERED", seen.result.reason
    assert seen.result.objectives["met"] is True
    assert {line.region for line in seen.scene.world.trace if line.by and line.mutating} == {SEOUL}


@pytest.mark.parametrize("name", ["triflow-copy-data", "triflow-take-copy"])
def test_a_copy_of_an_earlier_moment_stands_beside_production_which_is_untouched(name: str) -> None:
    seen = played(name)
    rds = seen.scene.world.model(Rds)
    writes = {line.operation for line in seen.scene.world.trace if line.service == "rds" and line.mutating}

    assert rds.instance(SEOUL, COPY).restored
    assert rds.instance(SEOUL, PRODUCTION).tags == {}
    assert writes <= {"RestoreDBInstanceToPointInTime", "RebootDBInstance"}


def changes_of_parameters(name: str) -> list[str]:
    trace = played(name).scene.world.trace
    return [line.operation for line in trace if line.service == "ssm" and line.operation == "PutParameter" and line.by]


def test_option_a_hands_the_copy_to_fresh_tasks() -> None:
    world = played("triflow-take-copy").scene.world
    (service,) = world.model(Ecs).ecs_services

    assert changes_of_parameters("triflow-take-copy") == ["PutParameter"]
    assert service.desired == 2
    assert world.model(Rds).instance(SEOUL, COPY).multi_az


def test_option_b_leaves_the_endpoint_and_ends_when_a_person_says_the_data_are_back() -> None:
    words = [
        record.entry.step for record in played("triflow-copy-data").records if record.entry.kind is RecordKind.WORD
    ]

    assert changes_of_parameters("triflow-copy-data") == []
    assert len(words) == 1
