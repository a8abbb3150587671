"""The report as plain text, for mails, tickets and terminals: the same sentences, 100 columns, no colours."""

from __future__ import annotations

import textwrap
from datetime import datetime, timedelta

from pilotlight.domain.durations import say_duration, say_elapsed
from pilotlight.domain.life import StepStatus
from pilotlight.domain.plan import Clock
from pilotlight.domain.records import Record
from pilotlight.domain.run import Outcome
from pilotlight.report.foreign import LONGEST_NAME, tame
from pilotlight.report.incident import (
    IncidentView,
)
from pilotlight.report.outlook import expected_back
from pilotlight.report.standing import graded
from pilotlight.report.step_view import StepView
from pilotlight.report.surroundings import shown_of
from pilotlight.report.times import signed, since_onset
from pilotlight.report.words import promise_words, state_words
from pilotlight.report.writers import writers

WIDTH = 100
_STATE_WIDTH = 22


def summary(view: IncidentView) -> str:
    """How it stands, what comes next, what is needed, and the measured times; ends with a line break."""
    look = view.outlook
    lines = [tame(look.headline), *surroundings(view), "", *_wrapped(look.happening), *_wrapped(look.comes_next)]
    if back := expected_back(view):
        lines.append(f"It is expected back between {clock_time(back[0])} and {clock_time(back[1])}.")
    lines += ["", *_need(view), "", *times(view)]
    return "\n".join(lines) + "\n"


def text(view: IncidentView) -> str:
    """The summary, then every step, every sighting, and where the records stand."""
    lines = ["", "Steps", *steps(view), "", "What happened"]
    lines += [hanging(since_onset(view, record.entry.time), record_line(record)) for record in view.told]
    lines += ["", chain_line(view)]
    if view.run:
        names = f"Incident {tame(view.incident, LONGEST_NAME)}, run {tame(view.run.run_id, LONGEST_NAME)}"
        lines.append(f"{names}, plan {view.run.plan_digest[:16]}")
    return summary(view) + "\n".join(lines) + "\n"


def surroundings(view: IncidentView) -> list[str]:
    """How bad it is, who has taken it up, and what AWS itself says."""
    how = graded(view)
    lines = [tame(f"{how.words}: {how.because}.")]
    lines += [tame(f"Taken up by {view.taken_up.words} at {clock_time(view.taken_up.time)}.")] if view.taken_up else []
    return lines + [line for each in shown_of(view.aws_says) for line in _wrapped(f"AWS Health: {each.sentence}")]


def steps(view: IncidentView) -> list[str]:
    """Each step: its state, how long it took, and what it says where it is not done."""
    return [line for step in view.steps for line in _step(step, view)]


def needed(view: IncidentView) -> list[str]:
    """What is needed from whom, by when, and what is left to do."""
    return _need(view)


def times(view: IncidentView) -> list[str]:
    """The five clocks, RTO and RPO against what was promised, which writes may be lost, how the new writer is known to
    be one, and which writes may conflict."""
    clocks = [f"{clock.value} {_at(view, clock)}" for clock in Clock]
    lines = ["Clocks   " + "   ".join(clocks), f"RTO      {rto_words(view)}"]
    if view.is_runbook:
        return lines
    lines.append(f"RPO      {rpo_words(view)}")
    if view.rpo_seconds and view.loss_window:
        lines.append(f"Loss     writes {view.loss_window} may be lost")
    lines += [_labelled("Writer", tame(sentence)) for sentence in writers(view)]
    return lines + [_labelled("Conflict", tame(sentence)) for sentence in view.conflicts]


def rto_words(view: IncidentView) -> str:
    """The time without service, beside what was promised."""
    promised = view.objectives.rto_seconds
    of = f" of {say_duration(timedelta(seconds=promised))}" if promised else ""
    if view.outcome is Outcome.RECOVERED and view.rto_seconds is not None:
        return f"{say_elapsed(view.rto_seconds)}{of}{_kept(view.rto_seconds, promised)}"
    if view.outcome is Outcome.NOT_NEEDED:
        return "no failover was needed"
    if view.outcome is not None or view.elapsed_seconds is None:
        return f"not recovered; {say_duration(timedelta(seconds=promised))} promised" if promised else "not recovered"
    return f"{say_elapsed(view.elapsed_seconds)} so far{of}"


def rpo_words(view: IncidentView) -> str:
    """The writes that may be lost, beside what was promised."""
    promised = view.objectives.rpo_seconds
    of = f" of {say_duration(timedelta(seconds=promised))}" if promised else ""
    if view.rpo_seconds is None:
        later = view.outcome is None and (view.gate is None or view.is_drill)
        unknown, what = "not known yet" if later else "not known", "promised" if view.is_drill else "may be lost"
        return f"{unknown}; {say_duration(timedelta(seconds=promised))} {what}" if promised else unknown
    kept = _kept(view.rpo_seconds, promised) if view.outcome is Outcome.RECOVERED else ""
    return f"{say_elapsed(view.rpo_seconds)}{of}{kept}"


def record_line(record: Record) -> str:
    """One noteworthy record in one line: the step it is about, and its sentence."""
    entry = record.entry
    words = entry.kind.value.replace("_", " ").removeprefix("step ")
    about = f"{tame(entry.step, LONGEST_NAME)} {words}" if entry.step else words
    return f"{about}: {tame(entry.sentence)}"


def chain_line(view: IncidentView) -> str:
    """How many records there are, and whether the chain is whole."""
    return view.chain_fault or f"{len(view.records)} records, and their chain is whole."


def clock_time(moment: datetime) -> str:
    """A moment as it stands in plain text."""
    return f"{moment:%H:%M} UTC"


def hanging(first: str, words: str) -> str:
    """A line with a label in front, its later lines indented to the same place."""
    return textwrap.fill(
        words, WIDTH, initial_indent=f"  {first:<9}", subsequent_indent=" " * 11, break_on_hyphens=False
    )


def _labelled(label: str, words: str) -> str:
    first, later = f"{label:<9}", " " * 9
    return textwrap.fill(words, WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False)


def _need(view: IncidentView) -> list[str]:
    need = view.outlook.need
    if need is None:
        return ["Nothing is needed from anyone."]
    by = f" By {clock_time(need.by)}, {need.because}." if need.by else ""
    lines = _wrapped(f"Needed from {need.who[:1].lower()}{need.who[1:]}: {need.sentence}{by}")
    lines += [f"    {need.paste}"] if need.paste else []
    return lines + [
        textwrap.fill(tame(item), WIDTH, initial_indent="  - ", subsequent_indent="    ") for item in view.left_to_do
    ]


def _step(step: StepView, view: IncidentView) -> list[str]:
    seconds = step.seconds(view.last_update or view.records[-1].entry.time)
    took = "" if seconds is None else say_elapsed(seconds)
    lines = [f"  {state_words(step, view):<{_STATE_WIDTH}}{took:>12}  {tame(step.title, LONGEST_NAME)}"]
    if promised := promise_words(step):
        lines.append(f"        {took}{promised}".rstrip())
    if step.reason and step.status is not StepStatus.SETTLED:
        lines.append(textwrap.fill(tame(step.reason), WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8))
    if step.fix:
        lines.append(
            textwrap.fill(f"What to do: {tame(step.fix)}", WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)
        )
    return lines


def _at(view: IncidentView, clock: Clock) -> str:
    moment, seconds = view.clocks.at(clock), view.clocks.seconds_since_onset(clock)
    if moment is None:
        return "—"
    return f"{moment:%H:%M:%S}" if clock is Clock.ONSET or seconds is None else signed(seconds)


def _kept(needed: float, promised: float | None) -> str:
    if promised is None:
        return ""
    return ": kept" if needed <= promised else ": missed"


def _wrapped(words: str) -> list[str]:
    return textwrap.wrap(tame(words, 2000), WIDTH, break_on_hyphens=False)
