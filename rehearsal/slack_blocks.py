"""Block Kit as Slack checks it on arrival, and as a terminal can show it.

The limits are those of https://docs.slack.dev/reference/block-kit/blocks/ for the blocks that Pilotlight sends; any
other block is refused, so that a new one is looked up before it is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Block = Mapping[str, Any]

_MOST_BLOCKS = 50
_MOST_FIELDS = 10
_MOST_CONTEXT = 10
_MOST_ACTIONS = 25
_MOST_OPTIONS = 100
_HEADER, _SECTION, _FIELD = 150, 3000, 2000
_LABEL, _LONGEST_VALUE = 75, 150
_DATE = re.compile(r"<!date\^(\d+)\^([^|>^]*)(?:\^[^|>]*)?\|[^>]*>")
_LINK = re.compile(r"<(https?://[^|>]+)\|([^>]+)>")
_BOLD = re.compile(r"\*([^*\n]+)\*")


def fault_in(blocks: Sequence[Block]) -> str:
    """Why Slack would answer `invalid_blocks`; empty where it would not."""
    if len(blocks) > _MOST_BLOCKS:
        return f"{len(blocks)} blocks are more than {_MOST_BLOCKS}."
    faults = (_fault(block) for block in blocks)
    return next((f"Block {number}: {fault}" for number, fault in enumerate(faults) if fault), "")


def _fault(block: Block) -> str:
    match block.get("type"):
        case "header":
            return _text_fault(block.get("text"), _HEADER, ("plain_text",))
        case "section" if "fields" in block:
            return _several(block["fields"], _MOST_FIELDS, _FIELD)
        case "section":
            return _text_fault(block.get("text"), _SECTION)
        case "context":
            return _several(block.get("elements", []), _MOST_CONTEXT, _SECTION)
        case "divider":
            return ""
        case "actions":
            return _actions_fault(block.get("elements", []))
        case other:
            return f"its type is {other!r}."


def _several(texts: Sequence[Any], most: int, longest: int) -> str:
    if not 1 <= len(texts) <= most:
        return f"it holds {len(texts)} texts, and 1 to {most} are allowed."
    return next((fault for text in texts if (fault := _text_fault(text, longest))), "")


def _actions_fault(elements: Sequence[Any]) -> str:
    if not 1 <= len(elements) <= _MOST_ACTIONS:
        return f"it holds {len(elements)} elements, and 1 to {_MOST_ACTIONS} are allowed."
    identities = [element.get("action_id", "") for element in elements]
    if len(set(identities)) < len(identities) or any(not 1 <= len(each) <= 255 for each in identities):
        return "its elements do not each have an action_id of their own, of 1 to 255 characters."
    return next((fault for element in elements if (fault := _element_fault(element))), "")


def _element_fault(element: Mapping[str, Any]) -> str:
    match element.get("type"):
        case "button":
            labels, values = [element.get("text")], [element.get("value", "")]
        case "static_select":
            options = element.get("options", [])
            if not 1 <= len(options) <= _MOST_OPTIONS:
                return f"a menu holds {len(options)} lines."
            labels = [element.get("placeholder"), *(option.get("text") for option in options)]
            values = [option.get("value", "") for option in options]
        case other:
            return f"an element is a {other!r}."
    if any(len(value) > _LONGEST_VALUE for value in values):
        return "a value is too long."
    confirm = element.get("confirm")
    asks = [(confirm.get("title"), 100), (confirm.get("text"), 300), (confirm.get("confirm"), 30)] if confirm else []
    checked = [*((label, _LABEL) for label in labels), *asks]
    return next((fault for text, most in checked if (fault := _text_fault(text, most, ("plain_text",)))), "")


def _text_fault(text: Any, longest: int, types: tuple[str, ...] = ("mrkdwn", "plain_text")) -> str:
    if not isinstance(text, dict) or text.get("type") not in types:
        return f"its text is not of type {' or '.join(types)}."
    words = text.get("text")
    if not isinstance(words, str) or not 1 <= len(words) <= longest:
        return f"its text is not of 1 to {longest} characters."
    return ""


def lines_of(blocks: Sequence[Block]) -> list[str]:
    """A message as lines of text with `*bold*` left in it; dates are told in UTC, links by their words."""
    lines: list[str] = []
    for block in blocks:
        match block["type"]:
            case "header":
                lines.append(f"*{block['text']['text']}*")
            case "divider":
                lines.append("")
            case "actions":
                labels = [(each.get("text") or each["placeholder"])["text"] for each in block["elements"]]
                lines.append("   ".join(f"[{label}]" for label in labels))
            case "section" if "fields" in block:
                lines.append("   ".join(plain(field["text"]).replace("\n", ", ") for field in block["fields"]))
            case "section":
                lines += plain(block["text"]["text"]).split("\n")
            case _:
                lines.append("   ".join(plain(element["text"]) for element in block["elements"]))
    return lines


def plain(mrkdwn: str) -> str:
    """Markup with dates and links spelled out, code unmarked and entities read; `*bold*` stays."""
    text = _DATE.sub(lambda m: _say_date(int(m.group(1)), m.group(2)), mrkdwn)
    text = _LINK.sub(r"\2", text).replace("`", "")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def without_bold(line: str) -> str:
    """A line without its stars."""
    return _BOLD.sub(r"\1", line)


def bold_parts(line: str) -> list[tuple[str, bool]]:
    """A line in pieces, each with whether it is bold."""
    return [(piece, number % 2 == 1) for number, piece in enumerate(_BOLD.split(line)) if piece]


def _say_date(timestamp: int, token: str) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%H:%M:%S" if "secs" in token else "%H:%M")
