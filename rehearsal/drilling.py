"""Plays a drill in its application's world, to its end: nothing of it is left, and production is as it was."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random

from deployment import names
from pilotlight.aws.leases import Leases
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.drill_names import drill_name
from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.ports import WebAnswer, WebRequest
from pilotlight.domain.records import Record
from pilotlight.domain.run import Outcome
from pilotlight.steps import kind_and_params
from pilotlight.steps.check_http import CheckHttpParams
from rehearsal.drilled_clusters import clusters_of, own_namespaces
from rehearsal.drilled_writes import let_it_try
from rehearsal.engine.history import EventType, HistoryEvent
from rehearsal.good_answer import good_body
from rehearsal.invariants import InvariantBroken
from rehearsal.play import AnyPlayed, conclude, listen_to_the_world, run_to_the_end
from rehearsal.scenarios.scenario import start_by_hand
from rehearsal.scene import AnyScene, Scene, close_scene, drill_scene, open_scene
from rehearsal.services.elbv2 import Elbv2, LoadBalancer
from rehearsal.services.step_functions import StepFunctions
from rehearsal.snapshot import picture_of

_QUOTAS = "ec2 limits "
"""How much an account may run, of which the model keeps a line as soon as something was launched."""
_OWN = (names.LEDGER_TABLE, names.CONTROL_TABLE, names.SIGNALS_TABLE, names.ALERTS_TOPIC)
"""Where Pilotlight itself writes down and tells what happens; the topic's line holds all of a region's messages."""

_GONE = ("'status': 'INACTIVE'", "'status': 'DELETE_IN_PROGRESS'")
"""How ECS goes on to list, for a while, a service and a task definition that were deleted (ECS API Reference)."""
_ENDED = re.compile(r"^ecs one_offs .*'status': <TaskStatus\.STOPPED")
"""How ECS goes on to show, for an hour, a task that was run once and has ended (ECS API Reference, DescribeTasks)."""
_CLUSTERS = re.compile(r"^(eks clusters |autoscaling groups .*'name': 'eks-)")
"""Of clusters, and of their node groups, `rehearsal.drilled_clusters` shows what a drill has to leave as it was."""

_STATES_OF_A_DRILL = 20
"""Every drill enters more than so many."""
_LOOKED_AFTER, _LONGEST_CLEANING = timedelta(minutes=5), timedelta(hours=2)


@dataclass(frozen=True)
class DrillScenario:
    """What happens in a drill, and how that ends.

    `changes` says that production may change meanwhile, `writes` that the drilled application tries to change it,
    `crashes` that the drill's execution is stopped amid.
    """

    name: str
    summary: str
    expected: Outcome
    happen: Callable[[Scene], None] = lambda scene: None
    changes: bool = False
    writes: bool = False
    crashes: bool = False


def _dark_amid(scene: Scene) -> None:
    scene.world.time.spawn(
        lambda: scene.world.darken(scene.plan.regions.primary),
        name="an outage amid the drill",
        delay_seconds=timedelta(minutes=8).total_seconds(),
    )


DRILL_SCENARIOS = {
    each.name: each
    for each in (
        DrillScenario("drill", "A person starts a drill, which leaves nothing behind.", Outcome.RECOVERED),
        DrillScenario(
            "drill-during-outage",
            "The primary goes dark amid a drill, which gives way to the failover.",
            Outcome.ABORTED_CLEAN,
            _dark_amid,
            changes=True,
        ),
        DrillScenario(
            "drill-crash",
            "The drill's execution is killed at a state that the seed chooses, and the janitor cleans up.",
            Outcome.FAILED,
            crashes=True,
        ),
        DrillScenario(
            "drill-app-writes",
            "The drilled application tries to write to all of production that its plan names, and to a third party.",
            Outcome.RECOVERED,
            writes=True,
        ),
    )
}


@dataclass(frozen=True)
class PlayedDrill(AnyPlayed):
    """A played drill; `world` are two pictures of each region, as it was before the drill and in the end.

    `beside` are the records of the application itself, whose failover a drill gives way to.
    """

    beside: Sequence[Record]
    world: tuple[dict[str, str], dict[str, str]]

    @property
    def left_behind(self) -> list[str]:
        """What stands in the standby that did not before, and names the drill or one of its stand-ins."""
        before, after = (pictures[self.scene.plan.place.standby].splitlines() for pictures in self.world)
        return [line for line in set(after) - set(before) if "drill" in line]


def play_drill(plan: Plan, scenario: DrillScenario, seed: int, *, as_armed: bool = False) -> PlayedDrill:
    """Play a drill to its end. Raises `InvariantBroken` where it left something or changed production.

    Raises `PlanRefused` for a plan that does not say how it is drilled.
    """
    if plan.drill is None:
        raise PlanRefused(f"The plan of {plan.application} does not say how it is drilled; give it a part `drill`.")
    armed = plan if as_armed else plan.model_copy(update={"arming": Arming.AUTOMATIC})
    random.seed(seed)
    whole = open_scene(armed, seed)
    try:
        return _play(whole, scenario, seed)
    finally:
        close_scene(whole)


def _play(whole: Scene, scenario: DrillScenario, seed: int) -> PlayedDrill:
    """Play it amid an application whose scene is open."""
    scene, plan = drill_scene(whole), whole.plan
    let_copies_answer(scene)
    tried: list[str] = []
    if scenario.writes:
        let_it_try(whole, scene, tried)
    notes = listen_to_the_world(scene)
    before, onset = pictures(whole), scene.world.time.now()
    notes.append((onset, f"It begins: {scenario.summary}"))
    if scenario.crashes:
        notes.append((onset, f"It is killed at state number {kill_at_a_state(whole, seed)} of those that it enters."))
    start_by_hand(scene, scenario.name)
    scenario.happen(whole)
    run_to_the_end(scene, onset)
    if scenario.crashes:
        let_janitor_clean(whole)
    after = pictures(whole)
    result, records = conclude(scene, scenario.name, seed, onset)
    _, beside = conclude(whole, scenario.name, seed, onset)
    if scenario.writes and not tried:
        raise PlanRefused(f"The drill of {plan.application} runs no copy of a service, so nothing of it could write.")
    if not scenario.changes and before != after:
        raise InvariantBroken(f"The drill left the world another one: {difference(before, after)}")
    region = plan.regions.primary
    return PlayedDrill(result, scene, onset, records, notes, (before[region], after[region]), beside, (before, after))


def kill_at_a_state(scene: Scene, seed: int) -> int:
    """Stop the drill's execution as it enters its n-th state, n by the seed; gives n."""
    machines, number = scene.account.aws.service(StepFunctions), Random(seed).randint(1, _STATES_OF_A_DRILL)
    entered, name = list[str](), drill_name(scene.plan.application)

    def stop(event: HistoryEvent) -> None:
        if event.type is EventType.ENTERED:
            entered.append(event.state)
        if len(entered) == number:
            drill = next(e for arn, e in machines.executions.items() if f":{name}:" in arn)
            scene.world.time.spawn(drill.stop, name=f"killed at {event.state}")

    machines.observe = stop
    return number


def let_janitor_clean(scene: Scene) -> None:
    """Let time go by until the drill holds its lease no longer; raises `InvariantBroken` where that never comes."""
    region, time = scene.plan.regions.standby, scene.world.time
    leases = Leases(DynamoTable(scene.account.sdk(region), region, names.CONTROL_TABLE))
    for _ in range(_LONGEST_CLEANING // _LOOKED_AFTER):
        time.run(limit_seconds=_LOOKED_AFTER.total_seconds())
        if not leases.of(drill_name(scene.plan.application)).holder:
            return
    raise InvariantBroken(f"The drill still holds its lease {_LONGEST_CLEANING} after it was killed.")


def let_copies_answer(scene: AnyScene) -> None:
    """Let each load balancer that a drill makes answer for the application behind it, once something healthy is."""
    internet, balancing = scene.account.internet, scene.account.aws.service(Elbv2)
    checks = [kind_and_params(step)[1] for step in scene.plan.steps().values()]
    good = {params.url: params for params in checks if isinstance(params, CheckHttpParams)}

    def answer(balancer: LoadBalancer, request: WebRequest) -> WebAnswer:
        groups = [group for group in balancing.target_groups if group.load_balancer is balancer]
        asked = good.get(request.url)
        if asked is None or not groups or not all(group.healthy_count for group in groups):
            return WebAnswer(503, "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>")
        return WebAnswer(asked.statuses[0], good_body(asked.expect_body or "", asked.expect_json))

    balancing.on_made.append(lambda made: internet.put_in_region(made.dns_name, made.region, partial(answer, made)))


def pictures(scene: Scene) -> dict[str, str]:
    """What stands in each of the plan's regions, but for what Pilotlight writes down and tells."""
    regions = filter(None, (scene.plan.regions.primary, scene.plan.regions.standby, scene.plan.regions.witness))
    own = own_namespaces(drill_scene(scene).plan)
    return {
        region: "\n".join([*_of_the_owner(picture_of(scene.world, region)), *clusters_of(scene.world, region, own)])
        for region in regions
    }


def difference(before: dict[str, str], after: dict[str, str]) -> str:
    """The first line that stands in one of two pictures alone; empty where they are the same."""
    for region, was in before.items():
        lines = set(was.splitlines()) ^ set(after[region].splitlines())
        if lines:
            return f"{region}: {min(lines)[:400]}"
    return ""


def _of_the_owner(picture: str) -> list[str]:
    kept = (line for line in picture.splitlines() if not any(name in line for name in (*_OWN, *_GONE, _QUOTAS)))
    return [line for line in kept if not (_CLUSTERS.match(line) or _ENDED.match(line))]
