"""Users stay where the latch holds them, whatever fails beside it: six hours of each case, looked at each minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from deployment import names
from deployment.latch import latch, latch_check, object_check
from deployment.resources import HealthCheck, Queue, Stack
from deployment.running import PLAN_FILE
from deployment.signals import signals
from pilotlight.domain.plan import Plan
from pilotlight.estate.traffic.latch import Latch, Position
from rehearsal.scene import Scene, close_scene, open_scene
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.route53 import Route53
from rehearsal.services.s3 import S3
from rehearsal.traffic import MAINTENANCE_PAGE, region_of_users
from tests.builders import PRIMARY, PRIMARY_HOST, STANDBY, a_plan

NAME = "fileflow.example.com"
FOLLOWS_WITHIN = timedelta(minutes=4)
SIX_HOURS = timedelta(hours=6)
MINUTE = 60.0


def a_latched_plan(**record: object) -> Plan:
    """A plan that promotes one replica and latches the traffic of one name."""
    promote = {
        "step": "promote",
        "kind": "promote_replica",
        "params": {"replica": "the-replica", "source": "the-source"},
    }
    turned = {"step": "latch", "kind": "latch_traffic", "params": {"databases": ["the-replica"]}}
    return a_plan(
        traffic={"records": [{"name": NAME, **record}]},
        stages={"move": {"database": [promote]}, "serve": {"traffic": [turned]}},
        signals={
            "health_check": {"host": PRIMARY_HOST, "path": "/health"},
            "probe": {"url": f"https://{PRIMARY_HOST}/health"},
        },
    )


class Users:
    """What the users of an application meet, in a world that holds its latch and nothing else of the controller."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.latch = Latch(scene.plan.place)

    def reach(self) -> str:
        """The region that they reach now."""
        return region_of_users(self.scene.world, self.scene.plan, NAME)

    def reach_during(self, span: timedelta) -> set[str]:
        """The regions that they reach in a span, looked at each minute."""
        seen: set[str] = set()
        for _ in range(int(span.total_seconds() / MINUTE)):
            self.wait(MINUTE)
            seen.add(self.reach())
        return seen

    def wait(self, seconds: float) -> None:
        self.scene.world.time.run(limit_seconds=seconds)

    def turn(self, position: Position) -> None:
        """Turn the latch as the step does; what is dark takes nothing."""

        def work() -> None:
            now, sdk = self.scene.world.time.now(), self.scene.account.sdk(STANDBY)
            self.latch.turn(sdk, self.latch.switch(sdk), position, "fileflow-e1", now)

        task = self.scene.world.time.spawn(work, name="turn the latch")
        self.scene.world.time.run(until=lambda: task.done)
        task.result()


@contextmanager
def users_of(plan: Plan) -> Iterator[Users]:
    own_check = [r for stack in signals(plan) for r in stack.resources if isinstance(r, HealthCheck)]
    resources = (Queue(names.LOST_EVENTS_QUEUE), *latch(plan, PLAN_FILE), *own_check)
    stack = Stack("latch", STANDBY, plan.account, resources)
    scene = open_scene(plan, 1, (stack,))
    try:
        yield Users(scene)
    finally:
        close_scene(scene)


@pytest.fixture
def users() -> Iterator[Users]:
    with users_of(a_latched_plan()) as made:
        yield made


def metric_goes_dark(scene: Scene) -> None:
    scene.account.aws.service(CloudWatch).silent.add(STANDBY)


def object_goes_dark(scene: Scene) -> None:
    scene.account.aws.service(S3).silent.add(STANDBY)


def standby_goes_dark(scene: Scene) -> None:
    scene.world.darken(STANDBY)


def all_is_well_again(scene: Scene) -> None:
    scene.account.aws.service(CloudWatch).silent.clear()
    scene.account.aws.service(S3).silent.clear()
    scene.world.relight(STANDBY)


troubles = pytest.mark.parametrize("trouble", [metric_goes_dark, object_goes_dark, standby_goes_dark])
Trouble = Callable[[Scene], None]


@pytest.mark.full
class TestTheAnswerNeverChangesByItself:
    @troubles
    def test_off_it_stays_with_the_primary(self, users: Users, trouble: Trouble) -> None:
        """Given the latch is off, when one of its mechanisms is dark for six hours, or all of the standby, and well
        again for one, then users reach the primary all the time."""
        assert users.reach() == PRIMARY

        trouble(users.scene)
        seen = users.reach_during(SIX_HOURS)
        all_is_well_again(users.scene)

        assert seen | users.reach_during(timedelta(hours=1)) == {PRIMARY}

    @troubles
    def test_on_it_stays_with_the_standby(self, users: Users, trouble: Trouble) -> None:
        """Given the latch was turned on and the primary is well again, when one mechanism is dark for six hours, or
        all of the standby, and well again for one, then users never reach the primary."""
        users.turn(Position.ON)
        users.wait(FOLLOWS_WITHIN.total_seconds())
        assert users.reach() == STANDBY

        trouble(users.scene)
        seen = users.reach_during(SIX_HOURS)
        all_is_well_again(users.scene)

        assert seen | users.reach_during(timedelta(hours=1)) == {STANDBY}

    def test_the_primary_that_recovers_brings_nobody_back(self, users: Users) -> None:
        """Given the primary was dark and the latch was turned on, when the primary answers again for six hours, then
        users stay in the standby."""
        users.scene.world.darken(PRIMARY)
        users.turn(Position.ON)
        users.wait(FOLLOWS_WITHIN.total_seconds())

        users.scene.world.relight(PRIMARY)

        assert users.reach_during(SIX_HOURS) == {STANDBY}

    def test_a_dark_primary_moves_nobody_before_the_latch(self, users: Users) -> None:
        users.scene.world.darken(PRIMARY)

        assert users.reach_during(timedelta(hours=1)) == {PRIMARY}


class TestTurning:
    @pytest.mark.parametrize("trouble", [metric_goes_dark, object_goes_dark])
    def test_either_mechanism_alone_moves_users(self, users: Users, trouble: Trouble) -> None:
        trouble(users.scene)

        users.turn(Position.ON)
        users.wait(FOLLOWS_WITHIN.total_seconds())

        assert users.reach() == STANDBY

    def test_turned_off_they_come_back_once_both_say_so(self, users: Users) -> None:
        users.turn(Position.ON)
        users.wait(FOLLOWS_WITHIN.total_seconds())

        users.turn(Position.OFF)
        users.wait(FOLLOWS_WITHIN.total_seconds() * 2)

        assert users.reach() == PRIMARY

    def test_the_publisher_writes_a_lost_object_again(self, users: Users) -> None:
        """Given the latch is on, when somebody deletes the object, then it stands there again a minute later, and
        nobody was sent back in between."""
        users.turn(Position.ON)
        users.wait(FOLLOWS_WITHIN.total_seconds())
        bucket = users.scene.account.aws.service(S3).buckets[users.latch.bucket]

        bucket.objects.clear()
        seen = users.reach_during(timedelta(minutes=5))

        assert seen == {STANDBY}
        assert bucket.objects[users.latch.key] == "The latch of fileflow is on.\n"

    def test_where_the_account_forbids_public_objects_the_metric_holds_alone(self, users: Users) -> None:
        users.scene.account.aws.service(S3).buckets[users.latch.bucket].blocked = True

        users.turn(Position.ON)
        users.wait(FOLLOWS_WITHIN.total_seconds())

        assert users.scene.account.aws.service(Route53).is_healthy(object_check("fileflow"))
        assert users.reach_during(timedelta(hours=1)) == {STANDBY}


class TestJoinedWithAMaintenancePage:
    def test_users_leave_a_dark_primary_for_the_page_and_come_to_the_standby_with_the_latch(self) -> None:
        """Given the primary's own health is joined, when it is dark, users meet the page; once the latch is on they
        reach the standby, and stay there when the primary answers again."""
        with users_of(a_latched_plan(primary_check="joined", maintenance_page=True)) as users:
            assert users.reach() == PRIMARY

            users.scene.world.darken(PRIMARY)
            users.wait(FOLLOWS_WITHIN.total_seconds())
            assert users.reach() == MAINTENANCE_PAGE

            users.turn(Position.ON)
            users.wait(FOLLOWS_WITHIN.total_seconds())
            users.scene.world.relight(PRIMARY)

            assert users.reach_during(timedelta(hours=1)) == {STANDBY}


def test_the_check_of_the_record_is_the_calculated_one(users: Users) -> None:
    (primary,) = [r for r in users.scene.account.aws.service(Route53).records.sets if r.failover == "PRIMARY"]

    assert primary.check == latch_check("fileflow")
    assert not primary.evaluates_target
