"""Draws a Slack message as SVG, closely enough to judge its length, order and emphasis; it is no copy of Slack.

Each run of words has its width written beside it, so a reader who lacks the font sees the same lines. Widths are those
of Helvetica, which Arial and Liberation Sans share. Moments are in UTC; Slack shows each reader's own time.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

_WIDTHS = {
    character: width
    for width, characters in {
        191: "'", 222: "ijl", 260: "|", 278: " !,./:;I[\\]ft·", 333: "()-`r", 334: "{}", 350: "•", 355: '"', 389: "*",
        469: "^", 500: "Jcksvxyz", 556: "#$0123456789?L_abdeghnopqu", 584: "+<=>~", 611: "FTZ", 667: "&ABEKPSVXY",
        700: "▾", 722: "CDHNRUw", 778: "GOQ", 833: "Mm", 889: "%", 944: "W", 1000: "…—↳\u2003", 1015: "@",
    }.items()
    for character in characters
}  # fmt: skip
_ANY_OTHER = 600
_PICTOGRAM = 1330
_BOLD = 1.06
_MONO = 602

_WIDTH, _LEFT, _RIGHT, _TOP = 780, 66, 24, 22
_SIZE, _SMALL, _HEADING, _CODE = 15.0, 12.5, 18.0, 12.0
_MARKS = re.compile(r"(\*[^*\n]+\*|`[^`]*`|<https?:[^|>]*\|[^>]*>)")
_DATE = re.compile(r"<!date\^(\d+)\^([^|]*)\|[^>]*>")
_COLOURS = {"": "#1d1c1d", "b": "#1d1c1d", "a": "#1264a3", "small": "#616061", "code": "#c01343"}
_BUTTONS = {"primary": ("#007a5a", "#007a5a", "#fff"), "danger": ("#e01e5a", "#e01e5a", "#fff")}
_PLAIN_BUTTON = ("#fff", "#8b8a8b", "#1d1c1d")


class Run(NamedTuple):
    """Words of one look."""

    text: str
    look: str


@dataclass
class _Page:
    """What is drawn so far, and how far down."""

    y: float = _TOP
    parts: list[str] = field(default_factory=list)

    def words(self, lines: Iterable[Sequence[Run]], x: float, size: float, look: str = "") -> None:
        """Lines of text below one another."""
        for line in lines:
            self.y += size * 1.46
            at = x
            for run in line:
                at = self._run(Run(run.text, run.look or look), at, size)

    def _run(self, run: Run, x: float, size: float) -> float:
        width = _width(run, size)
        weight = ' font-weight="bold"' if run.look == "b" else ""
        family = ' font-family="monospace"' if run.look == "code" else ""
        # A pictogram is as wide as the reader's font has it.
        fixed = "" if any(_is_pictogram(c) for c in run.text) else f' textLength="{width:.1f}"'
        self.parts.append(
            f'<text x="{x:.1f}" y="{self.y:.1f}" font-size="{size:g}" fill="{_COLOURS[run.look]}"{weight}{family}'
            f'{fixed} lengthAdjust="spacingAndGlyphs" xml:space="preserve">{html.escape(run.text)}</text>'
        )
        return x + width

    def box(self, x: float, width: float, height: float, fill: str, line: str) -> None:
        """A frame below what is drawn, for what is drawn next."""
        self.parts.append(
            f'<rect x="{x:.1f}" y="{self.y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="4" fill="{fill}" '
            f'stroke="{line}"/>'
        )


def drawn(blocks: Sequence[dict[str, Any]], title: str) -> str:
    """A message as SVG; its title is what is read out in place of it."""
    page = _Page()
    page.words([[Run("Pilotlight", "b"), Run("  APP", "small")]], _LEFT, _SIZE)
    for block in blocks:
        _block(page, block)
    height = page.y + 26
    logo = (
        f'<rect x="18" y="{_TOP + 4}" width="36" height="36" rx="8" fill="#3557c9"/><text x="36" y="{_TOP + 29}" '
        'font-size="19" font-weight="bold" fill="#fff" text-anchor="middle">P</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" '
        f'height="{height:.0f}" font-family="Arial, Helvetica, \'Liberation Sans\', sans-serif" role="img">'
        f"<title>{html.escape(title)}</title>"
        f'<rect x=".5" y=".5" width="{_WIDTH - 1}" height="{height - 1:.0f}" rx="8" fill="#fff" stroke="#ddd"/>'
        f"{logo}\n" + "\n".join(page.parts) + "\n</svg>\n"
    )


def _block(page: _Page, block: dict[str, Any]) -> None:
    room = _WIDTH - _LEFT - _RIGHT
    match block["type"]:
        case "header":
            page.y += 2
            page.words(_wrapped([Run(block["text"]["text"], "b")], room, _HEADING), _LEFT, _HEADING)
        case "divider":
            page.y += 14
            page.parts.append(
                f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{page.y:.1f}" y2="{page.y:.1f}" stroke="#ddd"/>'
            )
        case "context":
            page.y += 6
            for element in block["elements"]:
                page.words(_wrapped(_runs(element["text"]), room, _SMALL), _LEFT, _SMALL, "small")
        case "actions":
            _buttons(page, block["elements"])
        case _ if "fields" in block:
            _columns(page, [each["text"] for each in block["fields"]], room)
        case _:
            page.y += 6
            _section(page, block["text"]["text"], room)


def _section(page: _Page, text: str, room: float) -> None:
    for part in re.split(r"(```.*?```)", text, flags=re.DOTALL):
        if part.startswith("```"):
            lines = _wrapped([Run(_read(part.strip("`")), "code")], room - 20, _CODE)
            page.y += 6
            page.box(_LEFT, room, len(lines) * _CODE * 1.46 + 14, "#f8f8f8", "#ddd")
            page.y += 4
            page.words(lines, _LEFT + 10, _CODE)
            page.y += 12
            continue
        for line in part.strip("\n").splitlines():
            page.words(_wrapped(_runs(line), room, _SIZE), _LEFT, _SIZE)


def _columns(page: _Page, texts: Sequence[str], room: float) -> None:
    top, deepest, half = page.y + 6, page.y, room / 2
    for number, text in enumerate(texts):
        page.y = top
        for line in text.splitlines():
            page.words(_wrapped(_runs(line), half - 12, _SIZE), _LEFT + number % 2 * half, _SIZE)
        deepest = max(deepest, page.y)
        if number % 2:
            top = deepest + 6
    page.y = deepest


def _buttons(page: _Page, elements: Sequence[dict[str, Any]]) -> None:
    page.y += 12
    x: float = _LEFT
    for element in elements:
        menu = element["type"] == "static_select"
        label = Run(f"{element['placeholder']['text']}  ▾" if menu else element["text"]["text"], "b")
        width = _width(label, _SIZE) + 26
        if x + width > _WIDTH - _RIGHT:
            x, page.y = _LEFT, page.y + 40
        fill, line, ink = _BUTTONS.get(element.get("style", ""), _PLAIN_BUTTON)
        page.box(x, width, 32, fill, line)
        page.parts.append(
            f'<text x="{x + 13:.1f}" y="{page.y + 21:.1f}" font-size="{_SIZE:g}" font-weight="bold" fill="{ink}" '
            f'textLength="{width - 26:.1f}" xml:space="preserve">{html.escape(label.text)}</text>'
        )
        x += width + 8
    page.y += 36


def _read(text: str) -> str:
    """Text as a person reads it: moments as a clock shows them, entities as characters."""

    def clock(match: re.Match[str]) -> str:
        seconds = "secs" in match.group(2)
        return datetime.fromtimestamp(int(match.group(1)), UTC).strftime("%H:%M:%S" if seconds else "%H:%M")

    return html.unescape(_DATE.sub(clock, text))


def _runs(text: str) -> list[Run]:
    runs: list[Run] = []
    for part in _MARKS.split(_DATE.sub(lambda m: _read(m.group(0)), text)):
        match part[:1]:
            case "*" if len(part) > 2:
                runs.append(Run(html.unescape(part.strip("*")), "b"))
            case "`" if len(part) > 1:
                runs.append(Run(html.unescape(part.strip("`")), "code"))
            case "<" if "|" in part:
                runs.append(Run(html.unescape(part.strip("<>").partition("|")[2]), "a"))
            case _ if part:
                runs.append(Run(html.unescape(part), ""))
    return runs


def _wrapped(runs: Sequence[Run], room: float, size: float) -> list[list[Run]]:
    """Runs broken into lines where there is a space; a word that is longer than a line stands alone."""
    lines: list[list[Run]] = [[]]
    at = 0.0
    for run in runs:
        for word in re.findall(r"\S+[ ]*|\s+", run.text):
            width = _width(Run(word.rstrip(" "), run.look), size)
            if at and at + width > room:
                lines.append([])
                at = 0.0
            if lines[-1] and lines[-1][-1].look == run.look:
                lines[-1][-1] = Run(lines[-1][-1].text + word, run.look)
            else:
                lines[-1].append(Run(word, run.look))
            at += _width(Run(word, run.look), size)
    return lines


def _width(run: Run, size: float) -> float:
    if run.look == "code":
        return len(run.text) * _MONO * size / 1000
    units = sum(_PICTOGRAM if _is_pictogram(c) else _WIDTHS.get(c, _ANY_OTHER) for c in run.text)
    return units * size / 1000 * (_BOLD if run.look == "b" else 1.0)


def _is_pictogram(character: str) -> bool:
    return character in "⚪⏳✋❌✅⏩"
