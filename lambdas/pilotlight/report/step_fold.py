"""What the ledger says of each step: its states, its sentences, and the calls it made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pilotlight.domain.life import StepStatus
from pilotlight.domain.records import Record, RecordKind
from pilotlight.report.step_view import Call, Said, StepView

_STATUS = {
    RecordKind.STEP_STARTED: StepStatus.RUNNING,
    RecordKind.STEP_WAITING: StepStatus.RUNNING,
    RecordKind.STEP_SETTLED: StepStatus.SETTLED,
    RecordKind.STEP_FAILED: StepStatus.FAILED,
    RecordKind.STEP_SKIPPED: StepStatus.SKIPPED,
}


class StepFold:
    """Takes the records of one run's steps in order. Calls that no step made are kept apart."""

    def __init__(self, planned: Iterable[Mapping[str, Any]] = ()) -> None:
        self._steps = {plan["name"]: _planned(plan) for plan in planned}
        self._other: tuple[Call, ...] = ()

    def steps(self) -> tuple[StepView, ...]:
        """The steps as they stand, in the order of the plan."""
        return tuple(self._steps.values())

    def other_calls(self) -> tuple[Call, ...]:
        """The calls that the run made outside its steps."""
        return self._other

    def take(self, record: Record) -> None:
        """Fold one record in."""
        match record.entry.kind:
            case RecordKind.INTENT:
                self._keep_calls(record.entry.step, (*self._calls(record.entry.step), _intended(record)))
            case RecordKind.OUTCOME:
                self._keep_calls(record.entry.step, _answered(self._calls(record.entry.step), record))
            case RecordKind.STEP_UNDONE:
                self._steps[record.entry.step] = _undone(self._step(record), record)
            case _:
                self._steps[record.entry.step] = _moved(self._step(record), record)

    def _step(self, record: Record) -> StepView:
        name, stage = record.entry.step, str(record.entry.details.get("stage", ""))
        return self._steps.get(name) or StepView(name, "", name, stage, stage, "")

    def _calls(self, step: str) -> tuple[Call, ...]:
        return self._steps[step].calls if step in self._steps else self._other

    def _keep_calls(self, step: str, calls: tuple[Call, ...]) -> None:
        if step in self._steps:
            self._steps[step] = replace(self._steps[step], calls=calls)
        else:
            self._other = calls


def _planned(plan: Mapping[str, Any]) -> StepView:
    stage = plan.get("stage") or ""
    return StepView(
        plan["name"],
        plan.get("kind", ""),
        plan.get("title") or plan["name"],
        stage,
        plan.get("started_in") or stage,
        plan.get("harm", ""),
        promised_seconds=plan.get("promised_seconds"),
        resources=tuple(plan.get("resources", ())),
    )


def _moved(step: StepView, record: Record) -> StepView:
    details, entry = record.entry.details, record.entry
    said = (
        step.said
        if step.said and step.said[-1].sentence == entry.sentence
        else (*step.said, Said(entry.time, entry.sentence))
    )
    return replace(
        step,
        status=_STATUS[entry.kind],
        reason=entry.sentence,
        fix=details.get("fix") or "",
        started=_moment(details, "started") or step.started or entry.time,
        finished=_moment(details, "finished") or (entry.time if _STATUS[entry.kind].over else None),
        attempts=int(details.get("attempts", step.attempts)),
        outputs=details.get("outputs") or step.outputs,
        said=said,
        asks_until=_moment(details, "asks_until"),
    )


def _undone(step: StepView, record: Record) -> StepView:
    """A step that was taken back keeps its status; what became of it is said beside it."""
    return replace(step, said=(*step.said, Said(record.entry.time, record.entry.sentence)))


def _moment(details: Mapping[str, Any], name: str) -> datetime | None:
    return datetime.fromisoformat(details[name]) if details.get(name) else None


def _intended(record: Record) -> Call:
    details = record.entry.details
    return Call(
        details["service"], details["operation"], details["region"], details.get("parameters") or {}, record.entry.time
    )


def _answered(calls: tuple[Call, ...], record: Record) -> tuple[Call, ...]:
    """The calls with the answer at the oldest one it can belong to; a step makes its calls one after the other."""
    details, entry = record.entry.details, record.entry
    for index, call in enumerate(calls):
        if call.answered is None and (call.service, call.operation, call.region) == (
            details["service"],
            details["operation"],
            details["region"],
        ):
            answered = replace(call, answered=entry.time, error=details.get("error") or "", sentence=entry.sentence)
            return (*calls[:index], answered, *calls[index + 1 :])
    return calls
