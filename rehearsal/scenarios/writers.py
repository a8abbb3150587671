"""Trouble with who writes: a primary that returns, a promotion that is refused, holders that pause, and two at once."""

from __future__ import annotations

from datetime import timedelta

from pilotlight.domain.plan import OtherWriter, Plan
from pilotlight.domain.run import Outcome
from pilotlight.domain.stages import Stages
from rehearsal.operators import approved_by_two, two_operators
from rehearsal.scenarios.darkness import BROKEN
from rehearsal.scenarios.scenario import (
    Scenario,
    enforce_guard,
    later,
    outage,
    return_after,
    start_by_hand,
    steps_of,
)
from rehearsal.scene import Scene, let_primary_answer
from rehearsal.services.rds import Rds
from rehearsal.services.step_functions import StepFunctions
from rehearsal.wire import Call

RETURNS_AFTER = timedelta(minutes=10)
PAUSE_SECONDS = 50.0
"""As long as a function may be held up at most: its own time is over after 55 seconds."""


def primary_returns(after: timedelta) -> Scenario:
    """The primary region comes back some time after the onset, with a guard that acts.

    Before the run has been started nothing is needed any more; once the writer has moved it only goes forward.
    """

    def happen(scene: Scene) -> None:
        outage(scene)
        return_after(scene, after)

    return Scenario(
        "primary-returns",
        "The primary region comes back in the middle of the failover (--at says when), and its guard acts.",
        Outcome.RECOVERED if after >= RETURNS_AFTER else Outcome.NOT_NEEDED,
        happen,
        before=enforce_guard,
        at_least=after + timedelta(minutes=10),
    )


def _promotion_refused(scene: Scene) -> None:
    """A person starts the run; the replica begins a long backup, so that RDS accepts no promotion for half an hour."""
    rds = scene.account.aws.service(Rds)
    let_primary_answer(scene, lambda request: BROKEN)
    for step in steps_of(scene, "promote_replica"):
        rds.begin_backup(scene.plan.regions.standby, str(step["replica"]), 30 * 60.0)
    later(scene, timedelta(minutes=2), lambda: start_by_hand(scene), "a person starts the run")


def _standby_dark(scene: Scene) -> None:
    """The guard acts, and nobody in the standby answers it for a while."""
    enforce_guard(scene)
    standby = scene.plan.regions.standby
    scene.world.darken(standby)
    later(scene, timedelta(minutes=10), lambda: scene.world.relight(standby), f"{standby} answers again")


def twin(plan: Plan) -> tuple[Plan, ...]:
    """The plan, and one of an application that writes to the same database and brings nothing up of its own."""
    name = f"{plan.application[:25]}-twin"
    own, other = (OtherWriter(name=each, plan=each) for each in (plan.application, name))
    stages = Stages(fence=plan.stages.fence, move={lane: e for lane, e in plan.stages.move.items() if _moves(e)})
    objectives = plan.objectives.model_copy(update={"resources": ()})
    changes = {"application": name, "stages": stages, "traffic": None, "objectives": objectives, "drill": None}
    return (
        plan.model_copy(update={"other_writers": (other,)}),
        plan.model_copy(update={**changes, "other_writers": (own,)}),
    )


def _moves(entries: tuple[object, ...]) -> bool:
    return all(getattr(entry, "kind", "") in ("promote_replica", "take_over_tables") for entry in entries)


def _shared_database(scene: Scene) -> None:
    steps_of(scene, "promote_replica")
    outage(scene)


def _double_seat(scene: Scene) -> None:
    """A person and the detector start the same application within seconds of each other."""
    outage(scene)
    machines = scene.account.aws.service(StepFunctions)

    def sit_down() -> None:
        while not machines.executions:
            scene.world.time.sleep(0.5)
        start_by_hand(scene)

    scene.world.time.spawn(sit_down, name="a person starts the run as well")


def _paused_holder(scene: Scene) -> None:
    """The function that promotes is held up right before its call, and its execution is stopped meanwhile."""
    outage(scene)
    paused: list[Call] = []

    def hold_up(call: Call, _: str) -> None:
        if call.operation != "PromoteReadReplica" or paused:
            return
        paused.append(call)
        for execution in scene.account.aws.service(StepFunctions).executions.values():
            execution.stop()
        scene.world.time.sleep(PAUSE_SECONDS)

    steps_of(scene, "promote_replica")
    scene.account.aws.before_call.append(hold_up)


SCENARIOS = (
    primary_returns(RETURNS_AFTER),
    Scenario(
        "tombstone-then-promote-refused",
        "A person starts the run, the primary is closed, and RDS accepts no promotion: the primary is given back.",
        Outcome.FAILED,
        _promotion_refused,
    ),
    Scenario(
        "standby-dark-guard",
        "The standby region goes dark: the guard of the primary reads nothing, and leaves it open.",
        Outcome.NOT_NEEDED,
        _standby_dark,
    ),
    Scenario(
        "shared-database",
        "Two applications write to one database, and both go dark: they move together, by one promotion.",
        Outcome.RECOVERED,
        _shared_database,
        company=twin,
    ),
    Scenario(
        "double-seat",
        "A person starts the run in the moment in which the detector does.",
        Outcome.RECOVERED,
        _double_seat,
    ),
    Scenario(
        "two-operators",
        "Two people start a failover in the same second, and approve it in the same second.",
        Outcome.RECOVERED,
        two_operators,
        company=lambda plan: (approved_by_two(plan),),
    ),
    Scenario(
        "paused-holder",
        "The function that promotes is held up for 50 seconds right before its call, and the run is stopped meanwhile.",
        Outcome.FAILED,
        _paused_holder,
        at_least=timedelta(minutes=12),
    ),
)
