"""People in Slack: what they type and press reaches the function's URL, signed as Slack signs it.

Sources: https://docs.slack.dev/interactivity/implementing-slash-commands/ (the form of a command),
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload/ (that of a press), and
https://docs.slack.dev/authentication/verifying-requests-from-slack/ (the signature).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from deployment import names
from deployment.slack import hears_slack
from pilotlight.domain.plan import AnyPlan
from pilotlight.domain.ports import WebAnswer, WebRequest
from pilotlight.domain.slack_signature import signature_of
from rehearsal.apply import Account
from rehearsal.internet import Internet
from rehearsal.services.function_urls import host_of_url
from rehearsal.slack import HOST, FakeSlack, SlackMessage

HOOKS = "hooks.slack.com"


def furnish_slack(plan: AnyPlan, account: Account, slack: FakeSlack) -> None:
    """Let Slack answer, and keep in the standby the secrets that a plan's owner puts there."""
    wanted, region = plan.notifications.slack, plan.place.standby
    if wanted is None:
        return
    account.internet.put(HOST, slack.ask)
    account.internet.put(HOOKS, slack.take_private)
    kept = {wanted.token_secret: slack.token}
    if hears_slack(plan):
        kept[names.SIGNING_SECRET] = slack.signing_secret
    for name, text in kept.items():
        account.sdk(region).call("secretsmanager", "CreateSecret", region, Name=name, SecretString=text)


@dataclass(frozen=True)
class Member:
    """A member of a workspace, as plans name one."""

    user: str
    team: str = "T0123456789"

    @property
    def name(self) -> str:
        """The person in a plan's lists."""
        return f"slack:{self.team}/{self.user}"


@dataclass
class Hand:
    """One person's hand in one channel: what is typed and pressed there."""

    slack: FakeSlack
    internet: Internet
    region: str
    member: Member
    channel: str
    _sent: int = 0

    def types(self, text: str) -> WebAnswer:
        """Type a command behind /failover."""
        return self.send(self.command(text))

    def presses(self, message: SlackMessage, label: str, because: str = "") -> WebAnswer:
        """Press the button of a message with that label, or choose the line `because` of a menu."""
        return self.send(self.press(message, label, because))

    def command(self, text: str) -> WebRequest:
        """The request of a command, signed now."""
        form = {
            "token": "deprecated", "team_id": self.member.team, "team_domain": "example",
            "channel_id": self.channel, "channel_name": "incidents", "user_id": self.member.user,
            "user_name": "somebody", "command": "/failover", "text": text, "api_app_id": "A0123456789",
            "is_enterprise_install": "false", "response_url": self._answer_at(), "trigger_id": f"1.2.{self._sent}",
        }  # fmt: skip
        return self.signed(urlencode(form))

    def press(self, message: SlackMessage, label: str, because: str = "") -> WebRequest:
        """The request of a press, signed now."""
        element = element_of(message, label)
        action = {"action_id": element["action_id"], "block_id": "b", "type": element["type"], "action_ts": message.ts}
        if because:
            action["selected_option"] = next(e for e in element["options"] if e["text"]["text"] == because)
        else:
            action["value"] = element["value"]
        url = self._answer_at()
        payload = {
            "type": "block_actions",
            "user": {"id": self.member.user, "username": "somebody", "team_id": self.member.team},
            "api_app_id": "A0123456789",
            "team": {"id": self.member.team, "domain": "example"},
            "channel": {"id": self.channel, "name": "incidents"},
            "container": {"type": "message", "message_ts": message.ts, "channel_id": self.channel},
            "message": {"text": message.text, "ts": message.ts, "blocks": message.blocks},
            "trigger_id": f"1.2.{self._sent}",
            "response_url": url,
            "actions": [action],
        }
        return self.signed(urlencode({"payload": json.dumps(payload)}))

    def signed(self, body: str) -> WebRequest:
        """A body as Slack sends it at this moment."""
        timestamp = str(int(self.slack.world.time.now().timestamp()))
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature_of(self.slack.signing_secret, timestamp, body.encode()),
        }
        url = f"https://{host_of_url(self.region, names.SLACK_FUNCTION)}/"
        return WebRequest("POST", url, headers=headers, body=body, timeout_seconds=10.0)

    def send(self, request: WebRequest) -> WebAnswer:
        """Send a request, and note how long its answer took."""
        began = self.slack.world.time.now()
        answer = self.internet.ask(request)
        self.slack.waited.append((self.slack.world.time.now() - began).total_seconds())
        self.slack.world.tell(f"A request in the name of {self.member.name} is answered with {answer.status}.")
        return answer

    def shown(self) -> list[str]:
        """What this person alone was shown later, in order."""
        own = [url for url in self.slack.private if f"/{self.member.user}/" in url]
        return [str(content["text"]) for url in own for content in self.slack.private[url]]

    def _answer_at(self) -> str:
        self._sent += 1
        return f"https://{HOOKS}/commands/{self.member.user}/{self._sent}"


def shown_at_once(answer: WebAnswer) -> str:
    """What a person sees in answer to a command."""
    content: Mapping[str, Any] = json.loads(answer.body)
    return str(content["text"])


def labels_of(message: SlackMessage) -> list[str]:
    """What can be pressed in a message."""
    return [_label(element) for element in _elements(message)]


def element_of(message: SlackMessage, label: str) -> dict[str, Any]:
    """The button or the menu with that label."""
    return next(element for element in _elements(message) if _label(element) == label)


def _elements(message: SlackMessage) -> list[dict[str, Any]]:
    return [each for block in message.blocks if block["type"] == "actions" for each in block["elements"]]


def _label(element: Mapping[str, Any]) -> str:
    return str((element.get("text") or element["placeholder"])["text"])
