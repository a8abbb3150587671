"""What a run does when a step failed: it asks people where it may, and does what they answer, in time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from deployment import names
from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome
from pilotlight.domain.step import Standing
from pilotlight.report.view import view
from rehearsal.services.ecs import Ecs
from rehearsal.sts import put_sts
from tests.builders import STANDBY, a_plan
from tests.handlers.conftest import Desk, a_desk
from tests.handlers.test_close import close
from tests.handlers.test_gate import OPEN, hold
from tests.handlers.test_gate_waiting import later, promote, the_run
from tests.handlers.test_open import CONFIRMED, furnish, open_run
from tests.handlers.test_word import say
from tests.people import ANNA, EVERYBODY, MALLORY, PEOPLE

SCALE = names.step_function("fileflow", "scale_ecs_service")
REPLICA = {"replica": "the-replica", "source": "the-source"}
MOVE = {"database": [{"step": "promote", "kind": "promote_replica", "params": REPLICA}]}
WAITS = timedelta(minutes=30)


def scaling(name: str, *, skippable: bool = False) -> dict[str, Any]:
    """A step that fails in its first turn, because its service is not there any more."""
    params = {"cluster": "the-cluster", "service": f"the-{name}", "tasks": 1}
    return {"step": name, "kind": "scale_ecs_service", "params": params, "skippable": skippable}


STAGES = {
    "prepare": {"workers": [scaling("workers", skippable=True)]},
    "move": MOVE,
    "serve": {"application": [scaling("web"), scaling("jobs", skippable=True)]},
}


@contextmanager
def a_run(**plan: Any) -> Iterator[Desk]:
    """A run that boris started by hand, about to begin with its first stage."""
    with a_desk(a_plan(**{"people": PEOPLE, "stages": STAGES, **plan})) as desk:
        put_sts(desk.account.internet, desk.world, STANDBY, EVERYBODY)
        furnish(desk)
        ecs = desk.account.aws.service(Ecs)
        for name in ("workers", "web", "jobs"):
            facts = {"cluster": "the-cluster", "service": f"the-{name}"}
            desk.inside(partial(ecs.furnish, Standing("ecs", "service", STANDBY, facts)))
        desk.darken()
        open_run(desk, "by-hand", {**CONFIRMED, "requested_by": "boris"})
        ecs.ecs_services.clear()
        yield desk


@pytest.fixture
def running() -> Iterator[Desk]:
    with a_run() as desk:
        yield desk


@pytest.fixture
def served() -> Iterator[Desk]:
    """A run whose writer has moved, and whose first serving step has failed."""
    with a_run() as desk:
        hold(desk)
        promote(desk)
        turn(desk, "web")
        yield desk


def turn(desk: Desk, step: str) -> str:
    return str(desk.call(SCALE, {"do": "turn", "run_id": "by-hand", "step": step})["status"])


def review(desk: Desk, stage: str = "prepare") -> Any:
    return desk.call(OPEN, {"do": "review", "run_id": "by-hand", "stage": stage})


def state(desk: Desk, step: str) -> StepState:
    states: dict[str, StepState] = desk.inside(lambda: desk.control.steps("by-hand"))
    return states[step]


def answer(desk: Desk, do: str, step: str, **more: Any) -> Any:
    return say(desk, do, accept=step, **more)


class TestAFailedStep:
    def test_is_asked_about_once_with_what_may_be_done_and_until_when(self, running: Desk) -> None:
        turn(running, "workers")

        first = review(running)
        later(running, seconds=15)
        second = review(running)

        assert (first["next"], first["wait_seconds"]) == ("wait", 15)
        assert second["next"] == "wait"
        (told,) = running.records(RecordKind.STAGE_WAITING)
        since = the_run(running).asking.since["prepare"]
        assert datetime.fromisoformat(told.entry.details["until"]) == since + WAITS
        assert "Step workers failed: " in told.entry.sentence
        assert (
            "A person may have it retried, have it go on without workers, or abort run by-hand." in told.entry.sentence
        )
        assert the_run(running).reentries["prepare"] == 1

    def test_is_shown_with_who_must_do_what_by_when(self, running: Desk) -> None:
        turn(running, "workers")
        review(running)

        seen = view(running.records())

        assert seen.pause is not None
        need = seen.outlook.need
        assert need is not None
        assert need.by == seen.pause.until
        assert need.paste == "./pilotlight retry plans/fileflow.yaml by-hand --step workers --reason 'why'"
        assert "./pilotlight abort plans/fileflow.yaml by-hand" in need.sentence
        assert seen.outlook.headline.endswith("a step has failed, and it waits for a person")
        assert seen.outlook.comes_next.startswith("Unless somebody answers, the run ends at ")

    def test_that_nobody_answers_ends_the_run_in_time(self, running: Desk) -> None:
        turn(running, "workers")
        review(running)
        later(running, minutes=30)

        answered = review(running)

        assert answered["next"] == "stop"
        assert answered["sentence"].startswith("Stage prepare stops the run: Nobody answered until ")
        assert not answer(running, "retry", "workers")["accepted"]
        assert close(running, "by-hand")["outcome"] == "FAILED"

    @pytest.mark.parametrize("alone", [{"people": {}}, {"gates": {"failed_step_waits": "0 s"}}])
    def test_where_nobody_can_be_asked_ends_the_run_at_once(self, alone: dict[str, Any]) -> None:
        with a_run(**alone) as desk:
            turn(desk, "workers")

            assert review(desk)["next"] == "stop"

    def test_beside_a_primary_that_is_closed_for_nothing_is_not_asked_about(self) -> None:
        fence = {"step": "close", "kind": "fence_ecs_service", "params": {"cluster": "old", "service": "old"}}
        with a_run(stages={"fence": {"old": [fence]}, **STAGES}) as desk:
            turn(desk, "workers")
            closed = StepState(StepStatus.SETTLED, outputs={"closed": "yes"}, started=desk.now, finished=desk.now)
            desk.inside(lambda: desk.control.keep_step("by-hand", "close", None, closed))

            assert review(desk)["next"] == "stop"


class TestARetry:
    def test_tries_the_step_anew_and_counts_it(self, running: Desk) -> None:
        turn(running, "workers")
        review(running)
        later(running, minutes=2)
        said = answer(running, "retry", "workers", reason="The service is there now.")

        again = review(running)

        assert said["sentence"].startswith("Step workers of run by-hand is to be retried, says ")
        assert (again["next"], state(running, "workers").status) == ("again", StepStatus.RUNNING)
        assert state(running, "workers").retries == 1
        *_, started = running.records(RecordKind.STEP_STARTED)
        assert f"is tried anew, says {ANNA.arn} (proven), because: The service is there now." in started.entry.sentence

    def test_that_fails_again_is_recorded_and_asked_about_again_in_the_time_that_is_left(self, running: Desk) -> None:
        turn(running, "workers")
        review(running)
        later(running, minutes=20)
        answer(running, "retry", "workers")
        review(running)

        status = turn(running, "workers")
        asked = review(running)
        later(running, minutes=11)

        assert (status, asked["next"]) == ("failed", "wait")
        assert len(running.records(RecordKind.STEP_FAILED)) == 2
        assert len(running.records(RecordKind.STAGE_WAITING)) == 2
        assert review(running)["next"] == "stop"

    def test_does_not_know_a_first_turn(self, running: Desk) -> None:
        """What an earlier try did without a record is not taken for what stood there before the run."""
        turn(running, "workers")
        begun = state(running, "workers").started
        review(running)
        answer(running, "retry", "workers")
        review(running)

        after = state(running, "workers")
        assert after.begun == begun
        assert begun is not None
        assert after.started is not None
        assert after.started > begun

    def test_of_a_writer_that_moved_keeps_the_point_of_no_return(self, running: Desk) -> None:
        hold(running)
        promote(running)
        receipt = state(running, "promote").receipt
        kept = running.inside(lambda: running.control.kept_steps("by-hand")["promote"])
        failed = StepState.from_item({**kept.state.to_item(), "status": "failed", "finished": running.now.isoformat()})
        running.inside(lambda: running.control.keep_step("by-hand", "promote", kept, failed))

        asked = review(running, "move")
        answer(running, "retry", "promote")
        review(running, "move")

        assert receipt is not None
        assert (asked["next"], state(running, "promote").receipt) == ("wait", receipt)

    def test_is_one_persons_whom_the_plan_names(self, running: Desk) -> None:
        turn(running, "workers")
        review(running)

        assert "does not name that person" in answer(running, "retry", "workers", by=MALLORY)["sentence"]

    @pytest.mark.parametrize(
        ("step", "because"),
        [("", "No step was named"), ("web", "Step 'web' is none of them: run by-hand waits at workers")],
    )
    def test_names_a_step_that_is_asked_about(self, running: Desk, step: str, because: str) -> None:
        turn(running, "workers")
        review(running)

        assert answer(running, "retry", step)["sentence"].startswith(because)

    def test_of_a_run_that_asks_nothing_is_refused(self, running: Desk) -> None:
        refused = answer(running, "retry", "workers")

        assert refused["sentence"] == "Run by-hand does not wait at a failed step, so there is nothing to retry."


class TestASkip:
    def test_goes_on_without_the_step_and_says_whose_word_that_was(self, running: Desk) -> None:
        turn(running, "workers")
        review(running)
        answer(running, "skip", "workers", reason="They are not needed tonight.")

        again = review(running)

        assert (again["next"], turn(running, "workers"), review(running)["next"]) == ("again", "skipped", "go_on")
        (told,) = running.records(RecordKind.STEP_SKIPPED)
        assert f"says {ANNA.arn} (proven), because: They are not needed tonight." in told.entry.sentence
        assert [s.status for s in view(running.records()).steps if s.name == "workers"] == [StepStatus.SKIPPED]

    def test_of_what_the_plan_cannot_do_without_is_refused(self, served: Desk) -> None:
        review(served, "serve")

        refused = answer(served, "skip", "web")["sentence"]

        assert refused.startswith("Run by-hand cannot go on without web, because its plan does not call it skippable;")

    def test_needs_a_reason(self, running: Desk) -> None:
        turn(running, "workers")
        review(running)

        assert "it has no reason" in answer(running, "skip", "workers", reason=" ")["sentence"]


class TestAnAbort:
    def test_before_the_move_takes_back_what_was_done(self, running: Desk) -> None:
        turn(running, "workers")
        review(running)
        say(running, "abort")

        assert review(running)["next"] == "stop"
        assert the_run(running).outcome is Outcome.ABORTED_CLEAN

    def test_after_the_move_ends_the_run_where_it_stands(self, served: Desk) -> None:
        early = say(served, "abort")
        review(served, "serve")
        taken = say(served, "abort", reason="We mend it by hand.")

        assert "is past its point of no return" in early["sentence"]
        assert (taken["accepted"], review(served, "serve")["next"]) == (True, "stop")
        assert close(served, "by-hand") == {
            "outcome": "ABORTED_FORWARD_ONLY",
            "reason": (
                f"Run by-hand was stopped by {ANNA.arn} (proven) after its writer had moved, which stays, because: "
                "We mend it by hand."
            ),
        }
        (closed,) = served.records(RecordKind.RUN_CLOSED)
        assert closed.entry.details["to_do"][-1] == "Not begun: workers, jobs."
