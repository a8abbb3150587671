"""How a run opens, or does not, and what a start without confirmation gets to hear."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from deployment import names
from pilotlight.domain.data_loss import Override
from pilotlight.domain.kind import Severity
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Origin, Outcome, Phase
from pilotlight.readiness.kept import SORT, Kept, partition
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.lambda_functions import FunctionFailed
from rehearsal.services.rds import Rds
from rehearsal.services.step_functions import StepFunctions
from tests.builders import PRIMARY, PRIMARY_HOST, STANDBY, a_plan, an_alarm_event
from tests.handlers.conftest import Desk, a_desk

CONFIRMED = {"confirm": "fileflow", "reason": "Seoul is dark"}


def furnish(desk: Desk) -> None:
    """A replica that has just reported that it is a second behind."""
    rds = desk.account.aws.service(Rds)
    desk.inside(lambda: rds.add_replica(rds.add_instance(PRIMARY, "the-source"), STANDBY, "the-replica"))
    metrics, dimensions = desk.account.aws.service(CloudWatch), {"DBInstanceIdentifier": "the-replica"}
    metrics.put_metric(STANDBY, "AWS/RDS", "ReplicaLag", dimensions, desk.now - timedelta(minutes=2), 1.0)


def an_override(run_id: str, granted: datetime) -> Override:
    """The word of a proven person that a run may lose what it would lose, for half an hour."""
    return Override(run_id, "anna", True, "it is replayed", granted, granted + timedelta(minutes=30), None)


@pytest.fixture
def dark(desk: Desk) -> Desk:
    furnish(desk)
    desk.darken()
    return desk


def open_run(desk: Desk, run_id: str, given: Any = None) -> Any:
    arn = names.execution_arn(desk.plan.place, run_id)
    event = {"do": "open", "run_id": run_id, "execution_arn": arn, "input": {} if given is None else given}
    return desk.call(names.open_function("fileflow"), event)


class TestAStartByAPerson:
    @pytest.mark.parametrize("given", [{}, {"Comment": "Insert your JSON here"}, {"reason": "just looking"}])
    def test_without_confirmation_it_explains_and_changes_nothing(self, dark: Desk, given: dict[str, str]) -> None:
        answer = open_run(dark, "by-hand", given)

        assert answer["next"] == "explain"
        assert "Nothing was changed." in answer["sentence"]
        assert "Promote the-replica" in answer["sentence"]
        assert '{"confirm": "fileflow", "reason": "why"}' in answer["sentence"]
        assert dark.records() == []
        assert dark.lease().holder == ""
        assert [line.operation for line in dark.world.trace if line.mutating and line.step] == []

    def test_the_wrong_name_confirms_nothing(self, dark: Desk) -> None:
        answer = open_run(dark, "by-hand", {"confirm": "megaticket"})

        assert answer["next"] == "explain"
        assert "confirm is 'megaticket', not 'fileflow'" in answer["sentence"]

    @pytest.mark.parametrize(
        ("given", "because"),
        [
            ({"confirm": "fileflow", "kind": "drill"}, "'kind'"),
            ({"confirm": 7}, "'confirm'"),
            ([], "the input"),
            ("go", "the input"),
            ({"confirm": "fileflow", "reason": "x" * 2000}, "'reason'"),
        ],
    )
    def test_an_input_of_another_shape_is_refused(self, dark: Desk, given: Any, because: str) -> None:
        answer = open_run(dark, "by-hand", given)

        assert answer["next"] == "close"
        assert "was refused at" in answer["sentence"]
        assert because in answer["sentence"]
        assert [r.entry.sentence for r in dark.records()] == [answer["sentence"]]

    def test_confirmed_it_goes_on_at_once_while_the_primary_is_dark(self, dark: Desk) -> None:
        answer = open_run(dark, "by-hand", CONFIRMED)

        run = dark.inside(lambda: dark.control.run("by-hand"))
        assert answer["next"] == "go"
        assert (run.phase, run.origin, run.reason, run.epoch) == (Phase.ACTING, Origin.CONSOLE, "Seoul is dark", 1)
        assert [r.entry.kind for r in dark.records()] == [
            RecordKind.RUN_OPENED,
            RecordKind.PREFLIGHT,
            RecordKind.RUN_CONFIRMED,
        ]

    def test_it_says_how_old_the_last_look_of_readiness_is(self, dark: Desk) -> None:
        looked = Kept(dark.now - timedelta(minutes=40), {Severity.WARNING: 1}, ())
        where = partition(dark.plan.application), SORT
        dark.inside(lambda: dark.control.keep_note(*where, looked.to_item(), None))

        open_run(dark, "by-hand", CONFIRMED)

        (said,) = dark.records(RecordKind.PREFLIGHT)
        assert "Readiness was looked at 40 min" in said.entry.sentence
        assert said.entry.sentence.endswith("ago: 1 warning.")

    def test_a_claimed_name_is_shown_as_claimed(self, dark: Desk) -> None:
        open_run(dark, "by-hand", {**CONFIRMED, "requested_by": "the on-call"})

        opened = dark.records(RecordKind.RUN_OPENED)[0].entry
        assert opened.details["requested_by"] == "the on-call"
        assert opened.details["proven"] is False

    def test_a_start_that_rests_on_an_override_goes_on_where_one_stands_for_it(self, dark: Desk) -> None:
        dark.inside(lambda: dark.control.keep_override(an_override("by-hand", dark.now)))

        assert open_run(dark, "by-hand", {**CONFIRMED, "override_ref": "by-hand"})["next"] == "go"

    @pytest.mark.parametrize(
        ("named", "given_ago", "because"),
        [
            ("fileflow-e7", None, "so start the execution under the name fileflow-e7"),
            ("by-hand", None, "and none was given: give one for a new name"),
            ("by-hand", timedelta(minutes=31), "and the one for run by-hand expired at"),
        ],
    )
    def test_a_start_that_rests_on_an_override_which_does_not_stand_is_refused(
        self, dark: Desk, named: str, given_ago: timedelta | None, because: str
    ) -> None:
        if given_ago:
            old = an_override("by-hand", dark.now - given_ago)
            dark.inside(lambda: dark.control.keep_override(old))

        answer = open_run(dark, "by-hand", {**CONFIRMED, "override_ref": named})

        assert answer["next"] == "close"
        assert because in answer["sentence"]
        assert [r.entry.sentence for r in dark.records()] == [answer["sentence"]]
        assert dark.lease().holder == ""

    def test_a_primary_that_answers_is_not_left(self, desk: Desk) -> None:
        furnish(desk)

        answer = open_run(desk, "by-hand", CONFIRMED)

        assert answer["next"] == "close"
        assert desk.inside(lambda: desk.control.run("by-hand")).outcome is Outcome.NOT_NEEDED

    def test_the_primary_is_asked_under_the_lease_and_the_standby_looked_at_meanwhile(self, dark: Desk) -> None:
        held, asked = list[str](), list[datetime]()

        def silent(request: WebRequest) -> WebAnswer:
            asked.append(dark.now)
            held.append(dark.leases.of("fileflow").holder)
            return WebAnswer(None, "", "no connection came about in time", silence=Silence.TIMED_OUT)

        dark.account.internet.put(PRIMARY_HOST, silent)
        open_run(dark, "by-hand", CONFIRMED)

        decided = dark.inside(lambda: dark.control.run("by-hand")).clocks.decided
        looks = [line.time for line in dark.world.trace if line.service == "rds" and line.time > asked[0]]
        assert held == ["by-hand"]
        assert asked[0] + timedelta(seconds=1.5) < decided < asked[0] + timedelta(seconds=2.5)
        assert looks
        assert max(looks) < decided

    def test_observe_lets_nobody_start(self) -> None:
        with a_desk(a_plan(arming="observe")) as desk:
            desk.darken()

            answer = open_run(desk, "by-hand", CONFIRMED)

            assert answer["next"] == "close"
            assert "armed 'observe'" in answer["sentence"]
            assert [r.entry.kind for r in desk.records()] == [RecordKind.VERDICT]

    def test_manual_lets_a_person_start(self) -> None:
        with a_desk(a_plan(arming="manual")) as desk:
            furnish(desk)
            desk.darken()

            assert open_run(desk, "by-hand", CONFIRMED)["next"] == "go"


class TestAStartByTheDetector:
    def test_its_origin_is_proven_by_the_detectors_note(self, dark: Desk) -> None:
        dark.detect(an_alarm_event(dark.now))
        dark.world.time.run(limit_seconds=30)

        run = dark.inside(lambda: dark.control.run("fileflow-e1"))
        assert run.origin is Origin.EVENT
        assert dark.records(RecordKind.RUN_OPENED)[0].entry.details["proven"] is True

    def test_it_goes_on_at_once_because_the_darkness_has_lasted(self, dark: Desk) -> None:
        dark.detect(an_alarm_event(dark.now))
        dark.world.time.run(limit_seconds=30)

        run = dark.inside(lambda: dark.control.run("fileflow-e1"))
        assert run.phase is Phase.ACTING
        assert run.looks == 1
        assert run.clocks.decided is not None
        assert run.clocks.onset is not None
        assert run.clocks.decided - run.clocks.onset >= timedelta(minutes=3)

    def test_a_primary_that_comes_back_ends_it_with_nothing_changed(self, dark: Desk) -> None:
        dark.detect(an_alarm_event(dark.now))
        dark.answer_again()
        dark.world.time.run(limit_seconds=60)

        run = dark.inside(lambda: dark.control.run("fileflow-e1"))
        assert run.outcome is Outcome.NOT_NEEDED
        assert dark.records(RecordKind.INTENT) == []
        assert dark.lease().holder == ""


class TestTheLease:
    def test_opening_twice_is_joining(self, dark: Desk) -> None:
        open_run(dark, "by-hand", CONFIRMED)

        again = open_run(dark, "by-hand", CONFIRMED)

        assert again["next"] == "go"
        assert dark.lease().epoch == 1
        assert len(dark.records(RecordKind.RUN_OPENED)) == 1

    def test_there_is_one_run_at_a_time(self, dark: Desk) -> None:
        dark.detect(an_alarm_event(dark.now))
        dark.world.time.run(limit_seconds=20)

        answer = open_run(dark, "by-hand", CONFIRMED)

        assert answer["next"] == "close"
        assert "Run fileflow-e1 of fileflow is at work, and there is only one at a time" in answer["sentence"]

    def test_a_dead_runs_lease_is_reaped_in_a_new_epoch(self, dark: Desk) -> None:
        dark.detect(an_alarm_event(dark.now))
        dark.world.time.run(limit_seconds=20)
        next(iter(dark.account.aws.service(StepFunctions).executions.values())).stop()

        first = open_run(dark, "by-hand", CONFIRMED)
        dark.world.time.run(limit_seconds=first["wait_seconds"])
        answer = open_run(dark, "by-hand", CONFIRMED)

        assert (first["next"], answer["next"]) == ("look_again", "go")
        assert "is put to rest first" in first["sentence"]
        lease = dark.lease()
        assert (lease.holder, lease.epoch) == ("by-hand", 2)

    def test_a_holder_that_was_never_started_is_dead(self, dark: Desk) -> None:
        dark.grant("never-started")

        first = open_run(dark, "by-hand", CONFIRMED)
        dark.world.time.run(limit_seconds=first["wait_seconds"])

        assert open_run(dark, "by-hand", CONFIRMED)["next"] == "go"

    def test_a_holder_of_whom_nothing_can_be_learned_counts_as_alive(self, dark: Desk) -> None:
        dark.grant("somebody")
        dark.account.aws.service(StepFunctions).silent = True

        assert open_run(dark, "by-hand", CONFIRMED)["next"] == "close"


def test_a_standby_that_cannot_work_blocks_the_run(desk: Desk) -> None:
    desk.darken()

    answer = open_run(desk, "by-hand", CONFIRMED)

    run = desk.inside(lambda: desk.control.run("by-hand"))
    assert answer["next"] == "close"
    assert run.outcome is Outcome.BLOCKED
    assert "the-replica" in run.outcome_reason


def test_what_the_function_does_not_know_it_refuses(desk: Desk) -> None:
    with pytest.raises(FunctionFailed, match="it knows open, gate and review"):
        desk.call(names.open_function("fileflow"), {"do": "anything"})
