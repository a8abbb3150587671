"""A task is run once in the standby, and its end is what counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    NotYet,
    OutputOf,
    Receipt,
    Severity,
)
from pilotlight.steps.run_task import KIND, RunTaskParams
from rehearsal.services.ecs import CAPACITY, Ecs
from rehearsal.services.ecs_one_off import OneOff
from tests.builders import ISOLATION
from tests.steps.conftest import PLACE, Bench

TOKYO = PLACE.standby
RUN = "ecs:RunTask"
IMAGE = f"123456789012.dkr.ecr.{TOKYO}.amazonaws.com/triflow:live"
OUTPUTS: Mapping[str, Mapping[str, str]] = {"adopt-database": {"address": "triflow-dr-db.example.com"}}
MIGRATION = {
    "cluster": "triflow-dr-cluster",
    "task_definition": "triflow-dr-migration",
    "container": "migration",
    "command": ["alembic", "upgrade", "head"],
    "environment": {"RDS_ENDPOINT": {"step": "adopt-database", "output": "address"}, "STAGE": "dr"},
    "subnets": ["subnet-0d1e2f3a4b5c60718"],
    "security_groups": ["sg-0d1e2f3a4b5c60718"],
    "roles": ["triflow-dr-task", "triflow-dr-task-execution"],
}


def params(**differences: Any) -> RunTaskParams:
    return RunTaskParams.model_validate({**MIGRATION, **differences})


@pytest.fixture
def ecs(bench: Bench) -> Ecs:
    """A cluster in Tokyo, and the definition of the migration."""
    model = bench.aws.service(Ecs)
    model.add_cluster(TOKYO, "triflow-dr-cluster")
    model.add_task_definition(TOKYO, "triflow-dr-migration", IMAGE, container="migration")
    return model


def live(bench: Bench) -> StepState:
    return bench.live(KIND, params(), outputs=OUTPUTS)


def execute(bench: Bench) -> Receipt | NotYet | Failed:
    return bench.inside(lambda: KIND.execute(params(), bench.context(outputs=OUTPUTS)))


def only(ecs: Ecs) -> OneOff:
    (task,) = ecs.one_offs
    return task


def test_it_runs_the_command_where_the_plan_says_and_waits_for_its_end(bench: Bench, ecs: Ecs) -> None:
    state = live(bench)

    task = only(ecs)
    assert state.status is StepStatus.SETTLED
    assert state.outputs == {"task": task.arn}
    assert task.started_by == "fileflow-e1/the-step"
    assert task.override == {
        "name": "migration",
        "command": ["alembic", "upgrade", "head"],
        "environment": [
            {"name": "RDS_ENDPOINT", "value": "triflow-dr-db.example.com"},
            {"name": "STAGE", "value": "dr"},
        ],
    }
    said = [each.reason for each in bench.states]
    assert f"Task {task.id} is RUNNING." in said
    assert said[-1] == f"Task {task.id} of triflow-dr-migration ended well."


class TestOnce:
    def test_an_answer_that_was_lost_leads_to_no_second_task(self, bench: Bench, ecs: Ecs) -> None:
        bench.lose_answers("RunTask")

        state = live(bench)

        assert state.status is StepStatus.SETTLED
        assert bench.writes() == [RUN]
        assert len(ecs.one_offs) == 1

    def test_a_task_that_is_not_listed_yet_is_asked_for_with_the_same_token(
        self, bench: Bench, ecs: Ecs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Given the task was started, and ECS lists nothing yet
        execute(bench)
        model = ecs.answer
        monkeypatch.setattr(ecs, "answer", lambda c: {"taskArns": []} if c.operation == "ListTasks" else model(c))

        # When it is asked for again
        done = execute(bench)

        # Then it is the same one
        assert isinstance(done, Receipt)
        assert done.data["task"] == only(ecs).arn

    def test_a_task_that_has_stopped_by_now_is_found_and_not_run_again(self, bench: Bench, ecs: Ecs) -> None:
        execute(bench)
        bench.inside(lambda: bench.world.time.sleep(timedelta(minutes=20).total_seconds()))

        state = live(bench)

        assert state.status is StepStatus.SETTLED
        assert bench.writes() == [RUN]

    def test_a_token_that_is_in_use_for_another_request_starts_nothing(
        self, bench: Bench, ecs: Ecs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Given this run's token was used with another command, and ECS lists nothing yet
        before = params(command=["alembic", "current"])
        bench.inside(lambda: KIND.execute(before, bench.context(outputs=OUTPUTS)))
        model = ecs.answer
        monkeypatch.setattr(ecs, "answer", lambda c: {"taskArns": []} if c.operation == "ListTasks" else model(c))

        done = execute(bench)

        assert isinstance(done, NotYet)
        assert "asked for already" in done.reason
        assert len(ecs.one_offs) == 1

    def test_the_task_of_another_run_is_not_taken_for_this_ones(self, bench: Bench, ecs: Ecs) -> None:
        execute(bench)
        only(ecs).started_by = "fileflow-e0/the-step"
        ecs._tokens.clear()  # it was started with that run's own token

        execute(bench)

        assert [task.started_by for task in ecs.one_offs] == ["fileflow-e0/the-step", "fileflow-e1/the-step"]


class TestTroubles:
    def test_an_exit_code_other_than_0_fails_it_and_says_where_the_log_is(self, bench: Bench, ecs: Ecs) -> None:
        ecs.plan_next_task(TOKYO, exit_code=3)

        state = live(bench)

        task = only(ecs)
        assert state.status is StepStatus.FAILED
        assert state.reason == (
            f"Task {task.id} of triflow-dr-migration ended with exit code 3 (Essential container in task exited)."
        )
        assert f"/ecs/triflow-dr-migration, stream ecs/migration/{task.id}" in state.fix

    def test_a_task_that_could_not_start_says_why(self, bench: Bench, ecs: Ecs) -> None:
        ecs.lose_image(TOKYO, IMAGE)

        state = live(bench)

        assert state.status is StepStatus.FAILED
        assert "did not start its container migration (CannotPullContainerError" in state.reason

    def test_it_waits_for_room(self, bench: Bench, ecs: Ecs) -> None:
        ecs.starve(TOKYO, 120.0)

        state = live(bench)

        assert state.status is StepStatus.SETTLED
        assert CAPACITY in bench.states[0].reason
        assert len(ecs.one_offs) == 1

    def test_a_task_that_is_shown_no_more_is_not_taken_for_a_good_one(self, bench: Bench, ecs: Ecs) -> None:
        done = execute(bench)
        assert isinstance(done, Receipt)
        bench.inside(lambda: bench.world.time.sleep(timedelta(hours=2).total_seconds()))

        seen = bench.inside(lambda: KIND.verify(params(), done, bench.context()))

        assert isinstance(seen, Failed)
        assert "nothing says how it ended" in seen.reason


@pytest.mark.parametrize(
    ("differences", "why"),
    [
        ({"cluster": "no-such"}, "cluster no-such is missing"),
        ({"task_definition": "no-such"}, "no such task definition"),
        ({"task_definition": "triflow-dr-migration:7"}, "no such task definition"),
        ({"container": "sidecar"}, "no container sidecar"),
    ],
)
def test_what_could_not_be_run_is_known_before(bench: Bench, ecs: Ecs, differences: dict[str, Any], why: str) -> None:
    (finding,) = bench.inside(lambda: KIND.preflight(params(**differences), bench.context()))

    assert finding.severity is Severity.IMPOSSIBLE
    assert why in finding.sentence


def test_what_can_be_run_is_said_too(bench: Bench, ecs: Ecs) -> None:
    (finding,) = bench.inside(lambda: KIND.preflight(params(), bench.context()))

    assert finding.severity is Severity.FINE


def test_what_it_changed_stays(bench: Bench, ecs: Ecs) -> None:
    done = execute(bench)
    assert isinstance(done, Receipt)

    undone = bench.inside(lambda: KIND.undo(params(), done, bench.context()))

    assert isinstance(undone, CannotUndo)
    assert isinstance(KIND.stand_in(params(), ISOLATION), Refusal)


def test_it_needs_the_outputs_that_its_environment_names() -> None:
    assert KIND.needs(params()) == (OutputOf(step="adopt-database", output="address"),)


def test_its_permissions_name_the_family_the_cluster_and_the_roles() -> None:
    run, passing = KIND.statements(params(task_definition="triflow-dr-migration:7"), PLACE)[:2]

    assert run.resources == (f"arn:aws:ecs:{TOKYO}:123456789012:task-definition/triflow-dr-migration:7",)
    assert run.conditions == {
        "ArnEquals": {"ecs:cluster": f"arn:aws:ecs:{TOKYO}:123456789012:cluster/triflow-dr-cluster"}
    }
    assert passing.resources == (
        "arn:aws:iam::123456789012:role/triflow-dr-task",
        "arn:aws:iam::123456789012:role/triflow-dr-task-execution",
    )
    assert passing.conditions == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


@pytest.mark.parametrize(
    "differences", [{"roles": []}, {"subnets": ["net-1"]}, {"command": []}, {"security_groups": []}]
)
def test_parameters_that_name_nothing_are_refused(differences: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        params(**differences)


class TestInADrill:
    ROLE = "arn:aws:iam::123456789012:role/pilotlight-fileflow-drill-task"

    def test_it_runs_under_the_drill_s_role_in_place_of_the_definition_s(self) -> None:
        own = params(task_role=self.ROLE)
        passed = [s.resources for s in KIND.statements(own, PLACE) if "iam:PassRole" in s.actions]

        assert own.order(OUTPUTS)["overrides"]["taskRoleArn"] == self.ROLE
        assert self.ROLE in passed[0]
        assert KIND.not_apart(own, ISOLATION) == ""
        assert "and not under the application's own" in KIND.not_apart(params(), ISOLATION)

    def test_it_remains_as_long_as_it_works(self, bench: Bench, ecs: Ecs) -> None:
        ecs.plan_next_task(TOKYO, seconds=60)
        execute(bench)

        standing = bench.inside(lambda: KIND.remains(params(), bench.context()))
        bench.inside(lambda: bench.world.time.sleep(600))

        assert standing is not None
        assert standing.run_id == bench.context().run_id
        assert f"Task {only(ecs).id} of triflow-dr-migration is " in standing.sentence
        assert bench.inside(lambda: KIND.remains(params(), bench.context())) is None
