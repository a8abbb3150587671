"""Plays a scenario in a plan's world, from onset to the closed run, and says what came of it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from deployment import names
from deployment.resources import Stack
from pilotlight.aws.control import Control
from pilotlight.aws.ledger import Ledger
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.in_one_region import InOneRegion
from pilotlight.domain.objectives import objectives_met
from pilotlight.domain.plan import AnyPlan, Arming, Clock, Plan
from pilotlight.domain.records import Record, RecordKind
from pilotlight.domain.run import Outcome, Phase, Run
from rehearsal.clairvoyant import critical_path_seconds
from rehearsal.engine import Status
from rehearsal.invariants import Watch
from rehearsal.operators import answer_questions
from rehearsal.result import RehearsalResult, StepResult
from rehearsal.scenarios import BEFORE_ONSET, Scenario
from rehearsal.scene import AnyScene, Scene, close_scene, open_scene
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.events import Crossing, Events
from rehearsal.services.route53 import Route53
from rehearsal.services.step_functions import StepFunctions
from rehearsal.snapshot import picture_of

LONGEST_SECONDS = 6 * 3600.0
LONGEST_WITHOUT_A_RUN_SECONDS = 15 * 60.0
MESSAGES_FOLLOW_SECONDS = 30.0


@dataclass(frozen=True)
class AnyPlayed:
    """What was played of a plan of whichever kind: the result, the scene as it was left, and the records of the ledger.

    `primary` are two pictures of the primary region: as it was just before onset, and in the end.
    """

    result: RehearsalResult
    scene: AnyScene
    onset: datetime
    records: Sequence[Record]
    notes: list[tuple[datetime, str]]
    primary: tuple[str, str]


@dataclass(frozen=True)
class Played(AnyPlayed):
    """A played scenario of a failover plan."""

    scene: Scene


def play(
    plan: Plan, scenario: Scenario, seed: int, *, as_armed: bool = False, stacks: Iterable[Stack] | None = None
) -> Played:
    """Play a scenario to its end. The plan is played as `automatic`, unless it is to be played as it is armed.

    Parameters: `stacks` are deployed in its world; those that `deployment` describes for the plan, unless given.
    Raises `InvariantBroken` at the first instant in which the world is as no rehearsal may show it.
    """
    armed = {} if as_armed else {"arming": Arming.AUTOMATIC}
    played_plan, *company = (each.model_copy(update=armed) for each in scenario.company(plan))
    random.seed(seed)
    scene = open_scene(played_plan, seed, stacks, company)
    try:
        notes = _listen(scene)
        watch = Watch(scene)
        answer_questions(scene)
        _let_happen_before(scene, scenario)
        onset = scene.world.time.now()
        primary_before = picture_of(scene.world, plan.regions.primary)
        notes.append((onset, f"It begins: {scenario.summary}"))
        scene.world.time.spawn(lambda: scenario.happen(scene), name=scenario.name)
        run_to_the_end(scene, onset + scenario.at_least)
        primary = primary_before, picture_of(scene.world, plan.regions.primary)
        watch.finish()
        result, records = conclude(scene, scenario.name, seed, onset)
        result = replace(result, exposure_seconds=round(watch.exposure_seconds, 3))
        return Played(result, scene, onset, records, notes, primary)
    finally:
        close_scene(scene)


def _let_happen_before(scene: Scene, scenario: Scenario) -> None:
    happen = scenario.before
    if happen:
        scene.world.time.spawn(lambda: happen(scene), name=f"before {scenario.name}")
        scene.world.time.run(limit_seconds=BEFORE_ONSET.total_seconds())


def _listen(scene: Scene) -> list[tuple[datetime, str]]:
    """Note what happens outside the ledger's sight: the health check, its alarm, the event's crossing."""
    notes = listen_to_the_world(scene)
    aws, now = scene.account.aws, scene.world.time.now
    aws.service(Route53).on_flip.append(
        lambda w: notes.append(
            (now(), f"The health check of {w.check.host} {'passes again' if w.healthy else 'fails'}.")
        )
    )
    aws.service(CloudWatch).on_change.append(
        lambda a: notes.append((now(), f"Alarm {a.alarm.name} in {a.region} goes to {a.state}."))
    )
    aws.service(Events).on_crossing.append(
        lambda c: notes.append((now(), f"{_named(c)} crosses from {c.origin} to the bus in {c.destination}."))
    )
    return notes


def _named(crossing: Crossing) -> str:
    return "What AWS Health says" if crossing.event["source"] == "aws.health" else "The alarm event"


def listen_to_the_world(scene: AnyScene) -> list[tuple[datetime, str]]:
    """Note what the world itself says of what happens in it."""
    notes: list[tuple[datetime, str]] = []
    scene.world.on_news.append(lambda sentence: notes.append((scene.world.time.now(), sentence)))
    return notes


def run_to_the_end(scene: AnyScene, not_before: datetime) -> None:
    """Let the runs that start come to their end, and what is told of them arrive."""
    time, machines = scene.world.time, scene.account.aws.service(StepFunctions)
    time.run(until=lambda: bool(machines.executions), limit_seconds=LONGEST_WITHOUT_A_RUN_SECONDS)
    if machines.executions:
        time.run(
            until=lambda: all(e.status is not Status.RUNNING for e in machines.executions.values()),
            limit_seconds=LONGEST_SECONDS,
        )
    time.run(limit_seconds=max(MESSAGES_FOLLOW_SECONDS, (not_before - time.now()).total_seconds()))


def conclude(scene: AnyScene, scenario: str, seed: int, onset: datetime) -> tuple[RehearsalResult, Sequence[Record]]:
    """What came of it, from what the controller kept, with all records of the ledger."""
    plan, region = scene.plan, scene.plan.place.standby
    ledger = Ledger(DynamoTable(scene.account.sdk(region), region, names.LEDGER_TABLE), pause=lambda lost: None)
    control = Control(DynamoTable(scene.account.sdk(region), region, names.CONTROL_TABLE))
    records = ledger.records(plan.name)
    run = _last_run(records, control)
    outcome, reason = _outcome(plan, run, records)
    path, ratio = _overhead(scene, run)
    result = RehearsalResult(
        application=plan.name,
        scenario=scenario,
        seed=seed,
        outcome=outcome.value if outcome else None,
        reason=reason,
        clocks=_clocks(run, onset),
        rto_seconds=_since(onset, run.clocks.verified) if run else None,
        rpo_seconds=run.lag_at_onset_seconds if run else None,
        objectives=_objectives(plan, run, control, onset),
        critical_path_seconds=path,
        overhead_ratio=ratio,
        steps=_steps(plan, run, control, onset),
        messages=scene.slack.shown(),
    )
    return result, records


def _last_run(records: Sequence[Record], control: Control) -> Run | None:
    opened = [record.entry.run_id for record in records if record.entry.kind is RecordKind.RUN_OPENED]
    return control.find_run(opened[-1]) if opened else None


def _outcome(plan: AnyPlan, run: Run | None, records: Sequence[Record]) -> tuple[Outcome | None, str]:
    if run and run.phase is Phase.CLOSED:
        return run.outcome, run.outcome_reason
    if run:
        return None, f"Run {run.run_id} was still open when the rehearsal ended."
    blocked = [
        r.entry.sentence
        for r in records
        if r.entry.kind is RecordKind.VERDICT and r.entry.details.get("verdict") == "block"
    ]
    if blocked:
        return Outcome.BLOCKED, blocked[-1]
    said = [r.entry.sentence for r in records if r.entry.kind is RecordKind.VERDICT]
    if isinstance(plan, InOneRegion):
        return Outcome.BLOCKED, said[-1] if said else "Nobody started it."
    return Outcome.NOT_NEEDED, said[-1] if said else "Nothing was seen that needs a failover."


def _since(onset: datetime, moment: datetime | None) -> float | None:
    return round((moment - onset).total_seconds(), 3) if moment else None


def _clocks(run: Run | None, onset: datetime) -> dict[str, float | None]:
    # The world knows the true onset; the controller only the first bad datapoint, which the report shows.
    found = {clock.value: _since(onset, run.clocks.at(clock)) if run else None for clock in Clock}
    return {**found, Clock.ONSET.value: 0.0}


def _objectives(plan: AnyPlan, run: Run | None, control: Control, onset: datetime) -> dict[str, object]:
    if isinstance(plan, InOneRegion):
        met = objectives_met(run, control.steps(run.run_id)) if run and run.clocks.verified else None
        steps = {name: promised.total_seconds() for name, promised in plan.objectives.steps.items()}
        return {"rto_seconds": plan.objectives.rto.total_seconds(), "step_seconds": steps, "met": met}
    assert isinstance(plan, Plan)
    rto, rpo = plan.objectives.rto.total_seconds(), plan.objectives.rpo.total_seconds()
    reached = _since(onset, run.clocks.verified) if run else None
    lag = run.lag_at_onset_seconds if run else None
    met = None if reached is None or lag is None else reached <= rto and lag <= rpo
    return {"rto_seconds": rto, "rpo_seconds": rpo, "met": met}


def _overhead(scene: AnyScene, run: Run | None) -> tuple[float | None, float | None]:
    if run is None or run.clocks.executed is None or run.clocks.decided is None:
        return None, None
    path = critical_path_seconds(scene.plan, scene.world)
    executed = (run.clocks.executed - run.clocks.decided).total_seconds()
    return round(path, 3), round(executed / path, 4) if path else None


def _steps(plan: AnyPlan, run: Run | None, control: Control, onset: datetime) -> list[StepResult]:
    states = control.steps(run.run_id) if run else {}
    results: list[StepResult] = []
    for step in plan.steps().values():
        state = states.get(step.name)
        stage = (step.awaited_in or step.started_in).value
        status, attempts, reason = (state.status.value, state.attempts, state.reason) if state else ("waiting", 0, "")
        started, finished = (_since(onset, state.started), _since(onset, state.finished)) if state else (None, None)
        results.append(StepResult(step.name, step.kind, stage, status, started, finished, attempts, reason))
    return results
