"""Whole drills: what they show, what they leave alone, and what is left of them, however they end."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import pytest

from deployment import names
from pilotlight.aws.leases import Leases
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.records import RecordKind
from rehearsal.drilling import DRILL_SCENARIOS, PlayedDrill, difference, pictures, play_drill
from rehearsal.engine import Status
from rehearsal.engine.history import EventType, HistoryEvent
from rehearsal.play import AnyPlayed
from rehearsal.scenarios.scenario import start_by_hand
from rehearsal.scene import Scene, close_scene, drill_scene, open_scene
from rehearsal.services.step_functions import StepFunctions
from tests.drills import COPY, a_drilled_plan


@cache
def drilled(name: str = "drill") -> PlayedDrill:
    return play_drill(a_drilled_plan(), DRILL_SCENARIOS[name], 1)


def sentences(played: AnyPlayed, kind: RecordKind) -> list[str]:
    return [record.entry.sentence for record in played.records if record.entry.kind is kind]


class TestADrill:
    def test_it_goes_through_and_says_so(self) -> None:
        result = drilled().result

        assert (result.application, result.outcome) == ("fileflow-drill", "RECOVERED")
        assert result.reason == "The drill of fileflow went through in ap-northeast-1."

    def test_it_works_on_stand_ins_alone(self) -> None:
        steps = {step.name: step.kind for step in drilled().result.steps}
        changed = {line.resource for line in drilled().scene.world.trace if line.mutating and line.service == "rds"}

        assert steps == {
            "create-redis": "create_cache",
            "promote": "restore_to_moment",
            "swap-endpoints": "swap_configuration",
        }
        assert {arn.rpartition(":")[2] for arn in changed} == {COPY}

    def test_it_measures_how_long_it_took_and_what_would_have_been_lost(self) -> None:
        result = drilled().result

        assert result.rto_seconds is not None
        assert timedelta(minutes=5) <= timedelta(seconds=result.rpo_seconds or 0) <= timedelta(minutes=15)
        assert result.objectives["met"] is False  # the restore takes longer than a promotion may

    def test_it_leaves_nothing_and_closes_after_that(self) -> None:
        kinds = [record.entry.kind for record in drilled().records]

        assert drilled().left_behind == []
        assert kinds.index(RecordKind.DRILL_CLEANED) < kinds.index(RecordKind.RUN_CLOSED)

    def test_the_primary_is_as_it_was(self) -> None:
        before, after = drilled().primary

        assert before == after


class TestAnOutageAmidADrill:
    def test_the_drill_gives_way_and_is_cleaned_up(self) -> None:
        played = drilled("drill-during-outage")

        assert played.result.outcome == "ABORTED_CLEAN"
        assert "a drill gives way to it" in played.result.reason
        assert played.left_behind == []

    def test_it_yields_within_a_minute_of_the_first_look_that_sees_it(self) -> None:
        played = drilled("drill-during-outage")
        seen = next(r.entry.time for r in played.beside if r.entry.kind is RecordKind.VERDICT)
        yielded = next(r.entry.time for r in played.records if r.entry.kind is RecordKind.STEP_FAILED)

        assert timedelta(0) < yielded - seen < timedelta(minutes=1)

    def test_the_failover_recovers_as_if_there_were_no_drill(self) -> None:
        machines = drilled("drill-during-outage").scene.account.aws.service(StepFunctions)
        failover = [e for arn, e in machines.executions.items() if ":fileflow-failover:" in arn]

        assert [e.status for e in failover] == [Status.SUCCEEDED]


def killed_at(state: str) -> str:
    """What is not as before in the whole world after a drill whose execution is stopped when it enters a state."""
    scene = open_scene(a_drilled_plan(), 1)
    try:
        before = pictures(scene)
        entered = _stop_at(scene, state)
        start_by_hand(drill_scene(scene), "cut-off")
        region = scene.plan.regions.standby
        leases = Leases(DynamoTable(scene.account.sdk(region), region, names.CONTROL_TABLE))
        time = scene.world.time
        time.run(until=lambda: bool(entered), limit_seconds=timedelta(hours=1).total_seconds())
        assert entered, f"The drill never came to {state}."
        for _ in range(12):
            time.run(limit_seconds=timedelta(minutes=5).total_seconds())
            if not leases.of("fileflow-drill").holder:
                break
        assert not leases.of("fileflow-drill").holder, "The drill still holds its lease."
        return difference(before, pictures(scene))
    finally:
        close_scene(scene)


def _stop_at(scene: Scene, state: str) -> list[str]:
    entered: list[str] = []
    machines = scene.account.aws.service(StepFunctions)

    def stop(event: HistoryEvent) -> None:
        if event.type is EventType.ENTERED and event.state == state and not entered:
            entered.append(state)
            drills = [e for arn, e in machines.executions.items() if ":fileflow-drill:" in arn]
            scene.world.time.spawn(drills[0].stop, name=f"stopped at {state}")

    machines.observe = stop
    return entered


def states() -> list[str]:
    """The states that a drill enters, in the order of the first time."""
    executions = drilled().scene.account.aws.service(StepFunctions).executions
    drill = next(e for arn, e in executions.items() if ":fileflow-drill:" in arn)
    return list(dict.fromkeys(e.state for e in drill.history if e.type is EventType.ENTERED))


@pytest.mark.parametrize("state", ["Create cache drill-fileflow-dr-redis: start", f"Restore {COPY}: wait"])
def test_a_drill_that_is_killed_leaves_nothing(state: str) -> None:
    assert killed_at(state) == ""


@pytest.mark.full
def test_a_drill_that_is_killed_at_any_state_leaves_nothing() -> None:
    entered = states()

    assert len(entered) > 20
    assert {state: left for state in entered if (left := killed_at(state))} == {}
