"""A run that waits at its gate: says once what it waits for, comes back every few seconds, and ends in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome, Run
from pilotlight.domain.waiting import Waiting, say_over
from pilotlight.handlers.answer import Answer
from pilotlight.handlers.confirming import end
from pilotlight.handlers.journal import lost_by, write
from pilotlight.handlers.runtime import Runtime

LISTEN_EVERY = timedelta(seconds=15)


def wait(runtime: Runtime, run_id: str, waiting: Waiting, now: datetime) -> Answer:
    """Wait a little longer; or end the run, where it waited in vain."""
    run = runtime.control.run(run_id)
    if now >= waiting.until:
        return end(runtime, run, Outcome.BLOCKED, say_over(run, waiting))
    _tell(runtime, run, waiting)
    waits = waiting.sentence
    runtime.control.change_run(
        run_id, lambda r: replace(r, gate=replace(r.gate, since=r.gate.since or now, saw_dark=now, waits=waits))
    )
    return Answer("look_again", waiting.sentence, min(LISTEN_EVERY, waiting.until - now))


def _tell(runtime: Runtime, run: Run, waiting: Waiting) -> None:
    """Write down what is waited for whenever it is something else than before."""
    if run.gate.waits == waiting.sentence:
        return
    known = runtime.ledger.records(run.application, since=run.first_sequence)
    told = [r.entry.sentence for r in known if (r.entry.kind, r.entry.run_id) == (RecordKind.GATE_WAITING, run.run_id)]
    if told[-1:] == [waiting.sentence]:
        return
    write(
        runtime,
        run,
        RecordKind.GATE_WAITING,
        waiting.sentence,
        waits_for=waiting.what.value,
        until=waiting.until.isoformat(),
        then=waiting.then,
        **lost_by(run),
    )
