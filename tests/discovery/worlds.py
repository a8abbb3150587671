"""Worlds that discovery looks at: an embedded AWS furnished from a plan, changed by a test, seen through a port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from discovery import Found, State, discover
from discovery.belonging import Application
from discovery.reading import Reading
from pilotlight.domain.errors import AccessDenied
from pilotlight.domain.plan import Plan
from pilotlight.domain.ports import Aws
from rehearsal.primary import furnish_primary
from rehearsal.readiness import look_at
from rehearsal.scene import Scene, close_scene, open_scene

SEOUL, TOKYO = "ap-northeast-2", "ap-northeast-1"


class Refusing:
    """AWS that some operations are not allowed in."""

    def __init__(self, aws: Aws, *operations: str) -> None:
        self.aws, self.operations = aws, operations

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        if operation in self.operations:
            raise AccessDenied(service, operation, region, "AccessDenied", "no policy allows it")
        return self.aws.call(service, operation, region, **parameters)


def found_in(
    plan: Plan,
    *also: str,
    change: Callable[[Scene], None] = lambda scene: None,
    state: State | None = None,
    refuse: tuple[str, ...] = (),
) -> Found:
    """What discovery finds of a plan's application in its world, before Pilotlight is deployed there."""
    # A plan is drafted before anything is made for its drills.
    scene = open_scene(plan.model_copy(update={"drill": None}), 1, stacks=())
    try:
        furnish_primary(scene)
        change(scene)
        application = Application(plan.application, also, state or State())
        return look_at(
            scene,
            lambda ways: discover(
                Reading(Refusing(ways.aws, *refuse)), application, plan.account, plan.regions.primary,
                plan.regions.standby,
            ),
        )  # fmt: skip
    finally:
        close_scene(scene)
