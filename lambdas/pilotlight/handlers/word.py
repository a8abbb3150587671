"""Takes what a person says about a run: proves who says it, asks whether it may be said now, keeps it, writes it down.

A refusal is an answer and changes nothing. A word that is carried twice (its answer was lost, its function died) is
kept once, and what was left out is completed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pilotlight.aws.proof import Proof, caller
from pilotlight.domain.data_loss import Override
from pilotlight.domain.decision import LastRun
from pilotlight.domain.errors import InputRefused
from pilotlight.domain.failing import ANSWERS, asks_about, refuse_answer
from pilotlight.domain.first_fault import first_fault
from pilotlight.domain.life import StepStatus
from pilotlight.domain.records import Entry, RecordKind
from pilotlight.domain.run import Run
from pilotlight.domain.slack_request import Recorded
from pilotlight.domain.start_input import refuse_start
from pilotlight.domain.word import (
    OVERRIDE_LASTS,
    STARTS,
    UNKNOWN_LOSS,
    Word,
    WordKind,
    binding,
)
from pilotlight.domain.word_refusal import Standing, accepted_seconds, refusal
from pilotlight.handlers import slack_start, slack_word
from pilotlight.handlers.moving import move_is_recorded
from pilotlight.handlers.restraints import forget_starts
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry

_CARRIED_TWICE_WITHIN = 100
"""So many records back a word without a run is looked for: what is carried twice is carried within a minute."""


class Saying(BaseModel):
    """The event: a closed schema. Without a proof the person is only claimed, and without a run it is the one at work.

    An acknowledgement that names no run is about the last one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    do: WordKind
    run_id: str = Field("", max_length=80)
    reason: str = Field("", max_length=1000)
    accept: str = Field("", max_length=40)
    person: str = Field("", max_length=200)
    proof: Proof | None = None

    @classmethod
    def parse(cls, event: Any) -> Saying:
        """Read an event; raises `InputRefused` naming the first thing that is wrong."""
        try:
            return cls.model_validate(event)
        except ValidationError as error:
            where, what = first_fault(error, "the event")
            raise InputRefused(f"What was said is refused at '{where}': {what}.") from error


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The function, from its environment and the ways out."""
    runtime = Runtime(environ, outside, "word")

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        try:
            if "slack" in event:
                return take_from_slack(runtime, slack_word.find(runtime, event))
            return take(runtime, Saying.parse(event))
        except InputRefused as refused:
            return _answer(runtime, accepted=False, sentence=refused.sentence)

    return handle


handler = entry(build)


def take(runtime: Runtime, saying: Saying) -> dict[str, Any]:
    """Take a word to its effect; raises `InputRefused` for one that is not taken."""
    word = _word(runtime, saying)
    return _take(runtime, word, _mark(saying, word))


def take_from_slack(runtime: Runtime, request: Recorded) -> dict[str, Any]:
    """Take what came through Slack to its effect, once, and tell the person what came of it."""
    if request.answer:
        return _answer(runtime, accepted=False, sentence=f"This was answered before: {request.answer}")
    try:
        slack_word.must_be_heard(request, runtime.plan)
        if slack_word.is_start(request):
            answer = _answer(runtime, accepted=True, sentence=slack_start.start(runtime, request))
        else:
            answer = _take(runtime, _word_from_slack(runtime, request), request.mark[:32])
    except InputRefused as refused:
        answer = _answer(runtime, accepted=False, sentence=refused.sentence)
    slack_word.tell(runtime, request, answer["sentence"])
    return answer


def _word_from_slack(runtime: Runtime, request: Recorded) -> Word:
    """The word with the person whom Slack vouched for."""
    asked = request.asked
    if asked.do not in [kind.value for kind in WordKind]:
        raise InputRefused(f"'{asked.do}' cannot be said of a run; there are {', '.join(WordKind)}.")
    kind = WordKind(asked.do)
    run_id = asked.run_id or _meant(runtime, kind)
    return Word(kind, run_id, request.person, True, asked.reason, runtime.now(), asked.accept)


def _take(runtime: Runtime, word: Word, mark: str) -> dict[str, Any]:
    control = runtime.control
    run = control.find_run(word.run_id)
    if known := control.find_word(word.run_id, mark):
        word = known
    elif refused := _refuse(runtime, word, run):
        raise InputRefused(refused)
    control.keep_word(word, mark)
    _take_effect(runtime, word)
    sentence = _say(word)
    _write(runtime, word, run, mark, sentence)
    late = _came_too_late(runtime, word)
    return _answer(runtime, accepted=not late, sentence=late or sentence, word=word)


def _word(runtime: Runtime, saying: Saying) -> Word:
    """The word with its person: as STS names the signer, or as claimed."""
    person, plan = saying.person, runtime.plan
    if saying.proof:
        bound = binding(plan.name, saying.do, saying.run_id, saying.reason, saying.accept)
        person = caller(runtime.outside.web, runtime.region, saying.proof, bound, runtime.now())
        if person.split(":")[4:5] != [plan.account]:
            raise InputRefused(f"{person} is of another account than {plan.name}, which is {plan.account}'s.")
    run_id = saying.run_id or _meant(runtime, saying.do)
    return Word(saying.do, run_id, person, bool(saying.proof), saying.reason, runtime.now(), saying.accept)


def _meant(runtime: Runtime, kind: WordKind) -> str:
    """The run that is meant where none is named."""
    application = runtime.plan.name
    if kind is WordKind.ACKNOWLEDGE:
        last = runtime.control.last_run(application)
        return last.run_id if last else ""
    if kind in (WordKind.OVERRIDE, WordKind.START):
        return ""
    holder = runtime.leases.of(application).holder
    if not holder:
        raise InputRefused(f"No run of {application} is at work, so there is nothing to {kind.value}.")
    return holder


def _mark(saying: Saying, word: Word) -> str:
    """What a request is known by: its signature, which is another one each second; or when it came."""
    if saying.proof:
        return hashlib.sha256(saying.proof.signature.encode()).hexdigest()[:32]
    return word.given.isoformat()


def _refuse(runtime: Runtime, word: Word, run: Run | None) -> str:
    """Why the word is not taken; empty where it is.

    Whether the writer moved is what was recorded; the run itself sees a move under way.
    """
    control = runtime.control
    states = control.steps(run.run_id) if run else {}
    moved, asked = run is not None and move_is_recorded(run, states), asks_about(run, states) if run else {}
    standing = Standing(run, moved, control.words(word.run_id), control.last_run(runtime.plan.name), asked)
    refused = refusal(word, runtime.plan, standing)
    if not refused and word.kind is WordKind.START:
        return refuse_start(word, run)
    return refuse_answer(word, run, asked) if not refused and run and word.kind in ANSWERS else refused


def _take_effect(runtime: Runtime, word: Word) -> None:
    """What follows at once; the rest is read by the run itself. Raises `Changed` when another was faster."""
    control, application = runtime.control, runtime.plan.name
    if word.kind is WordKind.OVERRIDE:
        accepted = accepted_seconds(word.accept)
        expires = word.given + OVERRIDE_LASTS
        override = Override(word.run_id, word.person, word.proven, word.reason, word.given, expires, accepted)
        held = control.override(word.run_id)
        if held is None or held.granted < override.granted:
            control.keep_override(override)
    if word.kind is WordKind.ACKNOWLEDGE:

        def acknowledged(last: LastRun | None) -> LastRun | None:
            if last is None or last.run_id != word.run_id or last.acknowledged_by:
                return None
            return replace(last, acknowledged_by=word.person)

        control.change_last(application, acknowledged)
        if word.accept == STARTS:
            forget_starts(runtime, word.given)


def _say(word: Word) -> str:
    about = f"Run {word.run_id}"
    match word.kind:
        case WordKind.APPROVE:
            said = f"{f'Step {word.accept} of run {word.run_id}' if word.accept else about} is approved by {word.who}"
        case WordKind.HOLD:
            said = f"{about} is held by {word.who} before anything is disrupted"
        case WordKind.RELEASE:
            said = f"{about} is released by {word.who}"
        case WordKind.ABORT:
            said = f"{about} is to stop, says {word.who}; it does unless its writer is being moved right now"
        case WordKind.OVERRIDE:
            loss = "nobody knows how much" if word.accept == UNKNOWN_LOSS else f"{word.accept} of writes"
            until = word.given + OVERRIDE_LASTS
            said = f"{about} may lose {loss}, if it is decided before {until:%H:%M:%S} UTC, says {word.who}"
        case WordKind.CHANGE:
            said = f"{about} is {word.accept} from now on, says {word.who}"
        case WordKind.ACKNOWLEDGE:
            besides = ", and the account's automatic starts are counted anew" if word.accept == STARTS else ""
            said = f"How run {word.run_id} ended is acknowledged by {word.who}{besides}"
        case WordKind.RETRY | WordKind.SKIP:
            wanted = "retried" if word.kind is WordKind.RETRY else "skipped"
            said = f"Step {word.accept} of run {word.run_id} is to be {wanted}, says {word.who}"
        case WordKind.START:
            said = f"{about} is started by {word.who}"
        case _:
            assert_never(word.kind)
    return f"{said}{word.because}"


def _write(runtime: Runtime, word: Word, run: Run | None, mark: str, sentence: str) -> None:
    """Put a word into the ledger, once; one about a run that is yet to start belongs to no incident."""
    last = runtime.ledger.last(runtime.plan.name)
    since = run.first_sequence if run else max(1, (last.sequence if last else 1) - _CARRIED_TWICE_WITHIN)
    known = runtime.ledger.records(runtime.plan.name, since=since)
    if any(r.entry.kind is RecordKind.WORD and r.entry.details.get("mark") == mark for r in known):
        return
    details = {"incident": run.incident if run else "", "word": word.to_item(), "mark": mark}
    runtime.logger.info(sentence, extra={"run_id": word.run_id, "record": RecordKind.WORD.value})
    runtime.ledger.append(Entry(runtime.plan.name, RecordKind.WORD, word.given, sentence, word.run_id, details=details))


def _came_too_late(runtime: Runtime, word: Word) -> str:
    """Why a word changes nothing though it was kept: the run went on, or ended, in the same moment."""
    if word.kind not in (WordKind.HOLD, *ANSWERS):
        return ""
    run = runtime.control.run(word.run_id)
    if word.kind in ANSWERS:
        failed = runtime.control.steps(run.run_id)[word.accept].status is StepStatus.FAILED
        return f"Run {run.run_id} gave up waiting in the same moment." if failed and not run.asking.stage else ""
    if not run.gate.passed:
        return ""
    return f"Run {run.run_id} passed its gate in the same moment, so the hold came too late; it can still be aborted."


def _answer(runtime: Runtime, *, accepted: bool, sentence: str, word: Word | None = None) -> dict[str, Any]:
    if not accepted:
        runtime.logger.warning(sentence)
    run_id, person, proven = (word.run_id, word.person, word.proven) if word else ("", "", False)
    return {"accepted": accepted, "sentence": sentence, "run_id": run_id, "person": person, "proven": proven}
