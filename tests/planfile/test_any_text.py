"""Whatever stands in a file, reading it gives a plan or says what is wrong and where; nothing else happens."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from planfile.document import places_of
from tests.planfile.builders import SOUND, faults_of

PLACES = [where for where, _ in places_of(yaml.safe_load(SOUND)) if where]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def replaced(value: Any, where: tuple[str | int, ...], by: Any) -> Any:
    """The same values with another one in one place."""
    if not where:
        return by
    if isinstance(value, dict):
        return {key: replaced(item, where[1:], by) if key == where[0] else item for key, item in value.items()}
    return [replaced(item, where[1:], by) if index == where[0] else item for index, item in enumerate(value)]


@given(where=st.sampled_from(PLACES), by=anything)
@example(where=("stages",), by=None)
@example(where=("stages", "move"), by=[1])
@example(where=("stages", "move", "cache", 0), by="promote")
@example(where=("stages", "move", "cache", 0), by={"await": None})
@example(where=("signals", "probe", "url"), by="https://[")
@example(where=("stages", "serve", "application", 1, "params", "url"), by="https://[")
def test_any_value_in_any_place_is_read_or_refused(where: tuple[str | int, ...], by: Any) -> None:
    text = yaml.safe_dump(replaced(yaml.safe_load(SOUND), where, by), sort_keys=False)

    for fault in faults_of(text):
        assert fault.sentence
        assert fault.line is None or 1 <= fault.line <= text.count("\n") + 1


@given(start=st.integers(0, len(SOUND)), length=st.integers(0, 40), by=st.text(max_size=6))
def test_any_damage_to_the_text_is_read_or_refused(start: int, length: int, by: str) -> None:
    text = SOUND[:start] + by + SOUND[start + length :]

    for fault in faults_of(text):
        assert fault.sentence
        assert fault.rendered().startswith("shop.yaml")


@pytest.mark.parametrize("text", ["\ud800", "a: \ud800\n"])
def test_half_a_character_is_refused(text: str) -> None:
    assert faults_of(text)
