"""An old writer takes writes by its region, its role, its status, and what the fences of its plan left open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deployment import names
from deployment.resources import Stack, Table
from rehearsal.scene import close_scene, open_scene
from rehearsal.services.autoscaling import AutoScaling
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ecs import Ecs
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.rds import Rds
from rehearsal.world import World
from rehearsal.writers import WatchedWriter, watched_writers
from tests.builders import ACCOUNT, PRIMARY, STANDBY, a_plan

GROUP = "sg-0123456789abcdef1"
UUID = "1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"
DATABASE = ("fence_security_group", {"instance": "the-source", "security_groups": [GROUP]})
LISTENER = ("fence_listener", {"load_balancer": "the-alb", "ports": [443]})
SERVICE = ("fence_ecs_service", {"cluster": "the-cluster", "service": "the-service"})
SCALED, OTHER_SCALED = (("fence_auto_scaling_group", {"group": name}) for name in ("the-web", "the-app"))
SOURCES = ("fence_event_sources", {"mappings": [UUID]})
Step = tuple[str, dict[str, Any]]
Fence = Step
PROMOTION: Step = ("promote_replica", {"replica": "the-replica", "source": "the-source"})
TAKE_OVER: Step = ("take_over_tables", {"tables": ["the-table"]})


@contextmanager
def the_writer(*fences: Fence, moving: Step = PROMOTION) -> Iterator[WatchedWriter]:
    """The one writer of a plan with these fences, in a world where all is well."""
    steps = [{"step": f"fence-{n}", "kind": kind, "params": params} for n, (kind, params) in enumerate(fences)]
    move = {"step": "move", "kind": moving[0], "params": moving[1]}
    plan = a_plan(stages={"move": {"data": [move]}, **({"fence": {"primary": steps}} if steps else {})})
    kept = (Table(names.CONTROL_TABLE), Table(names.TOMBSTONES_TABLE))
    scene = open_scene(plan, 1, (Stack("tables", STANDBY, ACCOUNT, kept),))
    try:
        (writer,) = watched_writers(scene.world, plan)
        yield writer
    finally:
        close_scene(scene)


def close_database(world: World) -> None:
    world.model(Ec2).group(PRIMARY, GROUP).rules.clear()


def close_listener(world: World) -> None:
    elbv2 = world.model(Elbv2)
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
    elbv2.add_rule(elbv2.listeners[0], 1, ("*",), answer)


def stop_service(world: World) -> None:
    service = world.model(Ecs).find(PRIMARY, "the-cluster", "the-service")
    assert service is not None
    service.update(0)
    world.time.run(limit_seconds=900.0)


def stop_group(world: World, name: str = "the-web") -> None:
    group = world.model(AutoScaling).find(PRIMARY, name)
    assert group is not None
    group.resize(0, 0, 0)
    world.time.run(limit_seconds=900.0)


def switch_sources_off(world: World) -> None:
    world.model(LambdaFunctions).mappings[0].state = "Disabled"


@pytest.mark.parametrize(
    ("fence", "close"),
    [
        (DATABASE, close_database),
        (LISTENER, close_listener),
        (SERVICE, stop_service),
        (SCALED, stop_group),
        (SOURCES, switch_sources_off),
    ],
)
def test_the_fence_of_a_plan_closes_its_old_writer(fence: Fence, close: Callable[[World], None]) -> None:
    with the_writer(fence) as writer:
        assert writer.old_takes_writes()

        close(writer.world)

        assert not writer.old_takes_writes()


def test_a_service_whose_tasks_are_still_stopping_is_open() -> None:
    with the_writer(SERVICE) as writer:
        service = writer.world.model(Ecs).find(PRIMARY, "the-cluster", "the-service")
        assert service is not None

        service.update(0)
        writer.world.time.run(limit_seconds=5.0)

        assert writer.old_takes_writes()


def test_an_instance_that_is_still_ending_is_open() -> None:
    with the_writer(SCALED) as writer:
        group = writer.world.model(AutoScaling).find(PRIMARY, "the-web")
        assert group is not None

        group.resize(0, 0, 0)
        writer.world.time.run(limit_seconds=60.0)

        assert group.desired == 0
        assert writer.old_takes_writes()


def test_one_of_two_groups_that_is_stopped_closes_nothing_and_a_listener_before_both_does() -> None:
    with the_writer(SCALED, OTHER_SCALED, LISTENER) as writer:
        stop_group(writer.world)
        half = writer.old_takes_writes()

        close_listener(writer.world)

        assert half
        assert not writer.old_takes_writes()


@pytest.mark.parametrize(("fence", "close"), [(LISTENER, close_listener), (SERVICE, stop_service)])
def test_a_closed_application_does_not_close_a_database_that_the_plan_fences(
    fence: Fence, close: Callable[[World], None]
) -> None:
    with the_writer(fence, DATABASE) as writer:
        close(writer.world)

        assert writer.old_takes_writes()


def test_event_sources_that_are_off_do_not_close_an_application_that_the_plan_fences() -> None:
    with the_writer(LISTENER, SOURCES) as writer:
        switch_sources_off(writer.world)

        assert writer.old_takes_writes()


def test_without_a_fence_only_darkness_keeps_it_from_writing() -> None:
    with the_writer() as writer:
        assert writer.old_takes_writes()

        writer.world.darken(PRIMARY)

        assert not writer.old_takes_writes()


@pytest.mark.parametrize(
    ("status", "takes"),
    [
        ("available", True),
        ("modifying", True),
        ("a-new-status", True),
        ("stopped", False),
        ("rebooting", False),
    ],
)
def test_a_status_that_is_not_known_to_refuse_writes_counts_as_taking_them(status: str, takes: bool) -> None:
    with the_writer() as writer:
        writer.world.model(Rds).instance(PRIMARY, "the-source").status = status

        assert writer.old_takes_writes() is takes


def test_a_database_that_is_gone_or_a_replica_takes_no_writes() -> None:
    with the_writer() as writer:
        rds = writer.world.model(Rds)
        assert not writer.new_takes_writes()
        assert not writer.has_moved()

        rds.instance(STANDBY, "the-replica").source = None
        rds.remove(PRIMARY, "the-source")

        assert writer.new_takes_writes()
        assert writer.has_moved()
        assert not writer.old_takes_writes()


@pytest.mark.parametrize(
    ("fence", "close"), [(LISTENER, close_listener), (SERVICE, stop_service), (SOURCES, switch_sources_off)]
)
def test_a_table_is_closed_by_what_closes_the_application(fence: Fence, close: Callable[[World], None]) -> None:
    with the_writer(fence, moving=TAKE_OVER) as writer:
        assert writer.old_takes_writes()

        close(writer.world)

        assert not writer.old_takes_writes()


def test_a_fence_of_a_database_closes_no_table() -> None:
    with the_writer(DATABASE, moving=TAKE_OVER) as writer:
        close_database(writer.world)

        assert writer.old_takes_writes()


def test_a_table_of_the_standby_is_written_to_as_soon_as_a_task_runs_there() -> None:
    with the_writer(LISTENER, moving=TAKE_OVER) as writer:
        assert not writer.new_takes_writes()

        ecs = writer.world.model(Ecs)
        ecs.add_service(STANDBY, "dr", "app", ecs.add_task_definition(STANDBY, "app", "image"), desired=1)

        assert writer.new_takes_writes()


def test_a_restored_copy_takes_writes_once_it_was_adopted() -> None:
    """Nobody is told where a copy is before that, and the primary may be alive while it is restored."""
    restored = {"step": "restore", "output": "resource_id"}
    adopt = {"instance": "the-copy", "source": "the-source", "restored": restored}
    plan = a_plan(stages={"move": {"database": [{"step": "adopt", "kind": "adopt_database", "params": adopt}]}})
    scene = open_scene(plan, 1, (Stack("tables", STANDBY, ACCOUNT, (Table(names.CONTROL_TABLE),)),))
    try:
        (writer,) = watched_writers(scene.world, plan)
        copy = scene.world.model(Rds).add_instance(STANDBY, "the-copy", restored=True)
        assert not writer.new_takes_writes()
        assert not writer.has_moved()

        copy.tags["pilotlight:adopted"] = copy.resource_id

        assert writer.new_takes_writes()
        assert writer.has_moved()
    finally:
        close_scene(scene)
