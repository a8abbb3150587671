"""How a report says that the new writer is one: asked itself, or by what RDS says of it."""

from __future__ import annotations

import pytest

from pilotlight.messages.slack import living_message
from pilotlight.report.html import page
from pilotlight.report.text import summary
from pilotlight.report.view import view
from pilotlight.report.writers import writers
from tests.report import stories

SEEN = "Database ryuqqq-shared-rds-replica was asked from its own network: it takes writes in its own words."
ADDRESS = "ryuqqq-shared-rds-replica.tokyo"
FROM_THE_API = f"{ADDRESS}: role read from the API only; no step looked into the database itself."
LOOKING = (*stories.STEPS, ("look", "check_database", "Look into it", "serve", "serve", "disruptive"))


def test_without_a_look_it_is_said_that_the_role_was_read_from_the_api_only() -> None:
    seen = view(stories.recovered().records)

    assert writers(seen) == (FROM_THE_API,)
    assert FROM_THE_API in " ".join(summary(seen).split())
    assert FROM_THE_API in page(seen)
    assert FROM_THE_API in str(living_message(seen).blocks)


def test_with_a_look_it_is_said_what_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stories, "STEPS", LOOKING)
    looked = stories.served().started(895, "look").settled(900, "look", SEEN, address=ADDRESS, seen=SEEN)

    assert writers(view(looked.records)) == (SEEN,)


def test_a_look_into_another_database_says_nothing_of_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stories, "STEPS", LOOKING)
    looked = stories.served().started(895, "look").settled(900, "look", SEEN, address="another.tokyo", seen=SEEN)

    assert writers(view(looked.records)) == (FROM_THE_API,)


def test_nothing_is_said_while_a_step_is_still_to_look_or_nothing_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    assert writers(view(stories.prepared().records)) == ()

    monkeypatch.setattr(stories, "STEPS", LOOKING)
    assert writers(view(stories.served().started(895, "look").records)) == ()
