"""A drill stays away from a blocked time, from whatever is really at work, and from what stands under its names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from deployment import names
from pilotlight.aws.control import Control
from pilotlight.aws.leases import Leases
from pilotlight.aws.ledger import Ledger
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome, Run
from pilotlight.handlers.journal import verdicts
from rehearsal.engine import Status
from rehearsal.scene import Scene, close_scene, open_scene
from rehearsal.services.rds import Rds
from rehearsal.services.step_functions import StepFunctions
from tests.drills import COPY, a_drilled_plan

DRILL = "fileflow-drill"


class Tokyo:
    """The drilled application's world, and what a test does in it."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.time = scene, scene.world.time
        self.region = scene.plan.regions.standby
        self.table = DynamoTable(scene.account.sdk(self.region), self.region, names.CONTROL_TABLE)

    def drill(self) -> tuple[Run, str]:
        """A drill, to its end, and why it ended so."""
        machine = self.scene.plan.place.arn("states", f"stateMachine:{DRILL}")
        given = {"confirm": DRILL, "reason": "it is time", "requested_by": "anna"}
        machines = self.scene.account.aws.service(StepFunctions)
        execution = machines.start(machine, "a-drill", json.dumps(given))
        self.time.run(until=lambda: execution.status is not Status.RUNNING, limit_seconds=7200)
        ledger = DynamoTable(self.scene.account.sdk(self.region), self.region, names.LEDGER_TABLE)
        records = self.inside(lambda: Ledger(ledger, pause=lambda lost: None).records(DRILL))
        run = self.inside(lambda: Control(self.table).run("a-drill"))
        return run, next(r.entry.sentence for r in records if r.entry.kind is RecordKind.RUN_CLOSED)

    def lease(self, holder: str) -> None:
        leases = Leases(self.table)
        self.inside(lambda: leases.grant(leases.seen(["fileflow"]), holder, "arn:aws:states:::x", self.time.now()))

    def made(self) -> list[str]:
        """What a drill made, and took away."""
        trace = self.scene.world.trace
        return [
            f"{t.service}:{t.operation}" for t in trace if t.by and t.mutating and t.service in ("rds", "elasticache")
        ]

    def inside(self, work: Any) -> Any:
        task = self.time.spawn(work, name="test")
        self.time.run(until=lambda: task.done)
        return task.result()


@contextmanager
def tokyo(**differences: Any) -> Iterator[Tokyo]:
    scene = open_scene(a_drilled_plan(**differences), 1)
    try:
        yield Tokyo(scene)
    finally:
        close_scene(scene)


@pytest.fixture
def place() -> Iterator[Tokyo]:
    with tokyo() as made:
        yield made


def blocked(place: Tokyo) -> str:
    """Why a drill did not begin, which made nothing."""
    run, why = place.drill()
    assert run.outcome is Outcome.BLOCKED
    assert place.made() == []
    return why


def test_none_starts_in_a_blocked_time() -> None:
    sale = {"begins": "2026-11-01T00:00:00+09:00", "ends": "2026-12-01T00:00:00+09:00", "because": "the autumn sale"}
    with tokyo(blocked=[sale]) as place:
        said = blocked(place)

    assert said == (
        "No drill of fileflow starts between 2026-11-01 00:00 and 2026-12-01 00:00 +09:00, because of the autumn "
        "sale; start it after that."
    )


def test_none_starts_beside_a_run_that_is_at_work(place: Tokyo) -> None:
    place.lease("a-failover")

    said = blocked(place)

    assert said == (
        "Run a-failover of fileflow is at work, and a drill gives way to it; start fileflow-drill again when that is "
        "over."
    )


def test_none_starts_while_the_detector_sees_trouble(place: Tokyo) -> None:
    note = {"kind": "hold", "incident": "2026-11-21-1"}
    place.inside(lambda: Control(place.table).keep_note(verdicts("fileflow"), "last", note, None))

    said = blocked(place)

    assert said.startswith("The detector of fileflow sees trouble (incident 2026-11-21-1), and a drill gives way to it")


def test_an_unmarked_namesake_blocks_it_and_is_never_deleted(place: Tokyo) -> None:
    model = place.scene.account.aws.service(Rds)
    model.add_instance(place.region, COPY, engine="mysql")

    said = blocked(place)

    assert f"Something stands under the names of the drill: Database {COPY} is available, and no drill made it." in said
    place.time.run(limit_seconds=timedelta(minutes=30).total_seconds())
    assert place.made() == []
    assert model.instance(place.region, COPY).identifier == COPY


def test_what_an_earlier_drill_left_blocks_it_until_it_is_gone(place: Tokyo) -> None:
    model = place.scene.account.aws.service(Rds)
    left = model.add_instance(place.region, COPY, engine="mysql")
    left.tags |= {"pilotlight:application": DRILL, "pilotlight:run": "yesterday"}

    said = blocked(place)

    assert f"Database {COPY} is available. The janitor deletes what drills have marked" in said
