"""Whether an opened run is needed and can succeed: looks until the darkness has lasted, then at the standby."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pilotlight.domain.decision import Confirmation, Confirmed, confirm
from pilotlight.domain.in_one_region import InOneRegion
from pilotlight.domain.quorum import onset
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Origin, Outcome, Phase, Run
from pilotlight.domain.signals import Signal
from pilotlight.domain.step import Finding, Severity
from pilotlight.domain.word import Mode, Word, abort, change, mode
from pilotlight.handlers.answer import Answer
from pilotlight.handlers.inspection import inspect, known_readiness
from pilotlight.handlers.journal import clocks_of, write, write_once
from pilotlight.handlers.looking import Reports
from pilotlight.handlers.runtime import Runtime


def look_again(runtime: Runtime, run: Run, reports: Reports) -> Answer:
    """One look of a run that has not acted yet: it has begun under the lease, and its reports are waited for here.

    The standby is looked at first, while the primary may answer.
    """
    words = runtime.control.words(run.run_id)
    if aborted := abort(words):
        return end(runtime, run, Outcome.ABORTED_CLEAN, say_aborted(run, aborted))
    plan = run.failover
    findings = inspect(runtime, plan)
    signals = reports()
    now, began = runtime.now(), onset(signals, plan.decision)
    run = runtime.control.change_run(
        run.run_id,
        lambda r: replace(r, looks=r.looks + 1, clocks=replace(r.clocks, onset=r.clocks.onset or began)),
    )
    seen = confirmation(runtime, run, signals, words, looking_since=run.opened, now=now)
    return seen if isinstance(seen, Answer) else go(runtime, run, seen.sentence, findings, now)


def confirmation(
    runtime: Runtime,
    run: Run,
    signals: tuple[Signal, ...],
    words: Sequence[Word],
    *,
    looking_since: datetime,
    now: datetime,
) -> Confirmed | Answer:
    """What says that the run may go on, or the answer to a look after which it may not: look again, or it has ended."""
    by_person = run.origin is not Origin.EVENT
    changed = change(words)
    planned_by = changed.who if changed and mode(words) is Mode.PLANNED else ""
    seen = confirm(
        run.failover, signals, looking_since=looking_since, by_person=by_person, planned_by=planned_by, now=now
    )
    match seen.confirmation:
        case Confirmation.LOOK_AGAIN:
            return Answer("look_again", seen.sentence, seen.look_again_in)
        case Confirmation.NOT_NEEDED:
            return end(runtime, run, Outcome.NOT_NEEDED, seen.sentence)
        case Confirmation.BLOCKED:
            return end(runtime, run, Outcome.BLOCKED, seen.sentence)
        case Confirmation.GO:
            return seen


def go(runtime: Runtime, run: Run, why: str, findings: Sequence[tuple[str, Finding]], decided: datetime) -> Answer:
    """Let a run act, unless a step says that it cannot succeed.

    Parameters: `findings` are what the steps' preflight saw, `decided` is when it was seen that the run may go on.
    """
    told = " ".join(f.sentence for _, f in findings if f.severity is not Severity.FINE)
    known = known_readiness(runtime, run.plan)
    write(
        runtime,
        run,
        RecordKind.PREFLIGHT,
        f"{told or 'Nothing stands in its way.'} {known}".strip(),
        findings=[_item(step, f) for step, f in findings],
    )
    impossible = [finding for _, finding in findings if finding.severity is Severity.IMPOSSIBLE]
    if impossible:
        sentence = f"The run cannot succeed: {impossible[0].sentence} {impossible[0].fix}".strip()
        return end(runtime, run, Outcome.BLOCKED, sentence)
    acting = _act(runtime, run, decided)
    if acting.phase is Phase.CLOSED:
        return Answer("close", acting.outcome_reason)
    confirmed(runtime, acting, why)
    return Answer("go", why)


def _act(runtime: Runtime, run: Run, decided: datetime) -> Run:
    """Let a run act, unless it was stopped meanwhile and is concluded already."""

    def act(held: Run) -> Run:
        if held.phase is Phase.CLOSED:
            return held
        return replace(held, phase=Phase.ACTING, clocks=replace(held.clocks, decided=decided))

    return runtime.control.change_run(run.run_id, act)


def confirmed(runtime: Runtime, run: Run, sentence: str) -> None:
    """Write down that a run goes on, once."""
    clocks = clocks_of(run.clocks)
    write_once(
        runtime, run, RecordKind.RUN_CONFIRMED, sentence, decided=clocks["decided"], looks=run.looks, clocks=clocks
    )


def end(runtime: Runtime, run: Run, outcome: Outcome, sentence: str) -> Answer:
    """Note how a run ends before it acted; its close step concludes it."""
    runtime.control.change_run(
        run.run_id,
        lambda r: r if r.phase is Phase.CLOSED else replace(r, outcome=outcome, outcome_reason=sentence),
    )
    return Answer("close", sentence)


def say_aborted(run: Run, word: Word) -> str:
    """Why a run ends that a person aborted before its writer moved."""
    until = "it was done" if isinstance(run.plan, InOneRegion) else "anything had moved"
    return f"Run {run.run_id} was aborted by {word.who} before {until}{word.because}"


def _item(step: str, finding: Finding) -> dict[str, str]:
    return {
        "step": step,
        "severity": finding.severity.value,
        "code": finding.code,
        "sentence": finding.sentence,
        "fix": finding.fix,
    }
