"""What a person asks through Slack, once Slack's signature was verified: a slash command, or a press of a button.

Read by hand and not by a model of pydantic: whoever answers Slack has three seconds, its cold start included. A form or
a payload of another shape raises `InputRefused` with a sentence for the person.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import parse_qs

from pilotlight.domain.errors import InputRefused

DRILL = "drill"
REQUEST = "request"
"""What is asked through Slack and is no word about a run: that one is started, as a drill or in earnest."""

REQUESTS = "slack-request"
BUTTONS = "slack-button"
"""The partitions of the control table that hold what was asked, and what the buttons stand for."""

_TEAM, _USER, _CHANNEL = (re.compile(rf"[{first}][A-Z0-9]{{6,20}}") for first in ("T", "UW", "CDG"))
_BUTTON = re.compile(r"[0-9a-f]{32}")
_RESPONSE_URL = re.compile(r"https://hooks\.slack\.com/(commands|actions|services)/[A-Za-z0-9/_-]{1,300}")
_MOST_FIELDS = 40


@dataclass(frozen=True)
class Voice:
    """Who speaks, from where, and where an answer for that person alone is taken; empty where Slack named none."""

    team: str
    channel: str
    user: str
    response_url: str = ""


@dataclass(frozen=True)
class Command:
    """A slash command: what was typed behind it."""

    voice: Voice
    text: str


@dataclass(frozen=True)
class Press:
    """A button that was pressed, or a line of a menu that was chosen: the opaque id that stands in it."""

    voice: Voice
    button: str


@dataclass(frozen=True)
class Asked:
    """What was asked of one application. `do` is a word, or `drill` or `request`; `accept` is what it accepts.

    An empty run is the one at work.
    """

    application: str
    do: str
    run_id: str = ""
    accept: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Recorded:
    """A request as it is kept in the control table, under the mark of its signature: that it is there is the proof."""

    mark: str
    voice: Voice
    asked: Asked
    received: datetime
    answer: str = ""

    @property
    def person(self) -> str:
        """The person, as plans name one who speaks through Slack."""
        return f"slack:{self.voice.team}/{self.voice.user}"

    def to_item(self) -> dict[str, Any]:
        """The request as a JSON object."""
        return {**asdict(self), "received": self.received.isoformat()}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read it back."""
        voice, asked = Voice(**item["voice"]), Asked(**item["asked"])
        return cls(item["mark"], voice, asked, datetime.fromisoformat(item["received"]), item["answer"])


@dataclass(frozen=True)
class Listening:
    """That an application is spoken of in a channel of a workspace, as its plan says and its stack deployed it."""

    application: str
    team: str
    channel: str

    def to_json(self) -> str:
        """As it stands in a parameter."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read it back; raises ValueError for what is none."""
        try:
            return cls(**json.loads(text))
        except TypeError as error:
            raise ValueError("this is no application that is spoken of in Slack") from error


def read(body: bytes) -> Command | Press:
    """What a verified body asks."""
    try:
        form = parse_qs(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise InputRefused("What Slack sent cannot be read; say it once more.") from error
    fields = {name: values[0] for name, values in form.items() if len(values) == 1}
    return _press(fields["payload"]) if "payload" in fields else _command(fields)


def _command(fields: Mapping[str, str]) -> Command:
    url = fields.get("response_url", "")
    voice = _voice(fields.get("team_id"), fields.get("channel_id"), fields.get("user_id"), url)
    return Command(voice, fields.get("text", ""))


def _press(text: str) -> Press:
    try:
        payload = json.loads(text)
        user, team, (action,) = payload["user"], payload["team"]["id"], payload["actions"]
        channel, url = payload["channel"]["id"], payload.get("response_url", "")
        # Whoever was invited from another workspace presses in this one, and is nobody of it.
        at_home = payload["type"] == "block_actions" and user.get("team_id", team) == team
        button = action["selected_option"]["value"] if "selected_option" in action else action["value"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputRefused("What was pressed cannot be read; use the slash command.") from error
    if not at_home or not isinstance(button, str) or _BUTTON.fullmatch(button) is None:
        raise InputRefused("What was pressed is no button of this app; use the slash command.")
    return Press(_voice(team, channel, user.get("id"), url), button)


def _voice(team: object, channel: object, user: object, url: object) -> Voice:
    for value, shape in ((team, _TEAM), (channel, _CHANNEL), (user, _USER)):
        if not isinstance(value, str) or shape.fullmatch(value) is None:
            raise InputRefused("Slack does not say who speaks, or where; say it in a channel of your own workspace.")
    # An answer goes to Slack and nowhere else, whatever the request says.
    answer_at = url if isinstance(url, str) and _RESPONSE_URL.fullmatch(url) else ""
    return Voice(str(team), str(channel), str(user), answer_at)
