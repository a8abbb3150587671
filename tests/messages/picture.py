"""Draws Slack messages as a web page, so that they can be looked at: `python -m tests.messages.picture page.html`.

The page imitates Slack's layout closely enough to judge length, order and emphasis; it is no copy of Slack.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pilotlight.messages.slack import Message, living_message, thread_reply
from pilotlight.report.view import view
from tests.report import stories

_STYLE = """body{margin:0;padding:24px;background:#fff;color:#1d1c1d;font:15px/1.46 Lato,
"Noto Sans",system-ui,sans-serif}
@media(prefers-color-scheme:dark){body{background:#1a1d21;color:#d1d2d3}.small{color:#9a9b9e!important}
s{background:#222529!important}}
h1{font-size:17px;margin:30px 0 4px;opacity:.55}
article{max-width:680px;margin:0 0 10px;padding-left:44px;position:relative}
article:before{content:"P";position:absolute;left:0;top:2px;width:36px;height:36px;border-radius:8px;background:#3557c9;color:#fff;
display:grid;place-items:center;font-weight:900}.thread{margin-left:44px}
h2{font-size:18px;font-weight:800;margin:2px 0 8px}p{margin:6px 0;white-space:pre-wrap}
hr{border:0;border-top:1px solid #8884;margin:10px 0}
.two{display:grid;grid-template-columns:1fr 1fr;gap:8px}.small{font-size:12.5px;color:#616061}
code{font:12px ui-monospace,"DejaVu Sans Mono",monospace;color:#e01e5a;
border:1px solid #8883;border-radius:3px;padding:1px 3px}
s{display:block;text-decoration:none;font:12px ui-monospace,"DejaVu Sans Mono",monospace;background:#f8f8f8;
border:1px solid #8883;border-radius:4px;padding:8px;margin:4px 0;white-space:pre-wrap}"""


def drawn(message: Message, kind: str = "") -> str:
    """One message as HTML."""
    return f'<article class="{kind}"><b>Pilotlight</b> {"".join(_block(block) for block in message.blocks)}</article>'


def _block(block: dict[str, Any]) -> str:
    match block["type"]:
        case "header":
            return f"<h2>{block['text']['text']}</h2>"
        case "divider":
            return "<hr>"
        case "context":
            return "".join(f'<p class="small">{_mrkdwn(e["text"])}</p>' for e in block["elements"])
        case _ if "fields" in block:
            texts = "".join(f"<p>{_mrkdwn(field['text'])}</p>" for field in block["fields"])
            return f'<div class="two">{texts}</div>'
        case _:
            return f"<p>{_mrkdwn(block['text']['text'])}</p>"


def _mrkdwn(text: str) -> str:
    def date(match: re.Match[str]) -> str:
        return datetime.fromtimestamp(int(match.group(1)), UTC).strftime(
            "%H:%M:%S" if "secs" in match.group(2) else "%H:%M"
        )

    text = re.sub(r"<!date\^(\d+)\^([^|]*)\|[^>]*>", date, text)
    text = re.sub(r"<(https?:[^|>]*)\|([^>]*)>", r'<a href="\1">\2</a>', text)
    text = re.sub(r"```(.*?)```\n?", r"<s>\1</s>", text, flags=re.DOTALL)
    text = re.sub(r"`([^`]*)`", r"<code>\1</code>", text)
    return re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", text)


def gallery() -> str:
    """The messages of the incidents that the tests tell."""
    scenes: list[Callable[[], stories.Story]] = [
        stories.blocked_by_arming, stories.dark, stories.moving, stories.recovered, stories.failed, stories.not_needed,
        stories.taken_up,
    ]  # fmt: skip
    parts: list[str] = []
    for scene in scenes:
        seen = view(scene().records)
        parts.append(
            f"<h1>{scene.__name__}</h1>{drawn(living_message(seen))}{drawn(thread_reply(seen, seen.told), 'thread')}"
        )
    head = '<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    return f"{head}<style>{_STYLE}</style>{''.join(parts)}"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(gallery())
