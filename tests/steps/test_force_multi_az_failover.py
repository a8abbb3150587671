"""A forced failover between two zones: followed by events of RDS, asked for once, refused where it makes no sense."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pilotlight.domain.life import StepStatus
from pilotlight.domain.step import CannotUndo, Failed, NotYet, Pending, Receipt, Severity
from pilotlight.estate.rds.failovers import FAILOVER_TAG
from pilotlight.steps.force_multi_az_failover import KIND, ForceMultiAzFailoverParams
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.services.rds import Rds
from rehearsal.services.rds_instance import Instance
from rehearsal.services.rds_restarts import ABANDONED
from tests.steps.conftest import PLACE, Bench

TOKYO, NAME = PLACE.standby, "triflow-ai-production-db"
PARAMS = ForceMultiAzFailoverParams(instance=NAME)
MARK, FORCE, UNMARK = "rds:AddTagsToResource", "rds:RebootDBInstance", "rds:RemoveTagsFromResource"


@pytest.fixture
def database(bench: Bench) -> Instance:
    return bench.aws.service(Rds).add_instance(TOKYO, NAME, multi_az=True)


def execute(bench: Bench) -> Receipt | NotYet | Failed:
    return bench.inside(lambda: KIND.execute(PARAMS, bench.context()))


def findings(bench: Bench) -> dict[str, Severity]:
    found = bench.inside(lambda: KIND.readiness(PARAMS, bench.context()))
    return {finding.code: finding.severity for finding in found}


class TestForcing:
    def test_it_ends_in_the_other_zone_within_three_minutes(self, bench: Bench, database: Instance) -> None:
        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert end.reason.startswith(f"Instance {NAME} failed over from {TOKYO}a to {TOKYO}c, which took RDS ")
        assert end.outputs == {"zone": f"{TOKYO}c"}
        assert end.started
        assert end.finished
        assert end.finished - end.started <= timedelta(minutes=3)
        assert bench.writes() == [MARK, FORCE]

    def test_an_available_status_right_after_the_call_is_not_success(self, bench: Bench, database: Instance) -> None:
        receipt = execute(bench)
        assert isinstance(receipt, Receipt)

        seen = bench.inside(lambda: KIND.verify(PARAMS, receipt, bench.context()))

        assert seen == Pending(f"Instance {NAME} is available, and RDS has no event of its failover yet.")

    def test_a_failover_of_yesterday_proves_nothing(self, bench: Bench, database: Instance) -> None:
        yesterday = bench.world.time.now() - timedelta(days=1)
        database.failovers = [(yesterday, "Multi-AZ instance failover completed")]

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert end.attempts > 3

    def test_a_busy_instance_is_waited_for(self, bench: Bench, database: Instance) -> None:
        bench.aws.service(Rds).begin_backup(TOKYO, NAME, 120.0)

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert bench.states[0].reason == f"Instance {NAME} is backing-up, so it cannot be forced over yet."

    def test_a_refusal_takes_the_mark_away_and_is_asked_again(self, bench: Bench, database: Instance) -> None:
        database.changing = True
        bench.world.time.spawn(lambda: setattr(database, "changing", False), name="done", delay_seconds=20)

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert bench.writes()[:3] == [MARK, FORCE, UNMARK]
        assert bench.writes()[-2:] == [MARK, FORCE]

    def test_one_that_rds_abandons_fails_and_says_so(self, bench: Bench, database: Instance) -> None:
        database.abandons = True

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.FAILED
        assert end.reason == (f"RDS abandoned the failover of {NAME}, because another one occurred recently.")
        assert database.failovers[-1][1] == ABANDONED

    def test_its_permissions_suffice(self, bench: Bench, database: Instance) -> None:
        token = CURRENT_ROLE.set(Role("force", KIND.statements(PARAMS, PLACE)))

        end = bench.live(KIND, PARAMS)

        CURRENT_ROLE.reset(token)
        assert end.status is StepStatus.SETTLED


class TestActingTwice:
    @pytest.mark.parametrize("crash_seconds", [1, 20, 45, 300])
    def test_a_receipt_that_was_lost_forces_nothing_again(
        self, bench: Bench, database: Instance, crash_seconds: float
    ) -> None:
        execute(bench)
        bench.world.time.sleep(crash_seconds)

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert bench.writes() == [MARK, FORCE]
        assert end.reason.startswith(f"Instance {NAME} failed over from {TOKYO}a to {TOKYO}c")

    def test_a_call_that_never_reached_rds_is_made_again(self, bench: Bench, database: Instance) -> None:
        execute(bench)
        bench.world.time.sleep(300)
        database.failovers, database.failed_over = [], False

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert bench.writes() == [MARK, FORCE, MARK, FORCE]

    def test_an_answer_that_was_lost_is_read_back(self, bench: Bench, database: Instance) -> None:
        bench.lose_answers("RebootDBInstance")

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert bench.writes() == [MARK, FORCE]

    def test_the_mark_of_another_run_is_not_its_own(self, bench: Bench, database: Instance) -> None:
        database.tags[FAILOVER_TAG] = f"another-run 2026-11-21T00:59:59+00:00 {TOKYO}a never"

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert bench.writes() == [MARK, FORCE]


class TestRefusing:
    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("multi_az", False, "is in one zone, so there is nothing to fail over to"),
            ("cluster", "a-cluster", "is in a cluster or of RDS Custom"),
            ("status", "storage-full", "is storage-full, which does not mend by waiting"),
        ],
    )
    def test_what_cannot_fail_over_fails_at_once_and_is_known_ahead(
        self, bench: Bench, database: Instance, field: str, value: object, words: str
    ) -> None:
        setattr(database, field, value)

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.FAILED
        assert words in end.reason
        assert bench.writes() == []
        assert findings(bench)["target"] is Severity.IMPOSSIBLE

    def test_a_missing_instance_is_named(self, bench: Bench) -> None:
        end = bench.live(KIND, PARAMS)

        assert end.reason == f"Instance {NAME} does not exist in {TOKYO}, so it cannot fail over."

    def test_a_recent_failover_is_warned_of(self, bench: Bench, database: Instance) -> None:
        assert findings(bench) == {"target": Severity.FINE}

        bench.live(KIND, PARAMS)

        assert findings(bench)["failed-over-recently"] is Severity.WARNING


def test_it_cannot_be_taken_back(bench: Bench, database: Instance) -> None:
    receipt = bench.live(KIND, PARAMS).receipt
    assert receipt

    undone = bench.inside(lambda: KIND.undo(PARAMS, receipt, bench.context()))

    assert isinstance(undone, CannotUndo)
    assert "the way back is another failover" in undone.sentence
