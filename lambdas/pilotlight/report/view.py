"""The fold from the ledger's records to what people are told. Pure: the same records give the same view.

A record that lacks a detail leaves the view without it, so that a ledger written by an older version can still be told;
an unknown word in a record (a status, a verdict) raises ValueError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never

from pilotlight.domain.decision import VerdictKind
from pilotlight.domain.plan import Clock
from pilotlight.domain.records import Record, RecordKind, broken_link
from pilotlight.domain.run import Outcome, Review
from pilotlight.domain.signals import Sight, Signal, Vantage
from pilotlight.domain.stages import StageName
from pilotlight.domain.waiting import WaitsFor
from pilotlight.domain.word import Mode, WordKind
from pilotlight.report import facts, runbook_outlook
from pilotlight.report.incident import (
    Gate,
    IncidentState,
    IncidentView,
    ObjectivesView,
    Pause,
    ReviewView,
    VerdictView,
)
from pilotlight.report.noteworthy import noteworthy
from pilotlight.report.outlook import look_out
from pilotlight.report.step_fold import StepFold


def incident_of(record: Record) -> str:
    """The incident that a record belongs to; empty for one that belongs to none."""
    return str(record.entry.details.get("incident", ""))


def view(records: Sequence[Record], incident: str = "") -> IncidentView:
    """What the ledger says of one incident: the named one, or that of the newest record that belongs to any.

    `records` is an unbroken part of one application's chain; records of other incidents in it are checked as links of
    the chain and otherwise left out. Raises ValueError when none belongs to the incident.
    """
    wanted = incident or next((name for record in reversed(records) if (name := incident_of(record))), "")
    own = [record for record in records if incident_of(record) == wanted]
    if not wanted or not own:
        raise ValueError(f"None of the {len(records)} records belongs to incident '{wanted}'.")
    fold = _Fold(wanted, own[0].entry.application)
    for record in own:
        if record.entry.kind is not RecordKind.REMINDER:  # which says again how all else stands
            fold.take(record)
    told = tuple(noteworthy(own))
    # A verdict that is only repeated is no news, but what it says is up to date.
    current = [record.entry.time for record in own if record in told[-1:] or record.entry.kind is RecordKind.VERDICT]
    last_update = max(current, default=own[-1].entry.time)
    known = replace(
        fold.result(), records=tuple(own), chain_fault=broken_link(records), told=told, last_update=last_update
    )
    return replace(known, outlook=runbook_outlook.look_out(known) if known.in_one_region else look_out(known))


class _Fold:
    def __init__(self, incident: str, application: str) -> None:
        self._view = IncidentView(incident, application)
        self._steps = StepFold()

    def result(self) -> IncidentView:
        return replace(self._view, steps=self._steps.steps(), other_calls=self._steps.other_calls())

    def take(self, record: Record) -> None:  # noqa: C901 (one case for each kind of record)
        kind, details = record.entry.kind, record.entry.details
        self._clocks(details.get("clocks") or {})
        self._surroundings(details)
        match kind:
            case RecordKind.SIGNAL:
                self._signal(record)
            case RecordKind.VERDICT:
                self._verdict(record)
            case RecordKind.RUN_OPENED:
                self._opened(record)
            case RecordKind.RUN_CONFIRMED:
                self._clocks({"decided": details.get("decided")})
                self._change(
                    standing=IncidentState.ACTING, stage=self._first_stage(), looks=int(details.get("looks", 1))
                )
            case RecordKind.PREFLIGHT:
                self._change(findings=tuple(facts.finding(found) for found in details.get("findings", ())))
            case (
                RecordKind.GATE_PASSED | RecordKind.GATE_WAITING | RecordKind.OVERRIDDEN | RecordKind.WORD
                | RecordKind.DRAINED
            ):  # fmt: skip
                self._before_the_move(record)
            case RecordKind.TOMBSTONE | RecordKind.TAKEN_UP | RecordKind.AWS_HEALTH:
                self._beside(record)
            case RecordKind.STAGE_WAITING | RecordKind.STAGE_REVIEWED:
                self._after_stage(record)
            case RecordKind.DRILL_CLEANED:
                pass  # what comes next is that the drill closes, and says how it went
            case RecordKind.RUN_CLOSED:
                self._closed(record)
            case _:
                self._steps.take(record)

    def _change(self, **changes: Any) -> None:
        self._view = replace(self._view, **changes)

    def _first_stage(self) -> StageName | None:
        return self._view.stages[0] if self._view.stages else None

    def _clocks(self, clocks: dict[str, str | None]) -> None:
        moments = {Clock(name).value: datetime.fromisoformat(moment) for name, moment in clocks.items() if moment}
        self._change(clocks=replace(self._view.clocks, **moments))

    def _surroundings(self, details: Any) -> None:
        if regions := details.get("regions"):
            self._change(primary=regions["primary"], standby=regions["standby"])
        if promised := details.get("objectives"):
            expected = promised.get("expected_rto_seconds")
            span = (float(expected[0]), float(expected[1])) if expected else None
            self._change(objectives=ObjectivesView(promised.get("rto_seconds"), promised.get("rpo_seconds"), span))
        if arming := details.get("arming"):
            self._change(arming=arming)
        if named := facts.severities(details):
            self._change(severities=named)
        if kind := details.get("plan_kind"):
            self._change(kind=kind, machine=details.get("machine", ""))

    def _signal(self, record: Record) -> None:
        details = record.entry.details
        since = datetime.fromisoformat(details["since"]) if details.get("since") else None
        seen = Signal(
            details["observer"],
            Vantage(**details["vantage"]),
            Sight(details["sight"]),
            record.entry.time,
            record.entry.sentence,
            since,
        )
        self._change(signals=(*self._view.signals, seen))

    def _verdict(self, record: Record) -> None:
        details = record.entry.details
        dark_since = datetime.fromisoformat(details["dark_since"]) if details.get("dark_since") else None
        verdict = VerdictView(record.entry.time, VerdictKind(details["verdict"]), record.entry.sentence, dark_since)
        self._change(verdicts=(*self._view.verdicts, verdict))
        if dark_since and self._view.run is None:
            known = self._view.clocks.onset
            self._change(clocks=replace(self._view.clocks, onset=min(known, dark_since) if known else dark_since))
        self._change(standing=_after_verdict(self._view.standing, verdict.kind))

    def _opened(self, record: Record) -> None:
        held, details = self._view, record.entry.details
        if held.run and held.run.run_id == record.entry.run_id:
            return
        self._steps = StepFold(details.get("steps", ()))
        self._view = replace(
            IncidentView(
                held.incident,
                held.application,
                held.primary,
                held.standby,
                held.arming,
                held.kind,
                held.machine,
                IncidentState.LOOKING,
                severities=held.severities,
                aws_says=held.aws_says,
                taken_up=held.taken_up,
            ),
            run=facts.run_of(record),
            earlier_runs=(*held.earlier_runs, held.run) if held.run else (),
            stages=tuple(StageName(name) for name in details.get("stages", ())),
            clocks=replace(held.clocks, decided=None, executed=None, verified=None) if held.run else held.clocks,
            objectives=held.objectives,
            signals=held.signals,
            verdicts=held.verdicts,
        )

    def _beside(self, record: Record) -> None:
        """What happens beside the turns of a run: a note on its writer, a person, what AWS says."""
        match record.entry.kind:
            case RecordKind.TOMBSTONE:
                self._change(tombstone_sentence=record.entry.sentence)
            case RecordKind.TAKEN_UP:
                self._taken_up(record)
            case RecordKind.AWS_HEALTH:
                said = [each for each in self._view.aws_says if each.event != record.entry.details["event"]]
                self._change(aws_says=(*said, facts.health(record)))

    def _taken_up(self, record: Record) -> None:
        """Who took it up first is who has it."""
        self._change(taken_up=self._view.taken_up or facts.taken_up(record))

    def _before_the_move(self, record: Record) -> None:
        if record.entry.kind is RecordKind.WORD:
            self._taken_up(record)
        if record.entry.kind is RecordKind.GATE_PASSED:
            self._passed(record)
        elif record.entry.kind is RecordKind.GATE_WAITING:
            self._paused(record)
        elif record.entry.kind is RecordKind.OVERRIDDEN:
            self._change(override_sentence=record.entry.sentence)
        elif record.entry.kind is RecordKind.DRAINED:
            self._loss(record)
        elif self._view.run and record.entry.details["word"].get("kind") == WordKind.CHANGE:
            planned = record.entry.details["word"]["accept"] == Mode.PLANNED
            self._change(run=replace(self._view.run, planned=planned))
        # Any other word is a line of its own; what it changes is told by the run.

    def _passed(self, record: Record) -> None:
        details = record.entry.details
        sentence = details.get("data_loss_sentence") or record.entry.sentence
        self._change(gate=Gate(record.entry.time, details.get("lag_seconds"), sentence), pause=None)
        self._loss(record)

    def _loss(self, record: Record) -> None:
        """What the run would lose by what it knows now, where the record says."""
        details, view = record.entry.details, self._view
        self._change(
            rpo_seconds=details.get("lag_seconds", view.rpo_seconds),
            rpo_sentence=details.get("data_loss_sentence", view.rpo_sentence),
            loss_window=facts.window(details),
        )

    def _paused(self, record: Record) -> None:
        details = record.entry.details
        until = datetime.fromisoformat(details["until"])
        self._change(pause=Pause(WaitsFor(details["waits_for"]), until, record.entry.sentence, details["then"]))
        self._loss(record)

    def _after_stage(self, record: Record) -> None:
        if record.entry.kind is RecordKind.STAGE_REVIEWED:
            return self._reviewed(record)
        details, sentence = record.entry.details, record.entry.sentence
        until, about = datetime.fromisoformat(details["until"]), (tuple(details["steps"]), tuple(details["skippable"]))
        self._change(pause=Pause(WaitsFor.ANSWER, until, sentence, details["then"], *about))

    def _reviewed(self, record: Record) -> None:
        stage, review = StageName(record.entry.details["stage"]), Review(record.entry.details["review"])
        done = ReviewView(record.entry.time, stage, review, record.entry.sentence)
        self._change(reviews=(*self._view.reviews, done), pause=None)
        match review:
            case Review.GO_ON:
                later = self._view.stages[self._view.stages.index(stage) + 1 :] if stage in self._view.stages else ()
                self._change(stage=later[0] if later else None)
            case Review.AGAIN:
                self._change(stage=stage)
            case Review.STOP:
                self._change(stage=stage, standing=IncidentState.STOPPING)

    def _closed(self, record: Record) -> None:
        details = record.entry.details
        outcome = Outcome(details["outcome"])
        run = replace(self._view.run, outcome=outcome, outcome_reason=record.entry.sentence) if self._view.run else None
        rpo, sentence = details.get("rpo_seconds"), details.get("rpo_sentence")
        self._change(
            standing=IncidentState.CLOSED,
            pause=None,
            run=run,
            outcome=outcome,
            outcome_reason=record.entry.sentence,
            rto_seconds=details.get("rto_seconds"),
            rpo_seconds=self._view.rpo_seconds if rpo is None else rpo,
            rpo_sentence=sentence or self._view.rpo_sentence,
            loss_window=facts.window(details) or self._view.loss_window,
            objectives_met=details.get("objectives_met"),
            follow_ups=tuple(details.get("follow_ups", ())),
            to_do=tuple(details.get("to_do", ())),
        )


def _after_verdict(standing: IncidentState, verdict: VerdictKind) -> IncidentState:
    """Where an incident without a run stands after a verdict; one with a run stands where its run does."""
    told = standing in (IncidentState.ASKED, IncidentState.STARTING, IncidentState.PASSED)
    if not told and standing is not IncidentState.QUIET:
        return standing
    match verdict:
        case VerdictKind.BLOCK:
            return IncidentState.ASKED
        case VerdictKind.START:
            return IncidentState.STARTING
        case VerdictKind.IGNORE:
            return IncidentState.PASSED if told else standing
        case VerdictKind.HOLD | VerdictKind.JOIN:
            return standing
        case _:
            assert_never(verdict)
