"""The pictures that people see are of what is said today; `tests.rehearsal.take_pictures` draws them anew."""

from __future__ import annotations

import pytest

from tests.rehearsal.take_pictures import DOCS, PICTURES

pytestmark = pytest.mark.full


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_of_what_is_said_today(name: str) -> None:
    # One that is a day old would show messages that nobody gets.
    same = (DOCS / name).read_text() == PICTURES[name]()

    assert same, f"docs/{name} is stale; draw it with PYTHONPATH=.:lambdas python -m tests.rehearsal.take_pictures"
