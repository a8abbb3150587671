"""Who writes, whatever happens: FileFlow whole, with a primary that returns, promotions refused, holders that pause."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import pytest

from deployment import names
from pilotlight.domain.records import RecordKind
from planfile import load
from rehearsal.engine import Status
from rehearsal.play import Played, play
from rehearsal.scenarios import scenario
from rehearsal.services.ec2 import Ec2
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.rds import Rds
from rehearsal.services.step_functions import StepFunctions
from tests.workflow.played import FILEFLOW, played

pytestmark = pytest.mark.full

SEOUL, TOKYO, SINGAPORE = "ap-northeast-2", "ap-northeast-1", "ap-southeast-1"
SEOULS_BALANCER = "fileflow-prod-alb-123456.ap-northeast-2.elb.amazonaws.com"
SEOULS_GROUP = "sg-0123456789abcdef1"


def said(seen: Played, kind: RecordKind) -> list[str]:
    return [record.entry.sentence for record in seen.records if record.entry.kind is kind]


def promotions(seen: Played) -> int:
    return sum(line.operation == "PromoteReadReplica" and not line.error for line in seen.scene.world.trace)


class TestATombstone:
    def test_it_is_durable_before_the_writer_moves_and_committed_once_that_was_accepted(self) -> None:
        seen = played("outage")
        told = said(seen, RecordKind.TOMBSTONE)
        order = [
            r.entry.kind for r in seen.records if r.entry.step == "promote" or r.entry.kind is RecordKind.TOMBSTONE
        ]

        assert [sentence.rsplit(", ", 1)[1] for sentence in told] == ["intended.", "committed."]
        assert order.index(RecordKind.TOMBSTONE) < order.index(RecordKind.INTENT)

    def test_the_witness_holds_a_copy(self) -> None:
        puts = [
            line.region
            for line in played("outage").scene.world.trace
            if line.operation == "PutItem" and line.resource.endswith(names.TOMBSTONES_TABLE)
        ]

        assert puts == [TOKYO, SINGAPORE, TOKYO, SINGAPORE]


class TestAPromotionThatIsRefused:
    @pytest.fixture
    def seen(self) -> Played:
        return played("tombstone-then-promote-refused")

    def test_the_primary_is_given_back_within_a_minute(self, seen: Played) -> None:
        undone = said(seen, RecordKind.STEP_UNDONE)
        failed = next(r.entry.time for r in seen.records if r.entry.kind is RecordKind.STEP_FAILED)
        last = [r.entry.time for r in seen.records if r.entry.kind is RecordKind.STEP_UNDONE][-1]

        assert len(undone) == 2
        assert (last - failed).total_seconds() <= 60
        assert not seen.scene.account.aws.service(Elbv2).answers_503(SEOULS_BALANCER)
        assert seen.scene.account.aws.service(Ec2).group(SEOUL, SEOULS_GROUP).rules != []

    def test_nothing_was_promoted_and_the_note_is_withdrawn(self, seen: Played) -> None:
        assert promotions(seen) == 0
        assert said(seen, RecordKind.TOMBSTONE)[-1].endswith("withdrawn.")

    def test_people_are_told_what_stays(self, seen: Played) -> None:
        closed = next(r.entry for r in seen.records if r.entry.kind is RecordKind.RUN_CLOSED)

        assert any("create-redis stays as it is, and costs money" in line for line in closed.details["to_do"])


class TestAPrimaryThatReturns:
    @staticmethod
    @cache
    def returns(minutes: float) -> Played:
        return play(load(FILEFLOW), scenario("primary-returns", timedelta(minutes=minutes)), seed=1)

    @pytest.mark.full
    def test_before_a_run_was_started_nothing_is_needed(self) -> None:
        seen = self.returns(2)

        assert seen.result.outcome == "NOT_NEEDED"
        assert seen.primary[0] == seen.primary[1]

    @pytest.mark.full
    def test_before_the_writer_moved_what_was_prepared_is_taken_back_or_said(self) -> None:
        """At 3:20 the run has been started and the cache is being made; the gate looks once more."""
        seen = self.returns(3.33)
        closed = next(r.entry for r in seen.records if r.entry.kind is RecordKind.RUN_CLOSED)

        assert seen.result.outcome in ("NOT_NEEDED", "RECOVERED")
        if seen.result.outcome == "NOT_NEEDED":
            assert promotions(seen) == 0
            undone = said(seen, RecordKind.STEP_UNDONE)
            assert any("Cache fileflow-dr-redis" in line for line in [*undone, *closed.details["to_do"]])

    @pytest.mark.parametrize("minutes", [10, pytest.param(14, marks=pytest.mark.full)])
    def test_once_the_writer_moved_the_run_goes_forward_and_the_guard_closes_the_old_primary(
        self, minutes: float
    ) -> None:
        seen = self.returns(minutes)

        assert seen.result.outcome == "RECOVERED"
        assert seen.scene.account.aws.service(Elbv2).answers_503(SEOULS_BALANCER)
        assert seen.scene.account.aws.service(Ec2).group(SEOUL, SEOULS_GROUP).rules == []
        assert 0.0 < seen.result.exposure_seconds <= 120.0, "it is measured, and never called zero"

    def test_the_guard_keeps_its_own_copy(self) -> None:
        seen = self.returns(10)
        kept = [
            line
            for line in seen.scene.world.trace
            if line.operation == "PutParameter" and line.by == names.guard_function("fileflow")
        ]

        assert [line.region for line in kept] == [SEOUL]


class TestAStandbyThatIsDark:
    def test_a_guard_that_reads_nothing_leaves_the_primary_open(self) -> None:
        seen = played("standby-dark-guard")
        asked = [line for line in seen.scene.world.trace if line.by == names.guard_function("fileflow")]

        assert any(line.error == "unreachable" for line in asked), "it tried to read the standby"
        assert [line for line in asked if line.mutating] == []
        assert seen.scene.account.aws.service(Ec2).group(SEOUL, SEOULS_GROUP).rules != []
        assert not seen.scene.account.aws.service(Elbv2).answers_503(SEOULS_BALANCER)


@pytest.mark.full
class TestTwoAtOnce:
    def test_two_applications_of_one_database_move_by_one_promotion(self) -> None:
        seen = played("shared-database")
        executions = seen.scene.account.aws.service(StepFunctions).executions

        assert promotions(seen) == 1
        assert len(executions) == 2
        assert all(e.status is Status.SUCCEEDED for e in executions.values())

    def test_two_seats_are_one_run(self) -> None:
        seen = played("double-seat")
        executions = seen.scene.account.aws.service(StepFunctions).executions
        refused = [r.entry.sentence for r in seen.records if r.entry.run_id and r.entry.kind is RecordKind.VERDICT]

        assert len(executions) == 2
        assert len(said(seen, RecordKind.RUN_OPENED)) == 1
        assert any("there is only one at a time: follow that" in sentence for sentence in refused)
        assert promotions(seen) == 1

    def test_two_operators_are_one_run(self) -> None:
        seen = played("two-operators")

        assert len(said(seen, RecordKind.RUN_OPENED)) == 1
        assert promotions(seen) == 1


@pytest.mark.full
class TestAHolderThatPauses:
    def test_its_call_lands_under_a_note_that_says_so(self) -> None:
        """The run was stopped while the call was held up; the call was accepted, so the move is committed."""
        seen = played("paused-holder")

        assert promotions(seen) == 1
        assert said(seen, RecordKind.TOMBSTONE)[-1].endswith("committed.")
        assert seen.scene.account.aws.service(Rds).instance(TOKYO, "ryuqqq-shared-rds-replica").source is None

    def test_the_stopped_run_comes_to_a_defined_outcome_within_two_minutes(self) -> None:
        seen = played("paused-holder")
        stopped = max(
            line.time for line in seen.scene.world.trace if line.operation == "PromoteReadReplica" and not line.error
        )
        closed = next(r.entry.time for r in seen.records if r.entry.kind is RecordKind.RUN_CLOSED)

        assert seen.result.outcome == "FAILED"
        assert (closed - stopped).total_seconds() <= 120
