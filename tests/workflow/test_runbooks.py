"""Run-books, whole: a person starts the machine, and the real functions take it to its end in the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

import pytest

from pilotlight.domain.records import RecordKind, broken_link
from pilotlight.domain.run import Outcome
from pilotlight.report.view import view
from planfile.reading import parse_any
from rehearsal.by_hand import play_runbook
from rehearsal.engine import Status
from rehearsal.play import AnyPlayed
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ecs import Ecs
from rehearsal.services.rds import Rds
from rehearsal.services.s3 import S3
from rehearsal.services.step_functions import StepFunctions
from tests.builders import IN_REGION_STEPS, PRIMARY, a_runbook

pytestmark = pytest.mark.full

OLD, TABLE = "nat-0123456789abcdef0", "rtb-0123456789abcdef0"
STEPS = IN_REGION_STEPS
SERVICE = STEPS["stop_ecs_task"]
LOOKS: dict[str, Callable[[AnyPlayed], bool]] = {
    "force_multi_az_failover": lambda p: p.scene.world.model(Rds).instance(PRIMARY, DATABASE).failed_over,
    "redeploy_ecs_service": lambda p: sum(t.leaving for t in p.scene.world.model(Ecs).ecs_services[0].tasks) == 2,
    "stop_ecs_task": lambda p: sum(t.leaving for t in p.scene.world.model(Ecs).ecs_services[0].tasks) == 1,
    "replace_nat_gateway": lambda p: p.scene.world.model(Ec2).routes[PRIMARY, TABLE] != OLD,
    "restore_object_versions": lambda p: (
        not any(versions[-1].marker for versions in p.scene.world.model(S3).kept["triflow-ai-prod"].objects.values())
    ),
    "restore_to_moment": lambda p: p.scene.world.model(Rds).instance(PRIMARY, f"{DATABASE}-pitr").restored,
}
"""What the world shows once a step of that kind is done."""
DATABASE = "triflow-ai-production-db"


@cache
def played(kind: str) -> AnyPlayed:
    step = {"step": "mend", "kind": kind, "params": STEPS[kind]}
    objectives = {"rto": "2 h", "steps": {"mend": "90 min"}}
    return play_runbook(a_runbook(step, objectives=objectives), seed=1)


each_kind = pytest.mark.parametrize("kind", STEPS)


class TestEachKind:
    @each_kind
    def test_it_recovers_and_the_world_shows_it(self, kind: str) -> None:
        seen = played(kind)

        assert seen.result.outcome == Outcome.RECOVERED.value, seen.result.reason
        assert seen.result.reason == f"Run-book mend of triflow is done in {PRIMARY}."
        assert seen.result.objectives["met"] is True
        assert LOOKS[kind](seen)

    @each_kind
    def test_its_execution_succeeds_and_its_ledger_is_whole(self, kind: str) -> None:
        seen = played(kind)
        (execution,) = seen.scene.account.aws.service(StepFunctions).executions.values()

        assert execution.status is Status.SUCCEEDED
        assert broken_link(seen.records) is None

    @each_kind
    def test_every_call_stays_in_its_region(self, kind: str) -> None:
        calls = {line.region for line in played(kind).scene.world.trace if line.by}

        assert calls == {PRIMARY}


class TestObjectives:
    def test_the_report_judges_each_step_by_its_own_time(self) -> None:
        step = {"step": "mend", "kind": "force_multi_az_failover", "params": STEPS["force_multi_az_failover"]}
        missed = play_runbook(a_runbook(step, objectives={"rto": "30 min", "steps": {"mend": "10 s"}}), seed=1)

        closed = next(r for r in missed.records if r.entry.kind is RecordKind.RUN_CLOSED)
        (shown,) = view(missed.records).steps

        assert missed.result.outcome == Outcome.RECOVERED.value
        assert closed.entry.details["objectives_met"] is False
        assert shown.promised_seconds == 10
        assert closed.entry.details["to_do"] == []


class TestArmedToObserve:
    def test_it_is_blocked_in_a_sentence_and_changes_nothing(self) -> None:
        step = {"step": "mend", "kind": "stop_ecs_task", "params": SERVICE}
        seen = play_runbook(a_runbook(step, arming="observe"), seed=1, as_armed=True)

        assert seen.result.outcome == Outcome.BLOCKED.value
        assert "armed 'observe'" in seen.result.reason
        assert not [line for line in seen.scene.world.trace if line.by and line.mutating and line.service == "ecs"]


class TestApproval:
    def test_a_run_that_must_be_approved_waits_for_another_person(self) -> None:
        step = {"step": "mend", "kind": "stop_ecs_task", "params": SERVICE}
        people = {"approvers": ["arn:aws:sts::123456789012:assumed-role/Operators/*"]}
        seen = play_runbook(a_runbook(step, gates={"approval": True}, people=people), seed=1)

        kinds = [record.entry.kind for record in seen.records]

        assert seen.result.outcome == Outcome.RECOVERED.value
        assert kinds.index(RecordKind.WORD) < kinds.index(RecordKind.STEP_STARTED)


def test_slack_tells_it_in_the_words_of_a_runbook() -> None:
    slack = {"slack": {"channel": "C0123456789", "token_secret": "pilotlight/slack-bot-token"}}
    step = {"step": "mend", "kind": "stop_ecs_task", "params": SERVICE}
    told = play_runbook(a_runbook(step, notifications=slack), seed=1)

    said = json.dumps(told.result.messages, ensure_ascii=False)

    assert "triflow-mend is done after " in said
    assert not [word for word in ("failed over to", "fail over", "dark", "RPO", "data-loss") if word in said]


def test_a_plan_file_plays_as_its_model_does() -> None:
    text = json.dumps(
        a_runbook({"step": "mend", "kind": "stop_ecs_task", "params": SERVICE}).model_dump(mode="json", by_alias=True)
    )

    assert (
        parse_any(text, "plan.yaml").digest()
        == a_runbook({"step": "mend", "kind": "stop_ecs_task", "params": SERVICE}).digest()
    )
