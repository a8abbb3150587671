"""What PyYAML says when a text is not YAML, in the words of someone who writes a plan.

A trouble that is not listed here is passed on as PyYAML words it. Position: where the problem is, except
for what was opened and never closed; there the opening is what has to be looked at.
"""

from __future__ import annotations

from typing import NamedTuple

from yaml import MarkedYAMLError, YAMLError
from yaml.error import Mark
from yaml.reader import ReaderError


class Trouble(NamedTuple):
    """A sentence about a position in a text; lines and columns count from zero."""

    line: int
    column: int
    sentence: str


AT_THE_PROBLEM = {
    "found character '\\t'": ("A tab stands here, and YAML is indented with spaces only; replace it by spaces."),
    "found character": "A value cannot begin with this character; put the value in quotes.",
    "mapping values are not allowed": (
        "A ':' stands where no field can begin; put the value in quotes, or correct the indentation."
    ),
    "could not find expected ':'": "The line before this one has no ':' after its name; write `name: value`.",
    "found undefined alias": "This alias names no anchor of this file; write the value out.",
    "expected <block end>": "This line does not continue what stands above it; align it with its neighbours.",
    "expected the node content": "A value is expected here, and there is none; write one.",
    "found unknown escape character": (
        "Double quotes read '\\' as an escape, and this one does not exist; use single quotes."
    ),
}
AT_THE_OPENING = {
    "while scanning a quoted scalar": "The quotes that open here are never closed; close them.",
    "while parsing a flow sequence": ("The '[' that opens here is not closed where it should be; add ',' or ']'."),
    "while parsing a flow mapping": ("The '{' that opens here is not closed where it should be; add ',' or '}'."),
}


def trouble_in(text: str, error: YAMLError) -> Trouble:
    """Say what PyYAML's error is about, and where."""
    if isinstance(error, ReaderError):
        return _character(text, error)
    if not isinstance(error, MarkedYAMLError):
        return Trouble(0, 0, f"This is not YAML: {error}.")
    context, problem = error.context or "", error.problem or ""
    opening = AT_THE_OPENING.get(context)
    if opening and error.context_mark and "unknown escape" not in problem:
        return Trouble(error.context_mark.line, error.context_mark.column, opening)
    mark: Mark | None = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    for words, sentence in AT_THE_PROBLEM.items():
        if problem.startswith(words):
            return Trouble(line, column, sentence)
    return Trouble(line, column, f"This is not YAML: {problem}.")


def _character(text: str, error: ReaderError) -> Trouble:
    *lines, last = (text[: error.position] + ".").splitlines()
    character = error.character if isinstance(error.character, int) else ord(error.character)
    return Trouble(len(lines), len(last) - 1, f"The invisible character U+{character:04X} stands here; remove it.")
