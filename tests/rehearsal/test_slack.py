"""The rehearsal's Slack, held to what the real one answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pilotlight.domain.ports import WebAnswer, WebRequest
from rehearsal.slack import FakeSlack
from rehearsal.slack_blocks import bold_parts, fault_in, lines_of, plain, without_bold
from rehearsal.virtual_time import VirtualTime
from rehearsal.world import World

CHANNEL = "C0123456789"
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}


@pytest.fixture
def slack() -> FakeSlack:
    return FakeSlack(World(VirtualTime(datetime(2026, 11, 21, 1, 0, tzinfo=UTC)), 1, "123456789012"))


def ask(slack: FakeSlack, method: str, token: str = "", **body: Any) -> WebAnswer:
    headers = {"Authorization": f"Bearer {token or slack.token}"}
    body = {"channel": CHANNEL, "text": "hello", **body}
    return slack.ask(
        WebRequest(
            "POST", f"https://slack.com/api/{method}", headers=headers, body=json.dumps(body), timeout_seconds=3.0
        )
    )


def error(answer: WebAnswer) -> str:
    assert answer.status == 200
    return str(json.loads(answer.body)["error"])


def post(slack: FakeSlack, **body: Any) -> str:
    said = json.loads(ask(slack, "chat.postMessage", **body).body)
    assert said["ok"]
    return str(said["ts"])


def test_a_message_is_posted_answered_and_rewritten(slack: FakeSlack) -> None:
    ts = post(slack, blocks=[SECTION])
    post(slack, thread_ts=ts, text="detail")
    ask(slack, "chat.update", ts=ts, text="hello again")

    (living,) = slack.living()
    assert (living.text, living.edits) == ("hello again", 1)
    assert [reply.text for reply in slack.thread(ts)] == ["detail"]
    assert [message.text for message in slack.history] == ["hello", "detail", "hello again"]


def test_what_stands_in_it_is_shown_as_json(slack: FakeSlack) -> None:
    post(slack, blocks=[SECTION])

    (shown,) = json.loads(json.dumps(slack.shown()))
    assert shown["lines"] == ["hello"]
    assert shown["thread_ts"] is None


@pytest.mark.parametrize(
    ("method", "wrong", "code"),
    [
        ("chat.postMessage", {"token": "xoxb-other"}, "invalid_auth"),
        ("chat.postMessage", {"channel": "#general"}, "channel_not_found"),
        ("chat.postMessage", {"text": ""}, "no_text"),
        ("chat.postMessage", {"text": "x" * 40_001}, "msg_too_long"),
        ("chat.postMessage", {"blocks": [{"type": "section"}]}, "invalid_blocks"),
        ("chat.update", {"ts": "1.000009"}, "message_not_found"),
        ("chat.delete", {}, "unknown_method"),
    ],
)
def test_what_slack_refuses_is_refused_with_its_code(
    slack: FakeSlack, method: str, wrong: dict[str, Any], code: str
) -> None:
    assert error(ask(slack, method, **wrong)) == code
    assert slack.messages == []


def test_too_many_messages_a_minute_are_refused(slack: FakeSlack) -> None:
    for _ in range(60):
        post(slack)

    assert ask(slack, "chat.postMessage").status == 429
    slack.world.time.sleep(60)
    assert ask(slack, "chat.postMessage").status == 200


def test_it_can_be_told_to_refuse_for_a_while(slack: FakeSlack) -> None:
    slack.limit_until(slack.world.time.now() + timedelta(seconds=30))
    assert ask(slack, "chat.postMessage").status == 429

    slack.world.time.sleep(30)

    assert ask(slack, "chat.postMessage").status == 200


def test_it_refuses_the_next_request_only(slack: FakeSlack) -> None:
    slack.refuse_next("fatal_error")

    assert error(ask(slack, "chat.postMessage")) == "fatal_error"
    assert post(slack)


def test_when_it_is_down_every_request_waits_out_its_timeout(slack: FakeSlack) -> None:
    slack.go_down()

    answer = ask(slack, "chat.postMessage")

    assert answer.status is None
    assert slack.world.time.elapsed_seconds() == 3.0
    slack.come_up()
    assert post(slack)


def test_a_slow_answer_is_none_but_the_message_is_there(slack: FakeSlack) -> None:
    slack.be_slow(10.0)

    answer = ask(slack, "chat.postMessage")

    assert answer.status is None
    assert len(slack.messages) == 1
    assert slack.world.time.elapsed_seconds() == 3.0


def text_of(length: int, kind: str = "mrkdwn") -> dict[str, str]:
    return {"type": kind, "text": "x" * length}


@pytest.mark.parametrize(
    ("blocks", "fault"),
    [
        ([SECTION] * 50, ""),
        ([SECTION] * 51, "51 blocks are more than 50."),
        ([{"type": "divider"}, {"type": "marquee"}], "Block 1: its type is 'marquee'."),
        ([{"type": "header", "text": text_of(1)}], "Block 0: its text is not of type plain_text."),
        ([{"type": "header", "text": text_of(151, "plain_text")}], "Block 0: its text is not of 1 to 150 characters."),
        ([{"type": "section", "text": text_of(0)}], "Block 0: its text is not of 1 to 3000 characters."),
        ([{"type": "section", "fields": []}], "Block 0: it holds 0 texts, and 1 to 10 are allowed."),
        ([{"type": "context", "elements": [text_of(1)] * 11}], "Block 0: it holds 11 texts, and 1 to 10 are allowed."),
    ],
)
def test_blocks_are_checked_against_slacks_limits(blocks: list[dict[str, Any]], fault: str) -> None:
    assert fault_in(blocks) == fault


def test_markup_is_read_as_a_person_sees_it() -> None:
    assert plain("*Now* <!date^1795223840^{time}|?> and <https://x.example|there>: `a` &lt;b&gt; &amp; c") == (
        "*Now* 01:17 and there: a <b> & c"
    )
    assert without_bold("*Now* it is *here*") == "Now it is here"
    assert bold_parts("a *b* c") == [("a ", False), ("b", True), (" c", False)]
    assert lines_of([{"type": "divider"}, SECTION]) == ["", "hello"]
