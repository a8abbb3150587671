"""Slack's markup, with every word from elsewhere unable to act: no mention, no link, no formatting that spreads.

Slack reads `&`, `<` and `>` as markup wherever it reads mrkdwn; written as entities they are characters
(https://docs.slack.dev/messaging/formatting-message-text/, "Escaping text"). `verbatim` keeps it from turning plain
names and addresses into links.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pilotlight.report.foreign import LONGEST_SENTENCE, tame

SECTION_LIMIT = 3000
HEADER_LIMIT = 150

Block = dict[str, Any]


def quoted(text: object, limit: int = LONGEST_SENTENCE) -> str:
    """Text that may hold anything, as one line of mrkdwn that shows it and does nothing."""
    line = tame(text, limit).replace("`", "'")
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """A block that can be copied whole."""
    return f"```{quoted(text)}```"


def copyable(text: str, limit: int) -> list[str]:
    """Lines that can be copied as they stand, in as few blocks as Slack's limit allows; cut after so many characters.

    Slack gives back the characters that stand as entities here, so what is copied is what was written.
    """
    lines = [quoted(line, LONGEST_SENTENCE) for line in text.splitlines()]
    blocks, held, left = [], "", limit
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            held = f"{held}\n(The report has the rest.)"
            break
        if held and len(held) + len(line) + 7 > SECTION_LIMIT:
            blocks.append(held)
            held = line
        else:
            held = f"{held}\n{line}" if held else line
    return [f"```{block}```" for block in [*blocks, held]]


def clock_time(moment: datetime, *, seconds: bool = False) -> str:
    """A moment that each reader sees in their own zone, and in UTC where Slack cannot say it."""
    token, plain = ("{time_secs}", "%H:%M:%S") if seconds else ("{time}", "%H:%M")
    return f"<!date^{int(moment.timestamp())}^{token}|{moment.strftime(plain)} UTC>"


def header(text: str) -> Block:
    """A heading."""
    return {"type": "header", "text": {"type": "plain_text", "text": tame(text, HEADER_LIMIT), "emoji": False}}


def section(text: str) -> Block:
    """A paragraph of mrkdwn."""
    return {"type": "section", "text": _mrkdwn(text)}


def fields(*texts: str) -> Block:
    """Paragraphs side by side."""
    return {"type": "section", "fields": [_mrkdwn(text) for text in texts]}


def context(text: str) -> Block:
    """A paragraph in small print."""
    return {"type": "context", "elements": [_mrkdwn(text)]}


def divider() -> Block:
    """A line across."""
    return {"type": "divider"}


def sections(lines: list[str]) -> list[Block]:
    """Lines in as few paragraphs as Slack's limit allows; a line longer than that limit must not be given."""
    blocks: list[Block] = []
    held = ""
    for line in lines:
        if held and len(held) + 1 + len(line) > SECTION_LIMIT:
            blocks.append(section(held))
            held = ""
        held = f"{held}\n{line}" if held else line
    return [*blocks, section(held)] if held else blocks


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
