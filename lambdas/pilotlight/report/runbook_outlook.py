"""What a reader wants to know first of a run-book's run: how it stands, what goes on, what comes next, what is needed.

Nothing is dark and nothing moves between regions here, so the sentences are not those of a failover.
"""

from __future__ import annotations

from pilotlight.domain.durations import say_elapsed
from pilotlight.domain.run import Outcome
from pilotlight.domain.waiting import WaitsFor
from pilotlight.report.headline import PAUSES, tone
from pilotlight.report.incident import IncidentState, IncidentView, Need, Outlook, Pause
from pilotlight.report.outlook import (
    ON_CALL,
    answer_to_failure,
    asked_by_a_step,
    by_hand,
    deadline_of,
    fixes_of,
    keeping_of,
    machine_of,
    run_of,
)
from pilotlight.report.words import in_region, listed, recovery_failed

_WORDS = {
    WaitsFor.APPROVAL: ("approve", "Approve {name}, or abort it."),
    WaitsFor.RELEASE: ("release", "Release {name}, or abort it."),
    WaitsFor.VETO: ("hold", "Hold {name} if it must not go on."),
}


def look_out(view: IncidentView) -> Outlook:
    """The outlook of a run-book's run, from everything else in its view."""
    return Outlook(tone(view), _headline(view), _happening(view), _comes_next(view), _need(view))


def _headline(view: IncidentView) -> str:
    name = view.application
    match view.standing:
        case IncidentState.LOOKING:
            return f"{name} was asked for{in_region(view.standby)}, and is about to begin"
        case IncidentState.ACTING:
            return f"{name} {_at_work(view)}"
        case IncidentState.STOPPING:
            return f"{name} did not reach its goal, and is stopping"
        case IncidentState.CLOSED:
            return f"{name} {_ended(view)}"
        case _:
            return f"{name} was not started"


def _at_work(view: IncidentView) -> str:
    if recovery_failed(view):
        waits = f", and it waits {PAUSES[view.pause.what]}" if view.pause else ""
        return f"is at work, and a step has failed{waits}"
    if view.stage is None:
        return "is done: closing the run" if view.is_runbook else "is done: what it made is being deleted"
    if view.pause:
        return f"is about to act, and waits {PAUSES[view.pause.what]}"
    return f"is at work: stage {view.stage.value}, {view.stages.index(view.stage) + 1} of {len(view.stages)}"


def _ended(view: IncidentView) -> str:
    match view.outcome:
        case Outcome.RECOVERED | Outcome.NOT_NEEDED:
            return "is done" + (f" after {say_elapsed(view.rto_seconds)}" if view.rto_seconds is not None else "")
        case Outcome.BLOCKED:
            return "was not carried out: it was blocked"
        case Outcome.ABORTED_CLEAN | Outcome.ABORTED_FORWARD_ONLY:
            return "was stopped, and what can be taken back was"
        case _:
            return "did not reach its goal"


def _happening(view: IncidentView) -> str:
    if view.standing is IncidentState.CLOSED:
        return view.outcome_reason
    if view.standing is IncidentState.STOPPING:
        return view.reviews[-1].sentence
    if view.pause:
        return view.pause.sentence
    failed = " ".join(f"{step.title} failed: {step.reason}" for step in view.failed_steps)
    acting = f"At work: {listed([step.title for step in view.acting_steps])}." if view.acting_steps else ""
    if failed or acting:
        return f"{failed} {acting}".strip()
    if view.run and view.standing is IncidentState.LOOKING:
        return f"Nothing has been changed yet. It was asked for because: {view.run.reason}"
    return f"Stage {view.stage.value} is beginning." if view.stage else "Every stage is done."


def _comes_next(view: IncidentView) -> str:
    if view.standing is IncidentState.ACTING and view.pause:
        return view.pause.then
    if view.standing in (IncidentState.LOOKING, IncidentState.ACTING):
        waiting = [step.title for step in view.steps if step.started is None]
        return f"{listed(waiting)}.{'' if view.is_runbook else ' ' + _ending(view)}" if waiting else _ending(view)
    if view.standing is IncidentState.STOPPING:
        return "The run closes and says what is left to do." if view.is_runbook else _ending(view)
    return "Nothing more happens by itself."


def _ending(view: IncidentView) -> str:
    if view.is_runbook:
        return "When that is done, the run closes with its report."
    return "In the end all that the drill made is deleted, and it closes with its report."


def _need(view: IncidentView) -> Need | None:
    if view.standing is IncidentState.ACTING and view.pause:
        return _answer(view, view.pause)
    if view.standing is IncidentState.ACTING and (asked := asked_by_a_step(view)):
        return asked
    if view.standing in (IncidentState.ACTING, IncidentState.STOPPING):
        return Need(ON_CALL, fixes_of(view), deadline_of(view), keeping_of(view)) if view.failed_steps else None
    if view.standing is not IncidentState.CLOSED:
        return None
    left = view.left_to_do
    if view.outcome is Outcome.RECOVERED:
        count = f"{len(left)} {'thing is' if len(left) == 1 else 'things are'}"
        return Need(ON_CALL, f"{count} left to do.") if left else None
    first = "Do what is listed here." if left else fixes_of(view) or view.outcome_reason
    again = f"To start it again, give {machine_of(view)} this input."
    return Need(ON_CALL, f"{first} {again}", paste=by_hand(view))


def _answer(view: IncidentView, pause: Pause) -> Need:
    if pause.what is WaitsFor.ANSWER:
        return answer_to_failure(view, pause)
    word, sentence = _WORDS[pause.what]
    paste = f"./pilotlight {word} {run_of(view)} --reason 'why'"
    return Need(ON_CALL, sentence.format(name=view.application), pause.until, "when it is decided without you", paste)
