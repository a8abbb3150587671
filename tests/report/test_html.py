"""The report file: whole, small, from nowhere else, and safe whatever the names in it are."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotlight.domain.records import RecordKind
from pilotlight.report.html import LIMIT_BYTES, page
from pilotlight.report.view import view
from tests.report import stories
from tests.report.stories import Story

SCENES = [
    stories.dark, stories.prepared, stories.moving, stories.served, stories.recovered, stories.failed,
    stories.not_needed, stories.blocked_by_arming, stories.overridden, stories.taken_over,
]  # fmt: skip
VOID = {"meta", "br", "path", "rect"}
EVIL = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "]]>--><!--",
    "&lt;b&gt;",
    "\u202egnirts",
    "x" * 10_000,
    "\u05de\u05e1\u05d3",
]


class Reader(HTMLParser):
    """Reads a page as a browser's parser would, and keeps what a test wants to know."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.faults: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


def named(name: str) -> Story:
    """An incident in which everything that may come from elsewhere is the given text."""
    step = {
        "name": name,
        "kind": "check_http",
        "title": name,
        "stage": "move",
        "started_in": "move",
        "harm": "harmless",
    }
    story = Story().signal(104, sentence=name).verdict(105, "start", name)
    story.opened(107, steps=[step], requested_by=name, reason=name, execution_arn=name, plan_digest=name)
    finding = {"severity": "warning", "code": name, "sentence": name, "fix": name, "step": name}
    story.preflight(109, finding).confirmed(300)
    story.started(301, name, name).called(302, name, "rds", "ModifyDBInstance", name, DBInstanceIdentifier=name)
    story.failed(310, name, name, name).reviewed(311, "move", "stop", name)
    return story.closed(320, "FAILED", name, follow_ups=[name], to_do=[name], rpo_sentence=name)


@pytest.mark.parametrize("scene", SCENES)
def test_a_report_is_well_formed_and_names_its_sections(scene) -> None:
    read = Reader(page(view(scene().records)))

    assert read.faults == []
    assert read.open == []
    assert "Ledger" in read.text
    assert "the chain is whole" in read.text


@pytest.mark.parametrize("scene", SCENES)
def test_a_report_fetches_nothing(scene) -> None:
    text = page(view(scene().records))
    read = Reader(text)

    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(read.tags)
    assert not {"src", "href", "srcset", "data", "action"} & {name for name, _ in read.attributes}
    assert "http://" not in text
    assert "https://" not in text
    assert "@import" not in text
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in read.attributes


@pytest.mark.parametrize("evil", EVIL)
def test_no_name_or_error_gets_out_of_its_place(evil: str) -> None:
    harmless, harmful = Reader(page(view(named("harmless").records))), Reader(page(view(named(evil).records)))

    assert harmful.tags == harmless.tags
    assert {name for name, _ in harmful.attributes} == {name for name, _ in harmless.attributes}
    assert harmful.faults == harmful.open == []


@settings(max_examples=25)
@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=60))
def test_no_text_at_all_changes_the_shape_of_the_report(text: str) -> None:
    story = stories.moving().failed(530, "promote", text, text).closed(540, "FAILED", text, to_do=[text])
    plain = stories.moving().failed(530, "promote", "x", "x").closed(540, "FAILED", "x", to_do=["x"])

    assert Reader(page(view(story.records))).tags == Reader(page(view(plain.records))).tags


def test_text_from_right_to_left_is_isolated_from_what_surrounds_it() -> None:
    text = page(view(named("\u05de\u05e1\u05d3").records))

    assert "<bdi>\u2068\u05de\u05e1\u05d3\u2069</bdi>" in text


def test_a_report_of_very_many_records_leaves_out_the_middle_and_says_so() -> None:
    story = stories.moving()
    for number in range(900):
        story.waiting(
            530 + number, "promote", f"Replica number {number} is modifying, so its promotion is not done yet."
        )

    text = page(view(story.records))

    assert len(text.encode()) < LIMIT_BYTES
    assert re.search(r"\d{3} records stand between these two; the ledger has them", text)
    assert "Replica number 899" in text
    assert "The health check sees the primary" in text


def test_a_report_stays_small_whatever_its_names_are() -> None:
    story = named("\U0001f525" * 5_000)
    for number in range(100):
        story.write(RecordKind.STEP_WAITING, 330 + number, "\U0001f525 " * 5_000, "\U0001f525" * 5_000, stage="move")

    assert len(page(view(story.records)).encode()) < LIMIT_BYTES


def test_the_outcome_is_a_word_and_a_sign_and_not_a_colour_alone() -> None:
    for scene, words in (
        (stories.recovered, "✓ RECOVERED"),
        (stories.failed, "✕ FAILED"),
        (stories.moving, "◐ acting"),
    ):
        assert words in Reader(page(view(scene().records))).text


def test_the_chart_can_be_read_without_being_seen() -> None:
    text = page(view(stories.recovered().records))

    assert 'role="img" aria-labelledby="gantt-title gantt-text"' in text
    assert "Promote ryuqqq-shared-rds-replica: settled, after errors, 6 min 34 s." in text
    assert 'fill="url(#broken)"' in text
    assert "rds PromoteReadReplica ThrottlingException" in text


def test_a_chart_is_drawn_only_when_a_step_has_begun() -> None:
    assert "Steps over time" not in page(view(stories.dark().records))


def test_objectives_are_said_to_be_kept_only_at_the_end() -> None:
    assert "✓ kept" not in page(view(stories.served().records))
    assert page(view(stories.recovered().records)).count("✓ kept") == 2
    assert "not recovered" in page(view(stories.failed().records))


def test_an_objective_that_was_missed_is_said_to_be() -> None:
    story = stories.served().closed(9000, clocks=stories.CLOCKS, rto_seconds=8000.0, rpo_seconds=1000.0)

    assert page(view(story.records)).count("✕ missed") == 2


def test_a_tampered_ledger_is_the_first_thing_said_of_it() -> None:
    records = list(stories.moving().records)
    del records[5]

    assert "✕ <bdi>Record 7 of fileflow does not follow record 5.</bdi>" in page(view(records))


def test_who_overrode_the_gate_stands_before_what_it_was_told() -> None:
    made = page(view(stories.overridden().records))

    assert made.index("! overridden") < made.index("overridden by U024BE7LH (proven)") < made.index("✓ gate passed")
