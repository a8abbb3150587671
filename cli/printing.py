"""How commands print: lines of styled pieces, with styles on a terminal and plain anywhere else, or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from planfile.drawing import Line, Tone

Progress = Callable[[str], None]
STYLES = {
    Tone.PLAIN: "",
    Tone.HEADING: "bold",
    Tone.FAINT: "dim",
    Tone.CRITICAL: "bold cyan",
    Tone.HARMLESS: "green",
    Tone.DISRUPTIVE: "yellow",
    Tone.IRREVERSIBLE: "red",
    Tone.MET: "green",
    Tone.MISSED: "bold red",
}


def print_lines(lines: Iterable[Line], stream: TextIO) -> None:
    """Print with styles on a terminal and plain anywhere else."""
    if not stream.isatty():
        for line in lines:
            stream.write("".join(piece.text for piece in line).rstrip() + "\n")
        return
    from rich.console import Console
    from rich.text import Text

    # Rich itself leaves colours out where NO_COLOR is set, or the terminal has none.
    console = Console(file=stream, highlight=False, soft_wrap=True)
    for line in lines:
        console.print(Text.assemble(*((piece.text, STYLES[piece.tone]) for piece in line)))


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    print(json.dumps(document, indent=2, ensure_ascii=False))


@contextmanager
def progress() -> Iterator[Progress]:
    """Says on a terminal what is being looked at; anywhere else nothing, so that a pipe holds the result alone."""
    if not sys.stderr.isatty():
        yield lambda title: None
        return
    from rich.console import Console

    with Console(stderr=True, highlight=False).status("Looking ...") as status:
        yield status.update
