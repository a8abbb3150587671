"""A rehearsal as people see it: played back on a terminal at a readable pace, or one line for each event in a pipe.

Nothing is invented: what is shown are the ledger's records, what the world noted, and the messages as Slack got them,
in the order in which they happened. Any key skips to the end.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live

from pilotlight.domain.records import Record
from pilotlight.report.times import stopwatch
from rehearsal.closing import closing_lines
from rehearsal.keyboard import Keyboard
from rehearsal.pace import SECONDS_IN_ALL, Pace
from rehearsal.picture import Picture
from rehearsal.slack import SlackMessage
from rehearsal.slack_blocks import lines_of, without_bold
from rehearsal.so_far import SoFar

if TYPE_CHECKING:
    from rehearsal.play import AnyPlayed
    from rehearsal.result import RehearsalResult

Happened = Record | SlackMessage | str


@dataclass(frozen=True)
class Moment:
    """Something that happened: a record of the ledger, a state of a message in Slack, or a note of the world."""

    at: datetime
    what: Happened


class LiveView:
    """What is shown while a rehearsal is played; use it as a context manager, so that the terminal is left as it was.

    Parameters: times are counted from `onset`; `pace` and `keyboard` are the real ones unless given.
    """

    def __init__(
        self, console: Console, title: str, onset: datetime, environ: Mapping[str, str], *,
        pace: Pace | None = None, keyboard: Keyboard | None = None,
    ) -> None:  # fmt: skip
        self._console = console
        self._so_far = SoFar(onset)
        self._picture = Picture(title)
        self._pace = pace or Pace()
        self._keyboard = keyboard or Keyboard()
        self._live = (
            Live(console=console, auto_refresh=False, vertical_overflow="crop") if is_played(console, environ) else None
        )

    def __enter__(self) -> LiveView:
        if self._live:
            self._keyboard.listen()
            self._live.start()
            self._pace.begin()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live:
            self._draw()
            self._live.stop()
            self._keyboard.leave()

    def feed(self, since_onset: timedelta, what: Happened) -> None:
        """Show what happened next."""
        if self._live:
            self._pass_until(since_onset)
            self._so_far.take(since_onset, what)
            self._draw()
            return
        for line in self._so_far.take(since_onset, what):
            self._console.print(
                f"{stopwatch(since_onset.total_seconds()):>7}  {line}", markup=False, highlight=False, soft_wrap=True
            )

    def _pass_until(self, moment: timedelta) -> None:
        """Let the clocks run until the moment, as long as the pace allows for what lies between."""
        began, gap = self._so_far.now, moment - self._so_far.now
        for share, pause in self._pace.frames(gap):
            if self._keyboard.pressed_within(pause):
                self._pace.skip()
            self._so_far.now = began + gap * share
            self._draw()

    def _draw(self) -> None:
        if self._live:
            self._live.update(self._picture.draw(self._so_far, self._console.size), refresh=True)


def is_played(console: Console, environ: Mapping[str, str]) -> bool:
    """Whether the console can be drawn upon: a terminal that a person sits at."""
    return console.is_terminal and not console.is_dumb_terminal and not environ.get("CI")


def moments_of(played: AnyPlayed) -> list[Moment]:
    """Everything that is shown of a played rehearsal, in order; at one moment the world comes before the ledger."""
    notes = [Moment(at, note) for at, note in played.notes]
    records = [Moment(record.entry.time, record) for record in played.records]
    messages = [Moment(message.changed, message) for message in played.scene.slack.history]
    return sorted([*notes, *records, *messages], key=lambda moment: moment.at)


def show(played: AnyPlayed, result: RehearsalResult, *, seconds: float = SECONDS_IN_ALL) -> None:
    """Show a played rehearsal on standard output, on a terminal for so many seconds at most, and what it comes to."""
    console = Console(file=sys.stdout, highlight=False)
    title = f"{result.application}: {result.scenario}, seed {result.seed}"
    with LiveView(console, title, played.onset, os.environ, pace=Pace(seconds)) as live:
        for moment in moments_of(played):
            live.feed(moment.at - played.onset, moment.what)
    living = played.scene.slack.living()
    if living and not is_played(console, os.environ):
        console.print("\nIn Slack it now says:\n", markup=False, highlight=False)
        for line in lines_of(living[-1].blocks):
            console.print(f"  | {without_bold(line)}", markup=False, highlight=False, soft_wrap=True)
    console.print()
    for line in closing_lines(result):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
