"""The first line that anyone reads of an incident, and how it looks at a glance."""

from __future__ import annotations

from typing import assert_never

from pilotlight.domain.durations import say_elapsed
from pilotlight.domain.run import Outcome
from pilotlight.domain.waiting import WaitsFor
from pilotlight.report.incident import IncidentState, IncidentView, Tone
from pilotlight.report.words import in_region, recovery_failed, to_region

PAUSES = {
    WaitsFor.APPROVAL: "for an approval",
    WaitsFor.RELEASE: "because it is held",
    WaitsFor.VETO: "for a veto",
    WaitsFor.ANSWER: "for a person",
}


def tone(view: IncidentView) -> Tone:
    """How the incident looks at a glance."""
    match view.standing:
        case IncidentState.QUIET | IncidentState.PASSED:
            return Tone.CALM
        case IncidentState.ASKED:
            return Tone.ASKING
        case IncidentState.STARTING | IncidentState.LOOKING | IncidentState.ACTING:
            at_work = Tone.ASKING if view.pause else Tone.AT_WORK
            return Tone.BAD if recovery_failed(view) else at_work
        case IncidentState.STOPPING:
            return Tone.BAD
        case IncidentState.CLOSED:
            return _tone_of_outcome(view)
        case _:
            assert_never(view.standing)


def _tone_of_outcome(view: IncidentView) -> Tone:
    match view.outcome:
        case Outcome.RECOVERED:
            return Tone.GOOD
        case Outcome.NOT_NEEDED:
            return Tone.CALM
        case Outcome.BLOCKED | Outcome.ABORTED_CLEAN:
            return Tone.ASKING
        case Outcome.ABORTED_FORWARD_ONLY | Outcome.FAILED | None:
            return Tone.BAD
        case _:
            assert_never(view.outcome)


def headline(view: IncidentView) -> str:
    """One line that says how the application stands; fits a Slack header and a mail's subject for any legal name."""
    app, there = view.application, f" to {view.standby}" if view.standby else ""
    match view.standing:
        case IncidentState.QUIET:
            return f"{app} is being looked at"
        case IncidentState.ASKED:
            return f"{app} is dark{in_region(view.primary)}, and waits for a person to decide"
        case IncidentState.PASSED:
            return f"{app} is not dark any more, and nothing was done"
        case IncidentState.STARTING:
            return f"{app} is dark{in_region(view.primary)}: a failover{there} is starting"
        case IncidentState.LOOKING:
            planned = view.run is not None and view.run.planned
            seen = f"is about to move{there}" if planned else f"seems dark{in_region(view.primary)}"
            return f"{app} {seen}: looking {'before a planned' if planned else 'again before a'} failover"
        case IncidentState.ACTING:
            return _headline_at_work(view, there)
        case IncidentState.STOPPING:
            return f"{app} did not come up{in_region(view.standby)}: the failover is stopping"
        case IncidentState.CLOSED:
            return _headline_of_outcome(view)
        case _:
            assert_never(view.standing)


def _headline_at_work(view: IncidentView, there: str) -> str:
    if recovery_failed(view):
        failed = "a step has failed"
        waits = f": {failed}, and it waits {PAUSES[view.pause.what]}" if view.pause else f", and {failed}"
        return f"{view.application} is failing over{there}{waits}"
    if view.stage == "after":
        return f"{view.application} is served from {view.standby or 'the standby'}: finishing up"
    if view.stage is None:
        return f"{view.application} is served from {view.standby or 'the standby'}: closing the run"
    if view.pause:
        return f"{view.application} is about to fail over{there}, and waits {PAUSES[view.pause.what]}"
    place = f"stage {view.stage.value}, {view.stages.index(view.stage) + 1} of {len(view.stages)}"
    return f"{view.application} is failing over{there}: {place}"


def _headline_of_outcome(view: IncidentView) -> str:
    app = view.application
    match view.outcome:
        case Outcome.RECOVERED:
            took = f" after {say_elapsed(view.rto_seconds)}" if view.rto_seconds is not None else ""
            return f"{app} is served again{took}, from {view.standby or 'the standby'}"
        case Outcome.NOT_NEEDED:
            return f"{app} needed no failover"
        case Outcome.BLOCKED:
            return f"{app} was not failed over: it was blocked"
        case Outcome.ABORTED_CLEAN:
            return f"{app} was not failed over: it was stopped, and what had been done was taken back"
        case Outcome.ABORTED_FORWARD_ONLY:
            return f"{app} is between two regions: the failover was stopped after its point of no return"
        case Outcome.FAILED | None:
            return f"{app} could not be failed over{to_region(view.standby)}"
        case _:
            assert_never(view.outcome)
