"""What a step found before it acted is kept, unless an earlier turn of it may have acted and died."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from deployment import names
from pilotlight.domain.step import Receipt, Standing
from pilotlight.handlers.step import CLAIM
from pilotlight.steps import kind_and_params
from rehearsal.services.autoscaling import AutoScaling
from rehearsal.services.ecs import Ecs
from rehearsal.services.lambda_functions import FunctionFailed
from rehearsal.wire import Call
from tests.builders import STANDBY, a_plan
from tests.handlers.conftest import Desk, a_desk
from tests.handlers.test_open import CONFIRMED, open_run

GROUP = {"group": "fileflow-dr", "minimum": 2, "desired": 2, "maximum": 4}
SERVICE = {
    "cluster": "fileflow-dr-cluster",
    "service": "fileflow-dr-service",
    "tasks": 2,
    "fresh_configuration": False,
}
KINDS: dict[str, tuple[dict[str, Any], str, Any]] = {
    "scale_ecs_service": (SERVICE, "desired_before", 2),
    "scale_auto_scaling_group": (GROUP, "before", {"minimum": 2, "maximum": 4, "desired": 2}),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def desk(kind: str) -> Iterator[Desk]:
    """A run of one step, which finds everything as it should become."""
    step = {"step": "scale", "kind": kind, "params": KINDS[kind][0]}
    with a_desk(a_plan(stages={"serve": {"application": [step]}})) as made:
        made.inside(lambda: furnish(made))
        made.darken()
        open_run(made, "by-hand", CONFIRMED)
        yield made


def furnish(desk: Desk) -> None:
    its_kind, params = kind_and_params(desk.plan.steps()["scale"])
    for standing in its_kind.standing(params, desk.plan.place):
        as_it_should_be = Standing(standing.service, f"serving {standing.what}", STANDBY, standing.facts)
        desk.world.models[standing.service].furnish(as_it_should_be)


def turn(desk: Desk) -> Any:
    function = names.step_function("fileflow", desk.plan.steps()["scale"].kind)
    return desk.call(function, {"do": "turn", "run_id": "by-hand", "step": "scale"})


def receipt(desk: Desk) -> Receipt:
    found: Receipt | None = desk.inside(lambda: desk.control.steps("by-hand"))["scale"].receipt
    assert found is not None
    return found


@every_kind
def test_the_first_turn_knows_that_nobody_acted_before_it(desk: Desk, kind: str) -> None:
    turn(desk)

    _, key, before = KINDS[kind]
    assert receipt(desk).data[key] == before


@every_kind
def test_a_turn_after_one_that_died_knows_that_it_may_have_acted(desk: Desk, kind: str) -> None:
    service = {"scale_ecs_service": Ecs, "scale_auto_scaling_group": AutoScaling}[kind].name

    def die(call: Call) -> None:
        if call.service == service:
            desk.account.aws.after_call.remove(die)
            raise MemoryError("the function was killed after its call")

    desk.account.aws.after_call.append(die)
    with pytest.raises(FunctionFailed):
        turn(desk)
    desk.inside(lambda: desk.world.time.sleep(CLAIM.total_seconds() + 1))

    turn(desk)

    assert receipt(desk).data[KINDS[kind][1]] is None
