"""Every invariant bites: in a doctored world the rehearsal ends with a sentence about what must never happen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from deployment import names
from deployment.resources import Function, Parameter, Stack, Table
from pilotlight.aws.leases import Leases
from pilotlight.aws.tables import DynamoTable
from pilotlight.aws.tombstones import Tombstones
from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.plan import Plan
from pilotlight.domain.run import Outcome
from pilotlight.domain.tombstone import Tombstone, TombstoneState
from planfile import load
from rehearsal.closing import closing_lines
from rehearsal.invariants import EXPOSURE_LIMIT, InvariantBroken, Watch
from rehearsal.play import Played, play
from rehearsal.scenarios import Scenario
from rehearsal.scene import Scene, close_scene, open_scene
from rehearsal.services.ec2 import Ec2
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.rds import Rds
from rehearsal.services.route53 import Route53
from rehearsal.services.route53_records import Record
from rehearsal.traffic import STANDBY_BALANCER
from rehearsal.world import CURRENT_FUNCTION, CURRENT_REGION, CURRENT_RUN, CURRENT_STEP, TraceLine
from tests.builders import ACCOUNT, PRIMARY, PRIMARY_HOST, STANDBY, a_plan
from tests.workflow.played import FILEFLOW

OLD = f"arn:aws:rds:{PRIMARY}:{ACCOUNT}:db:the-source"
NEW = f"arn:aws:rds:{STANDBY}:{ACCOUNT}:db:the-replica"
GROUP = "sg-0123456789abcdef1"
NAME = "fileflow.example.com"
RUN = "fileflow-e1"
PROMOTED = 30 * 60.0
TWO_WRITERS = "the-source and .*the-replica both take writes"


def a_fenced_plan() -> Plan:
    """A plan that closes a database, promotes its replica, and latches one name."""
    fence = {"instance": "the-source", "security_groups": [GROUP]}
    promote = {"replica": "the-replica", "source": "the-source"}
    return a_plan(
        traffic={"records": [{"name": NAME}]},
        stages={
            "fence": {"database": [{"step": "close", "kind": "fence_security_group", "params": fence}]},
            "move": {"database": [{"step": "promote", "kind": "promote_replica", "params": promote}]},
            "serve": {
                "traffic": [{"step": "latch", "kind": "latch_traffic", "params": {"databases": ["the-replica"]}}]
            },
        },
    )


class Doctored:
    """A world with the plan's databases and the controller's tables in it, and nobody at work but the test."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.world = scene, scene.world
        self.sdk = scene.account.sdk(STANDBY)
        records = scene.world.model(Route53).records
        records.sets.clear()
        records.balancers |= {PRIMARY_HOST: lambda: 1, STANDBY_BALANCER: lambda: 1}
        self.lead_users_to(PRIMARY_HOST)
        self.watch = Watch(scene)

    def lead_users_to(self, balancer: str) -> None:
        self.world.model(Route53).records.put(Record(NAME, "", balancer))

    def do(self, work: Callable[[], object]) -> None:
        """Let somebody do something, inside the world."""
        task = self.world.time.spawn(work, name="the test")
        self.world.time.run(until=lambda: task.done)
        task.result()

    def wait(self, seconds: float = 1.0) -> None:
        self.world.time.run(limit_seconds=seconds)

    def made(self, operation: str) -> list[TraceLine]:
        """The calls of that operation so far."""
        return [line for line in self.world.trace if line.operation == operation]

    def table(self, name: str) -> DynamoTable:
        return DynamoTable(self.sdk, STANDBY, name)

    def hold_leases(self, holder: str = RUN) -> None:
        leases = Leases(self.table(names.CONTROL_TABLE))
        now = self.world.time.now()
        self.do(lambda: leases.grant(leases.seen(("fileflow", OLD)), holder, "", now))

    def entomb(self, epoch: int = 1) -> None:
        stone = Tombstone(OLD, NEW, "fileflow", RUN, epoch, TombstoneState.INTENDED, self.world.time.now())
        self.do(lambda: Tombstones(self.table(names.TOMBSTONES_TABLE), {}).write(stone))

    def settle_fence(self, closed: str) -> None:
        state = StepState(StepStatus.SETTLED, outputs={"closed": closed})
        table = self.table(names.CONTROL_TABLE)
        self.do(lambda: table.insert(f"run#{RUN}", "step#close", {"step": "close", **state.to_item()}))

    def prepare_move(self, closed: str = "unreachable") -> None:
        """All that a run does before the writer moves."""
        self.hold_leases()
        self.entomb()
        self.settle_fence(closed)

    def promote(self) -> None:
        self.do(lambda: self.sdk.call("rds", "PromoteReadReplica", STANDBY, DBInstanceIdentifier="the-replica"))

    def close_database(self) -> None:
        self.world.model(Ec2).group(PRIMARY, GROUP).rules.clear()

    def set_guard(self, mode: str) -> None:
        kept = {"Name": names.guard_mode("fileflow"), "Value": mode, "Type": "String", "Overwrite": True}
        self.do(lambda: self.scene.account.sdk(PRIMARY).call("ssm", "PutParameter", PRIMARY, **kept))

    def move_in_the_dark(self, guard: str) -> None:
        """The primary goes dark, the writer moves by the book, and the guard of the primary is in that mode."""
        self.set_guard(guard)
        self.world.darken(PRIMARY)
        self.prepare_move()
        self.promote()
        self.wait(PROMOTED)

    def run_function(self, handler: str, work: Callable[[], object], *, step: str = "") -> None:
        """Let a function with that handler make its calls, for a step of the run where one is named."""
        made = Function("a-function", "", handler, ())
        self.world.model(LambdaFunctions).deploy(made, STANDBY, {})

        def serve() -> None:
            CURRENT_FUNCTION.set("a-function")
            CURRENT_REGION.set(STANDBY)
            CURRENT_RUN.set(RUN)
            CURRENT_STEP.set(step)
            work()

        self.do(serve)


@pytest.fixture
def doctored() -> Iterator[Doctored]:
    tables = Table(names.CONTROL_TABLE), Table(names.TOMBSTONES_TABLE)
    mode = Parameter(names.guard_mode("fileflow"), "What the guard may do.", "observe")
    stacks = Stack("tables", STANDBY, ACCOUNT, tables), Stack("guard", PRIMARY, ACCOUNT, (mode,))
    plan = a_fenced_plan()
    scene = open_scene(plan.model_copy(update={"traffic": None}), 1, stacks)
    try:
        yield Doctored(replace(scene, plan=plan))
    finally:
        close_scene(scene)


class TestOneWriter:
    def test_a_move_by_the_book_out_of_a_closed_primary_is_fine(self, doctored: Doctored) -> None:
        doctored.close_database()
        doctored.prepare_move(closed="yes")

        doctored.promote()
        doctored.wait(PROMOTED)

        doctored.watch.finish()
        assert doctored.world.model(Rds).instance(STANDBY, "the-replica").source is None
        assert doctored.watch.exposure_seconds == 0.0

    def test_an_old_primary_that_answers_and_was_not_closed_breaks_it(self, doctored: Doctored) -> None:
        doctored.prepare_move(closed="yes")
        doctored.promote()

        with pytest.raises(InvariantBroken, match=f"{TWO_WRITERS}, and the primary region answered when"):
            doctored.wait(PROMOTED)

    def test_a_path_that_is_cut_is_no_dark_region(self, doctored: Doctored) -> None:
        """Given the fence found nobody because the path was cut, and users reach the primary all the time, when the
        writer moves, then there are two."""
        doctored.world.cut(PRIMARY, STANDBY)
        doctored.prepare_move()
        doctored.promote()

        with pytest.raises(InvariantBroken, match="answered when the writer moved"):
            doctored.wait(PROMOTED)

    def test_a_primary_that_comes_back_to_a_guard_in_force_may_be_open_for_three_minutes(
        self, doctored: Doctored
    ) -> None:
        doctored.move_in_the_dark("enforce")
        doctored.world.relight(PRIMARY)
        doctored.wait(EXPOSURE_LIMIT.total_seconds())

        with pytest.raises(InvariantBroken, match=f"{TWO_WRITERS} still, more than 180 s after"):
            doctored.wait(60.0)

    def test_one_that_is_closed_in_time_was_exposed_for_as_long(self, doctored: Doctored) -> None:
        doctored.move_in_the_dark("enforce")
        doctored.world.relight(PRIMARY)
        doctored.wait(100.0)
        doctored.close_database()
        doctored.wait(PROMOTED)

        doctored.watch.finish()
        assert doctored.watch.exposure_seconds == pytest.approx(100.0, abs=60.0)

    def test_opened_again_by_hand_it_has_no_three_minutes_more(self, doctored: Doctored) -> None:
        doctored.move_in_the_dark("enforce")
        rules = list(doctored.world.model(Ec2).group(PRIMARY, GROUP).rules)
        doctored.close_database()
        doctored.world.relight(PRIMARY)
        doctored.wait(PROMOTED)
        doctored.world.model(Ec2).group(PRIMARY, GROUP).rules += rules

        with pytest.raises(InvariantBroken, match=TWO_WRITERS):
            doctored.wait(60.0)

    @pytest.mark.parametrize("mode", ["observe", "disarmed"])
    def test_under_a_guard_that_closes_nothing_the_exposure_is_measured(self, doctored: Doctored, mode: str) -> None:
        doctored.move_in_the_dark(mode)
        doctored.world.relight(PRIMARY)
        doctored.wait(PROMOTED)

        doctored.watch.finish()
        assert doctored.watch.exposure_seconds == pytest.approx(PROMOTED, abs=1.0)


class TestPromotion:
    def test_without_a_tombstone_it_breaks(self, doctored: Doctored) -> None:
        doctored.close_database()
        doctored.promote()

        with pytest.raises(InvariantBroken, match=r"promoted without a durable tombstone on .*the-source: none stands"):
            doctored.wait()

    def test_with_the_tombstone_of_another_epoch_it_breaks(self, doctored: Doctored) -> None:
        doctored.hold_leases("fileflow-e0")
        doctored.entomb(epoch=1)
        doctored.hold_leases("fileflow-e2")
        doctored.promote()

        with pytest.raises(InvariantBroken, match=r"of run fileflow-e1 in epoch 1, while .* held by fileflow-e2 \(2\)"):
            doctored.wait()

    def test_before_the_fence_settled_it_breaks(self, doctored: Doctored) -> None:
        doctored.hold_leases()
        doctored.entomb()
        doctored.promote()

        with pytest.raises(InvariantBroken, match=r"promoted before close, which closes the way to .*the-source, had"):
            doctored.wait()


class TestUsers:
    def test_they_do_not_reach_a_standby_whose_database_is_a_replica(self, doctored: Doctored) -> None:
        doctored.lead_users_to(STANDBY_BALANCER)

        with pytest.raises(
            InvariantBroken, match=r"users of fileflow.example.com reach ap-northeast-1, where .* replica"
        ):
            doctored.wait()

    def test_they_never_go_back(self, doctored: Doctored) -> None:
        doctored.move_in_the_dark("observe")
        doctored.lead_users_to(STANDBY_BALANCER)
        doctored.wait()

        doctored.lead_users_to(PRIMARY_HOST)
        with pytest.raises(InvariantBroken, match="who had reached ap-northeast-1, are led to ap-northeast-2 again"):
            doctored.wait()


class TestHosts:
    def call(
        self, doctored: Doctored, service: str, operation: str, region: str, **params: Any
    ) -> Callable[[], object]:
        return lambda: doctored.sdk.call(service, operation, region, **params)

    @pytest.mark.parametrize("handler", ["open", "close", "step", "guard", "latch"])
    def test_a_function_of_a_failover_that_calls_us_east_1_breaks_it(self, doctored: Doctored, handler: str) -> None:
        """Reads included, and whether or not the region answers."""
        doctored.world.darken("us-east-1")
        described = self.call(doctored, "cloudwatch", "DescribeAlarms", "us-east-1", AlarmNames=["an-alarm"])

        said = (
            "function a-function in ap-northeast-1 called cloudwatch DescribeAlarms at monitoring.us-east-1.amazonaws"
        )
        with pytest.raises(InvariantBroken, match=said):
            doctored.run_function(f"pilotlight.handlers.{handler}", described)

    def test_a_global_endpoint_breaks_it_as_well(self, doctored: Doctored) -> None:
        listed = self.call(doctored, "iam", "ListRoles", STANDBY, PathPrefix="/")

        with pytest.raises(InvariantBroken, match=r"called iam ListRoles at iam.amazonaws.com, a global endpoint"):
            doctored.run_function("pilotlight.handlers.step", listed)

    def test_the_detector_may_read_the_alarm_there(self, doctored: Doctored) -> None:
        described = self.call(doctored, "cloudwatch", "DescribeAlarms", "us-east-1", AlarmNames=["an-alarm"])

        doctored.run_function("pilotlight.handlers.detect", described)

        doctored.wait()
        doctored.watch.finish()
        made = doctored.made("DescribeAlarms")
        assert [(line.by, line.region, line.error) for line in made] == [("a-function", "us-east-1", "")]


class TestLeases:
    def prepare(self, doctored: Doctored) -> Leases:
        doctored.prepare_move()
        control = doctored.table(names.CONTROL_TABLE)
        doctored.do(lambda: control.insert(f"run#{RUN}", "run", {"epochs": {"fileflow": 1, OLD: 1}}))
        return Leases(control)

    def reboot(self, doctored: Doctored) -> object:
        return doctored.sdk.call("rds", "RebootDBInstance", PRIMARY, DBInstanceIdentifier="the-source")

    def test_a_step_that_changes_something_without_its_lease_breaks_it(self, doctored: Doctored) -> None:
        leases = self.prepare(doctored)
        doctored.hold_leases("fileflow-e2")

        def look_and_act() -> None:
            leases.lost_by(RUN, {"fileflow": 1, OLD: 1})
            self.reboot(doctored)

        doctored.run_function("pilotlight.handlers.step", look_and_act, step="close")

        said = f"step close of run {RUN} called rds RebootDBInstance on .*the-source while the lease of .* is held by"
        with pytest.raises(InvariantBroken, match=said):
            doctored.wait()

    def test_one_that_lost_it_after_its_last_look_is_the_window_that_is_stated(self, doctored: Doctored) -> None:
        leases = self.prepare(doctored)

        def look_pause_and_act() -> None:
            leases.lost_by(RUN, {"fileflow": 1, OLD: 1})
            leases.grant(leases.seen(("fileflow", OLD)), "fileflow-e2", "", doctored.world.time.now())
            self.reboot(doctored)

        doctored.run_function("pilotlight.handlers.step", look_pause_and_act, step="close")

        doctored.wait()
        doctored.watch.finish()
        made = doctored.made("RebootDBInstance")
        assert [(line.by, line.step, line.error) for line in made] == [("a-function", "close", "")]

    def test_one_that_never_looked_breaks_it(self, doctored: Doctored) -> None:
        self.prepare(doctored)
        doctored.hold_leases("fileflow-e2")
        doctored.run_function("pilotlight.handlers.step", lambda: self.reboot(doctored), step="close")

        with pytest.raises(InvariantBroken, match=r"held by fileflow-e2 \(2\)"):
            doctored.wait()


def rehearsed(happen: Callable[[Scene], None]) -> Played:
    """FileFlow's outage with something more in it."""

    def outage_and_more(scene: Scene) -> None:
        scene.world.darken(PRIMARY)
        happen(scene)

    return play(load(FILEFLOW), Scenario("doctored", "Something more.", Outcome.RECOVERED, outage_and_more), seed=1)


class TestARehearsal:
    def test_a_promotion_by_hand_ends_it(self) -> None:
        def promote(scene: Scene) -> None:
            replica = {"DBInstanceIdentifier": "ryuqqq-shared-rds-replica"}
            scene.account.sdk(STANDBY).call("rds", "PromoteReadReplica", STANDBY, **replica)

        with pytest.raises(
            InvariantBroken, match=r"ryuqqq-shared-rds-replica was promoted without a durable tombstone"
        ):
            rehearsed(promote)

    def test_a_primary_that_comes_back_to_a_guard_that_observes_is_told_at_the_end(self) -> None:
        """Given a guard that only observes, when the primary comes back an hour after the outage began, then the
        result says how long it took writes, and so do the last lines."""

        def come_back(scene: Scene) -> None:
            scene.world.time.spawn(lambda: scene.world.relight(PRIMARY), name="it returns", delay_seconds=3600.0)

        result = rehearsed(come_back).result

        assert result.outcome == "RECOVERED", result.reason
        assert result.exposure_seconds > 0
        assert json.loads(json.dumps(result.to_json()))["exposure_seconds"] == result.exposure_seconds
        told = [line for line in closing_lines(result) if line.startswith("Exposed")]
        assert len(told) == 1
        assert "took writes beside the new one" in told[0]
