"""What a run waits for at its gate: an approval, the end of a veto window, the release of a hold.

What it waits for at a failed step stands in `pilotlight.domain.failing`.

Nothing is waited for without an end. Who did not answer by then has not said yes: the run is blocked. Only a veto
window ends in going on, because that is what it is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pilotlight.domain.plan import Arming
from pilotlight.domain.run import Origin, Run
from pilotlight.domain.word import (
    Word,
    approval,
    holding,
)
from pilotlight.domain.word_refusal import needs_second_person


class WaitsFor(StrEnum):
    """What has to come."""

    APPROVAL = "approval"
    RELEASE = "release"
    VETO = "veto"
    ANSWER = "answer"


@dataclass(frozen=True)
class Waiting:
    """What a run waits for and until when, in a sentence that stays the same while it waits.

    `then` is what happens at that moment if nobody says anything.
    """

    what: WaitsFor
    until: datetime
    sentence: str
    then: str


def waits_for(run: Run, words: Sequence[Word], since: datetime, now: datetime) -> Waiting | None:
    """What a run whose gate was reached at `since` waits for, by what was said so far; None where for nothing.

    An approval ends the veto window too. A hold outlasts both, until somebody releases it.
    """
    gates = run.plan.gates
    held = holding(words)
    if held:
        until = since + gates.veto_window + gates.approval_within
        sentence = f"Run {run.run_id} is held by {held.who}{held.because}"
        then = f"Unless it is released, the run is blocked at {_at(until)}, and nothing is disrupted."
        return Waiting(WaitsFor.RELEASE, until, sentence, then)
    if approval(words):
        return None
    if needs_approval(run):
        until = since + gates.approval_within
        why = _why(run)
        sentence = f"Run {run.run_id} waits for a person to approve it, because {why}."
        then = f"Unless it is approved, the run is blocked at {_at(until)}, and nothing is disrupted."
        return Waiting(WaitsFor.APPROVAL, until, sentence, then)
    if now < since + gates.veto_window:
        until = since + gates.veto_window
        sentence = f"Run {run.run_id} waits for the end of its veto window."
        then = f"Unless a person holds or aborts it, the run goes on at {_at(until)}."
        return Waiting(WaitsFor.VETO, until, sentence, then)
    return None


def needs_approval(run: Run) -> bool:
    """Whether a person has to approve; one who started a run of a staged plan by hand has said so with that."""
    return needs_second_person(run) or (run.plan.arming is Arming.STAGED and run.origin is Origin.EVENT)


def _why(run: Run) -> str:
    if run.plan.gates.approval:
        return "its plan asks for it"
    if run.origin is Origin.SLACK:
        return "it was requested from Slack"
    return f"{run.application} is armed 'staged'"


def say_over(run: Run, waiting: Waiting) -> str:
    """Why a run is blocked that waited in vain."""
    missing = "released" if waiting.what is WaitsFor.RELEASE else "approved"
    return (
        f"Nobody {missing} run {run.run_id} until {_at(waiting.until)}, so it is blocked before anything is disrupted. "
        f"{waiting.sentence}"
    )


def _at(moment: datetime) -> str:
    return f"{moment:%H:%M:%S} UTC"
