"""The page over SNS."""

from __future__ import annotations

import pytest

from pilotlight.messages.page import SUBJECT_LIMIT, page_of
from pilotlight.report.view import view
from tests.report import stories


def test_a_page_says_what_is_new_after_how_it_stands() -> None:
    seen = view(stories.dark().records)

    page = page_of(seen, seen.told[-1:])

    assert page.subject == "Pilotlight P1: fileflow is failing over to ap-northeast-1: stage prepare, 1 of 4"
    assert page.body.startswith(
        "fileflow is failing over to ap-northeast-1: stage prepare, 1 of 4\n"
        "P1: the region is dark, and nobody planned it.\n\nStage prepare"
    )
    assert page.body.endswith(
        "What is new\n"
        "  +05:00   run confirmed: The primary of fileflow has been dark for 5 min 00 s: all observers agree.\n"
    )


def test_a_page_says_why_slack_does_not() -> None:
    seen = view(stories.dark().records)

    page = page_of(seen, (), "Slack refused chat.update: channel_not_found.")

    assert page.body.endswith("\nSlack was not told: Slack refused chat.update: channel_not_found.\n")


@pytest.mark.parametrize("name", ["\u05de\u05e1\u05d3", "a\nBcc: all@example.com", "x" * 500, "\U0001f525"])
def test_a_subject_is_one_that_sns_takes(name: str) -> None:
    story = stories.Story(application=name).signal(104).verdict(105, "block")

    subject = page_of(view(story.records), ()).subject

    assert 0 < len(subject) <= SUBJECT_LIMIT
    assert subject.isascii()
    assert subject.isprintable()
