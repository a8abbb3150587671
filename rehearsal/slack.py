"""Slack in a rehearsal, answering at the HTTP border as the real one does, and keeping what it was sent.

It holds the messages of each channel, refuses what Slack would refuse (an unknown token, a channel that is none,
blocks beyond its limits, too many messages a minute), and can be made slow, silent or contrary. It does not know of
Slack: memberships, and what a message looks like. What its people say stands in `rehearsal.slack_people`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil
from typing import Any

from pilotlight.domain.ports import WebAnswer, WebRequest
from rehearsal.slack_blocks import fault_in, lines_of, without_bold
from rehearsal.world import World

HOST = "slack.com"
_CHANNEL = re.compile(r"^[CG][A-Z0-9]{8,}$")
_USUAL_LATENCY_SECONDS = 0.15
_PER_MINUTE = {"chat.postMessage": 60, "chat.update": 50}
_TEST = "auth.test"
_LONGEST_TEXT = 40_000


@dataclass(frozen=True)
class SlackMessage:
    """A message as it stands: `ts` names it, `thread_ts` the one that it answers; `edits` counts rewritings."""

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    posted: datetime
    changed: datetime
    thread_ts: str = ""
    edits: int = 0


@dataclass
class FakeSlack:
    """A workspace in a world, whose bot was invited to every channel.

    `history` holds each state of each message, `private` what single people were shown by the address of each answer,
    and `waited` how many seconds each request of a person waited for its answer.
    """

    world: World
    token: str = "xoxb-rehearsal-token"
    signing_secret: str = "8f742231b10e8888abcd99yyyzzz85a5"
    messages: list[SlackMessage] = field(default_factory=list)
    history: list[SlackMessage] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    private: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    waited: list[float] = field(default_factory=list)
    _silent: bool = False
    _is_revoked: bool = False
    _latency_seconds: float = _USUAL_LATENCY_SECONDS
    _refusals: list[str] = field(default_factory=list)
    _limited_until: datetime | None = None
    _calls: dict[tuple[str, str], list[datetime]] = field(default_factory=dict)

    # Trouble

    def go_down(self) -> None:
        """Answer nobody from now on: every request runs into its timeout."""
        self._silent = True

    def come_up(self) -> None:
        """Answer again, at the usual pace."""
        self._silent, self._is_revoked, self._latency_seconds = False, False, _USUAL_LATENCY_SECONDS

    def be_slow(self, seconds: float) -> None:
        """Take that long for every answer; whoever waits less gets none, though the message is posted."""
        self._latency_seconds = seconds

    def revoke(self) -> None:
        """Take the bot's token back, until it comes up again: somebody installed the app anew with it."""
        self._is_revoked = True

    def refuse_next(self, *codes: str) -> None:
        """Refuse the next requests with these error codes, one each."""
        self._refusals += codes

    def limit_until(self, moment: datetime) -> None:
        """Answer 429 to everything until then."""
        self._limited_until = moment

    def delete(self, ts: str) -> None:
        """Take a message away, as a person in the channel may."""
        self.messages = [message for message in self.messages if message.ts != ts]

    # What stands in it

    def living(self) -> list[SlackMessage]:
        """The messages that stand in channels, without those in threads."""
        return [message for message in self.messages if not message.thread_ts]

    def thread(self, ts: str) -> list[SlackMessage]:
        """The answers to a message, in order."""
        return [message for message in self.messages if message.thread_ts == ts]

    def shown(self) -> list[dict[str, Any]]:
        """The messages as a reader of the channel has them, as JSON values."""
        return [
            {
                "channel": message.channel,
                "ts": message.ts,
                "thread_ts": message.thread_ts or None,
                "posted": message.posted.isoformat(),
                "changed": message.changed.isoformat(),
                "edits": message.edits,
                "text": message.text,
                "lines": [without_bold(line) for line in lines_of(message.blocks)],
            }
            for message in self.messages
        ]

    # The HTTP border

    def ask(self, request: WebRequest) -> WebAnswer:
        """Answer one request to https://slack.com/api/."""
        method = request.url.rpartition("/")[2]
        self.asked.append(method)
        if self._silent:
            self.world.time.sleep(request.timeout_seconds)
            return WebAnswer(None, "", f"ReadTimeoutError: no answer from {HOST} within {request.timeout_seconds:g} s")
        if self._latency_seconds >= request.timeout_seconds:
            self._answer(method, request)
            self.world.time.sleep(request.timeout_seconds)
            return WebAnswer(None, "", f"ReadTimeoutError: no answer from {HOST} within {request.timeout_seconds:g} s")
        self.world.time.sleep(self._latency_seconds)
        return self._answer(method, request)

    def take_private(self, request: WebRequest) -> WebAnswer:
        """Answer one request to https://hooks.slack.com/: what is shown to the person alone whose address it is."""
        self.world.time.sleep(self._latency_seconds)
        self.private.setdefault(request.url, []).append(json.loads(request.body or "{}"))
        return WebAnswer(200, "ok")

    def _answer(self, method: str, request: WebRequest) -> WebAnswer:
        body = json.loads(request.body or "{}")
        if self._is_limited(method, str(body.get("channel", ""))):
            wait = {"retry-after": str(self._retry_after())}
            return WebAnswer(429, json.dumps({"ok": False, "error": "ratelimited"}), headers=wait)
        refusal = self._refusals.pop(0) if self._refusals else self._refusal(method, request, body)
        if refusal:
            return WebAnswer(200, json.dumps({"ok": False, "error": refusal}))
        if method == _TEST:
            return WebAnswer(200, json.dumps({"ok": True, "team_id": "T0123456789", "user_id": "U0123456789"}))
        message = self._update(body) if method == "chat.update" else self._post(body)
        self.history.append(message)
        return WebAnswer(200, json.dumps({"ok": True, "channel": message.channel, "ts": message.ts}))

    def _retry_after(self) -> int:
        left = (self._limited_until - self.world.time.now()).total_seconds() if self._limited_until else 0.0
        return max(1, ceil(left)) if left > 0 else 30

    def _is_limited(self, method: str, channel: str) -> bool:
        if self._limited_until and self.world.time.now() < self._limited_until:
            return True
        recent = [
            at for at in self._calls.get((method, channel), []) if (self.world.time.now() - at).total_seconds() < 60
        ]
        self._calls[method, channel] = [*recent, self.world.time.now()]
        return len(recent) >= _PER_MINUTE.get(method, 20)

    def _refusal(self, method: str, request: WebRequest, body: dict[str, Any]) -> str:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return "invalid_auth"
        if self._is_revoked or method == _TEST:
            return "token_revoked" if self._is_revoked else ""
        if method not in _PER_MINUTE:
            return "unknown_method"
        if not _CHANNEL.match(str(body.get("channel", ""))):
            return "channel_not_found"
        if not body.get("text") and not body.get("blocks"):
            return "no_text"
        if len(body.get("text", "")) > _LONGEST_TEXT or fault_in(body.get("blocks", [])):
            return "msg_too_long" if len(body.get("text", "")) > _LONGEST_TEXT else "invalid_blocks"
        standing = {(message.channel, message.ts) for message in self.messages}
        if method == "chat.update" and (body["channel"], body.get("ts")) not in standing:
            return "message_not_found"
        return ""

    def _post(self, body: dict[str, Any]) -> SlackMessage:
        now = self.world.time.now()
        # Slack's ts is a moment, made unique within its channel by the digits after the point.
        ts = f"{int(now.timestamp())}.{len(self.messages) + 1:06d}"
        message = SlackMessage(
            body["channel"], ts, body.get("text", ""), body.get("blocks", []), now, now, body.get("thread_ts", "")
        )
        self.messages.append(message)
        return message

    def _update(self, body: dict[str, Any]) -> SlackMessage:
        place = next(i for i, m in enumerate(self.messages) if (m.channel, m.ts) == (body["channel"], body["ts"]))
        before = self.messages[place]
        after = replace(
            before,
            text=body.get("text", ""),
            blocks=body.get("blocks", []),
            changed=self.world.time.now(),
            edits=before.edits + 1,
        )
        self.messages[place] = after
        return after
