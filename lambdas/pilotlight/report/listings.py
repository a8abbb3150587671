"""The parts of the report that list: the steps and what they called, who saw what, and the ledger itself."""

from __future__ import annotations

import json

from pilotlight.domain.life import StepStatus
from pilotlight.domain.records import Record
from pilotlight.domain.step import Severity
from pilotlight.report.foreign import LONGEST_NAME
from pilotlight.report.incident import (
    IncidentView,
)
from pilotlight.report.markup import foreign, own, row
from pilotlight.report.step_view import Call, StepView
from pilotlight.report.times import origin_of_time, since_onset, time_of_day, took
from pilotlight.report.words import promise_words, state_words

_SIGNS = {
    StepStatus.WAITING: "○",
    StepStatus.RUNNING: "◐",
    StepStatus.SETTLED: "✓",
    StepStatus.FAILED: "✕",
    StepStatus.SKIPPED: "⤳",
}
_LONGEST_PARAMETERS = 220
_MOST_CALLS = 12


def steps(view: IncidentView) -> str:
    """Every step: its state, its last reason, its calls, and what to do about it where it failed."""
    rows = "".join(_step(step, view) for step in view.steps)
    other = (
        f'<div class="step"><b>Outside the steps</b>{_calls(view.other_calls, view)}</div>' if view.other_calls else ""
    )
    return f'<h2>Steps</h2><section class="card">{rows}{other}</section>' if rows or other else ""


def _step(step: StepView, view: IncidentView) -> str:
    until = view.last_update or origin_of_time(view)
    needed = f"{took(step.seconds(until))}{own(promise_words(step))}"
    began = f" from {since_onset(view, step.started)}" if step.started else ""
    turns = f", {step.attempts} turns" if step.attempts else ""
    place = (
        step.started_in
        if step.started_in == step.stage
        else f"{step.started_in}, awaited in {step.stage or 'no stage'}"
    )
    reason = f"<p>{foreign(step.reason)}</p>" if step.reason else ""
    fix = f'<p class="fix"><b>What to do:</b> {foreign(step.fix)}</p>' if step.fix else ""
    return (
        f'<div class="step {step.status.value}"><div class="top">'
        f'<span class="state">{_SIGNS[step.status]} {state_words(step, view)}</span>'
        f"<b>{foreign(step.title, LONGEST_NAME)}</b>"
        f'<span class="soft">{needed}{began}{turns}</span></div><div class="soft">'
        f"{foreign(step.name, LONGEST_NAME)}, {own(step.kind)}, {own(step.harm)}, stage {own(place)}</div>"
        f"{reason}{fix}{_calls(step.calls, view)}</div>"
    )


def _calls(calls: tuple[Call, ...], view: IncidentView) -> str:
    if not calls:
        return ""
    rows = [_call(call, view) for call in calls[:_MOST_CALLS]]
    if len(calls) > _MOST_CALLS:
        rows.append(f'<li class="soft">and {len(calls) - _MOST_CALLS} more, as the ledger has them</li>')
    return f'<ul class="calls mono">{"".join(rows)}</ul>'


def _call(call: Call, view: IncidentView) -> str:
    if call.error:
        answer = f'<span class="refused">✕ {foreign(call.error, LONGEST_NAME)}</span>'
    else:
        answer = "✓ accepted" if call.answered else "? no answer is recorded"
    parameters = foreign(json.dumps(dict(call.parameters), sort_keys=True, ensure_ascii=False), _LONGEST_PARAMETERS)
    what = f"{since_onset(view, call.intended)} <b>{own(call.name)}</b> {own(call.region)}"
    return f'<li>{what} {answer} <span class="soft">{parameters}</span></li>'


def findings(view: IncidentView) -> str:
    """What preflight found, and what the gate was told."""
    rows = [
        row(
            ("k", _severity(found.severity)),
            ("", foreign(found.sentence) + (f" {foreign(found.fix)}" if found.fix else "")),
        )
        for found in view.findings
    ]
    if view.override_sentence:
        rows.append(row(("k", "! overridden"), ("", foreign(view.override_sentence))))
    if view.gate:
        rows.append(row(("k", "✓ gate passed"), ("", foreign(view.gate.sentence))))
    if view.tombstone_sentence:
        rows.append(row(("k", "tombstone"), ("", foreign(view.tombstone_sentence))))
    return (
        f'<h2>Before it acted</h2><section class="card scroll"><table>{"".join(rows)}</table></section>' if rows else ""
    )


def _severity(severity: Severity) -> str:
    return {
        Severity.FINE: "✓ fine",
        Severity.WARNING: "! warning",
        Severity.ERROR: "✕ error",
        Severity.IMPOSSIBLE: "✕ impossible",
    }[severity]


def sightings(view: IncidentView) -> str:
    """Who saw what from where, and what was concluded, in the order in which it happened."""
    seen = [
        (s.seen, foreign(s.observer, 80), foreign(str(s.vantage), 60), s.sight.value, foreign(s.sentence))
        for s in view.signals
    ]
    concluded = [(v.time, "the decision", "", v.kind.value, foreign(v.sentence)) for v in view.verdicts]
    said = [(h.time, "AWS Health", "", "explains", foreign(h.sentence)) for h in view.aws_says]
    rows = [
        row(("n", since_onset(view, time)), ("", who), ("k", where), ("", f"<b>{own(what)}</b>"), ("", words))
        for time, who, where, what, words in sorted([*seen, *concluded, *said], key=lambda line: line[0])
    ]
    head = "<tr><th>when</th><th>who</th><th>from</th><th>saw or concluded</th><th>in words</th></tr>"
    body = f'<section class="card scroll"><table>{head}{"".join(rows)}</table></section>'
    return f"<h2>Who saw what</h2>{body}" if rows else ""


def ledger(view: IncidentView, room: int) -> str:
    """The records in order, as many from both ends as fit into `room` characters, and whether the chain is whole."""
    rows = [_record(record) for record in view.records]
    shown = _fitting(rows, room)
    fault = view.chain_fault
    chain = (
        f'<span class="missed">✕ {foreign(fault)}</span>' if fault else '<span class="kept">✓ the chain is whole</span>'
    )
    head = "<tr><th>no.</th><th>UTC</th><th>what</th><th>step</th><th>sentence</th><th>hash</th></tr>"
    return (
        f'<h2>Ledger</h2><section class="card ledger"><p>{len(rows)} records, {chain}</p>'
        "<details><summary>All records in order</summary>"
        f'<div class="scroll"><table>{head}{"".join(shown)}</table></div></details></section>'
    )


def _fitting(rows: list[str], room: int) -> list[str]:
    if sum(len(row.encode()) for row in rows) <= room:
        return rows
    first: list[str] = []
    last: list[str] = []
    for near, far in zip(rows, reversed(rows), strict=True):
        room -= len(near.encode()) + len(far.encode())
        if room < 0:
            break
        first.append(near)
        last.insert(0, far)
    left_out = len(rows) - len(first) - len(last)
    return [
        *first,
        f'<tr><td colspan="6">{left_out} records stand between these two; the ledger has them.</td></tr>',
        *last,
    ]


def _record(record: Record) -> str:
    entry = record.entry
    return row(
        ("n", str(record.sequence)),
        ("n", time_of_day(entry.time)),
        ("k", own(entry.kind.value.replace("_", " "))),
        ("", foreign(entry.step, 40) if entry.step else ""),
        ("", foreign(entry.sentence, 400)),
        ("mono", own(record.hash[:8])),
    )
