"""What a scenario is, and what several of them do to a world."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from deployment import names
from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.plan import Plan
from pilotlight.domain.run import Outcome
from rehearsal.scene import AnyScene, Scene
from rehearsal.services.step_functions import StepFunctions

BEFORE_ONSET = timedelta(minutes=20)

Company = Callable[[Plan], tuple[Plan, ...]]


def alone(plan: Plan) -> tuple[Plan, ...]:
    """A plan that is deployed by itself."""
    return (plan,)


@dataclass(frozen=True)
class Scenario:
    """One thing that happens: `happen` is called at the moment of onset, inside the world.

    `before` is called `BEFORE_ONSET` earlier, where something was not in order before it came to the outage. The world
    is watched until the runs have ended, and for `at_least` so long. `company` says which plans are deployed: first the
    one that is rehearsed, as it is then.
    """

    name: str
    summary: str
    expected: Outcome
    happen: Callable[[Scene], None]
    before: Callable[[Scene], None] | None = None
    at_least: timedelta = timedelta(0)
    company: Company = alone


def outage(scene: Scene) -> None:
    """The primary region goes dark."""
    scene.world.darken(scene.plan.regions.primary)


def later(scene: Scene, after: timedelta, work: Callable[[], None], name: str) -> None:
    """Let something happen some time after the onset."""
    scene.world.time.spawn(work, name=name, delay_seconds=after.total_seconds())


def return_after(scene: Scene, after: timedelta) -> None:
    """Let the primary region answer again some time after the onset."""
    primary = scene.plan.regions.primary
    later(scene, after, lambda: scene.world.relight(primary), f"{primary} answers again")


def start_by_hand(scene: AnyScene, name: str = "by-hand") -> None:
    """A person starts the machine from the console."""
    plan = scene.plan
    given = json.dumps({"confirm": plan.name, "reason": "nobody is served", "requested_by": "the on-call"})
    machine = plan.place.arn("states", f"stateMachine:{plan.machine}")
    scene.account.aws.service(StepFunctions).start(machine, name, given)


def enforce_guard(scene: Scene) -> None:
    """A person has let the guard of the primary act."""
    region, name = scene.plan.regions.primary, names.guard_mode(scene.plan.application)
    scene.account.sdk(region).call(
        "ssm", "PutParameter", region, Name=name, Value="enforce", Type="String", Overwrite=True
    )


def steps_of(scene: Scene, kind: str) -> list[dict[str, object]]:
    """The parameters of the plan's steps of a kind; raises `PlanRefused` where it has none."""
    found = [step.params for step in scene.plan.steps().values() if step.kind == kind]
    if not found:
        raise PlanRefused(f"This scenario needs a step of kind {kind}, and {scene.plan.application} has none.")
    return found
