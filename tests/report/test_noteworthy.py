"""Which records people have a line for."""

from __future__ import annotations

import pytest

from pilotlight.domain.records import RecordKind
from pilotlight.report.noteworthy import noteworthy, urgent, weighty
from tests.report import stories
from tests.report.stories import Story


def told(story: Story) -> list[str]:
    return [record.entry.sentence for record in noteworthy(story.records)]


def test_a_signal_is_news_when_its_observer_sees_something_else() -> None:
    story = Story().signal(1, sentence="a").signal(2, sentence="b").signal(3, "probe", sentence="c")
    story.signal(4, sight="well", sentence="d").signal(5, sentence="e")

    assert told(story) == ["a", "c", "d", "e"]


@pytest.mark.parametrize(
    ("verdicts", "news"),
    [
        (["block", "block", "block"], [0]),
        (["block", "hold", "block"], [0]),
        (["block", "ignore"], [0, 1]),
        (["block", "hold", "ignore"], [0, 2]),
        (["block", "ignore", "block"], [0, 1, 2]),
        (["block", "start"], [0, 1]),
        (["ignore", "hold", "join"], []),
    ],
)
def test_a_verdict_is_news_when_it_asks_or_no_longer_asks(verdicts: list[str], news: list[int]) -> None:
    story = Story()
    for number, verdict in enumerate(verdicts):
        story.verdict(number, verdict, f"{number}")

    assert told(story) == [str(number) for number in news]


def test_a_verdict_that_ignores_is_no_news_once_a_run_is_open() -> None:
    story = Story().verdict(1, "start", "a").opened(2).verdict(3, "ignore", "c")

    assert "c" not in told(story)


def test_an_aws_call_is_news_only_when_it_was_refused() -> None:
    kinds = [record.entry.kind for record in noteworthy(stories.moving().records)]

    assert RecordKind.INTENT not in kinds
    assert kinds.count(RecordKind.OUTCOME) == 1


def test_what_is_urgent_is_weighty_and_what_is_weighty_is_told() -> None:
    for scene in (stories.recovered, stories.failed, stories.blocked_by_arming):
        records = noteworthy(scene().records)

        assert all(weighty(record) for record in records if urgent(record))
        assert any(urgent(record) for record in records)


def test_that_a_person_overrode_the_gate_is_told_and_weighty() -> None:
    (record,) = [r for r in noteworthy(stories.overridden().records) if r.entry.kind is RecordKind.OVERRIDDEN]

    assert weighty(record)


def test_a_run_that_waits_for_people_pages_them_and_what_they_say_is_told() -> None:
    told = {record.entry.kind: record for record in noteworthy(stories.approved().records)}

    assert urgent(told[RecordKind.GATE_WAITING])
    assert not urgent(told[RecordKind.WORD])


@pytest.mark.parametrize(("verdict", "pages"), [("block", True), ("start", False)])
def test_only_a_verdict_that_asks_a_person_is_urgent(verdict: str, pages: bool) -> None:
    (record,) = Story().verdict(1, verdict).records

    assert urgent(record) is pages
