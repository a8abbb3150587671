"""The Gantt chart of a run as inline SVG: when each step was at work, beside the five clocks.

A state is told by a word and a pattern as well as by a colour; every bar and call has a title for screen readers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pilotlight.domain.life import StepStatus
from pilotlight.domain.plan import Clock
from pilotlight.report.incident import (
    IncidentView,
)
from pilotlight.report.markup import foreign_plain, own
from pilotlight.report.step_view import StepView
from pilotlight.report.times import origin_of_time, since_onset, stopwatch, took
from pilotlight.report.words import state_words

WIDTH, LABELS, RIGHT = 1040, 290, 16
TOP, ROW, STAGE_ROW, BAR = 58, 30, 26, 16
_TICKS_SECONDS = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MOST_TICKS = 9
_NARROWEST = 3.0
_ROOM_FOR_WORDS = 170
_LONGEST_LABEL = 40
_NAME_ROWS = (25, 11)
_NAME_WIDTH = 66


def gantt(view: IncidentView) -> str:
    """The chart; empty where no step has begun."""
    if not any(step.started for step in view.steps):
        return ""
    return _Chart(view).draw()


class _Chart:
    def __init__(self, view: IncidentView) -> None:
        self._view = view
        self._zero = origin_of_time(view)
        ends = [step.finished or self._until for step in view.steps if step.started] + [self._until]
        self._span = max((max(ends) - self._zero).total_seconds(), 1.0)
        stages = list(dict.fromkeys(step.started_in for step in view.steps))
        self._rows = [(stage, [step for step in view.steps if step.started_in == stage]) for stage in stages]
        self._height = TOP + sum(STAGE_ROW + ROW * len(steps) for _, steps in self._rows) + 6

    @property
    def _until(self) -> datetime:
        return self._view.last_update or self._zero

    def draw(self) -> str:
        parts = [
            f'<svg viewBox="0 0 {WIDTH} {self._height}" role="img" aria-labelledby="gantt-title gantt-text">',
            f'<title id="gantt-title">Steps of {foreign_plain(self._view.application, 60)} over time</title>',
            f'<desc id="gantt-text">{foreign_plain(self._in_words(), 1500)}</desc>',
            '<defs><pattern id="again" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)">'
            '<rect width="6" height="6" class="settled"/><rect width="2.5" height="6" class="stripe"/></pattern>'
            '<pattern id="broken" width="7" height="7" patternUnits="userSpaceOnUse">'
            '<rect width="7" height="7" class="failed"/>'
            '<path d="M0 0 7 7M7 0 0 7" class="cross"/></pattern></defs>',
            *self._ticks(),
            *self._clocks(),
        ]
        y = TOP
        for stage, steps in self._rows:
            parts.append(
                f'<path d="M0 {y + 2}H{WIDTH}" class="rule"/><text x="0" y="{y + 18}" class="stage">{own(stage)}</text>'
            )
            y += STAGE_ROW
            for step in steps:
                parts.append(self._row(step, y))
                y += ROW
        return "".join([*parts, "</svg>"])

    def _x(self, moment: datetime) -> float:
        room = WIDTH - LABELS - RIGHT
        since = min(max((moment - self._zero).total_seconds(), 0.0), self._span)
        return LABELS + room * since / self._span

    def _ticks(self) -> Iterator[str]:
        each = next((tick for tick in _TICKS_SECONDS if self._span / tick <= _MOST_TICKS), _TICKS_SECONDS[-1])
        room = WIDTH - LABELS - RIGHT
        for count in range(int(self._span // each) + 1):
            x = LABELS + room * count * each / self._span
            yield f'<path d="M{x:.1f} {TOP - 8}V{self._height}" class="tick"/>'
            yield f'<text x="{x:.1f}" y="{TOP - 14}" class="axis">{stopwatch(count * each)}</text>'

    def _clocks(self) -> Iterator[str]:
        free = [0.0 for _ in _NAME_ROWS]
        for clock in Clock:
            moment = self._view.clocks.at(clock)
            if moment is None or clock is Clock.ONSET:
                continue
            x = self._x(moment)
            title = f"{clock.value} {since_onset(self._view, moment)}"
            yield f'<path d="M{x:.1f} 30V{self._height}" class="clock"><title>{title}</title></path>'
            row = next((number for number, edge in enumerate(free) if x >= edge), None)
            if row is not None:
                yield f'<text x="{x:.1f}" y="{_NAME_ROWS[row]}" class="clock-name">{clock.value}</text>'
                free[row] = x + _NAME_WIDTH

    def _row(self, step: StepView, y: int) -> str:
        label = f'<text x="14" y="{y + 17}" class="label">{foreign_plain(step.title, _LONGEST_LABEL)}</text>'
        words = state_words(step, self._view)
        if step.started is None:
            return f'{label}<text x="{LABELS + 4}" y="{y + 17}" class="quiet">{own(words)}</text>'
        left, right = self._x(step.started), self._x(step.finished or self._until)
        width = max(right - left, _NARROWEST)
        title = f"{step.title}: {words}, {took(step.seconds(self._until))}. {step.reason}"
        bar = f'<rect x="{left:.1f}" y="{y + 4}" width="{width:.1f}" height="{BAR}" rx="3" {_look(step)}/>'
        calls = "".join(
            self._call(call.intended, f"{call.name} {call.error}".strip(), bool(call.error), y) for call in step.calls
        )
        beside = self._words(step, words, left, left + width, y)
        return f'{label}<g tabindex="0"><title>{foreign_plain(title, 300)}</title>{bar}{calls}{beside}</g>'

    def _call(self, moment: datetime, name: str, refused: bool, y: int) -> str:
        x = self._x(moment)
        mark = "refused" if refused else "call"
        return f'<path d="M{x:.1f} {y + 2}v{BAR + 4}" class="{mark}"><title>{foreign_plain(name, 120)}</title></path>'

    def _words(self, step: StepView, words: str, left: float, right: float, y: int) -> str:
        text = own(f"{took(step.seconds(self._until))}, {words}")
        if right + _ROOM_FOR_WORDS <= WIDTH:
            return f'<text x="{right + 7:.1f}" y="{y + 16}" class="quiet">{text}</text>'
        if left - _ROOM_FOR_WORDS >= LABELS:
            return f'<text x="{left - 7:.1f}" y="{y + 16}" class="quiet before">{text}</text>'
        return f'<text x="{left + 9:.1f}" y="{y + 16}" class="inside">{text}</text>'

    def _in_words(self) -> str:
        return " ".join(
            f"{step.title}: {state_words(step, self._view)}, {took(step.seconds(self._until))}."
            for step in self._view.steps
        )


def _look(step: StepView) -> str:
    if step.status is StepStatus.FAILED:
        return 'fill="url(#broken)" class="edge-failed"'
    if step.asked_again and step.status is StepStatus.SETTLED:
        return 'fill="url(#again)"'
    return f'class="{step.status.value}"'
