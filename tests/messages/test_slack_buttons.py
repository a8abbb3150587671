"""The buttons of the living message: what they offer when, that Slack takes them, and that they say nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import ActionsBlock, Block

from pilotlight.domain.plan import PlanKind
from pilotlight.domain.run import Outcome
from pilotlight.messages.private_answer import in_private, pressed
from pilotlight.messages.slack import living_message
from pilotlight.messages.slack_buttons import REASONS, Offer, actions, identity_of, offers
from pilotlight.report.view import view
from rehearsal.slack_blocks import fault_in, lines_of
from tests.report import stories

EVIL = [
    "<!channel>",
    "<@U012AB3CD>",
    "<https://evil.example|click>",
    "`code` *bold* &lt;",
    "\u202egnp",
    "x" * 10_000,
    "& < > " * 2000,
]


def offered(scene: Any) -> list[str]:
    return [f"{offer.word} {offer.accept}".strip() for offer in offers(view(scene().records))]


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        (stories.dark, ["hold", "abort"]),
        (stories.asking, ["approve", "hold", "abort"]),
        (stories.moving, []),
        (stories.recovered, []),
        (stories.not_needed, []),
        (stories.blocked_by_arming, []),
    ],
)
def test_what_may_be_said_now_is_offered(scene: Any, words: list[str]) -> None:
    assert offered(scene) == words


def test_a_failed_step_may_be_retried_or_skipped_and_a_failed_run_acknowledged() -> None:
    waiting, over = view(stories.waiting_at_a_failure().records), view(stories.failed().records)
    assert waiting.pause is not None
    passable = replace(waiting, pause=replace(waiting.pause, skippable=("scale",)))

    assert [(offer.word, offer.accept) for offer in offers(waiting)] == [("retry", "scale"), ("abort", "")]
    assert [(offer.word, offer.accept) for offer in offers(passable)][:2] == [("retry", "scale"), ("skip", "scale")]
    assert over.outcome is Outcome.FAILED
    assert [offer.word for offer in offers(over)] == ["acknowledge"]


def test_a_drill_is_aborted_for_reasons_of_its_own() -> None:
    a_drill = replace(view(stories.dark().records), kind=PlanKind.DRILL.value)

    (abort,) = [offer for offer in offers(a_drill) if offer.word == "abort"]
    assert not set(abort.reasons) & set(REASONS["abort"])


def test_how_a_drill_ended_is_acknowledged_by_nobody() -> None:
    """It starts nothing by itself, so the word would be refused."""
    assert offers(replace(view(stories.failed().records), kind=PlanKind.DRILL.value)) == []


def test_an_id_says_nothing_and_is_the_same_for_the_same_word() -> None:
    seen, again = view(stories.asking().records), view(stories.asking().records)

    blocks = living_message(seen, offers(seen)).blocks
    assert blocks == living_message(again, offers(again)).blocks
    (buttons,) = [block for block in blocks if block["type"] == "actions"]
    told, ids = json.dumps(buttons), [element["action_id"] for element in buttons["elements"]]
    assert all(len(each) == 32 and set(each) <= set("0123456789abcdef") for each in ids)
    assert "arn:" not in told


def test_what_needs_a_reason_is_a_menu_of_reasons_and_each_line_another_id() -> None:
    offer = Offer("abort", "fileflow", "e7", "", REASONS["abort"])
    ((menu,),) = ([block["elements"] for block in actions([offer])],)

    (select,) = menu
    assert select["type"] == "static_select"
    assert [option["text"]["text"] for option in select["options"]] == list(REASONS["abort"])
    assert [option["value"] for option in select["options"]] == [identity_of(asked) for asked in offer.asked()]
    assert len({option["value"] for option in select["options"]}) == len(REASONS["abort"])
    assert [asked.reason for asked in offer.asked()] == list(REASONS["abort"])


names = st.one_of(st.text(max_size=300), st.sampled_from(EVIL))


@settings(max_examples=150, deadline=None)
@given(
    words=st.lists(
        st.builds(
            Offer,
            word=st.sampled_from(["approve", "hold", "release", "abort", "retry", "skip", "acknowledge"]),
            application=names,
            run_id=names,
            accept=names,
            reasons=st.sampled_from([(), *REASONS.values()]),
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda offer: (offer.word, offer.application, offer.run_id, offer.accept, offer.reasons),
    )
)
def test_slack_takes_every_button_whatever_a_name_holds(words: list[Offer]) -> None:
    blocks = actions(words)

    assert fault_in(blocks) == ""
    for parsed in Block.parse_all(blocks):
        assert isinstance(parsed, ActionsBlock)
        parsed.validate_json()
        assert len(parsed.elements) == len(words)
        for element in parsed.elements:
            element.validate_json()
    # Plain text is not read as markup, so a name that holds some is shown and does nothing.
    assert {text["type"] for text in _texts(blocks)} == {"plain_text"}


@given(sentence=names)
def test_an_answer_shows_what_it_quotes_and_does_nothing(sentence: str) -> None:
    said = f"Refused: {sentence}"
    for content in (in_private(said), pressed(in_private(said))):
        assert content["response_type"] == "ephemeral"
        assert fault_in(content["blocks"]) == ""
        assert "<" not in content["text"]
        assert "`" not in content["text"]
    assert pressed(in_private("x"))["replace_original"] is False


def test_the_buttons_are_told_in_a_terminal() -> None:
    seen = view(stories.asking().records)

    assert "[Approve]   [Hold]   [Abort because …]" in lines_of(living_message(seen, offers(seen)).blocks)
    assert asdict(offers(seen)[0])["word"] == "approve"


def _texts(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    if not isinstance(value, dict):
        return []
    own = [value] if isinstance(value.get("text"), str) and "type" in value else []
    return [*own, *(text for each in value.values() for text in _texts(each))]
