"""The picture of a rehearsal on a terminal: clocks, steps, what happened last, and what stands in Slack."""

from __future__ import annotations

from datetime import datetime, timedelta

from rich.console import ConsoleDimensions, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pilotlight.domain.durations import say_duration, say_elapsed
from pilotlight.domain.life import StepStatus
from pilotlight.domain.plan import Clock
from pilotlight.report.foreign import tame
from pilotlight.report.incident import (
    IncidentView,
    Tone,
)
from pilotlight.report.step_view import StepView
from pilotlight.report.times import stopwatch
from pilotlight.report.words import state_words
from rehearsal.slack import SlackMessage
from rehearsal.slack_blocks import bold_parts, lines_of
from rehearsal.so_far import SLACK, WORLD, SoFar

_STYLES = {
    StepStatus.WAITING: "dim",
    StepStatus.RUNNING: "bold cyan",
    StepStatus.SETTLED: "green",
    StepStatus.FAILED: "bold red",
    StepStatus.SKIPPED: "dim",
}
_SIGNS = {
    StepStatus.WAITING: "·",
    StepStatus.RUNNING: "▸",
    StepStatus.SETTLED: "✓",
    StepStatus.FAILED: "✗",
    StepStatus.SKIPPED: "-",
}
_TONES = {Tone.CALM: "white", Tone.AT_WORK: "cyan", Tone.ASKING: "yellow", Tone.BAD: "red", Tone.GOOD: "green"}
_SIDE_BY_SIDE_COLUMNS = 118
_REASONS_COLUMNS = 96
_FEWEST_LINES = 3
_TWO_PANELS_LINES = 8
_FRAME_LINES = 8
_SECOND_PANEL_LINES = 2


class Picture:
    """Draws what has happened so far, to the size of the terminal."""

    def __init__(self, title: str) -> None:
        self._title = title

    def draw(self, so_far: SoFar, size: ConsoleDimensions) -> RenderableType:
        """The whole picture."""
        steps = so_far.seen.steps if so_far.seen else ()
        rows = len(steps) + len({step.started_in for step in steps})
        room = max(size.height - rows - _FRAME_LINES, _FEWEST_LINES)
        parts = [_heading(self._title, so_far), Text(""), _clocks(so_far), Text("")]
        if so_far.seen and steps:
            parts.append(_steps(so_far.seen, so_far.moment, size.width))
        return Group(*parts, _below(so_far, size.width, room))


def _heading(title: str, so_far: SoFar) -> RenderableType:
    look = so_far.seen.outlook if so_far.seen else None
    words = look.headline if look else "The application is well."
    style = _TONES[look.tone] if look else "white"
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1)
    grid.add_column(justify="right")
    promised = so_far.seen.objectives.rto_seconds if so_far.seen else None
    of = f" of {say_duration(timedelta(seconds=promised))}" if promised else ""
    clock = Text.assemble((stopwatch(so_far.now.total_seconds()), "bold"), (of, "dim"))
    grid.add_row(Text(words, style=f"bold {style}", no_wrap=True, overflow="ellipsis"), clock)
    grid.add_row(Text(title, style="dim"), Text("any key skips", style="dim"))
    return grid


def _clocks(so_far: SoFar) -> RenderableType:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append("onset ", "dim").append("00:00", "bold")
    for clock in Clock:
        if clock is Clock.ONSET:
            continue
        moment = so_far.seen.clocks.at(clock) if so_far.seen else None
        reached = moment is not None and moment <= so_far.moment
        shown = stopwatch((moment - so_far.onset).total_seconds()) if moment and reached else "—"
        line.append(f"   {clock.value} ", "dim").append(shown, "bold" if reached else "dim")
    return line


def _steps(seen: IncidentView, now: datetime, width: int) -> RenderableType:
    table = Table(box=None, padding=(0, 1), expand=True, show_header=False)
    table.add_column(width=1)
    with_reasons = width >= _REASONS_COLUMNS
    table.add_column(
        no_wrap=True,
        overflow="ellipsis",
        max_width=max(28, width // 3) if with_reasons else None,
        ratio=None if with_reasons else 1,
    )
    table.add_column(min_width=11, no_wrap=True)
    table.add_column(min_width=11, justify="right", no_wrap=True)
    if with_reasons:
        table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for stage in dict.fromkeys(step.started_in for step in seen.steps):
        table.add_row("", Text(stage, style="bold dim"))
        for step in seen.steps:
            if step.started_in == stage:
                table.add_row(*_step(step, seen, now)[: len(table.columns)])
    return table


def _step(step: StepView, seen: IncidentView, now: datetime) -> tuple[Text, ...]:
    style, seconds = _STYLES[step.status], step.seconds(now)
    took = "" if seconds is None else say_elapsed(max(seconds, 0))
    return (
        Text(_SIGNS[step.status], style=style), Text(tame(step.title, 80)), Text(state_words(step, seen), style=style),
        Text(took), Text(tame(step.reason, 200), style="red" if step.status is StepStatus.FAILED else "dim"),
    )  # fmt: skip


def _below(so_far: SoFar, width: int, room: int) -> RenderableType:
    if width < _SIDE_BY_SIDE_COLUMNS:
        if room < _TWO_PANELS_LINES:
            return _events(so_far, room)
        half = (room - _SECOND_PANEL_LINES) // 2
        return Group(_events(so_far, half), _slack(so_far, half))
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row(_events(so_far, room), _slack(so_far, room))
    return grid


def _events(so_far: SoFar, room: int) -> RenderableType:
    told = [(at, line) for at, line in so_far.lines if not line.startswith(SLACK)]
    lines = [
        Text.assemble(
            (f"{stopwatch(at.total_seconds()):>7}  ", "dim"),
            (line.partition(" ")[2].strip(), "yellow" if line.startswith(WORLD) else ""),
            no_wrap=True, overflow="ellipsis",
        )
        for at, line in told[-room:]
    ]  # fmt: skip
    return Panel(_filled(lines, room), title="What happens", title_align="left", border_style="dim")


def _slack(so_far: SoFar, room: int) -> RenderableType:
    message = so_far.message
    if message is None:
        return Panel(
            _filled([Text("Nothing was said yet.", style="dim")], room),
            title="Slack",
            title_align="left",
            border_style="dim",
        )
    below = max(room // 4, 1)
    lines = _message(message)[: room - below]
    thread = [
        Text(f"  {line}", style="dim", no_wrap=True, overflow="ellipsis")
        for line in so_far.thread[-(room - len(lines)) :]
    ]
    edits = f", rewritten {message.edits} times" if message.edits else ""
    return Panel(
        _filled([*lines, *thread], room),
        title=f"Slack {message.channel}{edits}",
        title_align="left",
        border_style="dim",
    )


def _message(message: SlackMessage) -> list[Text]:
    lines = [line for line in lines_of(message.blocks) if line]
    return [
        Text.assemble(
            *[(part, "bold" if bold else "") for part, bold in bold_parts(line)], no_wrap=True, overflow="ellipsis"
        )
        for line in lines
    ]


def _filled(lines: list[Text], room: int) -> Group:
    """Lines at a constant height, so that the picture does not jump."""
    return Group(*lines[:room], *[Text("") for _ in range(room - len(lines))])
