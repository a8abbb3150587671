"""The conversion to Multi-AZ: the whole life of the step, each trap of RDS on its way, and the way back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.session import get_session

from pilotlight.domain.life import StepStatus
from pilotlight.domain.step import (
    Failed,
    Harm,
    NotYet,
    Pending,
    Receipt,
    Settled,
)
from pilotlight.steps.convert_to_multi_az import KIND
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.services.rds_instance import NOT_AVAILABLE
from rehearsal.wire import Call, ServiceError
from tests.steps.conftest import PLACE, Bench
from tests.steps.databases import CONVERT, REPLICA, TOKYO, Databases, writer_in_tokyo

MODIFY = "rds:ModifyDBInstance"


@pytest.fixture
def writer(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Databases:
    return writer_in_tokyo(bench, monkeypatch)


class TestConverting:
    def test_it_ends_in_two_zones(self, writer: Databases) -> None:
        end = writer.live()

        assert end.status is StepStatus.SETTLED
        assert end.reason == f"Instance {REPLICA} stands in two zones."
        assert writer.instance.multi_az
        assert writer.bench.writes() == [MODIFY]
        (effect,) = writer.bench.world.effects
        assert effect.seconds <= writer.bench.world.time.elapsed_seconds() <= effect.seconds + 32.0

    def test_an_available_status_right_after_the_call_is_not_success(self, writer: Databases) -> None:
        receipt = writer.executed()

        assert writer.verify(receipt) == Pending(f"Instance {REPLICA} is available and not Multi-AZ yet.")

    def test_an_instance_in_two_zones_is_left_alone(self, writer: Databases) -> None:
        writer.instance.multi_az = True

        end = writer.live()

        assert end.status is StepStatus.SETTLED
        assert writer.bench.writes() == []

    def test_the_backup_that_follows_a_promotion_is_waited_for(self, writer: Databases) -> None:
        writer.rds.begin_backup(TOKYO, REPLICA, 20 * 60.0)

        end = writer.live()

        assert end.status is StepStatus.SETTLED
        assert writer.bench.states[0].reason == f"Instance {REPLICA} is backing-up, so it cannot be converted yet."
        assert writer.bench.writes() == [MODIFY]

    def test_a_long_wait_before_the_call_does_not_count_against_it(self, writer: Databases) -> None:
        receipt = writer.executed()
        long_at_it = writer.bench.context(started=writer.bench.world.time.now() - timedelta(hours=1))

        seen = writer.bench.inside(lambda: KIND.verify(CONVERT, receipt, long_at_it))

        assert isinstance(seen, Pending)

    def test_it_is_done_while_a_backup_runs(self, writer: Databases) -> None:
        receipt = writer.executed()
        writer.bench.world.time.sleep(2 * 60 * 60)
        writer.rds.begin_backup(TOKYO, REPLICA, 600.0)

        assert isinstance(writer.verify(receipt), Settled)

    @pytest.mark.parametrize("status", ["modifying", "rebooting", "never-heard-of"])
    def test_any_other_status_is_named_and_waited_for(self, writer: Databases, status: str) -> None:
        writer.instance.status = status

        assert writer.execute() == NotYet(f"Instance {REPLICA} is {status}, so it cannot be converted yet.")

    def test_two_zones_in_a_status_that_does_not_serve_are_not_done(self, writer: Databases) -> None:
        receipt = writer.executed()
        writer.instance.multi_az, writer.instance.status, writer.instance.pending = True, "modifying", {}

        assert isinstance(writer.verify(receipt), Pending)

    def test_its_permissions_suffice(self, writer: Databases) -> None:
        token = CURRENT_ROLE.set(Role("fileflow-convert", KIND.statements(CONVERT, PLACE)))

        end = writer.live()

        CURRENT_ROLE.reset(token)
        assert end.status is StepStatus.SETTLED

    def test_it_slows_a_living_database_so_it_is_disruptive(self) -> None:
        assert KIND.harm is Harm.DISRUPTIVE


class TestPendingChanges:
    @pytest.mark.parametrize("change", [{"DBInstanceClass": "db.t3.large"}, {"EngineVersion": "8.4.3"}])
    def test_other_pending_changes_would_be_applied_too_so_it_refuses(
        self, writer: Databases, change: dict[str, str]
    ) -> None:
        writer.instance.pending |= change

        end = writer.live()

        assert end.status is StepStatus.FAILED
        assert end.reason == (
            f"Instance {REPLICA} has other pending changes ({next(iter(change))}), so it is not converted: RDS would "
            "apply them at once too."
        )
        assert end.fix == "Apply or cancel them, or leave all to the maintenance window (sun:19:00-sun:20:00)."
        assert writer.bench.writes() == []

    def test_changes_that_are_being_applied_are_waited_for(self, writer: Databases) -> None:
        writer.instance.pending["BackupRetentionPeriod"] = 7
        writer.instance.status = "modifying"

        assert isinstance(writer.execute(), NotYet)

    def test_a_conversion_left_to_the_maintenance_window_ends_the_step(self, writer: Databases) -> None:
        writer.instance.pending["MultiAZ"] = True

        end = writer.live()

        assert end.status is StepStatus.FAILED
        assert end.reason.startswith(
            f"Instance {REPLICA} is to become Multi-AZ in its maintenance window only (sun:19:00-sun:20:00), and has "
            "not begun after 10 min"
        )
        assert writer.bench.writes() == []

    def test_a_conversion_that_comes_to_nothing_ends_the_step(self, writer: Databases) -> None:
        receipt = writer.executed()
        writer.bench.world.time.sleep(3 * 60 * 60)
        writer.instance.multi_az = False

        seen = writer.verify(receipt)

        assert isinstance(seen, Failed)
        assert seen.fix == "Read its RDS events, then retry the step."


class TestActingTwice:
    def test_executing_twice_converts_once(self, writer: Databases) -> None:
        first, second = writer.execute(), writer.execute()

        assert isinstance(first, Receipt)
        assert isinstance(second, Receipt)
        assert (first.acted, second.acted) == (True, False)
        assert writer.bench.writes() == [MODIFY]

    @pytest.mark.parametrize("crash_seconds", [1, 40, 100, 600, 7200])
    def test_a_receipt_that_was_lost_is_made_up_for(self, writer: Databases, crash_seconds: float) -> None:
        writer.execute()
        writer.bench.world.time.sleep(crash_seconds)

        end = writer.live()

        assert end.status is StepStatus.SETTLED
        assert writer.bench.writes() == [MODIFY]

    def test_an_answer_that_was_lost_is_read_back_and_not_repeated(self, writer: Databases) -> None:
        def lose(call: Call) -> None:
            if call.operation == "ModifyDBInstance":
                raise ReadTimeoutError(endpoint_url="https://rds.ap-northeast-1.amazonaws.com")

        writer.bench.aws.after_call.append(lose)

        end = writer.live()

        assert end.status is StepStatus.SETTLED
        assert writer.bench.states[0].reason.startswith("AWS gave no clear answer and is asked again")
        assert writer.bench.writes() == [MODIFY]

    def test_reading_back_changes_nothing(self, writer: Databases) -> None:
        receipt = writer.executed()

        for _ in range(20):
            writer.verify(receipt)
            writer.bench.world.time.sleep(120)

        assert writer.bench.writes() == [MODIFY]


class TestRefusals:
    def test_a_missing_instance_fails(self, writer: Databases) -> None:
        writer.rds.remove(TOKYO, REPLICA)

        end = writer.live()

        assert end.reason == f"Instance {REPLICA} does not exist in {TOKYO}, so it cannot become Multi-AZ."

    @pytest.mark.parametrize(
        "difference", [{"engine": "aurora-mysql"}, {"engine": "custom-oracle-ee"}, {"cluster": "shared"}]
    )
    def test_what_is_not_converted_alone_fails(self, writer: Databases, difference: dict[str, str]) -> None:
        for name, value in difference.items():
            setattr(writer.instance, name, value)

        end = writer.live()

        assert end.status is StepStatus.FAILED
        assert "is not converted alone" in end.reason
        assert writer.bench.writes() == []

    def test_a_broken_instance_fails_before_and_after(self, writer: Databases) -> None:
        receipt = writer.executed()
        writer.instance.status = "storage-full"

        before, after = writer.execute(), writer.verify(receipt)

        assert before == after
        assert isinstance(before, Failed)
        assert before.fix.startswith("Give it more storage")

    def test_a_region_without_capacity_fails_with_the_way_out(self, writer: Databases) -> None:
        writer.instance.second_zone = False

        end = writer.live()

        assert end.status is StepStatus.FAILED
        assert end.reason == f"Instance {REPLICA} stays in one zone, because there is no capacity in a second one."
        assert end.fix == "Retry the step later, choose another class, or reserve RDS DB capacity."

    def test_not_in_available_state_is_asked_again(self, writer: Databases) -> None:
        writer.refuses("ModifyDBInstance", "InvalidDBInstanceState", NOT_AVAILABLE)

        end = writer.live()

        assert end.status is StepStatus.SETTLED
        assert writer.bench.states[0].reason.endswith(f"RDS refused for now: {NOT_AVAILABLE}")

    def test_another_refusal_is_waited_out_where_the_status_explains_it(self, writer: Databases) -> None:
        def backed_up_meanwhile(call: Call) -> Any:
            writer.rds.begin_backup(TOKYO, REPLICA, 60.0)
            raise ServiceError("InvalidDBInstanceState", "Something else.")

        writer.answers("ModifyDBInstance", backed_up_meanwhile)

        end = writer.live()

        assert end.status is StepStatus.SETTLED
        assert writer.bench.states[0].reason.endswith("is backing-up, and RDS refused for now: Something else.")

    def test_another_refusal_of_an_available_instance_fails_with_the_words_of_rds(self, writer: Databases) -> None:
        writer.refuses("ModifyDBInstance", "InvalidDBInstanceState", "Never with this engine.")

        end = writer.live()

        assert end.status is StepStatus.FAILED
        assert "Never with this engine." in end.reason

    @pytest.mark.parametrize("code", [code for operation in KIND.operations for code in operation.fatal])
    def test_a_fatal_error_ends_the_step_with_a_sentence(self, writer: Databases, code: str) -> None:
        writer.refuses("ModifyDBInstance", code)

        end = writer.live()

        assert end.status is StepStatus.FAILED
        assert end.reason == f"rds ModifyDBInstance in {TOKYO} answered {code}: No."

    @pytest.mark.parametrize("operation", ["DescribeDBInstances", "ModifyDBInstance"])
    @pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("InternalFailure", 500)])
    def test_a_passing_error_is_asked_again(self, writer: Databases, operation: str, code: str, status: int) -> None:
        writer.refuses(operation, code, status=status)

        assert writer.live().status is StepStatus.SETTLED

    def test_every_modelled_error_has_a_fate(self) -> None:
        for operation in KIND.operations:
            model = get_session().get_service_model(operation.service).operation_model(operation.name)
            modelled = {shape.metadata.get("error", {}).get("code", shape.name) for shape in model.error_shapes}

            assert modelled == {*operation.handled, *operation.fatal}, operation.name
