"""What a reader wants to know first of an incident: how it stands, what is going on, what comes next, what is needed.

Someone who never saw the tool reads these sentences at night. Each names the application and the region it speaks of.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never

from pilotlight.domain.canonical import canonical
from pilotlight.domain.decision import VerdictKind
from pilotlight.domain.drill_names import drilled_application
from pilotlight.domain.durations import say_duration
from pilotlight.domain.plan import Arming
from pilotlight.domain.run import Outcome
from pilotlight.domain.waiting import WaitsFor
from pilotlight.report.headline import headline, tone
from pilotlight.report.incident import (
    IncidentState,
    IncidentView,
    Need,
    Outlook,
    Pause,
)
from pilotlight.report.step_view import StepView
from pilotlight.report.words import in_region, listed, recovery_failed, to_region

ON_CALL = "Whoever is on call"


def look_out(view: IncidentView) -> Outlook:
    """The outlook of an incident, from everything else in its view."""
    return Outlook(tone(view), headline(view), _happening(view), _comes_next(view), _need(view))


def by_hand(view: IncidentView) -> str:
    """The execution input that starts a run by hand."""
    return canonical({"confirm": view.application, "reason": "why it is needed"})


def _happening(view: IncidentView) -> str:
    match view.standing:
        case IncidentState.QUIET:
            return view.records[-1].entry.sentence if view.records else ""
        case IncidentState.PASSED:
            return view.verdicts[-1].sentence
        case IncidentState.ASKED | IncidentState.STARTING:
            announced = (VerdictKind.BLOCK, VerdictKind.START)
            return next(verdict.sentence for verdict in reversed(view.verdicts) if verdict.kind in announced)
        case IncidentState.LOOKING:
            why = (
                f" Run {view.run.run_id} was opened because: {view.run.reason}" if view.run and view.run.reason else ""
            )
            primary = f"the primary of {view.application}{in_region(view.primary)}"
            return f"Nothing has been changed yet; {primary} is looked at again.{why}"
        case IncidentState.ACTING:
            return _happening_at_work(view)
        case IncidentState.STOPPING:
            return view.reviews[-1].sentence
        case IncidentState.CLOSED:
            return view.outcome_reason
        case _:
            assert_never(view.standing)


def _happening_at_work(view: IncidentView) -> str:
    if view.pause:
        # Behind the gate the loss is decided upon, and is no part of what is asked.
        return f"{view.pause.sentence} {view.rpo_sentence if view.gate is None else ''}".strip()
    failed = " ".join(f"{step.title} failed: {step.reason}" for step in view.failed_steps)
    acting = view.acting_steps
    if acting:
        return f"{failed} At work: {listed([step.title for step in acting])}.".strip()
    if failed:
        return failed
    if view.stage is None:
        return "Every stage is done, and the run is being closed."
    if view.gate is None and any(step.harm != "harmless" for step in _due(view)):
        return f"The data-loss gate is being asked before stage {view.stage.value} begins."
    return f"Stage {view.stage.value} is beginning."


def _comes_next(view: IncidentView) -> str:
    match view.standing:
        case IncidentState.QUIET | IncidentState.PASSED:
            return f"The primary of {view.application} goes on being looked at."
        case IncidentState.ASKED:
            return f"Nothing happens by itself{_armed(view)}."
        case IncidentState.STARTING:
            return "The run takes the lease and looks at the primary again before it changes anything."
        case IncidentState.LOOKING if view.run and view.run.planned:
            return f"If nothing stands in its way, {view.application} is failed over{to_region(view.standby)}."
        case IncidentState.LOOKING:
            return (
                f"If the primary stays dark for as long as the plan asks, {view.application} is failed over"
                f"{to_region(view.standby)}; if it is well again, the run ends and nothing is changed."
            )
        case IncidentState.ACTING:
            return _next_at_work(view)
        case IncidentState.STOPPING:
            return "The run closes and says what is left to do."
        case IncidentState.CLOSED:
            return _next_after(view)
        case _:
            assert_never(view.standing)


def _next_at_work(view: IncidentView) -> str:
    if view.pause:
        return view.pause.then
    if view.stage is None:
        return "The run closes with its report."
    if recovery_failed(view):
        return f"The other steps of stage {view.stage.value} come to their end, then the run stops."
    later = view.stages[view.stages.index(view.stage) + 1 :]
    titles = [step.title for step in view.steps if later and step.started_in == later[0]]
    if not later or not titles:
        return f"When stage {view.stage.value} is done, the run closes with its report."
    gate = "the data-loss gate is asked, then " if view.gate is None else ""
    return f"When stage {view.stage.value} is done, {gate}stage {later[0].value} begins: {listed(titles)}."


def _next_after(view: IncidentView) -> str:
    match view.outcome:
        case Outcome.RECOVERED:
            stays = f"{view.application} stays{in_region(view.standby)} until people bring it back"
            return f"{stays}; nothing goes back by itself."
        case Outcome.NOT_NEEDED | Outcome.BLOCKED | Outcome.ABORTED_CLEAN:
            changed = (
                "Nothing was changed"
                if not view.calls
                else f"{len(view.calls)} AWS calls had been made, as the report lists"
            )
            return f"{changed}; the primary goes on being looked at."
        case Outcome.ABORTED_FORWARD_ONLY | Outcome.FAILED | None:
            return "Nothing more happens by itself."
        case _:
            assert_never(view.outcome)


def _need(view: IncidentView) -> Need | None:
    match view.standing:
        case IncidentState.ASKED:
            return _decide(view)
        case IncidentState.QUIET | IncidentState.PASSED | IncidentState.STARTING | IncidentState.LOOKING:
            return None
        case IncidentState.ACTING if view.pause:
            return _answer(view, view.pause)
        case IncidentState.ACTING if asked := asked_by_a_step(view):
            return asked
        case IncidentState.ACTING | IncidentState.STOPPING:
            fixes = fixes_of(view)
            return Need(ON_CALL, fixes, deadline_of(view), keeping_of(view)) if fixes else None
        case IncidentState.CLOSED:
            return _need_after(view)
        case _:
            assert_never(view.standing)


def _decide(view: IncidentView) -> Need:
    observing = (
        " It is armed 'observe', so such a run is refused: set arming to manual in its plan, and deploy it, first."
        if view.arming == Arming.OBSERVE else ""
    )  # fmt: skip
    decide = f"Decide whether {view.application} is to fail over."
    sentence = f"{decide} To start it, give {machine_of(view)} this input.{observing}"
    return Need(ON_CALL, sentence, _latest_start(view), keeping_of(view), by_hand(view))


def _answer(view: IncidentView, pause: Pause) -> Need:
    match pause.what:
        case WaitsFor.ANSWER:
            return answer_to_failure(view, pause)
        case WaitsFor.APPROVAL:
            word, sentence = "approve", f"Approve the failover of {view.application}, or abort it."
        case WaitsFor.RELEASE:
            word, sentence = "release", f"Release the failover of {view.application}, or abort it."
        case WaitsFor.VETO:
            word, sentence = "hold", f"Hold the failover of {view.application} if it must not go on."
        case _:
            assert_never(pause.what)
    paste = f"./pilotlight {word} {run_of(view)} --reason 'why'"
    return Need(ON_CALL, sentence, pause.until, "when it is decided without you", paste)


def run_of(view: IncidentView) -> str:
    """The run as a word of the command line names it; a drill goes by the plan that it is computed from."""
    run_id = view.run.run_id if view.run else "RUN"
    if view.is_drill:
        return f"plans/{drilled_application(view.application)}.yaml {run_id} --drill"
    return f"plans/{view.application}.yaml {run_id}"


def answer_to_failure(view: IncidentView, pause: Pause) -> Need:
    """What people are asked about a failed step: the first one, where there are several."""
    (first, *_), plan = pause.steps, run_of(view)
    names = ", ".join(pause.skippable)
    without = f" To go on without {names}, say skip in place of retry." if names else ""
    stop = f"To end the run instead: ./pilotlight abort {plan} --reason 'why'."
    sentence = f"{fixes_of(view)}{without} {stop}"
    paste = f"./pilotlight retry {plan} --step {first} --reason 'why'"
    return Need(ON_CALL, sentence, pause.until, "when the run ends without you", paste)


def asked_by_a_step(view: IncidentView) -> Need | None:
    """What a step at work asks of a person: its title says what about. None where none asks."""
    step = next((step for step in view.acting_steps if step.asks_until), None)
    if step is None:
        return None
    paste = f"./pilotlight approve {run_of(view)} --step {step.name}"
    sentence = f"{step.title}: approve it if that is as it should be, or abort the run."
    return Need(ON_CALL, sentence, step.asks_until, "when the step fails without you", paste)


def _need_after(view: IncidentView) -> Need | None:
    match view.outcome:
        case Outcome.RECOVERED:
            left = view.left_to_do
            return (
                Need(ON_CALL, f"{len(left)} {'thing is' if len(left) == 1 else 'things are'} left to do.")
                if left
                else None
            )
        case Outcome.NOT_NEEDED:
            return None
        case Outcome.BLOCKED | Outcome.ABORTED_CLEAN:
            decide = f"Decide whether {view.application} is to fail over nevertheless."
            sentence = f"{decide} To start it, give {machine_of(view)} this input."
            return Need(ON_CALL, sentence, _latest_start(view), keeping_of(view), by_hand(view))
        case Outcome.ABORTED_FORWARD_ONLY | Outcome.FAILED | None:
            first = "Do what is listed here." if view.to_do else fixes_of(view) or "Put right what stopped it."
            again = f"To start it again, give {machine_of(view)} this input; what is done stays done."
            return Need(ON_CALL, f"{first} {again}", deadline_of(view), keeping_of(view), by_hand(view))
        case _:
            assert_never(view.outcome)


def fixes_of(view: IncidentView) -> str:
    """What to do about the steps that failed, each with its name where there are several."""
    failed = view.failed_steps
    fixes = [(step.title, step.fix or "Look at the resource that it names.") for step in failed]
    return fixes[0][1] if len(fixes) == 1 else " ".join(f"{title}: {fix}" for title, fix in fixes)


def deadline_of(view: IncidentView) -> datetime | None:
    """By when the objective is missed."""
    onset, rto = view.clocks.onset, view.objectives.rto_seconds
    return onset + timedelta(seconds=rto) if onset and rto else None


def keeping_of(view: IncidentView) -> str:
    """What the deadline is for."""
    promised = view.objectives.rto_seconds
    return f"to keep the objective of {say_duration(timedelta(seconds=promised))}" if promised else ""


def _latest_start(view: IncidentView) -> datetime | None:
    """The last moment at which a start still keeps the objective, if the run takes the longest that is expected."""
    deadline, expected = deadline_of(view), view.objectives.expected_seconds
    return deadline - timedelta(seconds=expected[1]) if deadline and expected else deadline


def expected_back(view: IncidentView) -> tuple[datetime, datetime] | None:
    """Between which moments the application is expected back; None once it is, or where nothing is known."""
    onset, expected = view.clocks.onset, view.objectives.expected_seconds
    under_way = (
        view.standing in (IncidentState.STARTING, IncidentState.LOOKING, IncidentState.ACTING) and view.stage != "after"
    )
    if not (onset and expected and under_way) or recovery_failed(view):
        return None
    return onset + timedelta(seconds=expected[0]), onset + timedelta(seconds=expected[1])


def _due(view: IncidentView) -> list[StepView]:
    return [step for step in view.steps if step.started_in == view.stage]


def machine_of(view: IncidentView) -> str:
    """The machine that a person starts, and where."""
    return f"the state machine {view.machine or f'{view.application}-failover'}{in_region(view.standby)}"


def _armed(view: IncidentView) -> str:
    return f", because {view.application} is armed '{view.arming}'" if view.arming else ""
