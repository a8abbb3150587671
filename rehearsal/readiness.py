"""A plan's world to look at: as the plan takes it to stand, with Pilotlight deployed in it and no incident yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pilotlight.aws.kubernetes import AwsAndKubernetes
from pilotlight.domain.plan import Plan
from pilotlight.domain.ports import Aws, Web
from pilotlight.estate.service_roles import GLOBAL, SERVICE_ROLES
from rehearsal.scene import Scene, close_scene, open_scene

T = TypeVar("T")


@dataclass(frozen=True)
class Ways:
    """The ways out of who looks at the world, and its present."""

    aws: Aws
    web: Web
    now: datetime


def look_in_rehearsal(plan: Plan, look: Callable[[Ways], T], seed: int = 1) -> T:
    """Look at the plan's world as the account's owner does, before anything has happened in it."""
    scene = open_scene(plan, seed)
    try:
        return look_at(scene, look)
    finally:
        close_scene(scene)


def look_at(scene: Scene, look: Callable[[Ways], T]) -> T:
    """Look at an open scene, at this moment of its time."""
    time = scene.world.time

    def looking() -> T:
        _furnish_roles(scene)
        account = scene.account
        aws = AwsAndKubernetes(account.sdk(scene.plan.regions.standby), account.internet, account.aws.clients)
        return look(Ways(aws, account.internet, time.now()))

    task = time.spawn(looking, name="readiness")
    time.run(until=lambda: task.done)
    return task.result()


def _furnish_roles(scene: Scene) -> None:
    """The roles that AWS's services made when they were first used: an account that has a primary has them."""
    sdk = scene.account.sdk(GLOBAL)
    there = {str(role["RoleName"]) for role in sdk.call("iam", "ListRoles", GLOBAL)["Roles"]}
    for principal, name in SERVICE_ROLES.values():
        if name not in there:
            sdk.call(
                "iam",
                "CreateRole",
                GLOBAL,
                RoleName=name,
                Path=f"/aws-service-role/{principal}/",
                AssumeRolePolicyDocument="{}",
            )
