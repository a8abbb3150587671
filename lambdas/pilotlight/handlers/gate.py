"""The gate before the first disruptive step: a last look at the primary, at the data that would be lost, at the people.

It blocks where the loss is more than the plan accepts, or unknown, unless a proven person accepted it for this run; and
where the account's switch stops what started by itself. It waits for an approval or the end of a veto window. A call
that crashed may be made again: what is seen then counts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pilotlight.domain.data_loss import DataAtRisk, Judgement, LossWindow, Override, judge
from pilotlight.domain.decision import Switch, say_switch
from pilotlight.domain.errors import AwsError
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Origin, Outcome, Run
from pilotlight.domain.stages import StageName
from pilotlight.domain.waiting import waits_for
from pilotlight.domain.word import abort, holding
from pilotlight.handlers.answer import Answer
from pilotlight.handlers.confirming import confirmation, end, say_aborted
from pilotlight.handlers.inspection import context_of
from pilotlight.handlers.journal import clocks_of, lost_by, write_once
from pilotlight.handlers.looking import see_first_hand
from pilotlight.handlers.restraints import read_switch
from pilotlight.handlers.runtime import Runtime
from pilotlight.handlers.waiting import wait
from pilotlight.steps import kind_and_params


def hold_gate(runtime: Runtime, run: Run) -> Answer:
    """Let a run through whose primary is still dark, which loses no more than may be lost, and which nobody stops.

    Each call looks at the primary first, so that a run that waits for people ends when its primary is well.
    """
    now = runtime.now()
    words = runtime.control.words(run.run_id)
    aborted = abort(words)
    if aborted:
        return end(runtime, run, Outcome.ABORTED_CLEAN, say_aborted(run, aborted))
    since = run.gate.saw_dark or _reached(runtime, run)
    signals = see_first_hand(runtime, run.failover, now)
    seen = confirmation(runtime, run, signals, words, looking_since=since, now=now)
    if isinstance(seen, Answer):
        return seen
    switch = read_switch(runtime)
    if stopped := say_switch(switch) if run.origin is Origin.EVENT else "":
        by_hand = f"a person can start {run.application}-failover"
        return end(runtime, run, Outcome.BLOCKED, f"{stopped}, so the run goes no further; {by_hand}.")
    waiting = None if run.gate.passed else waits_for(run, words, run.gate.since or now, now)
    if waiting is None or run.gate.since is None:
        # What would be lost is asked when people are, and again at last; not in between, where nobody acts on it.
        judged = weigh_data_loss(runtime, run)
        if not judged.passed:
            return end(runtime, run, Outcome.BLOCKED, judged.sentence)
        if waiting is None:
            return let_through(runtime, run, f"{seen.sentence}{_warn(switch)}", judged.sentence)
    return wait(runtime, run.run_id, waiting, now)


def _reached(runtime: Runtime, run: Run) -> datetime:
    """When the run came to its gate: what stands before it may take longer than the primary is looked at."""
    states = runtime.control.steps(run.run_id)
    prepared = [name for name, step in run.plan.steps().items() if step.awaited_in is StageName.PREPARE]
    finished = [state.finished for name in prepared if (state := states.get(name)) and state.finished]
    return max([run.clocks.decided or run.opened, *finished])


def let_through(runtime: Runtime, run: Run, seen: str, weighed: str = "") -> Answer:
    """Mark the run as let through, then listen once more: a hold is heard, or is told to come too late.

    Parameters: `weighed` is what the gate says of the data that would be lost; empty where none can be.
    """
    now = runtime.now()
    run = runtime.control.change_run(run.run_id, lambda r: _passed(r, now))
    passed = run.gate.passed or now
    if holding(word for word in runtime.control.words(run.run_id) if word.given <= passed):
        runtime.control.change_run(run.run_id, lambda r: replace(r, gate=replace(r.gate, passed=None)))
        return Answer("look_again", f"Run {run.run_id} was held in the moment in which it was let through.")
    lost = lost_by(run) if weighed else {}
    write_once(runtime, run, RecordKind.GATE_PASSED, f"{seen} {weighed}".rstrip(), clocks=clocks_of(run.clocks), **lost)
    return Answer("go", seen)


def _passed(run: Run, now: datetime) -> Run:
    """The run let through. One that nobody saw dark is a planned one, and interrupts nothing before."""
    gate = replace(run.gate, since=run.gate.since or now, passed=run.gate.passed or now)
    since = run.clocks if run.clocks.onset else replace(run.clocks, onset=now, detected=now, decided=now)
    return replace(run, gate=gate, clocks=since)


def _warn(switch: Switch) -> str:
    """What a person's run says of a switch that stops only what starts by itself."""
    said = say_switch(switch)
    return f" {said}; this run goes on because a person started it." if said else ""


def weigh_data_loss(runtime: Runtime, run: Run) -> Judgement:
    """What the data-loss gate says now; the reading goes into the run, the use of an override into the ledger."""
    plan, risks = run.failover, data_at_risk(runtime, run)
    gates = plan.gates
    judged = judge(
        list(risks.values()),
        plan.objectives.rpo if gates.max_data_loss is None else gates.max_data_loss,
        run_id=run.run_id,
        override=runtime.control.override(run.run_id),
        now=runtime.now(),
    )
    said = judged.sentence if judged.passed else ""
    runtime.control.change_run(run.run_id, lambda r: r.losing(risks, said))
    if judged.override:
        _record_use(runtime, run, judged.override)
    return judged


def data_at_risk(runtime: Runtime, run: Run) -> dict[str, DataAtRisk]:
    """What each step that moves a writer says would be lost, by its name; unknown where it cannot be asked.

    At least one: under no name where no step moves a database.
    """
    onset = run.clocks.onset or run.opened
    risks: dict[str, DataAtRisk] = {}
    for step in run.plan.steps().values():
        its_kind, params = kind_and_params(step)
        try:
            risk = its_kind.data_at_risk(params, context_of(runtime, run.plan, step.name), onset)
        except AwsError as error:
            risk = DataAtRisk(f"What step {step.name} would lose is unknown: {error.sentence}.")
        if risk:
            risks[step.name] = risk
    nothing = DataAtRisk("No step moves a database, so no replication lag counts.", LossWindow(onset, onset))
    return risks or {"": nothing}


def _record_use(runtime: Runtime, run: Run, override: Override) -> None:
    accepted = override.to_item()
    sentence = f"The data-loss gate is overridden by {override.person} (proven) for run {run.run_id}: {override.reason}"
    write_once(runtime, run, RecordKind.OVERRIDDEN, sentence, override=accepted)
