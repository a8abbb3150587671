"""An answer in Slack that only the person sees who asked: a sentence, or blocks."""

from __future__ import annotations

import json
from typing import Any

from pilotlight.domain.ports import WebRequest
from pilotlight.messages.mrkdwn import SECTION_LIMIT, Block, quoted, section

JSON = {"Content-Type": "application/json; charset=utf-8"}
_SHORT = SECTION_LIMIT // 5
"""So much always fits, though each character of it may become five."""


def in_private(sentence: str, blocks: list[Block] | None = None) -> dict[str, Any]:
    """The answer to a command. What a sentence quotes may hold anything, so nothing in it acts."""
    shown = quoted(sentence, SECTION_LIMIT // 2)
    if len(shown) > SECTION_LIMIT:
        shown = quoted(sentence, _SHORT)
    return {"response_type": "ephemeral", "text": shown, "blocks": blocks or [section(shown)]}


def pressed(content: dict[str, Any]) -> dict[str, Any]:
    """The same as an answer to a press, which leaves the message that the button stands in as it is."""
    return {**content, "replace_original": False}


def to_person(response_url: str, content: dict[str, Any], timeout_seconds: float) -> WebRequest:
    """The request that sends an answer to a person, at the address that Slack gave for it."""
    return WebRequest("POST", response_url, headers=JSON, body=json.dumps(content), timeout_seconds=timeout_seconds)
