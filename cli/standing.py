"""How an application and its run stand: read from the tables in the standby, with the caller's own credentials.

It only reads, and what it says are the sentences of Slack and the report. docs/command-line.md has the JSON shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from deployment import names
from pilotlight.aws.control import Control
from pilotlight.aws.leases import Leases
from pilotlight.aws.ledger import Ledger
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.decision import LastRun
from pilotlight.domain.plan import AnyPlan, Clock
from pilotlight.domain.ports import Aws
from pilotlight.domain.records import Record
from pilotlight.report.foreign import LONGEST_NAME, tame
from pilotlight.report.incident import (
    IncidentState,
    IncidentView,
)
from pilotlight.report.step_view import StepView
from pilotlight.report.text import steps, summary
from pilotlight.report.view import incident_of, view

_LOOK_BACK_RECORDS = 500
_AT_WORK = (IncidentState.LOOKING, IncidentState.ACTING, IncidentState.STOPPING)


@dataclass(frozen=True)
class Standing:
    """What was read at a moment: who holds the application's lease, its newest incident, how its last run ended.

    `seen` is None where the ledger has no incident of it; `records` are those that were looked at.
    """

    plan: AnyPlan
    now: datetime
    holder: str
    seen: IncidentView | None
    last: LastRun | None
    records: tuple[Record, ...] = ()

    def is_of(self, run_id: str) -> bool:
        """Whether the incident is that of the run, and the run its newest."""
        return self.seen is not None and self.seen.run is not None and self.seen.run.run_id == run_id

    @property
    def is_over(self) -> bool:
        """Whether the newest run of the incident has ended."""
        return self.seen is not None and self.seen.standing is IncidentState.CLOSED


def read(plan: AnyPlan, aws: Aws, now: datetime | None = None, run_id: str = "") -> Standing:
    """Read how it stands; raises an `AwsError` where a table cannot be read.

    Parameters: `run_id` is the run that is asked about; the one at work unless given.
    """
    region = plan.place.standby
    table = DynamoTable(aws, region, names.CONTROL_TABLE)
    control, ledger = Control(table), Ledger(DynamoTable(aws, region, names.LEDGER_TABLE), pause=lambda lost: None)
    holder = Leases(table).of(plan.name).holder
    wanted = run_id or holder
    run = control.find_run(wanted) if wanted else None
    newest = ledger.last(plan.name)
    since = max(1, (newest.sequence if newest else 1) - _LOOK_BACK_RECORDS)
    records = tuple(ledger.records(plan.name, since=min(since, run.first_sequence) if run else since))
    now = now or datetime.now(UTC)
    seen = _view(records, run.incident if run else "", now)
    return Standing(plan, now, holder, seen, control.last_run(plan.name), records)


def _view(records: tuple[Record, ...], incident: str, now: datetime) -> IncidentView | None:
    """The incident as it is told now: while a run is at work, time goes on between two records."""
    if not any(incident_of(record) for record in records):
        return None
    told = view(records, incident)
    return replace(told, last_update=now) if told.standing in _AT_WORK else told


def headline_of(standing: Standing) -> str:
    """One line that says how it stands."""
    return standing.seen.outlook.headline if standing.seen else f"{standing.plan.name} has had no incident"


def text_of(standing: Standing) -> Iterator[str]:
    """It as lines of plain text."""
    seen = standing.seen
    if seen is None:
        yield f"{headline_of(standing)}, as far as its ledger in {standing.plan.place.standby} goes back."
        return
    yield from summary(seen).splitlines()
    if seen.steps:
        yield from ("", "Steps", *steps(seen))
    if seen.run:
        proof = "proven" if seen.run.proven else "claimed"
        by = f"started by {tame(seen.run.requested_by, LONGEST_NAME)} ({proof})"
        yield from ("", f"Run {tame(seen.run.run_id, LONGEST_NAME)}, {by}, at {seen.run.opened:%Y-%m-%d %H:%M:%S} UTC")


def json_of(standing: Standing) -> dict[str, Any]:
    """It as JSON values."""
    plan, seen = standing.plan, standing.seen
    return {
        "application": plan.name,
        "region": plan.place.standby,
        "time": _iso(standing.now),
        "at_work": standing.holder,
        "headline": headline_of(standing),
        "standing": (seen.standing if seen else IncidentState.QUIET).value,
        "incident": seen.incident if seen else None,
        "happening": seen.outlook.happening if seen else "",
        "comes_next": seen.outlook.comes_next if seen else "",
        "need": _need(seen),
        "waits": _waits(seen),
        "run": _run(seen),
        "stage": seen.stage.value if seen and seen.stage else None,
        "steps": [_step(step) for step in seen.steps] if seen else [],
        "clocks": {clock.value: _iso(seen.clocks.at(clock)) if seen else None for clock in Clock},
        "elapsed_seconds": seen.elapsed_seconds if seen else None,
        "rto_seconds": seen.rto_seconds if seen else None,
        "rpo_seconds": seen.rpo_seconds if seen else None,
        "left_to_do": list(seen.left_to_do) if seen else [],
        "last_run": _last(standing.last),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _need(seen: IncidentView | None) -> dict[str, Any] | None:
    need = seen.outlook.need if seen else None
    if need is None:
        return None
    return {
        "who": need.who,
        "sentence": need.sentence,
        "by": _iso(need.by),
        "because": need.because,
        "paste": need.paste,
    }


def _waits(seen: IncidentView | None) -> dict[str, Any] | None:
    pause = seen.pause if seen else None
    if pause is None:
        return None
    return {
        "for": pause.what.value,
        "until": _iso(pause.until),
        "sentence": pause.sentence,
        "then": pause.then,
        "steps": list(pause.steps),
        "skippable": list(pause.skippable),
    }


def _run(seen: IncidentView | None) -> dict[str, Any] | None:
    run = seen.run if seen else None
    if run is None:
        return None
    return {
        "id": run.run_id,
        "origin": run.origin,
        "requested_by": run.requested_by,
        "proven": run.proven,
        "reason": run.reason,
        "planned": run.planned,
        "opened": _iso(run.opened),
        "outcome": run.outcome.value if run.outcome else None,
        "outcome_reason": run.outcome_reason,
        "execution_arn": run.execution_arn,
    }


def _step(step: StepView) -> dict[str, Any]:
    return {
        "name": step.name,
        "title": step.title,
        "stage": step.stage,
        "status": step.status.value,
        "reason": step.reason,
        "fix": step.fix,
        "started": _iso(step.started),
        "finished": _iso(step.finished),
        "attempts": step.attempts,
    }


def _last(last: LastRun | None) -> dict[str, Any] | None:
    if last is None:
        return None
    return {
        "id": last.run_id,
        "outcome": last.outcome.value,
        "ended": _iso(last.ended),
        "acknowledged_by": last.acknowledged_by,
    }
