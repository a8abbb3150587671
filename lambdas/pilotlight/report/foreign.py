"""Text that was not written here: names of resources, error messages, reasons that people typed.

It may hold anything: line breaks that forge a line, controls that turn the writing direction around, ten thousand
characters without a space. `tame` makes one line of it that keeps to itself; each medium then escapes that line.
"""

from __future__ import annotations

import unicodedata

LONGEST_SENTENCE = 700
LONGEST_NAME = 120
LONGEST_WORD = 160
_KEPT_OF_A_WORD = 60
_MARKS_IN_A_ROW = 3
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"
_JOINERS = "\u200c\u200d"


def tame(text: object, limit: int = LONGEST_SENTENCE) -> str:
    """One line of at most `limit` characters, without controls, and isolated if it is written from right to left."""
    words = [_shorten(word) for word in _drop_controls(str(text)[: 40 * limit]).split()]
    line = " ".join(words)
    if len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    if any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in line):
        return f"{_FIRST_STRONG_ISOLATE}{line[: limit - 2]}{_POP_ISOLATE}"
    return line


def _drop_controls(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if category in ("Zl", "Zp", "Zs", "Cc"):
            kept.append(" ")
        elif category == "Cs":
            kept.append("\ufffd")
        elif (category != "Cf" or character in _JOINERS) and marks <= _MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def _shorten(word: str) -> str:
    # Cutting a sentence at its end would lose what it says about a name that is too long, so the name is cut.
    return word if len(word) <= LONGEST_WORD else f"{word[:_KEPT_OF_A_WORD]}…"
