"""How RDS goes on by itself after an accepted call: the phases of a promotion and of a conversion, and their errors."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pilotlight.domain.errors import AwsError, InvalidRequest, InvalidState
from pilotlight.domain.step import Standing
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.rds import NOT_A_REPLICA, Rds
from rehearsal.services.rds_instance import NOT_AVAILABLE, Instance, Status
from tests.rehearsal.services.rds_client import (
    REPLICA,
    SEOUL,
    SOURCE,
    TOKYO,
    convert,
    describe,
    phases,
    promote,
    world_of,
)


class TestPromotion:
    def test_it_passes_through_the_phases_that_mislead(self, aws: EmbeddedAws, replica: Instance) -> None:
        promote(aws, BackupRetentionPeriod=7)

        assert phases(aws, REPLICA, seconds=1200) == [
            ("available", True, True, False),
            ("modifying", True, True, False),
            ("rebooting", False, True, False),
            ("backing-up", False, False, False),
            ("available", False, False, False),
        ]

    def test_the_answer_to_the_call_looks_as_if_nothing_had_happened(self, aws: EmbeddedAws, replica: Instance) -> None:
        answered = promote(aws)

        assert answered["DBInstanceStatus"] == "available"
        assert answered["ReadReplicaSourceDBInstanceIdentifier"] == f"arn:aws:rds:{SEOUL}:123456789012:db:{SOURCE}"

    def test_the_endpoint_and_the_parameters_stay(self, aws: EmbeddedAws, replica: Instance) -> None:
        before = describe(aws)
        promote(aws)
        aws.world.time.sleep(7200)
        after = describe(aws)

        for kept in ("Endpoint", "DbiResourceId", "DBInstanceArn", "DBParameterGroups", "DeletionProtection"):
            assert after[kept] == before[kept]

    def test_the_source_names_it_no_longer(self, aws: EmbeddedAws, replica: Instance) -> None:
        promote(aws)
        aws.world.time.sleep(7200)

        assert describe(aws, SOURCE, SEOUL)["ReadReplicaDBInstanceIdentifiers"] == []

    @pytest.mark.parametrize(("asked", "kept"), [({}, 1), ({"BackupRetentionPeriod": 14}, 14)])
    def test_backups_are_kept_for_one_day_unless_more_is_asked_for(
        self, aws: EmbeddedAws, replica: Instance, asked: dict[str, int], kept: int
    ) -> None:
        promote(aws, **asked)
        aws.world.time.sleep(7200)

        assert describe(aws)["BackupRetentionPeriod"] == kept

    def test_no_backup_follows_where_none_are_kept(self, aws: EmbeddedAws, replica: Instance) -> None:
        promote(aws, BackupRetentionPeriod=0)

        assert "backing-up" not in [status for status, *_ in phases(aws, REPLICA, seconds=1200)]

    def test_the_first_backup_is_a_long_one_where_there_were_none(self) -> None:
        def backup_seconds(seed: int, days: int) -> float:
            with EmbeddedAws(world_of(seed)) as aws:
                rds = aws.service(Rds)
                rds.add_replica(rds.add_instance(SEOUL, SOURCE), TOKYO, REPLICA, retention_days=days)
                promote(aws, BackupRetentionPeriod=7)
                aws.world.time.run()
                return aws.world.time.elapsed_seconds() - aws.world.effects[0].seconds

        first, next_ = (sum(backup_seconds(seed, days) for seed in range(8)) for days in (0, 7))
        assert first > 2 * next_

    def test_it_takes_two_to_ten_minutes_and_says_how_long_beforehand(self) -> None:
        spans = []
        for seed in range(40):
            with EmbeddedAws(world_of(seed)) as aws:
                rds = aws.service(Rds)
                rds.add_replica(rds.add_instance(SEOUL, SOURCE), TOKYO, REPLICA)
                promote(aws, BackupRetentionPeriod=0)
                begun = aws.world.time.elapsed_seconds()
                aws.world.time.run()
                spans.append(aws.world.time.elapsed_seconds() - begun)
                (effect,) = aws.world.effects
                assert effect.seconds == pytest.approx(spans[-1], abs=0.001)
                assert effect.resource == f"arn:aws:rds:{TOKYO}:123456789012:db:{REPLICA}"

        assert min(spans) >= 120
        assert max(spans) <= 600
        assert 300 <= sorted(spans)[20] <= 480

    def test_a_slow_one_takes_as_long_as_it_is_told_to(self, aws: EmbeddedAws, rds: Rds, replica: Instance) -> None:
        rds.slow_promotion(TOKYO, REPLICA, 1800.0)
        promote(aws)

        aws.world.time.sleep(1800)

        assert describe(aws)["DBInstanceStatus"] == "modifying"

    @pytest.mark.parametrize("status", [Status.STORAGE_FULL, Status.AVAILABLE])
    def test_a_failing_one_leaves_a_replica(
        self, aws: EmbeddedAws, rds: Rds, replica: Instance, status: Status
    ) -> None:
        rds.fail_promotion(TOKYO, REPLICA, status)
        promote(aws)
        aws.world.time.sleep(1200)

        found = describe(aws)

        assert found["DBInstanceStatus"] == status
        assert "ReadReplicaSourceDBInstanceIdentifier" in found

    def test_it_waits_for_a_backup_of_the_replica(self, aws: EmbeddedAws, rds: Rds, replica: Instance) -> None:
        rds.begin_backup(TOKYO, REPLICA, 300.0)

        with pytest.raises(InvalidState, match=NOT_AVAILABLE) as refusal:
            promote(aws)
        aws.world.time.sleep(301)
        promote(aws)

        assert refusal.value.code == "InvalidDBInstanceState"

    @pytest.mark.parametrize("seconds", [0, 2, 100])
    def test_a_second_one_is_refused_even_while_the_status_is_available(
        self, aws: EmbeddedAws, replica: Instance, seconds: float
    ) -> None:
        promote(aws)
        aws.world.time.sleep(seconds)

        with pytest.raises(InvalidState, match=NOT_AVAILABLE):
            promote(aws)

    def test_a_writer_is_told_from_a_replica_by_the_message_alone(self, aws: EmbeddedAws, replica: Instance) -> None:
        promote(aws)
        aws.world.time.sleep(7200)

        with pytest.raises(InvalidState, match=NOT_A_REPLICA) as refusal:
            promote(aws)

        assert refusal.value.code == "InvalidDBInstanceState"

    @pytest.mark.parametrize("days", [-1, 36])
    def test_a_retention_out_of_range_is_refused(self, aws: EmbeddedAws, replica: Instance, days: int) -> None:
        with pytest.raises(InvalidRequest):
            promote(aws, BackupRetentionPeriod=days)


class TestMultiAz:
    @pytest.fixture
    def writer(self, rds: Rds) -> Instance:
        return rds.add_instance(TOKYO, SOURCE)

    def test_it_passes_through_the_phases_that_mislead(self, aws: EmbeddedAws, writer: Instance) -> None:
        answered = convert(aws)

        assert (answered["DBInstanceStatus"], answered["PendingModifiedValues"]) == ("available", {"MultiAZ": True})
        assert phases(aws, SOURCE, seconds=4000) == [
            ("available", False, False, False),
            ("modifying", False, False, False),
            ("available", False, False, True),
        ]
        assert describe(aws, SOURCE)["PendingModifiedValues"] == {}

    def test_it_takes_five_minutes_to_an_hour(self, aws: EmbeddedAws, writer: Instance) -> None:
        convert(aws)

        (effect,) = aws.world.effects
        assert 300 <= effect.seconds <= 3600

    def test_a_change_for_the_maintenance_window_only_waits(self, aws: EmbeddedAws, writer: Instance) -> None:
        convert(aws, ApplyImmediately=False)
        aws.world.time.sleep(7200)

        found = describe(aws, SOURCE)

        assert (found["DBInstanceStatus"], found["MultiAZ"]) == ("available", False)
        assert found["PendingModifiedValues"] == {"MultiAZ": True}
        with pytest.raises(InvalidRequest, match="No modifications were requested"):
            convert(aws)

    def test_applying_at_once_applies_what_else_is_pending(self, aws: EmbeddedAws, writer: Instance) -> None:
        writer.pending["DBInstanceClass"] = "db.t3.large"
        convert(aws)
        aws.world.time.sleep(7200)

        assert describe(aws, SOURCE)["DBInstanceClass"] == "db.t3.large"

    def test_what_is_so_already_is_accepted_and_changes_nothing(self, aws: EmbeddedAws, writer: Instance) -> None:
        writer.multi_az = True

        convert(aws)

        assert describe(aws, SOURCE)["PendingModifiedValues"] == {}
        assert aws.world.effects == []

    def test_the_way_back_is_shorter(self, aws: EmbeddedAws, writer: Instance) -> None:
        writer.multi_az = True
        convert(aws, MultiAZ=False)
        aws.world.time.sleep(700)

        assert describe(aws, SOURCE)["MultiAZ"] is False

    def test_an_instance_that_is_busy_refuses(self, aws: EmbeddedAws, rds: Rds, writer: Instance) -> None:
        rds.begin_backup(TOKYO, SOURCE, 300.0)

        with pytest.raises(InvalidState, match=NOT_AVAILABLE):
            convert(aws)

    def test_subnets_in_one_zone_do_not_do(self, aws: EmbeddedAws, writer: Instance) -> None:
        writer.zones = ("a",)

        with pytest.raises(AwsError) as refusal:
            convert(aws)

        assert refusal.value.code == "InvalidVPCNetworkStateFault"

    def test_a_region_may_lack_capacity(self, aws: EmbeddedAws, writer: Instance) -> None:
        writer.second_zone = False

        with pytest.raises(AwsError) as refusal:
            convert(aws)

        assert refusal.value.code == "InsufficientDBInstanceCapacity"


class TestFurnishing:
    REPLICA_FACTS = {"identifier": REPLICA, "source": SOURCE, "source_region": SEOUL, "retention_days": 7}  # noqa: RUF012

    def test_a_replica_stands_with_its_source(self, rds: Rds) -> None:
        rds.furnish(Standing("rds", "replica", TOKYO, self.REPLICA_FACTS))

        assert rds.instance(TOKYO, REPLICA).source is rds.instance(SEOUL, SOURCE)

    def test_replicas_of_one_source_share_it(self, rds: Rds) -> None:
        for name in (REPLICA, "another"):
            rds.furnish(Standing("rds", "replica", TOKYO, {**self.REPLICA_FACTS, "identifier": name}))

        assert rds.instance(TOKYO, REPLICA).source is rds.instance(TOKYO, "another").source

    def test_an_instance_that_stands_as_a_replica_is_not_replaced(self, rds: Rds, replica: Instance) -> None:
        rds.furnish(Standing("rds", "instance", TOKYO, {"identifier": REPLICA}))
        rds.furnish(Standing("rds", "instance", TOKYO, {"identifier": "another"}))

        assert rds.instance(TOKYO, REPLICA) is replica
        assert rds.instance(TOKYO, "another").source is None

    def test_what_it_does_not_know_is_refused_by_name(self, rds: Rds) -> None:
        with pytest.raises(AssertionError, match="cannot furnish a proxy"):
            rds.furnish(Standing("rds", "proxy", TOKYO, {"identifier": "p"}))


def test_the_same_seed_is_the_same_world_and_another_is_another() -> None:
    def spans(seed: int) -> list[timedelta]:
        with EmbeddedAws(world_of(seed)) as aws:
            rds = aws.service(Rds)
            rds.add_replica(rds.add_instance(SEOUL, SOURCE), TOKYO, REPLICA)
            promote(aws)
            return [timedelta(seconds=effect.seconds) for effect in aws.world.effects]

    assert spans(7) == spans(7) != spans(8)
