"""How commands print: lines of styled pieces, with styles on a terminal and plain anywhere else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from planfile.drawing import Line, Tone

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
