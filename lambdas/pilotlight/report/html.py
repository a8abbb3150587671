"""The report of an incident: one HTML file that needs nothing else, small enough to mail, readable at night.

It is under 60 kB whatever the ledger holds: names and sentences are cut, and where the records do not fit, the middle
of the ledger is left out and said to be. Nothing in it is fetched, and its policy forbids that it be.
"""

from __future__ import annotations

from pilotlight.report.drafts import drafts
from pilotlight.report.foreign import LONGEST_NAME
from pilotlight.report.gantt import gantt
from pilotlight.report.incident import IncidentView, RunView, Tone
from pilotlight.report.listings import findings, ledger, sightings, steps
from pilotlight.report.markup import foreign, foreign_plain, own
from pilotlight.report.measures import promises, ribbon
from pilotlight.report.standing import graded
from pilotlight.report.style import STYLE

LIMIT_BYTES = 60_000
_ROOM_FOR_THE_END = 2_500
SIGNS = {Tone.CALM: "●", Tone.AT_WORK: "◐", Tone.ASKING: "?", Tone.BAD: "✕", Tone.GOOD: "✓"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(view: IncidentView) -> str:
    """The whole file."""
    tone = view.outlook.tone.value.replace(" ", "-")
    title = foreign_plain(view.outlook.headline, 150)
    before = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<style>{STYLE}</style></head><body><main class="{tone}">'
        f"{_header(view)}{_need(view)}{ribbon(view)}{promises(view)}{_chart(view)}"
        f"{steps(view)}{findings(view)}{sightings(view)}{_drafts(view)}"
    )
    after = f"{_footer(view)}</main></body></html>"
    room = LIMIT_BYTES - _ROOM_FOR_THE_END - len(before.encode()) - len(after.encode())
    return before + ledger(view, room) + after


def word(view: IncidentView) -> str:
    """The outcome, or how the incident stands, in one word."""
    return view.outcome.value.replace("_", " ") if view.outcome else view.standing.value


def _header(view: IncidentView) -> str:
    run, look, how = view.run, view.outlook, graded(view)
    who = f"{own(run.origin)}, {foreign(run.requested_by, 80)} ({'proven' if run.proven else 'claimed'})" if run else ""
    day = f"{view.last_update:%Y-%m-%d}" if view.last_update else ""
    facts = " · ".join(
        part
        for part in (
            own(view.where),
            foreign(f"{how.words}: {how.because}", LONGEST_NAME),
            f"armed {own(view.arming)}" if view.arming else "",
            f"started by {who}" if who else "",
            f"taken up by {foreign(view.taken_up.words, 80)}" if view.taken_up else "",
            day,
        )
        if part
    )
    why = f'<p class="soft">Why: {foreign(run.reason)}</p>' if run and run.reason else ""
    return (
        f'<header><span class="pill">{SIGNS[look.tone]} {own(word(view))}</span><h1>{foreign(look.headline, 150)}</h1>'
        f'<p class="lead">{foreign(look.happening)}</p><p class="lead soft">{foreign(look.comes_next)}</p>'
        f'<p class="soft">{facts}</p>{why}</header>'
    )


def _need(view: IncidentView) -> str:
    need, left = view.outlook.need, view.left_to_do
    if need is None and not left:
        return ""
    words = ""
    if need:
        by = f" <b>By {need.by:%H:%M} UTC, {own(need.because)}.</b>" if need.by else ""
        paste = f"<pre><code>{foreign_plain(need.paste, 300)}</code></pre>" if need.paste else ""
        words = f"<b>Needed.</b> {own(need.who)}: {foreign(need.sentence)}{by}{paste}"
    done = f"<ul>{''.join(f'<li>{foreign(item)}</li>' for item in left[:20])}</ul>" if left else ""
    return f'<section class="card need">{words}{done}</section>'


def _chart(view: IncidentView) -> str:
    drawn = gantt(view)
    return f'<h2>Steps over time</h2><section class="card chart">{drawn}</section>' if drawn else ""


def _drafts(view: IncidentView) -> str:
    """What people may copy and complete; nothing of it was sent."""
    parts = [
        f"<details><summary>{own(title)}</summary><pre><code>{_lines(text)}</code></pre></details>"
        for title, text in drafts(view)
    ]
    return f'<h2>Drafts to copy</h2><section class="card drafts">{"".join(parts)}</section>'


def _lines(text: str) -> str:
    return "\n".join(foreign_plain(line) for line in text.splitlines())


def _footer(view: IncidentView) -> str:
    parts = [f"Incident {foreign(view.incident, LONGEST_NAME)}"]
    if view.run:
        parts += [
            f"run {foreign(view.run.run_id, LONGEST_NAME)}, epoch {view.run.epoch}",
            f"plan SHA-256 <code>{own(view.run.plan_digest)}</code>",
            f"execution <code>{foreign(view.run.execution_arn, 200)}</code>",
        ]
    parts += [_earlier(run) for run in view.earlier_runs]
    parts.append("Times are UTC; those with a plus are counted from onset.")
    return f"<footer>{'<br>'.join(parts)}</footer>"


def _earlier(run: RunView) -> str:
    ended = run.outcome.value if run.outcome else "without an outcome"
    return f"earlier run {foreign(run.run_id, LONGEST_NAME)} ended {ended}: {foreign(run.outcome_reason, 200)}"
