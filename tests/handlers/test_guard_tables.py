"""The guard of a primary whose writers are global tables: a committed note closes it, and an intention never does."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deployment import names
from deployment.foundation import foundation
from deployment.guard import guard
from deployment.observing import observers
from pilotlight.aws.tables import DynamoTable
from pilotlight.aws.tombstones import Tombstones
from pilotlight.domain.tombstone import Tombstone, TombstoneState
from pilotlight.steps import writers_of
from rehearsal.scene import Scene, close_scene, open_scene
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.lambda_functions import LambdaFunctions
from tests.builders import PRIMARY, STANDBY
from tests.handlers.old_primary import quiet
from tests.ticketing import TABLES, megaticket

GUARD = names.guard_function("megaticket")
BALANCER = f"megaticket-alb-123456.{PRIMARY}.elb.amazonaws.com"
INTENDED, COMMITTED, WITHDRAWN = TombstoneState.INTENDED, TombstoneState.COMMITTED, TombstoneState.WITHDRAWN


class Seoul:
    """MegaTicket's old primary, whose guard looks when the test lets it."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.world = scene, scene.world
        enforce = {"Name": names.guard_mode("megaticket"), "Value": "enforce", "Type": "String", "Overwrite": True}
        self._do(lambda: scene.account.sdk(PRIMARY).call("ssm", "PutParameter", PRIMARY, **enforce))

    def _do(self, work: Callable[[], Any]) -> Any:
        task = self.world.time.spawn(work, name="test")
        self.world.time.run(until=lambda: task.done)
        return task.result()

    def note(self, state: TombstoneState, epoch: int = 1) -> None:
        """A note on one of the tables stands in the standby."""
        writer, now = writers_of(self.scene.plan)[0], self.world.time.now()
        run = f"megaticket-e{epoch}"
        stone = Tombstone(writer.old, writer.new, "megaticket", run, epoch, state, now)
        table = DynamoTable(self.scene.account.sdk(STANDBY), STANDBY, names.TOMBSTONES_TABLE)
        self._do(lambda: Tombstones(table, {}).write(stone))

    def look(self) -> str:
        """One look of the guard; what it said."""
        self.world.time.run(limit_seconds=60)
        functions = self.scene.account.aws.service(LambdaFunctions)
        return " ".join(self._do(lambda: functions.run(PRIMARY, GUARD, {}))["sentences"])

    @property
    def is_closed(self) -> bool:
        return self.scene.account.aws.service(Elbv2).answers_503(BALANCER)


@pytest.fixture
def seoul() -> Iterator[Seoul]:
    random.seed(1)
    plan = megaticket()
    scene = open_scene(
        plan, seed=1, stacks=quiet([foundation(plan.account, STANDBY), *observers([plan]), *guard(plan)])
    )
    try:
        yield Seoul(scene)
    finally:
        close_scene(scene)


def test_a_committed_note_on_one_table_closes_what_writes_to_all_of_them(seoul: Seoul) -> None:
    seoul.note(COMMITTED)

    said = seoul.look()

    assert f"table/{TABLES[0]} was moved to" in said
    assert seoul.is_closed


def test_an_intention_alone_leaves_it_open(seoul: Seoul) -> None:
    """Both regions take writes, so that nothing in the standby could show that it came about."""
    seoul.note(INTENDED)

    assert "it is left open" in seoul.look()
    assert not seoul.is_closed


def test_a_withdrawn_note_of_a_later_epoch_lets_go(seoul: Seoul) -> None:
    seoul.note(COMMITTED)
    seoul.note(WITHDRAWN, epoch=2)

    assert "it is left open" in seoul.look()


def test_its_own_copy_is_enough_where_the_standby_is_dark(seoul: Seoul) -> None:
    seoul.note(COMMITTED)
    seoul.look()
    seoul.world.darken(STANDBY)

    assert "says this guard's own copy." in seoul.look()
    assert seoul.is_closed
