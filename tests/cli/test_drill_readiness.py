"""Readiness of a drill: what would keep it from going through is told before one is started, and is no worse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.drill_readiness import drill_looks
from pilotlight.domain.kind import Finding, Severity
from pilotlight.domain.plan import Plan
from pilotlight.readiness.look import take
from planfile import load
from rehearsal.readiness import look_at
from rehearsal.scene import Scene, close_scene, open_scene
from rehearsal.services.eks import Eks

pytestmark = pytest.mark.full

PLANS = Path(__file__).parents[2] / "plans"


def plan_of(application: str) -> Plan:
    return load(PLANS / f"{application}.yaml")


def found(plan: Plan, change: Callable[[Scene], None] = lambda scene: None) -> list[Finding]:
    scene = open_scene(plan, 1)
    try:
        change(scene)
        return look_at(
            scene,
            lambda ways: [
                each.finding for look in drill_looks(plan, ways.now, ways.aws, ways.web) for each in take(look)
            ],
        )
    finally:
        close_scene(scene)


@pytest.mark.parametrize(
    ("application", "steps"), [("fileflow", 6), ("portforge", 6), ("megaticket", 4), ("triflow", 7)]
)
def test_what_stands_as_the_plan_takes_it_to_is_enough_for_its_drill(application: str, steps: int) -> None:
    (fine,) = found(plan_of(application))

    assert fine.severity is Severity.FINE
    assert fine.sentence == f"All {steps} steps of a drill of {application} can be taken."


def test_pods_of_a_drill_that_would_take_the_place_of_the_application_s_are_a_warning() -> None:
    def let_start_anywhere(scene: Scene) -> None:
        for cluster in scene.account.aws.service(Eks).clusters:
            for deployment in cluster.deployments:
                deployment.node_group = ""

    troubles = found(plan_of("portforge"), let_start_anywhere)

    assert {each.severity for each in troubles} == {Severity.WARNING}
    assert len(troubles) == 5
    assert troubles[0].sentence == (
        "In a drill, swap-database: Deployment team-service of namespace portforge-drill does not select "
        "eks.amazonaws.com/nodegroup: portforge-drill, so its pods would start on any nodes, those of the application "
        "among them."
    )


def test_a_plan_that_is_not_drilled_has_nothing_to_look_at() -> None:
    assert found(plan_of("fileflow").model_copy(update={"drill": None})) == []
