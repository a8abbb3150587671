"""Who may say what about a run, and when; and what a run waits for by what was said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pilotlight.domain.decision import LastRun
from pilotlight.domain.plan import Plan
from pilotlight.domain.run import AtGate, Clocks, Origin, Outcome, Phase, Run
from pilotlight.domain.waiting import WaitsFor, needs_approval, say_over, waits_for
from pilotlight.domain.word import (
    Mode,
    Word,
    WordKind,
    abort,
    approval,
    binding,
    holding,
    mode,
)
from pilotlight.domain.word_refusal import Standing, accepted_seconds, is_listed, refusal
from tests.builders import a_plan
from tests.people import ANNA, BORIS, MALLORY, PEOPLE, ROLE

NOW = datetime(2026, 11, 21, 1, 10, tzinfo=UTC)
PLAN = a_plan(people=PEOPLE, gates={"approval": True, "veto_window": "10 min"})


def a_run(plan: Plan = PLAN, **differences: Any) -> Run:
    run = Run(
        run_id="fileflow-e7", application=plan.application, origin=Origin.EVENT, reason="It is dark.",
        requested_by="the detector", epochs={plan.application: 7}, opened=NOW - timedelta(minutes=1),
        plan_snapshot=plan.snapshot(), plan_digest="", execution_arn="", first_sequence=1, phase=Phase.ACTING,
    )  # fmt: skip
    return replace(run, **differences)


def a_word(kind: WordKind, **differences: Any) -> Word:
    accept = {WordKind.OVERRIDE: "20 min", WordKind.CHANGE: "planned"}.get(kind, "")
    word = Word(kind, "fileflow-e7", ANNA.arn, proven=True, reason="Orders are replayed.", given=NOW, accept=accept)
    return replace(word, **differences)


def met(run: Run | None = None, **differences: Any) -> Standing:
    held = a_word(WordKind.HOLD, given=NOW - timedelta(seconds=9))
    last = LastRun("fileflow-e7", Outcome.FAILED, NOW - timedelta(minutes=5))
    return replace(Standing(run or a_run(), words=(held,), last=last), **differences)


NO_RUN = Standing(None)
EVERY_WORD = pytest.mark.parametrize("kind", list(WordKind))
LISTED = pytest.mark.parametrize("kind", [k for k in WordKind if k not in (WordKind.HOLD, WordKind.START)])


class TestWhoMaySpeak:
    @EVERY_WORD
    def test_a_proven_person_on_the_list_may_say_everything(self, kind: WordKind) -> None:
        assert refusal(a_word(kind), PLAN, met()) == ""

    @EVERY_WORD
    def test_a_claimed_name_may_only_hold(self, kind: WordKind) -> None:
        refused = refusal(a_word(kind, proven=False), PLAN, met())

        assert (refused == "") is (kind is WordKind.HOLD)
        assert kind is WordKind.HOLD or "that name is claimed and not proven" in refused

    @EVERY_WORD
    def test_nobody_named_says_nothing(self, kind: WordKind) -> None:
        assert "a word has a person" in refusal(a_word(kind, person=""), PLAN, met())

    @LISTED
    def test_whom_the_plan_does_not_name_is_refused(self, kind: WordKind) -> None:
        assert "does not name that person" in refusal(a_word(kind, person=MALLORY.arn), PLAN, met())

    @LISTED
    def test_an_empty_list_is_nobody(self, kind: WordKind) -> None:
        assert "does not name that person" in refusal(a_word(kind), a_plan(), met())

    def test_who_may_approve_may_not_override_by_that(self) -> None:
        assert refusal(a_word(WordKind.APPROVE, person=BORIS.arn), PLAN, met()) == ""
        refused = refusal(a_word(WordKind.OVERRIDE, person=BORIS.arn), PLAN, met())

        assert "people.overriders of the plan of fileflow does not name that person" in refused

    def test_a_start_is_anybodys_whom_iam_lets_start(self) -> None:
        assert refusal(a_word(WordKind.START, person=MALLORY.arn), PLAN, met()) == ""

    @pytest.mark.parametrize(
        "kind", [WordKind.ABORT, WordKind.OVERRIDE, WordKind.CHANGE, WordKind.ACKNOWLEDGE, WordKind.SKIP]
    )
    @pytest.mark.parametrize("reason", ["", "  "])
    def test_what_weighs_much_needs_a_reason(self, kind: WordKind, reason: str) -> None:
        assert "it has no reason" in refusal(a_word(kind, reason=reason), PLAN, met())


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        (ANNA.arn, True),
        (f"{ROLE}/*", True),
        (f"{ROLE}/an*", True),
        ("arn:aws:sts::123456789012:assumed-role/*", False),
        (f"{ROLE}/ann", False),
        (f"{ROLE}/.nna", False),
        (f"{ROLE}", False),
        ("", False),
    ],
)
def test_a_star_stands_for_one_name_and_nothing_else_is_special(pattern: str, *, fits: bool) -> None:
    assert is_listed(ANNA.arn, [pattern]) is fits


class TestFourEyes:
    @pytest.mark.parametrize("starter", [ANNA.arn, "anna", " Anna "])
    def test_who_started_a_run_does_not_approve_it(self, starter: str) -> None:
        run = a_run(origin=Origin.CONSOLE, requested_by=starter)

        assert "who starts a run does not approve it; ask another person" in refusal(
            a_word(WordKind.APPROVE), PLAN, met(run)
        )
        assert refusal(a_word(WordKind.APPROVE, person=BORIS.arn), PLAN, met(run)) == ""

    def test_where_the_plan_asks_for_no_approval_one_person_may_do_both(self) -> None:
        run = a_run(a_plan(people=PEOPLE), origin=Origin.CONSOLE, requested_by="anna")

        assert refusal(a_word(WordKind.APPROVE), PLAN, met(run)) == ""


ABOUT_A_RUN = (WordKind.APPROVE, WordKind.HOLD, WordKind.RELEASE, WordKind.ABORT)


class TestWhen:
    @pytest.mark.parametrize("kind", ABOUT_A_RUN)
    def test_a_run_that_is_not_there_hears_nothing(self, kind: WordKind) -> None:
        assert "There is no run fileflow-e7 of fileflow" in refusal(a_word(kind), PLAN, NO_RUN)

    @pytest.mark.parametrize("kind", ABOUT_A_RUN)
    def test_the_run_of_another_application_is_not_there(self, kind: WordKind) -> None:
        other = a_run(application="megaticket")

        assert "There is no run fileflow-e7 of fileflow" in refusal(a_word(kind), PLAN, met(other))

    @pytest.mark.parametrize("kind", [*ABOUT_A_RUN, WordKind.OVERRIDE])
    @pytest.mark.parametrize("over", [{"phase": Phase.CLOSED}, {"outcome": Outcome.BLOCKED}], ids=["closed", "ended"])
    def test_a_run_that_is_over_hears_nothing(self, kind: WordKind, over: dict[str, Any]) -> None:
        assert "Run fileflow-e7 is over" in refusal(a_word(kind), PLAN, met(a_run(**over)))

    @pytest.mark.parametrize("kind", [WordKind.APPROVE, WordKind.HOLD, WordKind.RELEASE, WordKind.OVERRIDE])
    def test_behind_the_gate_it_is_too_late(self, kind: WordKind) -> None:
        passed = a_run(gate=AtGate(NOW, passed=NOW))

        assert "passed its gate at 01:10:00 UTC" in refusal(a_word(kind), PLAN, met(passed))

    def test_a_run_that_nobody_holds_is_not_released(self) -> None:
        assert "is not held, so there is nothing to release" in refusal(a_word(WordKind.RELEASE), PLAN, met(words=()))

    def test_behind_the_gate_a_run_can_be_aborted_until_its_writer_moves(self) -> None:
        passed = a_run(gate=AtGate(NOW, passed=NOW))

        assert refusal(a_word(WordKind.ABORT), PLAN, met(passed)) == ""
        assert refusal(a_word(WordKind.ABORT), PLAN, met(passed, moved=True)) == (
            "Run fileflow-e7 is past its point of no return: the writer of fileflow has moved to ap-northeast-1, and "
            "going back to ap-northeast-2 would lose what was written since. The run goes forward; leading back is a "
            "run of its own."
        )

    def test_a_run_that_brought_the_application_up_is_not_aborted(self) -> None:
        assert "nothing to abort" in refusal(a_word(WordKind.ABORT), PLAN, met(a_run(clocks=Clocks(verified=NOW))))

    def test_an_override_may_be_given_for_a_run_that_is_yet_to_start_but_not_for_none(self) -> None:
        assert refusal(a_word(WordKind.OVERRIDE), PLAN, NO_RUN) == ""
        assert "name the run" in refusal(a_word(WordKind.OVERRIDE, run_id=""), PLAN, NO_RUN)

    @pytest.mark.parametrize(("accept", "seconds"), [("20 min", 1200.0), ("unknown", None)])
    def test_an_override_says_how_much_it_accepts(self, accept: str, seconds: float | None) -> None:
        assert refusal(a_word(WordKind.OVERRIDE, accept=accept), PLAN, met()) == ""
        assert accepted_seconds(accept) == seconds

    @pytest.mark.parametrize("accept", ["", "everything", "20"])
    def test_an_override_of_no_clear_loss_is_refused(self, accept: str) -> None:
        assert "What the override accepts is not clear" in refusal(
            a_word(WordKind.OVERRIDE, accept=accept), PLAN, met()
        )

    def test_an_acknowledgement_names_the_last_run(self) -> None:
        other = a_word(WordKind.ACKNOWLEDGE, run_id="fileflow-e6")

        assert "The last run of fileflow is fileflow-e7, not fileflow-e6" in refusal(other, PLAN, met())
        assert "has had no run" in refusal(other, PLAN, met(last=None))
        assert "and not 'all'" in refusal(a_word(WordKind.ACKNOWLEDGE, accept="all"), PLAN, met())


def test_a_word_is_read_back_as_it_was_kept() -> None:
    word = a_word(WordKind.OVERRIDE)

    assert Word.from_item(word.to_item()) == word


def test_a_signature_is_bound_to_everything_that_a_word_says() -> None:
    whole = ("fileflow", WordKind.APPROVE, "fileflow-e7", "why", "")
    others = [
        ("megaticket", *whole[1:]),
        ("fileflow", WordKind.ABORT, *whole[2:]),
        (*whole[:2], "fileflow-e8", "why", ""),
        (*whole[:3], "", ""),
        (*whole[:4], "unknown"),
        (*whole[:2], "fileflow-e7why", "", ""),
    ]

    assert len({binding(*each) for each in (whole, *others)}) == 7


class TestWhatWasSaid:
    def test_a_hold_lasts_until_a_later_release(self) -> None:
        hold, release = a_word(WordKind.HOLD), a_word(WordKind.RELEASE, given=NOW + timedelta(seconds=1))
        again = a_word(WordKind.HOLD, given=NOW + timedelta(seconds=2))

        assert holding([]) is None
        assert holding([hold]) == hold
        assert holding([release, hold]) is None
        assert holding([hold, release, again]) == again

    def test_what_is_only_claimed_neither_approves_nor_aborts(self) -> None:
        words = [a_word(kind, proven=False) for kind in (WordKind.APPROVE, WordKind.ABORT)]

        assert (approval(words), abort(words)) == (None, None)
        assert approval([a_word(WordKind.APPROVE)])
        assert abort([a_word(WordKind.ABORT)])


STAGED = a_plan(arming="staged", people=PEOPLE)
WINDOW = a_plan(gates={"veto_window": "10 min"})
APPROVE, HOLD = a_word(WordKind.APPROVE), a_word(WordKind.HOLD, proven=False, person="boris")


@pytest.mark.parametrize(
    ("plan", "origin", "words", "after_minutes", "what", "until_minutes"),
    [
        (a_plan(), Origin.EVENT, (), 0, None, 0),
        (a_plan(), Origin.EVENT, (HOLD,), 0, WaitsFor.RELEASE, 30),
        (STAGED, Origin.EVENT, (), 0, WaitsFor.APPROVAL, 30),
        (STAGED, Origin.EVENT, (), 31, WaitsFor.APPROVAL, 30),
        (STAGED, Origin.EVENT, (APPROVE,), 0, None, 0),
        (STAGED, Origin.EVENT, (APPROVE, HOLD), 0, WaitsFor.RELEASE, 30),
        (STAGED, Origin.CONSOLE, (), 0, None, 0),
        (PLAN, Origin.CONSOLE, (), 11, WaitsFor.APPROVAL, 30),
        (PLAN, Origin.CONSOLE, (APPROVE,), 0, None, 0),
        (WINDOW, Origin.EVENT, (), 9, WaitsFor.VETO, 10),
        (WINDOW, Origin.EVENT, (), 10, None, 0),
        (WINDOW, Origin.CONSOLE, (), 9, WaitsFor.VETO, 10),
        (WINDOW, Origin.EVENT, (APPROVE,), 0, None, 0),
        (WINDOW, Origin.EVENT, (HOLD,), 11, WaitsFor.RELEASE, 40),
    ],
)
def test_what_a_run_waits_for(
    plan: Plan, origin: Origin, words: tuple[Word, ...], after_minutes: int, what: WaitsFor | None, until_minutes: int
) -> None:
    waiting = waits_for(a_run(plan, origin=origin), words, NOW, NOW + timedelta(minutes=after_minutes))

    assert (waiting.what if waiting else None) == what
    if waiting:
        assert waiting.until == NOW + timedelta(minutes=until_minutes)
        assert f"{waiting.until:%H:%M:%S} UTC" in waiting.then


def test_a_run_that_waited_in_vain_says_for_what() -> None:
    run = a_run(STAGED)
    waiting = waits_for(run, (HOLD,), NOW, NOW)

    assert waiting is not None
    assert say_over(run, waiting) == (
        "Nobody released run fileflow-e7 until 01:40:00 UTC, so it is blocked before anything is disrupted. Run "
        "fileflow-e7 is held by boris (claimed), because: Orders are replayed."
    )


def test_a_plan_that_asks_for_approval_asks_every_run() -> None:
    assert needs_approval(a_run(PLAN, origin=Origin.CONSOLE))
    assert needs_approval(a_run(PLAN, origin=Origin.EVENT))
    assert not needs_approval(a_run(a_plan(), origin=Origin.EVENT))


class TestAChange:
    def test_may_be_said_ahead_of_a_run_and_until_its_writer_moves(self) -> None:
        passed = a_run(gate=AtGate(passed=NOW))

        assert refusal(a_word(WordKind.CHANGE), PLAN, NO_RUN) == ""
        assert refusal(a_word(WordKind.CHANGE), PLAN, met(passed)) == ""
        assert "past its point of no return" in refusal(a_word(WordKind.CHANGE), PLAN, met(passed, moved=True))

    def test_of_a_run_that_is_over_is_refused(self) -> None:
        over = a_run(phase=Phase.CLOSED, outcome=Outcome.BLOCKED)

        assert "is over; say it for a run that is yet to start" in refusal(a_word(WordKind.CHANGE), PLAN, met(over))

    @pytest.mark.parametrize("accept", ["", "Planned", "now"])
    def test_to_what_no_run_can_be_is_refused(self, accept: str) -> None:
        refused = refusal(a_word(WordKind.CHANGE, accept=accept), PLAN, met())

        assert refused == f"A run is changed to planned or unplanned, and not to '{accept}'; use --to."

    def test_the_last_proven_one_counts_and_without_any_a_run_is_unplanned(self) -> None:
        planned = a_word(WordKind.CHANGE)
        back = a_word(WordKind.CHANGE, accept="unplanned", given=NOW + timedelta(seconds=1))
        claimed = a_word(WordKind.CHANGE, proven=False, given=NOW + timedelta(seconds=2))

        assert mode([]) is Mode.UNPLANNED
        assert mode([planned]) is Mode.PLANNED
        assert mode([planned, back, claimed]) is Mode.UNPLANNED


class TestAnApprovalOfAStep:
    def test_is_taken_behind_the_gate_and_does_not_open_the_gate(self) -> None:
        passed = met(a_run(gate=AtGate(passed=NOW)))
        word = a_word(WordKind.APPROVE, accept="promote")

        assert refusal(word, PLAN, passed) == ""
        assert approval([word]) is None
        assert approval([word], "promote") == word

    def test_that_the_plan_does_not_have_is_refused_with_those_it_has(self) -> None:
        refused = refusal(a_word(WordKind.APPROVE, accept="nothing"), PLAN, met())

        assert refused.startswith("The plan of run fileflow-e7 has no step 'nothing'; it has promote")

    def test_is_not_given_by_who_started_the_run_where_another_person_has_to(self) -> None:
        started = a_run(requested_by=ANNA.arn, gate=AtGate(passed=NOW))

        assert "who starts a run does not approve it" in refusal(
            a_word(WordKind.APPROVE, accept="promote"), PLAN, met(started)
        )
