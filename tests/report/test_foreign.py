"""Text that may hold anything, made to keep to itself."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotlight.report.foreign import LONGEST_WORD, tame

ANY_TEXT = st.text(alphabet=st.characters(), max_size=400)


def test_ordinary_text_stays_as_it_is() -> None:
    sentence = "Replica ryuqqq-shared-rds-replica is backing-up, so it cannot be promoted yet."

    assert tame(sentence) == sentence


@pytest.mark.parametrize("breaker", ["\n", "\r\n", "\t", "\u2028", "\u2029", "\u0085", "\x0b", "\x00"])
def test_no_character_forges_a_new_line(breaker: str) -> None:
    assert tame(f"one{breaker}two") == "one two"


@pytest.mark.parametrize("turner", ["\u202e", "\u202d", "\u2066", "\u200f", "\u061c", "\ufeff", "\u200b", "\U000e0041"])
def test_no_control_turns_the_writing_around_or_hides(turner: str) -> None:
    assert tame(f"one{turner}two") == "onetwo"


def test_text_from_right_to_left_is_isolated() -> None:
    hebrew = "\u05de\u05e1\u05d3 \u05e0\u05ea\u05d5\u05e0\u05d9\u05dd"

    assert tame(hebrew) == f"\u2068{hebrew}\u2069"


def test_a_sentence_about_an_endless_name_still_says_what_it_says() -> None:
    said = tame(f"Replica {'x' * 10_000} is backing-up, so it cannot be promoted yet.")

    assert said == f"Replica {'x' * 60}… is backing-up, so it cannot be promoted yet."


def test_an_endless_sentence_is_cut_at_its_limit() -> None:
    said = tame("word " * 10_000, 50)

    assert said == "word word word word word word word word word word…"


def test_marks_that_pile_up_are_thinned_out() -> None:
    assert len(tame("e" + "\u0301" * 500)) <= 4


@given(ANY_TEXT, st.integers(min_value=10, max_value=200))
def test_any_text_is_one_short_line_that_can_be_sent(text: str, limit: int) -> None:
    said = tame(text, limit)

    assert len(said) <= limit
    assert "\n" not in said
    assert said.encode("utf-8").decode("utf-8") == said
    assert all(len(word) <= LONGEST_WORD for word in said.split())
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in said)


@given(ANY_TEXT)
def test_what_is_tame_stays_as_it_is(text: str) -> None:
    once = tame(text)

    assert tame(once.strip("\u2068\u2069")) == once
