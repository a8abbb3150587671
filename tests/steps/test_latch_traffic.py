"""Traffic is sent to the standby only where its databases take the writes, by either of two mechanisms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from deployment.latch import latch
from deployment.resources import CalculatedHealthCheck, HealthCheck, MetricHealthCheck, Rule, Stack
from deployment.running import PLAN_FILE
from pilotlight.domain.life import StepStatus
from pilotlight.domain.standing_in import LeftOut
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    NotYet,
    Receipt,
    Severity,
    StepContext,
    Undone,
)
from pilotlight.estate.traffic.latch import Latch, Position
from pilotlight.steps.latch_traffic import KIND, LatchTrafficParams
from rehearsal.apply import Account
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.rds import Rds
from rehearsal.services.rds_global import DbCluster, GlobalDatabase
from rehearsal.services.rds_instance import Instance
from rehearsal.services.s3 import S3
from rehearsal.virtual_time import VirtualTime
from rehearsal.world import World
from tests.builders import ISOLATION, a_plan
from tests.steps.conftest import PLACE, Bench
from tests.steps.databases import REPLICA, SOURCE, TOKYO

PARAMS = LatchTrafficParams(databases=(REPLICA,))
LATCH = Latch(PLACE)
ACTIVE = (Rule, HealthCheck, MetricHealthCheck, CalculatedHealthCheck)
STEP = {"step": "latch", "kind": "latch_traffic", "params": {"databases": [REPLICA]}}
PLAN = a_plan(
    traffic={"records": [{"name": "fileflow.example.com"}]},
    stages={"serve": {"traffic": [STEP]}},
)
ALL_THREE = ["dynamodb:PutItem", "s3:PutObject", "cloudwatch:PutMetricData"]


@dataclass
class Traffic(Bench):
    """A bench on which the latch of FileFlow stands, beside a promoted replica; the web leads to its object."""

    def context(
        self, *, started: datetime | None = None, outputs: Mapping[str, Mapping[str, str]] | None = None
    ) -> StepContext:
        return replace(super().context(started=started, outputs=outputs), web=self.internet)

    @property
    def instance(self) -> Instance:
        return self.aws.service(Rds).instance(TOKYO, REPLICA)

    def execute(self, params: LatchTrafficParams = PARAMS) -> Receipt | NotYet | Failed:
        return self.inside(lambda: KIND.execute(params, self.context()))

    def undo(self, receipt: Receipt, params: LatchTrafficParams = PARAMS) -> Undone | CannotUndo:
        return self.inside(lambda: KIND.undo(params, receipt, self.context()))

    def preflight(self) -> dict[str, Finding]:
        return {f.code: f for f in self.inside(lambda: KIND.preflight(PARAMS, self.context()))}

    def position(self) -> Position | None:
        switch = self.inside(lambda: LATCH.switch(self.context().aws))
        return switch.position if switch else None

    def shown(self) -> Position | None:
        return self.inside(lambda: LATCH.shown(self.context().web)).position


@pytest.fixture
def traffic() -> Iterator[Traffic]:
    world = World(VirtualTime(datetime(2026, 11, 21, 1, 0, tzinfo=UTC)), seed=1, account=PLACE.account)
    with EmbeddedAws(world) as aws:
        made = Traffic(world, aws)
        aws.service(Rds).add_instance(TOKYO, REPLICA)
        still = tuple(r for r in latch(PLAN, PLAN_FILE) if not isinstance(r, ACTIVE))
        account = Account(aws, made.internet)
        made.inside(lambda: account.apply([Stack("latch", TOKYO, PLACE.account, still)]))
        world.trace.clear()
        yield made


class TestTurning:
    def test_it_writes_the_switch_first_and_then_what_route_53_looks_at(self, traffic: Traffic) -> None:
        end = traffic.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert end.reason == (
            "Traffic is latched to the standby: object and metric say on. Users follow within minutes."
        )
        assert traffic.writes() == ALL_THREE
        assert (traffic.position(), traffic.shown()) == (Position.ON, Position.ON)

    def test_it_calls_the_standbys_own_services_and_nothing_else(self, traffic: Traffic) -> None:
        traffic.live(KIND, PARAMS)

        assert {line.region for line in traffic.world.trace} == {TOKYO}
        assert {line.service for line in traffic.world.trace} == {"cloudwatch", "dynamodb", "rds", "s3"}

    def test_a_second_run_finds_it_on_and_writes_nothing(self, traffic: Traffic) -> None:
        traffic.live(KIND, PARAMS)
        traffic.world.trace.clear()

        again = traffic.execute()

        assert isinstance(again, Receipt)
        assert (again.acted, again.sentence) == (False, "The latch was turned on by fileflow-e1.")
        assert traffic.writes() == []

    @pytest.mark.parametrize("operation", ["PutItem", "PutObject", "PutMetricData"])
    def test_a_lost_answer_turns_nothing_twice(self, traffic: Traffic, operation: str) -> None:
        traffic.lose_answers(operation)

        end = traffic.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert traffic.writes().count("dynamodb:PutItem") == 1
        assert (traffic.position(), traffic.shown()) == (Position.ON, Position.ON)

    def test_of_two_that_turn_it_one_looks_again(self, traffic: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
        """Given another run turned the latch after this one had read its switch, then nothing is written over it."""
        traffic.execute()
        stale = iter([None])
        read = Latch.switch
        monkeypatch.setattr(Latch, "switch", lambda latch, aws: next(stale, read(latch, aws)))

        assert traffic.execute() == NotYet("The latch of fileflow was turned by another writer. The step looks again.")
        assert isinstance(traffic.execute(), Receipt)


class TestTrafficFollowsTheWriter:
    def test_nothing_is_sent_to_a_replica(self, traffic: Traffic) -> None:
        rds = traffic.aws.service(Rds)
        rds.add_replica(rds.add_instance(PLACE.primary, SOURCE), TOKYO, REPLICA)

        end = traffic.live(KIND, PARAMS)

        assert end.status is StepStatus.FAILED
        assert f"Database {REPLICA} is a replica of" in end.reason
        assert "Given up after 15 min" in end.reason
        assert traffic.writes() == []

    def test_it_waits_for_a_database_that_does_not_serve_yet(self, traffic: Traffic) -> None:
        traffic.instance.status = "rebooting"

        assert traffic.execute() == NotYet(f"Database {REPLICA} is rebooting, so no traffic is sent to it yet.")
        assert traffic.writes() == []

    def test_a_broken_database_fails_it(self, traffic: Traffic) -> None:
        traffic.instance.status = "storage-full"

        failed = traffic.execute()

        assert isinstance(failed, Failed)
        assert failed.reason == f"Database {REPLICA} is storage-full, so no traffic is sent to it."
        assert "more storage" in failed.fix

    def test_a_database_that_is_not_there_fails_it(self, traffic: Traffic) -> None:
        assert traffic.execute(LatchTrafficParams(databases=("no-such-database",))) == Failed(
            f"Database no-such-database does not exist in {TOKYO}, so no traffic is sent there.",
            "Correct the plan, or restore the database from a backup.",
        )


class TestTrafficFollowsTheClusterThatWrites:
    """Given an Aurora global database, traffic waits until the standby's cluster is its writer."""

    PARAMS = LatchTrafficParams(clusters={"orders-global": "orders-tokyo"})

    @pytest.fixture
    def whole(self, traffic: Traffic) -> GlobalDatabase:
        rds = traffic.aws.service(Rds)
        source = rds.add_cluster(PLACE.primary, "orders-seoul")
        return rds.join("orders-global", writer=source, secondary=rds.add_cluster(TOKYO, "orders-tokyo"))

    @pytest.fixture
    def tokyo(self, whole: GlobalDatabase) -> DbCluster:
        whole.writer = whole.members[1]
        return whole.writer

    def test_nothing_is_sent_to_a_secondary(self, traffic: Traffic, whole: GlobalDatabase) -> None:
        end = traffic.live(KIND, self.PARAMS)

        assert end.status is StepStatus.FAILED
        assert "Cluster orders-tokyo is not the writer of orders-global, so no traffic is sent to it." in end.reason
        assert traffic.writes() == []

    def test_it_waits_while_the_roles_are_turned_round(self, traffic: Traffic, whole: GlobalDatabase) -> None:
        """The cluster that is the writer in name is so for good only once nothing is on its way."""
        whole.writer, whole.move = whole.members[1], {"Status": "failing-over", "ToDbClusterArn": whole.members[1].arn}

        assert traffic.execute(self.PARAMS) == NotYet(
            "Global database orders-global is failing-over, so no traffic is sent to cluster orders-tokyo yet."
        )

    def test_it_waits_for_a_writer_that_does_not_serve_yet(self, traffic: Traffic, tokyo: DbCluster) -> None:
        tokyo.status = "modifying"
        modifying = traffic.execute(self.PARAMS)
        tokyo.status, tokyo.instances[0].status = "available", "rebooting"

        assert modifying == NotYet("Cluster orders-tokyo is modifying, so no traffic is sent to it yet.")
        assert traffic.execute(self.PARAMS) == NotYet(
            "No instance of cluster orders-tokyo is available, so no traffic is sent to it yet."
        )
        assert traffic.writes() == []

    def test_it_is_turned_once_the_cluster_writes_though_the_primary_is_dark(
        self, traffic: Traffic, tokyo: DbCluster
    ) -> None:
        traffic.world.darken(PLACE.primary)

        assert traffic.live(KIND, self.PARAMS).status is StepStatus.SETTLED
        assert {line.region for line in traffic.world.trace} == {TOKYO}

    def test_a_cluster_that_is_no_member_fails_it(self, traffic: Traffic, whole: GlobalDatabase) -> None:
        whole.members.pop()

        failed = traffic.execute(self.PARAMS)

        assert isinstance(failed, Failed)
        assert failed.reason.startswith(
            f"Cluster orders-tokyo of global database orders-global is not there, as {TOKYO}"
        )

    def test_it_stays_on_where_the_cluster_writes_and_goes_off_where_it_does_not(
        self, traffic: Traffic, whole: GlobalDatabase, tokyo: DbCluster
    ) -> None:
        receipt = traffic.execute(self.PARAMS)
        assert isinstance(receipt, Receipt)
        stays = traffic.undo(receipt, self.PARAMS)
        whole.writer = whole.members[0]

        assert isinstance(stays, CannotUndo)
        assert "because orders-tokyo in ap-northeast-1 takes the writes" in stays.sentence
        assert isinstance(traffic.undo(receipt, self.PARAMS), Undone)

    def test_it_may_read_these_clusters_and_no_others(self) -> None:
        read = {a: s.resources for s in KIND.statements(self.PARAMS, PLACE) for a in s.actions if a.startswith("rds:")}

        assert read["rds:DescribeGlobalClusters"] == ("arn:aws:rds::123456789012:global-cluster:orders-global",)
        assert read["rds:DescribeDBClusters"] == (f"arn:aws:rds:{TOKYO}:123456789012:cluster:orders-tokyo",)


class TestOneMechanismIsEnough:
    def test_without_the_object_it_settles_on_the_metric_and_says_so(self, traffic: Traffic) -> None:
        traffic.aws.service(S3).silent.add(TOKYO)

        end = traffic.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert "by one of the latch's two mechanisms" in end.reason
        assert "gives no answer" in end.reason
        assert traffic.world.time.elapsed_seconds() >= 180

    def test_without_the_metric_it_settles_on_the_object_and_says_so(self, traffic: Traffic) -> None:
        traffic.aws.service(CloudWatch).silent.add(TOKYO)

        end = traffic.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert "the object says on, the metric cannot be read (InternalServiceError)" in end.reason

    def test_without_either_the_switch_is_on_and_the_step_goes_on_trying(self, traffic: Traffic) -> None:
        traffic.aws.service(S3).silent.add(TOKYO)
        traffic.aws.service(CloudWatch).silent.add(TOKYO)

        turned = traffic.execute()

        assert isinstance(turned, NotYet)
        assert turned.reason.startswith("The switch is on, and neither object nor metric took it yet:")
        assert traffic.position() is Position.ON


class TestUndo:
    def test_it_stays_on_once_the_writer_moved(self, traffic: Traffic) -> None:
        receipt = traffic.execute()
        assert isinstance(receipt, Receipt)

        assert traffic.undo(receipt) == CannotUndo(
            f"The latch of fileflow stays on, because {REPLICA} in {TOKYO} takes the writes; traffic never comes back "
            "by itself: use the failback plan."
        )
        assert traffic.position() is Position.ON

    def test_it_goes_off_again_where_nothing_moved(self, traffic: Traffic) -> None:
        without = LatchTrafficParams()
        receipt = traffic.execute(without)
        assert isinstance(receipt, Receipt)

        undone = traffic.undo(receipt, without)

        assert undone == Undone("The latch of fileflow was turned off again, because no writer had moved.")
        assert (traffic.position(), traffic.shown()) == (Position.OFF, Position.OFF)

    def test_what_another_run_turned_on_stays(self, traffic: Traffic) -> None:
        receipt = Receipt("It was on.", False, {"run": "fileflow-e0", "asked": "2026-11-21T01:00:00+00:00"})

        assert traffic.undo(receipt) == Undone(
            "The latch of fileflow was turned on before, by fileflow-e0: nothing to take back."
        )
        assert traffic.writes() == []

    def test_a_latch_that_was_turned_off_meanwhile_fails_the_step(self, traffic: Traffic) -> None:
        without = LatchTrafficParams()
        receipt = traffic.execute(without)
        assert isinstance(receipt, Receipt)
        traffic.undo(receipt, without)

        seen = traffic.inside(lambda: KIND.verify(without, receipt, traffic.context()))

        assert isinstance(seen, Failed)
        assert seen.reason == "The latch of fileflow was turned off again while traffic was being moved."


class TestLookingAhead:
    def test_a_latch_that_is_off_and_shown_is_fine(self, traffic: Traffic) -> None:
        traffic.inside(lambda: LATCH.show(traffic.context().aws, Position.OFF))

        assert {f.severity for f in traffic.preflight().values()} == {Severity.FINE}

    def test_an_object_that_nobody_may_read_is_a_warning(self, traffic: Traffic) -> None:
        traffic.inside(lambda: LATCH.show(traffic.context().aws, Position.OFF))
        traffic.aws.service(S3).buckets[LATCH.bucket].blocked = True

        found = traffic.preflight()["latch-object"]

        assert found.severity is Severity.WARNING
        assert found.sentence == (
            f"The latch holds by its metric alone, because at {LATCH.host} the object cannot be read (status 403)."
        )

    def test_a_latch_that_is_on_already_says_by_whom(self, traffic: Traffic) -> None:
        traffic.execute()

        found = traffic.preflight()["latch-switch"]

        assert found.severity is Severity.WARNING
        assert "by fileflow-e1: the standby serves already" in found.sentence

    def test_readiness_needs_to_know_how_users_come(self, traffic: Traffic) -> None:
        found = {f.code: f for f in traffic.inside(lambda: KIND.readiness(PARAMS, traffic.context()))}

        assert found["paths-unknown"].severity is Severity.ERROR

    def test_it_is_not_turned_in_a_drill(self) -> None:
        assert isinstance(KIND.stand_in(PARAMS, ISOLATION), LeftOut)


def test_it_may_write_its_own_switch_object_and_namespace_and_nothing_else() -> None:
    written = [s for s in KIND.statements(PARAMS, PLACE) if s.access is Access.WRITE]

    assert [(s.actions, s.resources, dict(s.conditions)) for s in written] == [
        (("dynamodb:PutItem",), (f"arn:aws:dynamodb:{TOKYO}:123456789012:table/pilotlight-fileflow-latch",), {}),
        (("s3:PutObject",), (f"arn:aws:s3:::fileflow-latch-123456789012-{TOKYO}/latch/fileflow",), {}),
        (("cloudwatch:PutMetricData",), ("*",), {"StringEquals": {"cloudwatch:namespace": "Pilotlight/fileflow"}}),
    ]
