"""A drill that somebody asks for in Slack: through the door, to a run of its own, and told in the channel."""

from __future__ import annotations

from datetime import timedelta

from deployment import names
from pilotlight.aws.control import Control
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.run import Origin, Outcome
from rehearsal.engine import Execution
from rehearsal.scenarios.slack import ANNA, BORIS, hand_of, hearing
from rehearsal.scene import Scene, close_scene, drill_scene, open_scene
from rehearsal.services.step_functions import StepFunctions
from tests.drills import a_drilled_plan


def test_a_driller_starts_it_and_somebody_else_stops_it() -> None:
    (plan,) = hearing(a_drilled_plan())
    scene = open_scene(plan, 1)
    try:
        time, region = scene.world.time, plan.regions.standby
        drill = drill_scene(scene)
        control = Control(DynamoTable(scene.account.sdk(region), region, names.CONTROL_TABLE))
        anna, boris = hand_of(scene, ANNA), hand_of(scene, BORIS)

        time.spawn(lambda: boris.types("drill fileflow"), name="boris may not")
        time.spawn(lambda: anna.types("drill fileflow isolated because it is Wednesday"), name="anna", delay_seconds=5)
        time.run(limit_seconds=120)
        refused, started = boris.shown(), anna.shown()
        time.spawn(lambda: boris.types("abort fileflow-drill because it is enough"), name="boris aborts")
        time.run(limit_seconds=timedelta(minutes=30).total_seconds())

        (run_id,) = [e.name for arn, e in _executions(scene).items() if ":fileflow-drill:" in arn]
        run = control.run(run_id)
        assert "people.drillers of the plan of fileflow does not name that person" in refused[0]
        assert run_id in started[0]
        assert (run.origin, run.requested_by, run.reason) == (Origin.SLACK, ANNA.name, "it is Wednesday")
        assert run.outcome is Outcome.ABORTED_CLEAN
        assert BORIS.name in run.outcome_reason
        assert any("fileflow-drill" in message.text for message in scene.slack.living())
        assert drill.plan.name == run.application
    finally:
        close_scene(scene)


def _executions(scene: Scene) -> dict[str, Execution]:

    return scene.account.aws.service(StepFunctions).executions
