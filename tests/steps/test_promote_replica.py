"""The promotion of a replica: the whole life of the step, with each trap of RDS on its way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from pilotlight.domain.life import StepStatus
from pilotlight.domain.step import (
    NotYet,
    Pending,
    Severity,
)
from pilotlight.steps.promote_replica import KIND
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.services.rds import NOT_A_REPLICA
from rehearsal.services.rds_instance import NOT_AVAILABLE, Status
from rehearsal.wire import Call, ServiceError
from tests.steps.conftest import PLACE, Bench
from tests.steps.databases import PROMOTE, REPLICA, SEOUL, TOKYO, Databases, replica_in_tokyo

ONCE = ["rds:AddTagsToResource", "rds:PromoteReadReplica"]


@pytest.fixture
def databases(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Databases:
    return replica_in_tokyo(bench, monkeypatch)


@pytest.fixture
def step_role(databases: Databases) -> Iterator[Role]:
    role = Role("fileflow-promote", KIND.statements(PROMOTE, PLACE))
    token = CURRENT_ROLE.set(role)
    yield role
    CURRENT_ROLE.reset(token)


class TestPromoting:
    def test_it_gives_the_endpoint_of_a_writer(self, databases: Databases) -> None:
        address = databases.instance.address

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert end.outputs == {"address": address, "port": "3306", "endpoint": f"{address}:3306"}
        assert end.reason == f"Replica {REPLICA} is a writer at {address}:3306 and keeps backups 7 d."
        assert databases.bench.writes() == ONCE
        assert databases.instance.source is None

    def test_it_goes_on_as_soon_as_the_writer_serves_while_the_first_backup_runs(self, databases: Databases) -> None:
        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert databases.instance.status == Status.BACKING_UP
        (effect,) = databases.bench.world.effects
        assert effect.seconds <= databases.seconds() <= effect.seconds + KIND.timing.poll.total_seconds() + 2.0

    def test_an_available_status_right_after_the_call_is_not_success(self, databases: Databases) -> None:
        receipt = databases.executed()

        seen = databases.verify(receipt)

        assert seen == Pending(f"Replica {REPLICA} is available and has not left its source yet.")

    def test_a_dark_primary_does_not_matter(self, databases: Databases) -> None:
        databases.bench.world.darken(SEOUL)

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert {line.region for line in databases.bench.world.trace} == {TOKYO}

    def test_backups_are_kept_and_taken_as_the_plan_says(self, databases: Databases) -> None:
        params = PROMOTE.model_copy(update={"backup_retention": timedelta(days=14), "backup_window": "18:00-18:30"})

        databases.live(params)

        assert (databases.instance.retention_days, databases.instance.backup_window) == (14, "18:00-18:30")

    def test_a_slow_promotion_is_waited_for(self, databases: Databases) -> None:
        databases.rds.slow_promotion(TOKYO, REPLICA, 25 * 60.0)

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert databases.seconds() > 25 * 60

    def test_a_promotion_that_never_ends_is_given_up_with_what_was_seen_last(self, databases: Databases) -> None:
        databases.rds.slow_promotion(TOKYO, REPLICA, 2 * 60 * 60.0)

        end = databases.live()

        assert end.status is StepStatus.FAILED
        assert end.reason == (
            f"Given up after 1 h; last seen: Replica {REPLICA} is modifying and has not left its source yet."
        )

    def test_its_permissions_suffice(self, databases: Databases, step_role: Role) -> None:
        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert databases.readiness()["target"].severity is Severity.WARNING


class TestWaiting:
    def test_a_backup_of_the_replica_is_waited_for(self, databases: Databases) -> None:
        databases.rds.begin_backup(TOKYO, REPLICA, 15 * 60.0)

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert databases.bench.states[0].reason == f"Replica {REPLICA} is backing-up, so it cannot be promoted yet."
        assert databases.bench.writes() == ONCE
        assert databases.seconds() > 15 * 60

    @pytest.mark.parametrize("status", ["modifying", "rebooting", "maintenance", "never-heard-of"])
    def test_any_other_status_is_named_and_waited_for(self, databases: Databases, status: str) -> None:
        databases.instance.status = status

        assert databases.execute() == NotYet(f"Replica {REPLICA} is {status}, so it cannot be promoted yet.")
        assert databases.bench.writes() == []

    @pytest.mark.parametrize("message", [NOT_AVAILABLE, "DB instance is not in the available state"])
    def test_not_in_available_state_is_asked_again_at_the_next_look(self, databases: Databases, message: str) -> None:
        databases.refuses("PromoteReadReplica", "InvalidDBInstanceState", message)

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert databases.bench.states[0].reason == (
            f"Replica {REPLICA} is available, and RDS refused for now: {message}"
        )
        assert databases.calls("PromoteReadReplica") == ["InvalidDBInstanceState", ""]
        assert databases.bench.states[1].receipt is not None

    def test_not_a_read_replica_is_looked_at_again_and_adopted(self, databases: Databases) -> None:
        def promoted_meanwhile(call: Call) -> Any:
            databases.stand_alone()
            raise ServiceError("InvalidDBInstanceState", NOT_A_REPLICA)

        databases.answers("PromoteReadReplica", promoted_meanwhile)

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert databases.calls("PromoteReadReplica") == ["InvalidDBInstanceState"]

    def test_not_a_read_replica_while_rds_still_shows_one_is_no_success(self, databases: Databases) -> None:
        databases.refuses("PromoteReadReplica", "InvalidDBInstanceState", NOT_A_REPLICA)

        assert isinstance(databases.execute(), NotYet)

    def test_another_refusal_of_an_available_replica_fails_with_the_words_of_rds(self, databases: Databases) -> None:
        databases.refuses("PromoteReadReplica", "InvalidDBInstanceState", "Automatic backups must be enabled.")

        end = databases.live()

        assert end.status is StepStatus.FAILED
        assert "Automatic backups must be enabled." in end.reason
        assert end.fix == "Do what RDS asks for, then retry the step."

    def test_another_refusal_is_waited_out_where_the_status_explains_it(self, databases: Databases) -> None:
        def modified_meanwhile(call: Call) -> Any:
            databases.rds.begin_backup(TOKYO, REPLICA, 60.0)
            raise ServiceError("InvalidDBInstanceState", "Something else.")

        databases.answers("PromoteReadReplica", modified_meanwhile)

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert databases.bench.states[0].reason == (
            f"Replica {REPLICA} is backing-up, and RDS refused for now: Something else."
        )

    @pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("ServiceUnavailable", 503)])
    def test_what_was_not_accepted_is_asked_again_at_the_next_look(
        self, databases: Databases, code: str, status: int
    ) -> None:
        databases.refuses("PromoteReadReplica", code, status=status)

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert databases.calls("PromoteReadReplica") == [code, ""]
        assert databases.bench.states[1].receipt is not None
