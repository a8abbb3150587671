"""The one living message of an incident in Slack, and the lines of its thread, as plain Block Kit.

Read from the top it answers, for someone who never saw the tool: what is happening, what comes next and when, what is
needed from whom and by when; then the steps and the clocks. It is rewritten in place; the thread keeps the details.
Limits are Slack's: 50 blocks, 3000 characters a section, 150 a header (https://docs.slack.dev/reference/block-kit/).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pilotlight.domain.durations import say_elapsed
from pilotlight.domain.life import StepStatus
from pilotlight.domain.plan import Clock
from pilotlight.domain.records import Record
from pilotlight.messages.mrkdwn import (
    Block,
    clock_time,
    code,
    context,
    divider,
    fields,
    header,
    quoted,
    section,
    sections,
)
from pilotlight.messages.slack_buttons import Offer, actions
from pilotlight.report.foreign import LONGEST_NAME, tame
from pilotlight.report.incident import (
    IncidentView,
    Tone,
)
from pilotlight.report.outlook import expected_back
from pilotlight.report.standing import graded
from pilotlight.report.step_view import StepView
from pilotlight.report.surroundings import shown_of
from pilotlight.report.text import record_line, rpo_words, rto_words
from pilotlight.report.times import since_onset, stopwatch
from pilotlight.report.words import promise_words, state_words
from pilotlight.report.writers import writers

SIGNS = {Tone.CALM: "⚪", Tone.AT_WORK: "⏳", Tone.ASKING: "✋", Tone.BAD: "❌", Tone.GOOD: "✅"}
STEP_SIGNS = {
    StepStatus.WAITING: "⚪",
    StepStatus.RUNNING: "⏳",
    StepStatus.SETTLED: "✅",
    StepStatus.FAILED: "❌",
    StepStatus.SKIPPED: "⏩",
}
_COMMAND = "./pilotlight "
_INDENT = "\u2003\u2003↳ "
_LONGEST_REASON = 200
_LONGEST_TITLE = 90
_LONGEST_CONFLICT = 400
_MOST_STEPS = 24
_MOST_LEFT_TO_DO = 10
_MOST_THREAD_LINES = 40
_FALLBACK_LIMIT = 600
_EXECUTION = re.compile(r"^arn:aws[a-z-]*:states:([a-z0-9-]+):\d{12}:execution:[A-Za-z0-9_.:-]+$")


@dataclass(frozen=True)
class Message:
    """What is sent: the blocks, and the text that stands where blocks cannot be shown, as in a notification."""

    text: str
    blocks: list[Block]

    def content(self) -> dict[str, Any]:
        """The part of a request that is the message; nothing in it is to be unfolded into a preview."""
        return {"text": self.text, "blocks": self.blocks, "unfurl_links": False, "unfurl_media": False}


def living_message(view: IncidentView, offered: Sequence[Offer] = ()) -> Message:
    """The message as it is to stand now, with buttons for what is offered to be said of the run."""
    look = view.outlook
    blocks = [
        header(f"{SIGNS[look.tone]} {look.headline}"),
        section("\n".join([*_now(view), *_how_bad(view)])),
        section(_need(view, with_buttons=bool(offered))),
        *actions(offered),
    ]
    if view.steps:
        blocks += [divider(), *sections(_steps(view))]
    blocks += [divider(), *_measures(view), context(_small_print(view))]
    return Message(_fallback(view), blocks)


def thread_reply(view: IncidentView, records: Sequence[Record]) -> Message:
    """One line for each record; of very many only the newest, and a line that says so."""
    shown = records[-_MOST_THREAD_LINES:]
    lines = [
        f"`{since_onset(view, record.entry.time)}` {quoted(record_line(record), _LONGEST_REASON * 2)}"
        for record in shown
    ]
    if len(shown) < len(records):
        lines.insert(0, f"{len(records) - len(shown)} earlier lines are left out here; the ledger has them.")
    first = tame(record_line(records[-1]), _FALLBACK_LIMIT)
    return Message(quoted(first), sections(lines))


def _now(view: IncidentView) -> list[str]:
    look, back = view.outlook, expected_back(view)
    lines = [f"*Now.* {quoted(look.happening)}", f"*Next.* {quoted(look.comes_next)}"]
    expected = f"Expected back between *{clock_time(back[0])}* and *{clock_time(back[1])}*." if back else ""
    return [*lines, expected] if expected else lines


def _how_bad(view: IncidentView) -> list[str]:
    """The severity with its reason, who has taken it up, and what AWS itself says."""
    how = graded(view)
    lines = [f"*Severity.* {quoted(how.words, LONGEST_NAME)}: {how.because}."]
    if view.taken_up:
        by = quoted(view.taken_up.words, LONGEST_NAME)
        lines.append(f"*Taken up* by {by} at {clock_time(view.taken_up.time)}.")
    return lines + [f"*AWS Health.* {quoted(each.sentence, _LONGEST_CONFLICT)}" for each in shown_of(view.aws_says)]


def _need(view: IncidentView, *, with_buttons: bool) -> str:
    need = view.outlook.need
    if need is None:
        return "*Needed from you:* nothing."
    by = f" *By {clock_time(need.by)}*, {quoted(need.because)}." if need.by else ""
    lines = [f"*Needed from {quoted(need.who[:1].lower() + need.who[1:])}:* {quoted(need.sentence)}{by}"]
    if need.paste.startswith(_COMMAND):
        lines.append(f"{'Press a button, or paste' if with_buttons else 'Paste'} this where Pilotlight is checked out:")
    lines += [code(need.paste)] if need.paste else []
    left = view.left_to_do
    lines += [f"• {quoted(item, _LONGEST_REASON)}" for item in left[:_MOST_LEFT_TO_DO]]
    if len(left) > _MOST_LEFT_TO_DO:
        lines.append(f"• and {len(left) - _MOST_LEFT_TO_DO} more, as the report lists")
    return "\n".join(lines)


def _steps(view: IncidentView) -> list[str]:
    """The steps by stage; where there are very many, those at rest are counted and not listed."""
    crowded = len(view.steps) > _MOST_STEPS
    lines: list[str] = []
    for stage in dict.fromkeys(step.started_in for step in view.steps):
        steps = [step for step in view.steps if step.started_in == stage]
        lines.append(f"*{quoted(stage, LONGEST_NAME)}*")
        listed = (
            [s for s in steps if s.status in (StepStatus.RUNNING, StepStatus.FAILED)][:_MOST_STEPS]
            if crowded
            else steps
        )
        lines += [_step(step, view) for step in listed]
        if crowded:
            lines.append(_count(steps, view))
    return lines


def _count(steps: list[StepView], view: IncidentView) -> str:
    words = [state_words(step, view) for step in steps]
    return _INDENT + ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))


def _step(step: StepView, view: IncidentView) -> str:
    words = f"{STEP_SIGNS[step.status]} *{quoted(step.title, _LONGEST_TITLE)}*  {state_words(step, view)}"
    match step.status:
        case StepStatus.WAITING | StepStatus.SKIPPED:
            return words
        case StepStatus.RUNNING:
            since = f" since {clock_time(step.started)}" if step.started else ""
            return f"{words}{since}\n{_INDENT}{quoted(step.reason, _LONGEST_REASON)}"
        case StepStatus.FAILED:
            return f"{words}{_took(step)}\n{_INDENT}{quoted(step.reason, _LONGEST_REASON)}"
        case StepStatus.SETTLED:
            return f"{words}{_took(step)}"


def _took(step: StepView) -> str:
    if not (step.started and step.finished):
        return ""
    return f", {say_elapsed((step.finished - step.started).total_seconds())}{promise_words(step)}"


def _measures(view: IncidentView) -> list[Block]:
    onset = view.clocks.onset
    parts = [f"onset {clock_time(onset, seconds=True)}"] if onset else []
    for clock in Clock:
        seconds = view.clocks.seconds_since_onset(clock)
        if clock is not Clock.ONSET:
            parts.append(f"{clock.value} {'—' if seconds is None else '+' + stopwatch(seconds)}")
    deadline = ""
    if onset and view.objectives.rto_seconds and view.outcome is None and not view.is_drill:
        deadline = f"\npromised by {clock_time(onset + timedelta(seconds=view.objectives.rto_seconds))}"
    conflicts = [f"• {quoted(each, _LONGEST_CONFLICT)}" for each in view.conflicts]
    known = [quoted(each, _LONGEST_CONFLICT) for each in writers(view)]
    return [
        *([section("*Clocks*  " + "  ·  ".join(parts))] if view.run else []),
        fields(
            f"*RTO*  {quoted(rto_words(view))}{deadline}",
            *([] if view.is_runbook else [_rpo(view)]),
        ),
        *(sections(["*Writer*", *known]) if known else []),
        *(sections(["*Writes that may conflict*", *conflicts]) if conflicts else []),
    ]


def _rpo(view: IncidentView) -> str:
    return f"*RPO*  {quoted(rpo_words(view))}\n{quoted(view.rpo_sentence, _LONGEST_REASON)}".strip()


def _small_print(view: IncidentView) -> str:
    parts = [f"Last update {clock_time(view.last_update, seconds=True)}"] if view.last_update else []
    run = view.run
    if run:
        proof = "proven" if run.proven else "claimed"
        parts += [
            f"run {quoted(run.run_id, LONGEST_NAME)}",
            f"started by {quoted(run.origin, LONGEST_NAME)}, {quoted(run.requested_by, LONGEST_NAME)} ({proof})",
            f"plan {quoted(run.plan_digest[:12])}",
        ]
        if link := console_link(run.execution_arn):
            parts.append(f"<{link}|execution>")
    parts.append(quoted(view.where) if view.where else "")
    return "  ·  ".join(part for part in parts if part)


def console_link(execution_arn: str) -> str:
    """The address of an execution in the console; empty for what is no ARN of one."""
    match = _EXECUTION.match(execution_arn)
    if match is None:
        return ""
    region = match.group(1)
    return f"https://{region}.console.aws.amazon.com/states/home?region={region}#/v2/executions/details/{execution_arn}"


def _fallback(view: IncidentView) -> str:
    need = view.outlook.need
    needed = f"Needed: {need.sentence}" if need else "Nothing is needed."
    severity = graded(view).severity.value
    return quoted(f"{SIGNS[view.outlook.tone]} {severity} {view.outlook.headline}. {needed}", _FALLBACK_LIMIT)
