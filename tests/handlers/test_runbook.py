"""The run of a run-book: started by a confirming person alone, one at a time, never beside a failover, abortable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deployment import names
from pilotlight.aws.control import Control
from pilotlight.aws.leases import Leases
from pilotlight.aws.ledger import Ledger
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.records import Record, RecordKind
from pilotlight.domain.run import Outcome, Run
from pilotlight.domain.runbook import Runbook
from pilotlight.domain.word import Word, WordKind
from pilotlight.report.view import view
from rehearsal.engine import Status
from rehearsal.scene import AnyScene, close_scene, open_runbook_scene
from rehearsal.services.ecs import Ecs
from rehearsal.services.step_functions import StepFunctions
from tests.builders import PRIMARY, STANDBY, a_runbook

NAME = "triflow-mend"
SERVICE = {"cluster": "a-cluster", "service": "a-service"}
STOP = {"step": "stop", "kind": "stop_ecs_task", "params": SERVICE}
NAT = {
    "step": "nat",
    "kind": "replace_nat_gateway",
    "params": {
        "gateway": "nat-0123456789abcdef0",
        "subnet": "subnet-0123456789abcdef1",
        "route_tables": ["rtb-0123456789abcdef0"],
    },
}
ASK = {"step": "look", "kind": "ask_a_person", "params": {"about": "the new tasks"}}
CONFIRMED = {"confirm": NAME, "reason": "it is slow", "requested_by": "anna"}
ANYBODY = {"approvers": ["arn:aws:sts::123456789012:assumed-role/Operators/*"]}


class Place:
    """A run-book that is deployed, and what a test does with it."""

    def __init__(self, scene: AnyScene) -> None:
        self.scene = scene
        self.time = scene.world.time

    def start(self, given: dict[str, Any], name: str = "by-hand") -> None:
        machine = self.scene.plan.place.arn("states", f"stateMachine:{self.scene.plan.machine}")
        self.scene.account.aws.service(StepFunctions).start(machine, name, json.dumps(given))

    def run_to_the_end(self) -> None:
        executions = self.scene.account.aws.service(StepFunctions).executions
        self.time.run(
            until=lambda: all(e.status is not Status.RUNNING for e in executions.values()), limit_seconds=7200
        )

    def output(self, name: str = "by-hand") -> dict[str, Any]:
        found = next(e for e in self.scene.account.aws.service(StepFunctions).executions.values() if e.name == name)
        return found.output if isinstance(found.output, dict) else {}

    def table(self, region: str, name: str) -> DynamoTable:
        return DynamoTable(self.scene.account.sdk(region), region, name)

    def run(self, name: str = "by-hand") -> Run | None:
        return self.inside(lambda: Control(self.table(PRIMARY, names.CONTROL_TABLE)).find_run(name))

    def records(self, *kinds: RecordKind) -> list[Record]:
        ledger = Ledger(self.table(PRIMARY, names.LEDGER_TABLE), pause=lambda lost: None)
        return [r for r in self.inside(lambda: ledger.records(NAME)) if not kinds or r.entry.kind in kinds]

    def lease(self, region: str, subject: str, holder: str) -> None:
        leases = Leases(self.table(region, names.CONTROL_TABLE))
        self.inside(lambda: leases.grant(leases.seen([subject]), holder, "arn:aws:states:::x", self.time.now()))

    def say(self, kind: WordKind, accept: str = "") -> None:
        word = Word(
            kind, "by-hand", "arn:aws:sts::123456789012:assumed-role/Operators/bo", True, "why", self.time.now(), accept
        )
        Control(self.table(PRIMARY, names.CONTROL_TABLE)).keep_word(word, f"mark-{kind.value}")

    def writes(self) -> list[str]:
        own = {"dynamodb", "sns", "sqs", "lambda", "stepfunctions"}
        trace = self.scene.world.trace
        return [f"{t.service}:{t.operation}" for t in trace if t.by and t.mutating and t.service not in own]

    def inside(self, work: Any) -> Any:
        task = self.time.spawn(work, name="test")
        self.time.run(until=lambda: task.done)
        return task.result()


@contextmanager
def a_place(plan: Runbook) -> Iterator[Place]:
    scene = open_runbook_scene(plan, 1)
    try:
        yield Place(scene)
    finally:
        close_scene(scene)


@pytest.fixture
def place() -> Iterator[Place]:
    with a_place(a_runbook(STOP)) as made:
        yield made


class TestStarting:
    @pytest.mark.parametrize("given", [{}, {"Comment": "Insert your JSON here"}])
    def test_an_unconfirmed_start_explains_itself_and_changes_nothing(
        self, place: Place, given: dict[str, Any]
    ) -> None:
        place.start(given)
        place.run_to_the_end()

        said = place.output()["sentence"]

        assert said == (
            f"Nothing was changed. This run would carry out run-book mend of triflow in {PRIMARY}: Stop a task of "
            'a-service. Nothing stands in its way. To start it, run the machine triflow-mend-runbook with {"confirm": '
            '"triflow-mend", "reason": "why"}.'
        )
        assert place.run() is None
        assert place.writes() == []

    def test_the_name_of_the_application_alone_confirms_nothing(self, place: Place) -> None:
        place.start({"confirm": "triflow"})
        place.run_to_the_end()

        assert place.output()["sentence"].startswith("Nothing was changed. confirm is 'triflow', not 'triflow-mend'.")
        assert place.writes() == []

    def test_an_override_is_refused_because_nothing_is_lost(self, place: Place) -> None:
        place.start({**CONFIRMED, "override_ref": "by-hand"})
        place.run_to_the_end()

        assert place.run() is None
        assert [r.entry.sentence for r in place.records(RecordKind.VERDICT)] == [
            "triflow-mend is a run-book, which loses no data and takes no override; leave override_ref out."
        ]
        assert place.writes() == []

    def test_a_confirmed_start_goes_to_its_end_and_says_who_asked(self, place: Place) -> None:
        place.start(CONFIRMED)
        place.run_to_the_end()

        run = place.run()

        assert run
        assert run.outcome is Outcome.RECOVERED
        assert run.requested_by == "anna"
        assert run.clocks.onset is not None
        assert place.writes() == ["ecs:StopTask"]

    def test_a_second_start_is_told_of_the_first_and_blocked(self, place: Place) -> None:
        place.start(CONFIRMED)
        place.time.run(limit_seconds=20)
        place.start(CONFIRMED, "another")
        place.run_to_the_end()

        assert place.run("another") is None
        assert any(
            r.entry.sentence == f"Run by-hand of {NAME} is at work, and there is only one at a time: follow that."
            for r in place.records(RecordKind.VERDICT)
        )
        assert place.writes() == ["ecs:StopTask"]

    def test_a_step_that_cannot_succeed_blocks_it_before_it_acts(self, place: Place) -> None:
        (service,) = place.scene.world.model(Ecs).ecs_services
        service.status = "INACTIVE"

        place.start(CONFIRMED)
        place.run_to_the_end()
        run = place.run()

        assert run
        assert run.outcome is Outcome.BLOCKED
        assert "because it is INACTIVE" in run.outcome_reason
        assert place.writes() == []


class TestBesideAFailover:
    def test_it_does_not_start_while_a_failover_of_the_application_is_at_work(self) -> None:
        with a_place(a_runbook(STOP, failover_region=STANDBY)) as place:
            place.lease(STANDBY, "triflow", "triflow-e7")
            place.start(CONFIRMED)
            place.run_to_the_end()
            run = place.run()

            assert run
            assert run.outcome is Outcome.BLOCKED
            assert run.outcome_reason == (
                f"Run triflow-e7 of triflow is at work in {STANDBY}, and a run-book does not run beside a failover; "
                f"start {NAME} again when that is over."
            )
            assert place.writes() == []

    def test_a_failover_that_cannot_be_asked_about_counts_as_one(self) -> None:
        with a_place(a_runbook(STOP, failover_region=STANDBY)) as place:
            place.scene.world.darken(STANDBY)
            place.start(CONFIRMED)
            place.run_to_the_end()
            run = place.run()

            assert run
            assert run.outcome is Outcome.BLOCKED
            assert run.outcome_reason.startswith("Whether a failover of triflow is at work cannot be told")
            assert place.writes() == []

    def test_one_that_starts_while_a_run_waits_for_its_approval_blocks_it(self) -> None:
        gated = a_runbook(STOP, failover_region=STANDBY, gates={"approval": True}, people=ANYBODY)
        with a_place(gated) as place:
            place.start(CONFIRMED)
            place.time.run(limit_seconds=60)
            place.lease(STANDBY, "triflow", "triflow-e7")
            place.run_to_the_end()
            run = place.run()

            assert run
            assert run.outcome is Outcome.BLOCKED
            assert run.outcome_reason.startswith("Run triflow-e7 of triflow is at work")
            assert place.writes() == []

    def test_where_none_is_at_work_it_runs(self) -> None:
        with a_place(a_runbook(STOP, failover_region=STANDBY)) as place:
            place.start(CONFIRMED)
            place.run_to_the_end()
            run = place.run()

            assert run
            assert run.outcome is Outcome.RECOVERED


class TestWords:
    def test_nobody_who_approves_blocks_it(self) -> None:
        with a_place(a_runbook(STOP, gates={"approval": True}, people=ANYBODY)) as place:
            place.start(CONFIRMED)
            place.run_to_the_end()
            run = place.run()

            assert run
            assert run.outcome is Outcome.BLOCKED
            assert run.outcome_reason.startswith("Nobody approved run by-hand until ")
            assert place.writes() == []

    def test_a_step_that_asks_a_person_waits_and_says_how_to_answer_it(self) -> None:
        with a_place(a_runbook(ASK, STOP, people=ANYBODY)) as place:
            place.start(CONFIRMED)
            place.time.run(limit_seconds=60)
            needed = view(place.records(), place.records()[-1].entry.details["incident"]).outlook.need
            before = place.writes()

            place.inside(lambda: place.say(WordKind.APPROVE, accept="look"))
            place.run_to_the_end()
            run = place.run()

            assert needed
            assert needed.sentence == "Confirm the new tasks: approve it if that is as it should be, or abort the run."
            assert needed.paste == "./pilotlight approve plans/triflow-mend.yaml by-hand --step look"
            assert before == []
            assert run
            assert run.outcome is Outcome.RECOVERED
            assert place.writes() == ["ecs:StopTask"]

    def test_an_abort_between_two_steps_begins_no_other_and_takes_the_first_back(self) -> None:
        with a_place(a_runbook(NAT, STOP)) as place:
            place.start(CONFIRMED)
            place.time.run(limit_seconds=30)
            place.inside(lambda: place.say(WordKind.ABORT))
            place.run_to_the_end()
            run = place.run()

            assert run
            assert run.outcome is Outcome.ABORTED_CLEAN
            assert run.outcome_reason.startswith("Run by-hand was aborted by ")
            assert "before it was done" in run.outcome_reason
            assert place.writes() == [
                "ec2:AllocateAddress",
                "ec2:CreateNatGateway",
                "ec2:ReplaceRoute",
                "ec2:ReplaceRoute",
            ]
            assert place.records(RecordKind.STEP_UNDONE)[0].entry.step == "nat"
