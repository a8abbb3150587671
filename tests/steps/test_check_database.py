"""`check_database`: the step, the function in the network, and databases that answer as their engines do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pydantic import ValidationError

from deployment.databases import databases
from deployment.names import function_arn
from deployment.resources import Stack
from deployment.runbook import runbook
from pilotlight.aws.guarded import without_secrets
from pilotlight.domain.databases import Engine
from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    Receipt,
    Severity,
    Undone,
)
from pilotlight.estate.secrets import FURNISHED
from pilotlight.steps.check_database import KIND, CheckDatabaseParams
from planfile.draft import read_draft
from planfile.reading import InstalledKinds
from planfile.step_rules import databases_are_asked_from_one_place
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.apply import Account
from rehearsal.kept_secrets import keep_secret
from rehearsal.services.lambda_functions import FunctionFailed, LambdaFunctions
from rehearsal.services.rds import Rds
from rehearsal.services.rds_contents import Contents
from rehearsal.services.rds_instance import Instance
from rehearsal.wire import Call
from tests.builders import ISOLATION, a_plan, a_runbook
from tests.steps.conftest import PLACE, Bench

NAME, FUNCTION, GROUP = "the-replica", "pilotlight-fileflow-database", "sg-0d1e2f3a4b5c60718"
VECTOR = "select extversion from pg_extension where extname = 'vector'"
INVOKE = "lambda:Invoke"


def params(**differences: Any) -> CheckDatabaseParams:
    given = {
        "instance": NAME,
        "engine": "postgres",
        "database": "files",
        "login": "fileflow/dr/database-check",
        "subnets": ["subnet-0123456789abcdef0"],
        "security_groups": [GROUP],
        "query": VECTOR,
        "table": "pilotlight_check",
    }
    return CheckDatabaseParams.model_validate({**given, **differences})


@dataclass
class Asked:
    """A database of a plan with one step, and the function that asks it, deployed."""

    bench: Bench
    params: CheckDatabaseParams
    account: Account
    instance: Instance

    @property
    def contents(self) -> Contents:
        return self.bench.aws.service(Rds).contents[PLACE.standby, NAME]

    def live(self) -> StepState:
        state: StepState = self.under_its_role(lambda: self.bench.live(KIND, self.params))
        return state

    def under_its_role(self, work: Callable[[], Any]) -> Any:
        token = CURRENT_ROLE.set(Role("the-step", KIND.statements(self.params, PLACE)))
        try:
            return work()
        finally:
            CURRENT_ROLE.reset(token)

    def reasons(self) -> str:
        return "\n".join(state.reason for state in self.bench.states)


def stand(bench: Bench, **differences: Any) -> Asked:
    """Everything that the step takes to be there, as a rehearsal furnishes it."""
    given = params(**differences)
    step = {"step": "the-step", "kind": "check_database", "params": given.model_dump(mode="json")}
    plan = a_plan(stages={"serve": {"database": [step]}})
    rds, account = bench.aws.service(Rds), Account(bench.aws, bench.internet)
    instance = rds.add_instance(PLACE.standby, NAME, engine=given.engine.value)

    def furnish() -> None:
        for standing in KIND.standing(given, PLACE):
            if standing.service == "rds":
                rds.furnish(standing)
            else:
                keep_secret(account.sdk(PLACE.standby), standing)
        stack = Stack("the-stack", PLACE.standby, PLACE.account, databases(plan, "/opt/pilotlight/plan.json"))
        account.apply([stack])

    bench.inside(furnish)
    return Asked(bench, given, account, instance)


class TestOfAWriter:
    @pytest.mark.parametrize("engine", Engine)
    def test_it_takes_writes_answers_and_keeps_one_row(self, bench: Bench, engine: Engine) -> None:
        asked = stand(bench, engine=engine.value)

        state = asked.live()

        assert state.status is StepStatus.SETTLED, state.reason
        assert state.outputs["address"] == asked.instance.address
        assert state.outputs["seen"] == (
            f"Database {NAME} was asked from its own network: it takes writes in its own words, took a row into "
            f"pilotlight_check and gave it back; it answers '0.8.0' to: {VECTOR}."
        )
        assert list(asked.contents.tables["pilotlight_check"]) == ["fileflow-e1"]

    def test_without_a_table_it_only_asks(self, bench: Bench) -> None:
        asked = stand(bench, table=None, query=None)

        state = asked.live()

        assert state.status is StepStatus.SETTLED
        assert state.outputs["seen"].endswith("it takes writes in its own words, and was not written to.")

    def test_a_lost_answer_writes_no_second_row(self, bench: Bench) -> None:
        asked = stand(bench)
        bench.lose_answers("Invoke")

        state = asked.live()

        assert state.status is StepStatus.SETTLED
        assert [write for write in bench.writes() if write == INVOKE] == [INVOKE] * 3
        assert len(asked.contents.tables["pilotlight_check"]) == 1

    def test_an_expected_answer_is_compared(self, bench: Bench) -> None:
        assert stand(bench, query="select count(*) from files", expect="7").live().status is StepStatus.SETTLED


class TestWhatMayPass:
    def test_a_replica_is_waited_for_until_it_takes_writes(self, bench: Bench) -> None:
        asked = stand(bench)
        asked.instance.source = bench.aws.service(Rds).add_instance(PLACE.primary, "the-source")
        bench.world.time.spawn(lambda: setattr(asked.instance, "source", None), name="promoted", delay_seconds=60.0)

        state = asked.live()

        assert state.status is StepStatus.SETTLED
        assert f"Database {NAME} was reached and takes no writes: it is a replica still" in asked.reasons()

    def test_a_database_that_lets_the_function_not_in_is_given_up_in_time(self, bench: Bench) -> None:
        asked = stand(bench, within="1 min")
        asked.contents.lets_in = {"sg-of-another"}

        state = asked.live()

        assert state.status is StepStatus.FAILED
        assert state.reason == (
            f"Database {NAME} did not answer as a writer within 1 min: Database {NAME} said no (unreachable): timed out"
        )
        assert state.fix.startswith("Let the function's security group out to the database's port")

    def test_a_database_that_restarts_is_waited_for(self, bench: Bench) -> None:
        asked = stand(bench)
        asked.instance.status = "rebooting"
        bench.world.time.spawn(
            lambda: setattr(asked.instance, "status", "available"), name="up again", delay_seconds=45.0
        )

        assert asked.live().status is StepStatus.SETTLED


class TestWhatDoesNotPass:
    @pytest.mark.parametrize(
        ("change", "said", "way_out"),
        [
            ({"logins": {FURNISHED: "another"}}, "said no (login): password authentication", "Put the user and the"),
            ({"trusted": False}, "said no (certificate): self-signed certificate", "Ask the instance's own address"),
            ({"tables": {}}, "said no (no table): relation", "Create the table, as docs/steps.md shows"),
            ({"database": "other"}, "said no (other): database files does not exist", "Correct what the database"),
            ({"engine": Engine.MYSQL}, "said no (other): this is no server of postgres", "Correct what the database"),
            ({"extensions": {}}, f"answers nothing and not something to: {VECTOR}", "Bring the database to what"),
        ],
    )
    def test_it_fails_at_once_with_a_way_out(
        self, bench: Bench, change: dict[str, Any], said: str, way_out: str
    ) -> None:
        asked = stand(bench)
        for name, value in change.items():
            setattr(asked.contents, name, value)

        state = asked.live()

        assert state.status is StepStatus.FAILED
        assert said in state.reason
        assert state.fix.startswith(way_out)

    def test_another_answer_than_the_expected_one_is_quoted(self, bench: Bench) -> None:
        asked = stand(bench, expect="0.8.0")
        asked.contents.extensions["vector"] = "0.5.1"

        assert asked.live().reason == f"Database {NAME} answers '0.5.1' and not '0.8.0' to: {VECTOR}"

    def test_an_instance_that_is_gone_or_broken_says_so(self, bench: Bench) -> None:
        asked = stand(bench)
        asked.instance.status = "storage-full"

        assert asked.live().reason == f"Database {NAME} cannot be asked, because it is storage-full."

        bench.aws.service(Rds).remove(PLACE.standby, NAME)
        assert asked.live().reason == f"Database {NAME} cannot be asked, because it is missing in {PLACE.standby}."

    def test_a_secret_of_another_shape_is_not_quoted(self, bench: Bench) -> None:
        asked = stand(bench)
        sdk, name = asked.account.sdk(PLACE.standby), asked.params.login
        put = {"SecretId": name, "SecretString": '{"user": "x"}'}
        bench.inside(lambda: sdk.call("secretsmanager", "PutSecretValue", PLACE.standby, **put))

        state = asked.live()

        assert state.reason == (
            f"Database {NAME} cannot be asked, because secret {name} holds no username and password."
        )


class TestTheFunction:
    def ask(self, bench: Bench, **differences: Any) -> Any:
        event = {
            "do": "look",
            "run_id": "fileflow-e1",
            "step": "the-step",
            "address": "db.example.com",
            "port": 5432,
            "user": "someone",
            "password": "a-word-that-nobody-may-read",
        }
        functions = bench.aws.service(LambdaFunctions)
        return bench.inside(lambda: functions.run(PLACE.standby, FUNCTION, {**event, **differences}))

    def test_it_asks_nothing_that_its_plan_does_not_name(self, bench: Bench) -> None:
        stand(bench)

        with pytest.raises(FunctionFailed, match="has no step another that looks at a database"):
            self.ask(bench, step="another")

    def test_it_writes_nothing_where_the_plan_names_no_table(self, bench: Bench) -> None:
        stand(bench, table=None)

        with pytest.raises(FunctionFailed, match="names no table"):
            self.ask(bench, do="write")

    def test_a_call_that_is_refused_is_not_quoted(self, bench: Bench) -> None:
        stand(bench)

        with pytest.raises(FunctionFailed) as refused:
            self.ask(bench, port="no number", table="anything")

        assert "nobody-may-read" not in str(refused.value)

    def test_it_calls_no_api_and_holds_no_right(self, bench: Bench) -> None:
        asked = stand(bench)
        asked.live()

        (function,) = databases(a_plan(stages={"serve": {"database": [self.step(asked)]}}), "/opt/pilotlight/plan.json")
        assert function.statements == ()
        assert function.foothold is not None
        assert [line for line in bench.world.trace if line.by == FUNCTION] == []

    def step(self, asked: Asked) -> dict[str, Any]:
        return {"step": "the-step", "kind": "check_database", "params": asked.params.model_dump(mode="json")}


class TestWhereItStands:
    def test_a_run_book_has_a_function_of_its_own_that_its_steps_may_call(self) -> None:
        step = {"step": "look", "kind": "check_database", "params": params().model_dump(mode="json")}
        plan = a_runbook(step)

        (function,) = databases(plan, "/opt/pilotlight/plan.json")

        assert function.name == "pilotlight-triflow-mend-database"
        assert function in runbook(plan).resources
        called = [s.resources for s in KIND.statements(params(), plan.place) if "lambda:InvokeFunction" in s.actions]
        assert called == [(function_arn(plan.place, function.name),)]

    def test_two_looks_of_a_plan_from_two_places_are_refused(self) -> None:
        steps = [
            {"step": name, "kind": "check_database", "params": params(instance=name, subnets=[subnet]).model_dump()}
            for name, subnet in (("one", "subnet-1"), ("two", "subnet-2"))
        ]
        draft, _ = read_draft(a_plan(stages={"serve": {"database": steps}}).model_dump(mode="json"), InstalledKinds())

        found = list(databases_are_asked_from_one_place.check(draft))

        assert [complaint.sentence for complaint in found] == [
            "'two' asks from other subnets or security groups than 'one', and one function asks for both; name the "
            "same ones, from which both databases are reached."
        ]


class TestTheSecret:
    def test_what_is_sent_to_the_function_is_written_down_nowhere(self, bench: Bench) -> None:
        asked = stand(bench)
        sent: list[Call] = []
        bench.aws.after_call.append(lambda call: sent.append(call) if call.operation == "Invoke" else None)
        seen: list[Any] = []
        context = bench.context()

        class Watched:
            def call(self, service: str, operation: str, region: str, /, **given: Any) -> dict[str, Any]:
                seen.append(json.dumps(without_secrets(given)))
                return context.aws.call(service, operation, region, **given)

        done = bench.inside(lambda: KIND.execute(asked.params, replace(context, aws=Watched())))

        assert isinstance(done, Receipt)
        assert FURNISHED in json.dumps(json.loads(sent[0].parameters["Payload"]))
        assert any('"Payload": "(withheld)"' in line for line in seen)
        assert FURNISHED not in "".join(seen)
        assert FURNISHED not in json.dumps([done.sentence, dict(done.data)])


class TestReadiness:
    def test_it_says_what_is_there(self, bench: Bench) -> None:
        asked = stand(bench)

        found = asked.under_its_role(lambda: bench.inside(lambda: KIND.readiness(asked.params, bench.context())))

        assert [(f.severity, f.code) for f in found] == [
            (Severity.FINE, "database-login"),
            (Severity.FINE, "database-function"),
        ]

    def test_it_says_what_is_missing(self, bench: Bench) -> None:
        found = bench.inside(lambda: KIND.preflight(params(), bench.context()))

        assert [(f.severity, f.code) for f in found] == [
            (Severity.IMPOSSIBLE, "database-login"),
            (Severity.IMPOSSIBLE, "database-function"),
        ]
        assert all(f.fix for f in found)

    def test_a_region_that_nobody_vouches_for_is_said(self, bench: Bench) -> None:
        context = replace(bench.context(), place=replace(PLACE, standby="il-central-1"))

        assert bench.inside(lambda: KIND.preflight(params(), context))[-1].code == "database-authority"


class TestParameters:
    @pytest.mark.parametrize(
        ("differences", "said"),
        [
            ({"table": 'check"; drop table files; --'}, "String should match pattern"),
            ({"table": "Files"}, "String should match pattern"),
            ({"query": "select 1; drop table files"}, "String should match pattern"),
            ({"query": "delete from files"}, "String should match pattern"),
            ({"query": None, "expect": "7"}, "an answer is expected and nothing is asked"),
            ({"within": "2 h"}, "30 min at most"),
        ],
    )
    def test_what_could_do_more_than_look_is_refused(self, differences: dict[str, Any], said: str) -> None:
        with pytest.raises(ValidationError, match=said):
            params(**differences)

    def test_the_row_stays_and_a_drill_writes_none(self, bench: Bench) -> None:
        done = Receipt("written", acted=True, data={"table": "pilotlight_check"})

        undone = KIND.undo(params(), done, bench.context())

        assert undone == Undone(
            "The row of run fileflow-e1 stays in pilotlight_check: it is a record that nothing reads."
        )
        assert isinstance(KIND.stand_in(params(), ISOLATION), Refusal)
