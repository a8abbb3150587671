"""Slack's Web API and the bot token, at the HTTP border and at Secrets Manager's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from pilotlight.aws.slack import RATE_LIMIT_PAUSE_SECONDS, BotTokens, Delivered, NotDelivered, SlackApi
from pilotlight.domain.errors import AccessDenied
from pilotlight.domain.ports import WebAnswer, WebRequest

TOKEN = "xoxb-1234-abcd"
CONTENT = {"text": "hello", "blocks": []}


@dataclass
class CannedWeb:
    """A web that gives one answer and keeps what it was asked."""

    answer: WebAnswer
    asked: list[WebRequest] = field(default_factory=list)

    def ask(self, request: WebRequest) -> WebAnswer:
        self.asked.append(request)
        return self.answer

    def ask_all(self, requests: Sequence[WebRequest]) -> list[WebAnswer]:
        return [self.ask(request) for request in requests]


def ok(**more: Any) -> WebAnswer:
    return WebAnswer(200, json.dumps({"ok": True, "channel": "C0123456789", "ts": "1.000001", **more}))


def test_a_message_is_posted_with_the_token_in_the_header_only() -> None:
    web = CannedWeb(ok())

    sent = SlackApi(web).post(TOKEN, "C0123456789", CONTENT)

    (request,) = web.asked
    assert sent == Delivered("C0123456789", "1.000001")
    assert (request.method, request.url) == ("POST", "https://slack.com/api/chat.postMessage")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(request.body or "") == {"channel": "C0123456789", "text": "hello", "blocks": []}
    assert request.timeout_seconds == 3.0


def test_a_reply_and_a_rewriting_name_their_message() -> None:
    web = CannedWeb(ok())
    api = SlackApi(web)

    api.post(TOKEN, "C0123456789", CONTENT, thread_ts="1.000001")
    api.update(TOKEN, "C0123456789", "1.000001", CONTENT)

    reply, update = (json.loads(request.body or "") for request in web.asked)
    assert reply["thread_ts"] == "1.000001"
    assert update["ts"] == "1.000001"
    assert web.asked[1].url == "https://slack.com/api/chat.update"


UNREADABLE = "Slack answered chat.postMessage with HTTP {} and nothing that can be read."
SILENT = "Slack did not answer chat.postMessage within 3 s: ReadTimeoutError: x"


@pytest.mark.parametrize(
    ("answer", "code", "sentence"),
    [
        (WebAnswer(None, "", "ReadTimeoutError: x"), "unreachable", SILENT),
        (WebAnswer(200, '{"ok": false, "error": "no_text"}'), "no_text", "Slack refused chat.postMessage: no_text."),
        (WebAnswer(200, '{"ok": false, "error": "<!here> X"}'), "here", "Slack refused chat.postMessage: here."),
        (WebAnswer(503, "<html>upstream</html>"), "unreadable", UNREADABLE.format(503)),
        (WebAnswer(200, "[1]"), "unreadable", UNREADABLE.format(200)),
        (WebAnswer(200, '{"ok": true}'), "unreadable", UNREADABLE.format(200)),
    ],
)
def test_trouble_is_a_code_and_a_sentence_and_never_raised(answer: WebAnswer, code: str, sentence: str) -> None:
    sent = SlackApi(CannedWeb(answer)).post(TOKEN, "C0123456789", CONTENT)

    assert isinstance(sent, NotDelivered)
    assert (sent.code, sent.sentence) == (code, sentence)


def test_a_limit_says_how_long_to_leave_slack_alone() -> None:
    sent = SlackApi(CannedWeb(WebAnswer(429, '{"ok":false,"error":"ratelimited"}'))).post(TOKEN, "C0123456789", CONTENT)

    assert isinstance(sent, NotDelivered)
    assert sent.wait_seconds == RATE_LIMIT_PAUSE_SECONDS


def test_a_trouble_that_quotes_the_token_is_told_without_it() -> None:
    web = CannedWeb(WebAnswer(None, "", f"InvalidHeader: Bearer {TOKEN}"))

    sent = SlackApi(web).post(TOKEN, "C0123456789", CONTENT)

    assert isinstance(sent, NotDelivered)
    assert sent.sentence.endswith("InvalidHeader: Bearer (withheld)")


@dataclass
class Secrets:
    """An AWS that only holds one secret."""

    text: str
    asked: int = 0

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        self.asked += 1
        assert (service, operation, parameters) == (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": "pilotlight/slack"},
        )
        if self.text == "denied":
            raise AccessDenied(service, operation, region, "AccessDeniedException", "role x is not allowed")
        return {"SecretString": self.text} if self.text else {"SecretBinary": b"x"}


@pytest.mark.parametrize("text", [TOKEN, f" {TOKEN}\n", json.dumps({"bot_token": TOKEN}), "xoxe.xoxb-1-abc"])
def test_a_token_is_read_once(text: str) -> None:
    secrets = Secrets(text)
    tokens = BotTokens(secrets, "ap-northeast-1")

    assert tokens.token("pilotlight/slack") == tokens.token("pilotlight/slack")
    assert secrets.asked == 1


def test_a_token_that_was_forgotten_is_read_again() -> None:
    secrets = Secrets(TOKEN)
    tokens = BotTokens(secrets, "ap-northeast-1")
    tokens.token("pilotlight/slack")
    secrets.text = "xoxb-other-one"

    tokens.forget("pilotlight/slack")

    assert tokens.token("pilotlight/slack") == "xoxb-other-one"


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "7", "hunter2", "xoxb-a\r\nX-Evil: 1", '{"token": "xoxb-1234-abcd"}']
)
def test_what_is_no_token_is_not_sent_and_not_quoted(text: str) -> None:
    found = BotTokens(Secrets(text), "ap-northeast-1").token("pilotlight/slack")

    assert isinstance(found, NotDelivered)
    assert (
        found.sentence
        == "Secret pilotlight/slack holds no bot token; store `xoxb-...`, or a JSON object with `bot_token`."
    )


def test_a_secret_that_may_not_be_read_is_named_with_the_reason() -> None:
    found = BotTokens(Secrets("denied"), "ap-northeast-1").token("pilotlight/slack")

    assert isinstance(found, NotDelivered)
    assert found.sentence == "The Slack token could not be read from secret pilotlight/slack: AccessDeniedException."
