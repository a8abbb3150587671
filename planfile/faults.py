"""What is wrong with a plan file, where, and what to write instead.

A `Complaint` names a place in the plan by its path; the document that was read turns it into a `Fault`,
which names a line and a column. All faults of a file are reported together, as one `PlanFileRefused`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from unicodedata import east_asian_width

from pilotlight.domain.errors import PlanRefused

Where = tuple[str | int, ...]
"""A place in a plan: the keys and list positions that lead to it, from the top."""


def is_under(where: Where, places: Collection[Where]) -> bool:
    """Whether a place is one of some places, or inside one of them."""
    return any(where[: len(place)] == place for place in places)


@dataclass(frozen=True)
class Complaint:
    """A sentence about one place of a plan; `at_key` points at the name of a field instead of its value."""

    where: Where
    sentence: str
    suggestion: str = ""
    at_key: bool = False


@dataclass(frozen=True)
class Fault:
    """A sentence about one place of a file. Without a line it is about the file itself.

    `source` is the line as it is written, `width` the number of characters that the caret underlines.
    """

    file: str
    sentence: str
    suggestion: str = ""
    line: int | None = None
    column: int | None = None
    source: str = ""
    width: int = 1

    @property
    def at(self) -> str:
        """The place as editors and terminals know it: `fileflow.yaml:12:7`."""
        return self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"

    def rendered(self) -> str:
        """The sentence, the source line with a caret under the place, and the suggestion."""
        said = [f"{self.at}: {self.sentence}"]
        if self.line is not None and self.column is not None:
            margin = f"{self.line:>5} | "
            blank = " " * (len(margin) - 2) + "| "
            before, marked = self.source[: self.column - 1], self.source[self.column - 1 :][: self.width]
            said.append(margin + self.source.rstrip().replace("\t", " "))
            said.append(blank + " " * _columns(before) + "^" * max(1, _columns(marked)))
        if self.suggestion:
            said.append(f"      = {self.suggestion}")
        return "\n".join(said)


def _columns(text: str) -> int:
    """The columns that a text takes on a terminal, where a Korean or Japanese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


class PlanFileRefused(PlanRefused):
    """A plan file cannot be followed; `faults` says why, in the order of the file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.line or 0, fault.column or 0)))
        first, *others = self.faults
        more = f" (and {len(others)} more)" if others else ""
        super().__init__(f"{first.at}: {first.sentence}{more}")

    @property
    def rendered(self) -> str:
        """Every fault with its source line, as a terminal shows them."""
        return "\n\n".join(fault.rendered() for fault in self.faults)


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """The suggestion for a mistyped name; empty where nothing known resembles it."""
    by_small_letters = {name.lower(): name for name in known}
    close = get_close_matches(written.lower(), by_small_letters, n=1, cutoff=0.6)
    return f"did you mean '{by_small_letters[close[0]]}'?" if close else ""


def any_of(names: Iterable[str]) -> str:
    """The names as a sentence lists them: `a, b or c`."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last
