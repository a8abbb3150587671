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
from pilotlight.handlers.runtime import Runtime
from pilotlight.steps import kind_and_params


def incident_of(plan: AnyPlan, since: datetime) -> str:
    """The name of an incident: the application and the minute since when it is dark."""
    return f"{plan.name}-{since:%Y-%m-%dT%H:%MZ}"


def slack_of(plan: AnyPlan) -> dict[str, str] | None:
    """Where the notifier tells of this application."""
    slack = plan.notifications.slack
    return {"channel": slack.channel, "token_secret": slack.token_secret} if slack else None


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
    """Append a record that a run has once, unless it has it: so a call after a crash completes what was begun."""
    known = runtime.ledger.records(run.application, since=run.first_sequence)
    if not any((r.entry.kind, r.entry.run_id, r.entry.step) == (what, run.run_id, step) for r in known):
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
        "steps": [_describe(step) | _promise(plan, step) for step in plan.steps().values()],
        "stages": list(dict.fromkeys(stage.value for stage, _, _ in plan.entries())),
    }


def _describe(step: PlannedStep) -> dict[str, Any]:
    its_kind, params = kind_and_params(step)
    return {
        "name": step.name,
        "kind": step.kind,
        "title": its_kind.title(params),
        "stage": (step.awaited_in or step.started_in).value,
        "started_in": step.started_in.value,
        "harm": its_kind.harm.value,
    }


def _promise(plan: AnyPlan, step: PlannedStep) -> dict[str, float]:
    """How long a plan of one region says that this step may take."""
    promised = plan.objectives.steps.get(step.name) if isinstance(plan, InOneRegion) else None
    return {"promised_seconds": promised.total_seconds()} if promised else {}
