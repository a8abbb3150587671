"""What a run does at its gate while people have a say: it waits, goes on, is held, aborted, or blocked in time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from deployment import names
from pilotlight.aws.control import Start
from pilotlight.domain.life import StepStatus
from pilotlight.domain.ports import Silence, WebAnswer
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome, Run
from pilotlight.domain.word import Word, WordKind
from pilotlight.handlers.gate import weigh_data_loss
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.rds import Rds
from rehearsal.sts import put_sts
from tests.builders import PRIMARY_HOST, STANDBY, a_plan
from tests.handlers.conftest import Desk, a_desk
from tests.handlers.test_close import close
from tests.handlers.test_gate import OPEN, hold
from tests.handlers.test_open import CONFIRMED, furnish, open_run
from tests.handlers.test_word import WORD, say
from tests.people import ANNA, EVERYBODY, PEOPLE

APPROVED = {"people": PEOPLE, "gates": {"approval": True, "approval_within": "20 min"}}
WINDOW = {"people": PEOPLE, "gates": {"veto_window": "10 min"}}


@contextmanager
def a_run_at_its_gate(**plan: Any) -> Iterator[Desk]:
    """A run that boris started by hand, and that only people keep at its gate."""
    with a_desk(a_plan(**plan)) as desk:
        put_sts(desk.account.internet, desk.world, STANDBY, EVERYBODY)
        furnish(desk)
        desk.darken()
        open_run(desk, "by-hand", {**CONFIRMED, "requested_by": "boris"})
        yield desk


@pytest.fixture
def asking() -> Iterator[Desk]:
    with a_run_at_its_gate(**APPROVED) as desk:
        yield desk


@pytest.fixture
def windowed() -> Iterator[Desk]:
    with a_run_at_its_gate(**WINDOW) as desk:
        yield desk


def the_run(desk: Desk, run_id: str = "by-hand") -> Run:
    run: Run = desk.inside(lambda: desk.control.run(run_id))
    return run


def later(desk: Desk, **span: float) -> None:
    desk.world.time.sleep(timedelta(**span).total_seconds())


def waits(desk: Desk) -> list[str]:
    return [r.entry.details["waits_for"] for r in desk.records(RecordKind.GATE_WAITING)]


class TestAnApproval:
    def test_is_waited_for_and_said_once_with_what_would_be_lost(self, asking: Desk) -> None:
        first = hold(asking)
        later(asking, seconds=15)
        second = hold(asking)

        assert (first["next"], first["wait_seconds"]) == ("look_again", 15)
        assert second == first
        (told,) = asking.records(RecordKind.GATE_WAITING)
        since = the_run(asking).gate.since
        assert since is not None
        until = since + timedelta(minutes=20)
        assert told.entry.sentence == "Run by-hand waits for a person to approve it, because its plan asks for it."
        assert datetime.fromisoformat(told.entry.details["until"]) == until
        assert told.entry.details["then"] == (
            f"Unless it is approved, the run is blocked at {until:%H:%M:%S} UTC, and nothing is disrupted."
        )
        assert "may be lost" in told.entry.details["data_loss_sentence"]
        assert told.entry.details["data_loss_sentence"] == the_run(asking).data_loss_sentence
        assert asking.records(RecordKind.GATE_PASSED) == []

    def test_lets_the_run_through(self, asking: Desk) -> None:
        hold(asking)

        say(asking, "approve")

        assert hold(asking)["next"] == "go"
        assert len(asking.records(RecordKind.GATE_PASSED)) == 1

    def test_given_before_the_gate_is_reached_counts(self, asking: Desk) -> None:
        say(asking, "approve")

        assert hold(asking)["next"] == "go"
        assert asking.records(RecordKind.GATE_WAITING) == []

    def test_that_does_not_come_blocks_the_run_in_time(self, asking: Desk) -> None:
        hold(asking)
        later(asking, minutes=20)

        answer = hold(asking)

        assert answer["next"] == "close"
        assert answer["sentence"].startswith("Nobody approved run by-hand until ")
        assert close(asking, "by-hand")["outcome"] == "BLOCKED"
        assert asking.records(RecordKind.GATE_PASSED, RecordKind.INTENT) == []

    def test_the_last_wait_ends_at_the_deadline_and_not_behind_it(self, asking: Desk) -> None:
        hold(asking)
        since = the_run(asking).gate.since
        assert since is not None
        later(asking, seconds=(since + timedelta(minutes=20) - asking.now).total_seconds() - 5)

        assert hold(asking)["wait_seconds"] <= 5

    def test_does_not_move_an_application_that_came_back(self, asking: Desk) -> None:
        hold(asking)
        asking.answer_again()
        say(asking, "approve")

        hold(asking)

        assert the_run(asking).outcome is Outcome.NOT_NEEDED

    def test_does_not_help_where_more_would_be_lost_than_is_accepted_by_then(self, asking: Desk) -> None:
        hold(asking)
        say(asking, "approve")
        asking.account.aws.service(Rds).stop_replication(STANDBY, "the-replica")

        answer = hold(asking)

        assert answer["next"] == "close"
        assert "its replication is stopped" in answer["sentence"]


def see_nothing_clearly(desk: Desk) -> None:
    """The primary's name is not known any more, which speaks neither for nor against it."""
    unclear = WebAnswer(None, "", "its name is not known", silence=Silence.NO_SUCH_NAME)
    desk.account.internet.put(PRIMARY_HOST, lambda request: unclear)
    desk.alarm.state = "INSUFFICIENT_DATA"


class TestAnUnclearLook:
    def test_after_a_long_wait_is_looked_at_again_and_blocks_nothing(self) -> None:
        """The patience for a doubt begins with the doubt, and not with the decision that was long ago."""
        gates = {"approval": True, "approval_within": "2 h"}
        with a_run_at_its_gate(people=PEOPLE, gates=gates) as desk:
            for _ in range(3):
                hold(desk)
                later(desk, minutes=20)
            see_nothing_clearly(desk)
            desk.world.time.sleep(1)

            doubtful = hold(desk)
            later(desk, minutes=31)
            given_up = hold(desk)

            assert doubtful["next"] == "look_again"
            assert given_up["next"] == "close"
            assert "could not be confirmed within 30 min" in given_up["sentence"]


class TestAVetoWindow:
    def test_is_waited_for_and_then_the_run_goes_on(self, windowed: Desk) -> None:
        assert hold(windowed)["next"] == "look_again"
        later(windowed, minutes=10)

        assert hold(windowed)["next"] == "go"
        assert waits(windowed) == ["veto"]

    def test_ends_with_an_approval(self, windowed: Desk) -> None:
        hold(windowed)
        say(windowed, "approve")

        assert hold(windowed)["next"] == "go"

    def test_a_hold_outlasts_it_until_somebody_releases_it(self, windowed: Desk) -> None:
        hold(windowed)
        say(windowed, "hold", reason="Seoul is coming back.")
        later(windowed, minutes=15)

        held = hold(windowed)
        say(windowed, "release")
        released = hold(windowed)

        assert (held["next"], released["next"]) == ("look_again", "go")
        assert "is held by" in held["sentence"]
        assert waits(windowed) == ["veto", "release"]

    def test_a_hold_that_nobody_releases_blocks_the_run(self, windowed: Desk) -> None:
        hold(windowed)
        say(windowed, "hold")
        later(windowed, minutes=40)

        answer = hold(windowed)

        assert answer["sentence"].startswith("Nobody released run by-hand until ")
        assert the_run(windowed).outcome is Outcome.BLOCKED

    def test_a_claimed_hold_holds(self, windowed: Desk) -> None:
        windowed.call(names.word_function("fileflow"), {"do": "hold", "run_id": "by-hand", "person": "boris"})
        later(windowed, minutes=15)

        assert "held by boris (claimed), who gave no reason" in hold(windowed)["sentence"]


class TestAHoldInTheLastMoment:
    def test_behind_the_gate_is_refused(self, windowed: Desk) -> None:
        hold(windowed)
        later(windowed, minutes=10)
        hold(windowed)

        refused = say(windowed, "hold")["sentence"]

        assert "so it is too late to hold; until the writer moves it can be aborted" in refused

    def test_that_comes_while_the_gate_opens_is_heard(self, windowed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        hold(windowed)
        later(windowed, minutes=10)
        functions = windowed.account.aws.service(LambdaFunctions)

        def weigh(*given: Any) -> Any:
            judged = weigh_data_loss(*given)
            functions.run(STANDBY, WORD, {"do": "hold", "run_id": "by-hand", "person": "boris"})
            return judged

        with monkeypatch.context() as patched:
            patched.setattr("pilotlight.handlers.gate.weigh_data_loss", weigh)
            answer = hold(windowed)

        assert answer["next"] == "look_again"
        assert the_run(windowed).gate.passed is None
        assert windowed.records(RecordKind.GATE_PASSED) == []
        assert "is held by boris (claimed)" in hold(windowed)["sentence"]


class TestAnAbort:
    def test_at_the_gate_ends_the_run_with_nothing_moved(self, windowed: Desk) -> None:
        hold(windowed)
        say(windowed, "abort", reason="Bad deploy")

        answer = hold(windowed)

        assert answer["next"] == "close"
        assert close(windowed, "by-hand") == {
            "outcome": "ABORTED_CLEAN",
            "reason": f"Run by-hand was aborted by {ANNA.arn} (proven) before anything had moved, because: Bad deploy.",
        }

    def test_between_two_stages_stops_the_run(self, windowed: Desk) -> None:
        say(windowed, "approve")
        hold(windowed)
        say(windowed, "abort")

        answer = windowed.call(OPEN, {"do": "review", "run_id": "by-hand", "stage": "prepare"})

        assert answer["next"] == "stop"
        assert the_run(windowed).outcome is Outcome.ABORTED_CLEAN

    def test_keeps_the_writer_where_it_is_though_its_step_is_reached(self, windowed: Desk) -> None:
        say(windowed, "approve")
        hold(windowed)
        say(windowed, "abort")

        turn = promote(windowed)
        review = windowed.call(OPEN, {"do": "review", "run_id": "by-hand", "stage": "move"})

        assert turn["status"] == StepStatus.FAILED.value
        assert review["next"] == "stop"
        assert the_run(windowed).outcome is Outcome.ABORTED_CLEAN
        assert [line.operation for line in windowed.world.trace if line.operation == "PromoteReadReplica"] == []

    def test_behind_the_point_of_no_return_is_refused_and_the_run_goes_forward(self, windowed: Desk) -> None:
        say(windowed, "approve")
        hold(windowed)
        promote(windowed)

        answer = say(windowed, "abort")

        assert not answer["accepted"]
        assert answer["sentence"].startswith("Run by-hand is past its point of no return")
        reviewed = windowed.call(OPEN, {"do": "review", "run_id": "by-hand", "stage": "move"})
        assert reviewed["next"] == "again"

    def test_that_was_taken_while_the_writer_moved_does_not_turn_the_run_back(self, windowed: Desk) -> None:
        say(windowed, "approve")
        hold(windowed)
        promote(windowed)
        late = Word(WordKind.ABORT, "by-hand", ANNA.arn, proven=True, reason="Stop.", given=windowed.now)
        windowed.inside(lambda: windowed.control.keep_word(late, "late"))

        answer = windowed.call(OPEN, {"do": "review", "run_id": "by-hand", "stage": "move"})

        assert answer["next"] == "again"
        assert the_run(windowed).outcome is None


def promote(desk: Desk) -> Any:
    return desk.call(
        names.step_function("fileflow", "promote_replica"), {"do": "turn", "run_id": "by-hand", "step": "promote"}
    )


class TestTheSwitch:
    def turn(self, desk: Desk, value: str) -> None:
        call = {"Name": names.SWITCH_PARAMETER, "Value": value, "Type": "String", "Overwrite": True}
        desk.inside(lambda: desk.account.sdk(STANDBY).call("ssm", "PutParameter", STANDBY, **call))

    @pytest.mark.parametrize(
        ("value", "said"), [("off", "failovers is off"), ("maybe", "cannot be read, which counts as off")]
    )
    def test_stops_a_run_that_started_by_itself(self, value: str, said: str) -> None:
        with a_run_of_the_detector() as desk:
            self.turn(desk, value)

            answer = hold_run(desk, "fileflow-e1")

            assert answer["next"] == "close"
            assert said in answer["sentence"]
            assert "a person can start fileflow-failover" in answer["sentence"]
            assert the_run(desk, "fileflow-e1").outcome is Outcome.BLOCKED

    def test_only_warns_a_person(self, windowed: Desk) -> None:
        say(windowed, "approve")
        self.turn(windowed, "off")

        answer = hold(windowed)

        assert answer["next"] == "go"
        assert "is off; this run goes on because a person started it." in answer["sentence"]


@contextmanager
def a_run_of_the_detector() -> Iterator[Desk]:
    """A run of a staged plan that the detector started, as it stands at its gate."""
    with a_desk(a_plan(arming="staged", people=PEOPLE)) as desk:
        put_sts(desk.account.internet, desk.world, STANDBY, EVERYBODY)
        furnish(desk)
        onset = desk.now
        desk.darken()
        start = Start("fileflow-e1", "It is dark.", onset, desk.now)
        desk.inside(lambda: desk.control.note_start("fileflow", start))
        while open_run(desk, "fileflow-e1")["next"] == "look_again":
            desk.probe()
        yield desk


def hold_run(desk: Desk, run_id: str) -> Any:
    return desk.call(OPEN, {"do": "gate", "run_id": run_id})


class TestAStagedPlan:
    def test_does_harmless_steps_by_itself_and_asks_at_the_gate(self) -> None:
        with a_run_of_the_detector() as desk:
            asked = hold_run(desk, "fileflow-e1")
            say(desk, "approve", run_id="fileflow-e1")
            approved = hold_run(desk, "fileflow-e1")

            assert (asked["next"], approved["next"]) == ("look_again", "go")
            assert asked["sentence"].endswith("because fileflow is armed 'staged'.")

    def test_asks_nobody_else_where_a_person_started_it(self) -> None:
        with a_run_at_its_gate(arming="staged", people=PEOPLE) as desk:
            assert hold(desk)["next"] == "go"


class TestBeforeTheGate:
    def test_an_abort_ends_a_run_that_is_still_looking(self) -> None:
        with a_desk(a_plan(arming="staged", people=PEOPLE)) as desk:
            put_sts(desk.account.internet, desk.world, STANDBY, EVERYBODY)
            furnish(desk)
            see_nothing_clearly(desk)
            start = Start("fileflow-e1", "It is dark.", desk.now, desk.now)
            desk.inside(lambda: desk.control.note_start("fileflow", start))
            looking = open_run(desk, "fileflow-e1")
            say(desk, "abort", run_id="fileflow-e1")

            assert looking["next"] == "look_again"
            assert open_run(desk, "fileflow-e1")["next"] == "close"
            assert the_run(desk, "fileflow-e1").outcome is Outcome.ABORTED_CLEAN
