"""The buttons of the living message: what may be said of the run as it stands, each under an opaque id.

A word that needs a reason is a menu of reasons, because a press carries no text; in one's own words a reason is said
with the slash command. What is offered is a convenience: whoever presses is judged when it is pressed, and a button
whose run has moved on is answered with what is true by then. Limits are Slack's: 25 elements, 75 characters a label
(https://docs.slack.dev/reference/block-kit/blocks/actions-block/).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pilotlight.domain.canonical import digest
from pilotlight.domain.run import Outcome
from pilotlight.domain.slack_request import Asked
from pilotlight.domain.waiting import WaitsFor
from pilotlight.domain.word import WordKind
from pilotlight.messages.mrkdwn import Block
from pilotlight.report.foreign import tame
from pilotlight.report.incident import IncidentState, IncidentView

REASONS: dict[str, tuple[str, ...]] = {
    "abort": ("It is a false alarm.", "The primary is back.", "A deployment broke it.", "It is handled another way."),
    "retry": ("What stopped it is put right.", "AWS may answer better by now."),
    "skip": ("It was done by hand.", "Nobody needs it to be served."),
    "acknowledge": ("What stopped it is put right.", "It was a false alarm."),
}
"""Why people say such a word, most often; each line is written down as their reason."""

_ABORTS_OF_DRILLS = ("Something real needs us.", "It was started by mistake.", "It has shown enough.")

_ASKED_TWICE = {
    "approve": "The run goes on, and may disrupt and move what its plan names.",
    "release": "The run goes on, and may disrupt and move what its plan names.",
    "abort": "The run ends, and what it did is taken back, unless the writer has moved.",
    "retry": "The step is done once more.",
    "skip": "The run goes on without what this step does.",
}
_STYLES = {"approve": "primary", "abort": "danger"}
_LABEL = 75
_MOST_FAILED = 4


@dataclass(frozen=True)
class Offer:
    """A word that may be said of a run, and the lines of which one is its reason; none where it needs none."""

    word: str
    application: str
    run_id: str
    accept: str = ""
    reasons: tuple[str, ...] = ()

    def asked(self) -> Iterator[Asked]:
        """What its button asks, or each line of its menu."""
        for reason in self.reasons or ("",):
            yield Asked(self.application, self.word, self.run_id, self.accept, reason)


def identity_of(asked: Asked) -> str:
    """The opaque id of a button: the same for the same word, so that a message that stays as it is is not rewritten."""
    return digest(["button", asdict(asked)])[:32]


def offers(view: IncidentView) -> list[Offer]:
    """What may be said of an incident's run as it stands."""
    if view.run is None:
        return []
    application, run_id = view.application, view.run.run_id
    return [Offer(word.value, application, run_id, accept, _reasons(view, word)) for word, accept in _words(view)]


def _reasons(view: IncidentView, word: WordKind) -> tuple[str, ...]:
    return _ABORTS_OF_DRILLS if view.is_drill and word is WordKind.ABORT else REASONS.get(word.value, ())


def _words(view: IncidentView) -> Iterator[tuple[WordKind, str]]:
    over_badly = view.standing is IncidentState.CLOSED and view.outcome not in (Outcome.RECOVERED, Outcome.NOT_NEEDED)
    if over_badly and not view.in_one_region:
        yield WordKind.ACKNOWLEDGE, ""
    if view.standing not in (IncidentState.LOOKING, IncidentState.ACTING):
        return
    yield from _at_the_gate(view)
    yield from ((WordKind.APPROVE, step.name) for step in view.acting_steps if step.asks_until)
    if view.pause:
        yield from ((WordKind.RETRY, step) for step in view.pause.steps[:_MOST_FAILED])
        yield from ((WordKind.SKIP, step) for step in view.pause.skippable[:_MOST_FAILED])
    if not _moved(view) or (view.pause and view.pause.what is WaitsFor.ANSWER):
        yield WordKind.ABORT, ""


def _at_the_gate(view: IncidentView) -> Iterator[tuple[WordKind, str]]:
    if view.gate is not None:
        return
    match view.pause.what if view.pause else None:
        case WaitsFor.RELEASE:
            yield WordKind.RELEASE, ""
        case WaitsFor.APPROVAL | WaitsFor.VETO:
            yield WordKind.APPROVE, ""
            yield WordKind.HOLD, ""
        case None:
            yield WordKind.HOLD, ""


def _moved(view: IncidentView) -> bool:
    """Whether a writer may have moved, by what is told of the steps; the run itself knows better, and says so."""
    return any(step.harm == "irreversible" and step.started for step in view.steps)


def actions(offered: Sequence[Offer]) -> list[Block]:
    """The buttons as a block; none where nothing is offered."""
    elements = [_element(offer) for offer in offered]
    return [{"type": "actions", "elements": elements}] if elements else []


def _element(offer: Offer) -> dict[str, Any]:
    label = f"{offer.word.capitalize()} {offer.accept}".rstrip()
    asked = list(offer.asked())
    confirm = {"confirm": _confirm(offer, label)} if offer.word in _ASKED_TWICE else {}
    if not offer.reasons:
        style = {"style": _STYLES[offer.word]} if offer.word in _STYLES else {}
        identity = identity_of(asked[0])
        return {"type": "button", "action_id": identity, "value": identity, "text": _plain(label), **style, **confirm}
    options = [{"text": _plain(each.reason), "value": identity_of(each)} for each in asked]
    whole = digest(["menu", *(option["value"] for option in options)])[:32]
    because = _plain(f"{label} because …")
    return {"type": "static_select", "action_id": whole, "placeholder": because, "options": options, **confirm}


def _confirm(offer: Offer, label: str) -> dict[str, Any]:
    text = f"{offer.run_id} of {offer.application}: {_ASKED_TWICE[offer.word]}"
    return {
        "title": _plain(f"{label}?"),
        "text": {"type": "plain_text", "text": tame(text, 300)},
        "confirm": _plain("Yes"),
        "deny": _plain("No"),
    }


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": tame(text, _LABEL), "emoji": False}
