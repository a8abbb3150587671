"""Slack's Web API, the three methods that a living message needs, and the bot token from Secrets Manager.

Nothing here raises for Slack's trouble: what was not delivered says why, in a sentence without the token. The limits
are Slack's: about one message a second and channel, `chat.update` about 50 a minute, HTTP 429 when that is exceeded
(https://docs.slack.dev/apis/web-api/rate-limits/).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pilotlight.domain.errors import AwsError
from pilotlight.domain.ports import Aws, Web, WebAnswer, WebRequest

URL = "https://slack.com/api/"
TIMEOUT_SECONDS = 3.0
RATE_LIMIT_PAUSE_SECONDS = 30.0
"""How long to leave Slack alone after a 429 that does not say it in Retry-After."""

TOKEN_REFUSED = frozenset({"invalid_auth", "token_revoked", "token_expired", "not_authed", "account_inactive"})
MESSAGE_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
_POSTING = ("chat.postMessage", "chat.update")
_TOKEN = re.compile(r"^xox[a-z]?[.A-Za-z0-9-]{4,500}$")


@dataclass(frozen=True)
class Delivered:
    """Where a message stands: the channel's id and the message's `ts`, which together name it."""

    channel: str
    ts: str


@dataclass(frozen=True)
class NotDelivered:
    """Why not, as a code and a sentence; `wait_seconds` is how long Slack is to be left alone, where it says so."""

    code: str
    sentence: str
    wait_seconds: float = 0.0


class SlackApi:
    """Posts and rewrites messages; each call takes 3 s at most."""

    def __init__(self, web: Web) -> None:
        self._web = web

    def post(
        self, token: str, channel: str, content: Mapping[str, Any], *, thread_ts: str = ""
    ) -> Delivered | NotDelivered:
        """A new message in a channel, or in the thread of another one; `content` holds its text and blocks."""
        where = {"channel": channel, **({"thread_ts": thread_ts} if thread_ts else {})}
        return self._call(token, "chat.postMessage", {**where, **content})

    def update(self, token: str, channel: str, ts: str, content: Mapping[str, Any]) -> Delivered | NotDelivered:
        """Rewrite a message in place."""
        return self._call(token, "chat.update", {"channel": channel, "ts": ts, **content})

    def ask(self, token: str) -> Delivered | NotDelivered:
        """Whether Slack answers and takes the token; nothing is posted by it, and it needs no scope."""
        return self._call(token, "auth.test", {})

    def _call(self, token: str, method: str, body: dict[str, Any]) -> Delivered | NotDelivered:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=utf-8"}
        answer = self._web.ask(
            WebRequest("POST", URL + method, headers=headers, body=json.dumps(body), timeout_seconds=TIMEOUT_SECONDS)
        )
        return _read(method, answer, token)


def _read(method: str, answer: WebAnswer, token: str) -> Delivered | NotDelivered:
    if answer.status is None:
        trouble = answer.trouble.replace(token, "(withheld)")
        return NotDelivered("unreachable", f"Slack did not answer {method} within {TIMEOUT_SECONDS:g} s: {trouble}")
    if answer.status == 429:
        said_so = answer.headers.get("retry-after", "")
        pause = float(said_so) if said_so.isdigit() else RATE_LIMIT_PAUSE_SECONDS
        return NotDelivered("ratelimited", f"Slack refused {method}, because too much is sent to it.", pause)
    try:
        said = json.loads(answer.body)
        if said["ok"]:
            return Delivered(str(said["channel"]), str(said["ts"])) if method in _POSTING else Delivered("", "")
        code = re.sub(r"[^a-z0-9_]", "", str(said["error"]))[:60]
    except (ValueError, KeyError, TypeError):
        return NotDelivered(
            "unreadable", f"Slack answered {method} with HTTP {answer.status} and nothing that can be read."
        )
    return NotDelivered(code, f"Slack refused {method}: {code}.")


class BotTokens:
    """Bot tokens by the name of their secret, each read once and again when Slack refuses it.

    The secret's text is the bare token, or a JSON object that holds it as `bot_token`.
    """

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region
        self._held: dict[str, str] = {}

    def token(self, secret: str) -> str | NotDelivered:
        """The token, or why there is none."""
        if secret not in self._held:
            try:
                text = self._aws.call("secretsmanager", "GetSecretValue", self._region, SecretId=secret).get(
                    "SecretString", ""
                )
            except AwsError as error:
                return NotDelivered("secret", f"The Slack token could not be read from secret {secret}: {error.code}.")
            token = _token_in(text)
            if token is None:
                return NotDelivered(
                    "secret",
                    f"Secret {secret} holds no bot token; store `xoxb-...`, or a JSON object with `bot_token`.",
                )
            self._held[secret] = token
        return self._held[secret]

    def forget(self, secret: str) -> None:
        """Read the secret again when it is asked for next."""
        self._held.pop(secret, None)


def _token_in(text: str) -> str | None:
    """The token in a secret's text, if it is one: a header with a line break in it would be an error that quotes it."""
    try:
        held = json.loads(text)
    except ValueError:
        held = text
    token = held.get("bot_token", "") if isinstance(held, dict) else held
    token = token.strip() if isinstance(token, str) else ""
    return token if _TOKEN.match(token) else None
