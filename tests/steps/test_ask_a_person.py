"""Asking a person: it waits for a word, takes it once, and does not wait for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from pilotlight.domain.life import StepState, StepStatus, advance
from pilotlight.domain.step import Undone
from pilotlight.steps.ask_a_person import KIND, AskAPersonParams
from tests.steps.conftest import Bench

PARAMS = AskAPersonParams(about="that the orders of today are in Tokyo", within=timedelta(minutes=30))


def test_it_says_what_is_asked_and_until_when(bench: Bench) -> None:
    state = advance(KIND, PARAMS, StepState(), bench.context())

    until = bench.world.time.now() + timedelta(minutes=30)
    assert state.status is StepStatus.RUNNING
    assert state.asks_until == until
    assert state.reason == (
        f"A person is asked until {until:%H:%M:%S} UTC to confirm that the orders of today are in Tokyo."
    )


def test_the_word_of_a_person_settles_it(bench: Bench) -> None:
    asked = advance(KIND, PARAMS, StepState(), bench.context())

    state = advance(KIND, PARAMS, asked, replace(bench.context(started=asked.started), approved_by="anna (proven)"))

    assert state.status is StepStatus.SETTLED
    assert state.reason == "anna (proven) confirms that the orders of today are in Tokyo."
    assert state.asks_until is None


def test_without_an_answer_in_time_it_fails_with_the_way_out(bench: Bench) -> None:
    state = bench.live(KIND, PARAMS)

    assert state.status is StepStatus.FAILED
    assert state.reason == "Nobody confirmed that the orders of today are in Tokyo within 30 min."
    assert "approve with --step the-step" in state.fix


def test_it_calls_nothing_and_there_is_nothing_to_take_back(bench: Bench) -> None:
    bench.live(KIND, PARAMS)

    assert bench.world.trace == []
    receipt = bench.states[-1].receipt
    assert receipt is None
    assert KIND.operations == ()
    assert KIND.statements(PARAMS, bench.context().place) == ()


def test_what_was_confirmed_needs_no_undoing(bench: Bench) -> None:
    confirmed = advance(KIND, PARAMS, StepState(), replace(bench.context(), approved_by="anna (proven)"))

    assert confirmed.receipt is not None
    assert isinstance(KIND.undo(PARAMS, confirmed.receipt, bench.context()), Undone)


@pytest.mark.parametrize("within", [timedelta(0), timedelta(hours=2, seconds=1)])
def test_a_person_gets_some_time_and_not_for_ever(within: timedelta) -> None:
    with pytest.raises(ValidationError, match="2 h at most"):
        AskAPersonParams(about="that it is so", within=within)


def test_an_abort_ends_the_asking_at_once(bench: Bench) -> None:
    state = advance(KIND, PARAMS, StepState(), replace(bench.context(), aborted_by="boris (proven)"))

    assert state.status is StepStatus.FAILED
    assert state.reason.startswith("boris (proven) aborted the run, so nobody is asked any more")
