"""What the handlers write into the ledger about a run, in one shape."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pilotlight.domain.drill import Drill
from pilotlight.domain.in_one_region import InOneRegion
from pilotlight.domain.plan import AnyPlan, Clock, Plan
from pilotlight.domain.records import Entry, Record, RecordKind
from pilotlight.domain.run import Clocks, Run
from pilotlight.domain.stages import PlannedStep
from pilotlight.domain.step import Access
from pilotlight.handlers.runtime import Runtime
from pilotlight.steps import kind_and_params

MOST_RESOURCES = 12
"""So many of what a step works on are named in the record of its run; a step names few."""


def incident_of(plan: AnyPlan, since: datetime) -> str:
    """The name of an incident: the application and the minute since when it is dark."""
    return f"{plan.name}-{since:%Y-%m-%dT%H:%MZ}"


def slack_of(plan: AnyPlan) -> dict[str, str] | None:
    """Where the notifier tells of this application; with the workspace where people may answer there."""
    slack = plan.notifications.slack
    if slack is None:
        return None
    hears = {"team": slack.team} if slack.team else {}
    return {"channel": slack.channel, "token_secret": slack.token_secret, **hears}


def pager_of(plan: AnyPlan) -> dict[str, str] | None:
    """What wakes the people of this application, besides the alerts topic."""
    pager = plan.notifications.pager
    return {"service": pager.service.value, "secret": pager.secret} if pager else None


def verdicts(application: str) -> str:
    """Where the control table keeps the detector's last verdict on an application."""
    return f"verdict#{application}"


def outline_of(plan: AnyPlan) -> dict[str, Any]:
    """What a verdict carries of its plan, so that it can be told."""
    return {
        "plan_kind": plan.kind.value,
        "machine": plan.machine,
        "regions": {"primary": plan.place.primary, "standby": plan.place.standby},
        "arming": plan.arming.value,
        "notify": slack_of(plan),
        "pager": pager_of(plan),
        "drafts": plan.notifications.drafts,
        "severities": plan.notifications.severities.model_dump(mode="json"),
        "objectives": _objectives(plan),
    }


def _objectives(plan: AnyPlan) -> dict[str, Any]:
    """What is promised, in seconds."""
    if isinstance(plan, InOneRegion):
        lost = {"rpo_seconds": plan.rpo.total_seconds()} if isinstance(plan, Drill) else {}
        return {"rto_seconds": plan.objectives.rto.total_seconds(), **lost}
    assert isinstance(plan, Plan)
    expected = plan.objectives.expected_rto
    return {
        "rto_seconds": plan.objectives.rto.total_seconds(),
        "rpo_seconds": plan.objectives.rpo.total_seconds(),
        "expected_rto_seconds": [span.total_seconds() for span in expected] if expected else None,
    }


def write(runtime: Runtime, run: Run, what: RecordKind, sentence: str, *, step: str = "", **details: Any) -> Record:
    """Append a record about a run, and log the same sentence."""
    facts = {"incident": run.incident, **details}
    runtime.logger.info(sentence, extra={"run_id": run.run_id, "step": step, "record": what.value})
    return runtime.ledger.append(Entry(run.application, what, runtime.now(), sentence, run.run_id, step, facts))


def write_once(runtime: Runtime, run: Run, what: RecordKind, sentence: str, *, step: str = "", **details: Any) -> None:
    """Append a record that a run, or one try of a step, has once, unless it has it: so a call after a crash completes
    what was begun."""
    known = [r.entry for r in runtime.ledger.records(run.application, since=run.first_sequence)]
    mine = [entry.kind for entry in known if (entry.run_id, entry.step) == (run.run_id, step)]
    tries = [index for index, kind in enumerate(mine) if kind is RecordKind.STEP_STARTED]
    if what not in mine[tries[-1] if tries else 0 :]:
        write(runtime, run, what, sentence, step=step, **details)


def lost_by(run: Run) -> dict[str, Any]:
    """What a run would lose by what it knows, for a reader of the ledger."""
    return {
        "lag_seconds": run.lag_at_onset_seconds,
        "data_loss_sentence": run.data_loss_sentence,
        "loss_window": run.loss_window.to_item() if run.loss_window else None,
    }


def clocks_of(clocks: Clocks) -> dict[str, str | None]:
    """The five clocks as text."""
    return {clock.value: moment.isoformat() if (moment := clocks.at(clock)) else None for clock in Clock}


def description_of(plan: AnyPlan) -> Mapping[str, Any]:
    """What a reader of the ledger must know of the plan that a run follows."""
    return {
        **outline_of(plan),
        "plan_digest": plan.digest(),
        "steps": [_describe(plan, step) | _promise(plan, step) for step in plan.steps().values()],
        "stages": list(dict.fromkeys(stage.value for stage, _, _ in plan.entries())),
    }


def _describe(plan: AnyPlan, step: PlannedStep) -> dict[str, Any]:
    its_kind, params = kind_and_params(step)
    written = [s for s in its_kind.statements(params, plan.place) if s.access is Access.WRITE]
    arns = dict.fromkeys(arn for statement in written for arn in statement.resources if "*" not in arn)
    return {
        "name": step.name,
        "kind": step.kind,
        "title": its_kind.title(params),
        "stage": (step.awaited_in or step.started_in).value,
        "started_in": step.started_in.value,
        "harm": its_kind.harm.value,
        "resources": list(arns)[:MOST_RESOURCES],
    }


def _promise(plan: AnyPlan, step: PlannedStep) -> dict[str, float]:
    """How long a plan of one region says that this step may take."""
    promised = plan.objectives.steps.get(step.name) if isinstance(plan, InOneRegion) else None
    return {"promised_seconds": promised.total_seconds()} if promised else {}
