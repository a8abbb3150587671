"""The part of the report that measures: the five clocks, and what was promised against what was needed."""

from __future__ import annotations

from datetime import timedelta

from pilotlight.domain.durations import say_duration, say_elapsed
from pilotlight.domain.plan import Clock
from pilotlight.domain.run import Outcome
from pilotlight.report.incident import IncidentState, IncidentView
from pilotlight.report.markup import foreign
from pilotlight.report.times import signed, time_of_day
from pilotlight.report.writers import writers

MEANING = {
    Clock.ONSET: "the primary went dark, or was left",
    Clock.DETECTED: "the standby was told",
    Clock.DECIDED: "it was sure enough to act",
    Clock.EXECUTED: "the last serving step was done",
    Clock.VERIFIED: "the application answered",
}
MEANING_OF_A_RUNBOOK = {
    Clock.ONSET: "a person started it",
    Clock.DECIDED: "nothing stood in its way",
    Clock.EXECUTED: "the last step was done",
    Clock.VERIFIED: "all of it was seen to work",
}
_BAR_WIDTH = 480


def ribbon(view: IncidentView) -> str:
    """The clocks in a row, with the time between each two."""
    cells: list[str] = []
    meaning = MEANING_OF_A_RUNBOOK if view.in_one_region else MEANING
    reached = [clock for clock in meaning if view.clocks.at(clock)]
    for position, clock in enumerate(meaning):
        moment, since = view.clocks.at(clock), view.clocks.seconds_since_onset(clock)
        later = next((c for c in list(meaning)[position + 1 :] if c in reached), None)
        if moment is None:
            cells.append(
                f'<li><b>{clock.value}</b><span class="at soft">—</span>'
                f"<small>{meaning[clock]}: not reached</small></li>"
            )
            continue
        after = view.clocks.at(later) if later else None
        gap = f'<span class="gap">{say_elapsed((after - moment).total_seconds())}</span>' if after else ""
        shown = time_of_day(moment) if clock is Clock.ONSET else signed(since or 0)
        title = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
        cells.append(
            f'<li class="reached{" way" if after else ""}">{gap}<b>{clock.value}</b>'
            f'<span class="at" title="{title}">{shown}</span><small>{meaning[clock]}</small></li>'
        )
    return f'<section class="card"><ol class="ribbon">{"".join(cells)}</ol></section>'


def promises(view: IncidentView) -> str:
    """RTO and RPO beside what was promised."""
    return f'<div class="pair">{_rto(view)}{"" if view.is_runbook else _rpo(view)}</div>'


def _rto(view: IncidentView) -> str:
    needed, promised = view.elapsed_seconds, view.objectives.rto_seconds
    recovered = view.outcome is Outcome.RECOVERED
    if view.standing is IncidentState.CLOSED and not recovered:
        needed = None
    missing = "not needed" if view.outcome is Outcome.NOT_NEEDED else "not recovered"
    number = missing if needed is None else say_elapsed(needed)
    what = "time since its start" if view.in_one_region else "time without service"
    so_far = "" if recovered or needed is None else " so far"
    verdict = _kept(needed, promised) if recovered else ""
    words = [f"promised: {say_duration(timedelta(seconds=promised))}"] if promised else ["no objective is known"]
    if view.objectives.expected_seconds:
        low, high = view.objectives.expected_seconds
        words.append(f"usual: {say_duration(timedelta(seconds=low))} to {say_duration(timedelta(seconds=high))}")
    return (
        f'<section class="card"><b>RTO</b> <span class="soft">{what}{so_far}</span>'
        f'<div class="big">{number} {verdict}</div>'
        f'<span class="soft">{", ".join(words)}</span>{_bar(view, needed)}</section>'
    )


def _rpo(view: IncidentView) -> str:
    lost, promised = view.rpo_seconds, view.objectives.rpo_seconds
    number = "not known" if lost is None else say_elapsed(lost)
    words = f"promised: {say_duration(timedelta(seconds=promised))}" if promised else "no objective is known"
    sentence = f"<p>{foreign(view.rpo_sentence)}</p>" if view.rpo_sentence else ""
    verdict = _kept(lost, promised) if view.outcome is Outcome.RECOVERED else ""
    conflicts = "".join(f"<li>{foreign(each)}</li>" for each in view.conflicts)
    listed = "".join(f"<p>{foreign(each)}</p>" for each in writers(view))
    listed += f"<p>Writes that may conflict:</p><ul>{conflicts}</ul>" if conflicts else ""
    return (
        f'<section class="card"><b>RPO</b> <span class="soft">writes that may be lost</span>'
        f'<div class="big">{number} {verdict}</div><span class="soft">{words}</span>{sentence}{listed}</section>'
    )


def _kept(needed: float | None, promised: float | None) -> str:
    if needed is None or promised is None:
        return ""
    return '<span class="kept">✓ kept</span>' if needed <= promised else '<span class="missed">✕ missed</span>'


def _bar(view: IncidentView, needed: float | None) -> str:
    promised = view.objectives.rto_seconds
    if not promised:
        return ""
    scale = _BAR_WIDTH / (max(promised, needed or 0) * 1.02)
    parts = [f'<rect y="6" width="{_BAR_WIDTH}" height="14" rx="7" class="track"/>']
    if needed is not None:
        parts.append(f'<rect y="6" width="{max(needed * scale, 4):.1f}" height="14" rx="7" class="used"/>')
    if view.objectives.expected_seconds:
        low, high = view.objectives.expected_seconds
        parts.append(
            f'<rect x="{low * scale:.1f}" y="2" width="{(high - low) * scale:.1f}" height="22" rx="3" class="usual"/>'
        )
    parts.append(f'<path d="M{promised * scale:.1f} 0V26" stroke="currentColor" stroke-width="2"/>')
    label = "Time used of the time promised; the dashed frame is the usual span."
    frame = f'<svg class="budget" viewBox="0 0 {_BAR_WIDTH} 26" role="img" aria-label="{label}">'
    return f"{frame}<title>{label}</title>{''.join(parts)}</svg>"
