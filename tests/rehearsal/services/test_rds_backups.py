"""Restores as RDS makes them, asked through a real client."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pilotlight.domain.errors import AlreadyExists, AwsError, InvalidRequest, InvalidState, NotFound
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.rds import Rds
from rehearsal.services.rds_holdings import AutomatedBackups
from rehearsal.services.rds_instance import Instance
from tests.rehearsal.services.rds_client import SEOUL, SOURCE, TOKYO, ask, describe

COPY = "the-copy"


@pytest.fixture
def backups(rds: Rds, source: Instance) -> AutomatedBackups:
    rds.add_group(TOKYO, "subnet group", "the-subnets")
    rds.add_group(TOKYO, "parameter group", "the-parameters")
    return rds.replicate_backups(TOKYO, source)


def restore(aws: EmbeddedAws, backups: AutomatedBackups, **differences: Any) -> dict[str, Any]:
    wanted = {
        "TargetDBInstanceIdentifier": COPY,
        "SourceDBInstanceAutomatedBackupsArn": backups.arn,
        "UseLatestRestorableTime": True,
        "DBSubnetGroupName": "the-subnets",
        "DBParameterGroupName": "the-parameters",
        **differences,
    }
    made: dict[str, Any] = ask(aws, "RestoreDBInstanceToPointInTime", **wanted)["DBInstance"]
    return made


def latest(aws: EmbeddedAws) -> Any:
    (found,) = ask(aws, "DescribeDBInstanceAutomatedBackups", DBInstanceIdentifier=SOURCE)["DBInstanceAutomatedBackups"]
    return found.get("RestoreWindow", {}).get("LatestTime")


def let_go_by(aws: EmbeddedAws, minutes: float) -> None:
    aws.world.time.sleep(minutes * 60)


def test_the_latest_restorable_time_goes_on_until_the_source_is_dark(
    aws: EmbeddedAws, backups: AutomatedBackups
) -> None:
    first = latest(aws)
    let_go_by(aws, 30)
    later = latest(aws)
    aws.world.darken(SEOUL)
    let_go_by(aws, 30)

    assert later - first == timedelta(minutes=30)
    assert latest(aws) == later
    assert aws.world.time.now() - later > timedelta(minutes=30)


def test_backups_that_have_only_begun_have_no_restore_window(aws: EmbeddedAws, backups: AutomatedBackups) -> None:
    backups.told = False

    assert latest(aws) is None
    with pytest.raises(AwsError) as refused:
        restore(aws, backups)
    assert refused.value.code == "PointInTimeRestoreNotEnabled"


def test_a_restore_has_no_endpoint_while_it_is_created_and_a_first_backup_after_it(
    aws: EmbeddedAws, rds: Rds, backups: AutomatedBackups
) -> None:
    rds.plan_next_restore(TOKYO, seconds=900.0, asks_for_restart=True)
    made = restore(aws, backups, BackupRetentionPeriod=7)

    assert (made["DBInstanceStatus"], "Endpoint" in made) == ("creating", False)
    let_go_by(aws, 15.1)
    found = describe(aws, COPY)
    assert (found["DBInstanceStatus"], found["DBParameterGroups"][0]["ParameterApplyStatus"]) == (
        "backing-up",
        "pending-reboot",
    )
    assert found["Endpoint"]["Address"].startswith(COPY)
    assert found["MultiAZ"] is False
    assert found["VpcSecurityGroups"] == []


def test_a_restart_applies_the_parameters(aws: EmbeddedAws, rds: Rds, backups: AutomatedBackups) -> None:
    rds.plan_next_restore(TOKYO, seconds=900.0, asks_for_restart=True)
    restore(aws, backups, BackupRetentionPeriod=0)
    let_go_by(aws, 16)

    ask(aws, "RebootDBInstance", DBInstanceIdentifier=COPY)
    let_go_by(aws, 5)

    assert describe(aws, COPY)["DBParameterGroups"][0]["ParameterApplyStatus"] == "in-sync"


@pytest.mark.parametrize(
    ("differences", "error"),
    [
        ({"SourceDBInstanceAutomatedBackupsArn": f"arn:aws:rds:{TOKYO}:123456789012:auto-backup:ab-x"}, NotFound),
        ({"DBSubnetGroupName": "none"}, NotFound),
        ({"DBParameterGroupName": "none"}, NotFound),
        ({"TargetDBInstanceIdentifier": "there-already"}, AlreadyExists),
    ],
)
def test_what_rds_refuses_is_refused(
    aws: EmbeddedAws, rds: Rds, backups: AutomatedBackups, differences: dict[str, str], error: type[AwsError]
) -> None:
    rds.add_instance(TOKYO, "there-already")

    with pytest.raises(error):
        restore(aws, backups, **differences)


def test_a_snapshot_tells_when_its_data_were_taken_and_when_it_was_copied(
    aws: EmbeddedAws, rds: Rds, source: Instance
) -> None:
    taken = aws.world.time.now() - timedelta(days=6)
    rds.add_snapshot(TOKYO, "weekly-1", source, taken=taken)

    (found,) = ask(aws, "DescribeDBSnapshots", DBInstanceIdentifier=SOURCE)["DBSnapshots"]

    assert found["SnapshotDatabaseTime"] == taken
    assert found["SnapshotCreateTime"] - taken == timedelta(days=6)
    assert found["SourceRegion"] == SEOUL


def test_a_snapshot_that_is_not_whole_is_not_restored(
    aws: EmbeddedAws, rds: Rds, source: Instance, backups: AutomatedBackups
) -> None:
    rds.add_snapshot(TOKYO, "weekly-1", source, taken=aws.world.time.now()).status = "creating"
    groups = {"DBSubnetGroupName": "the-subnets", "DBParameterGroupName": "the-parameters"}

    with pytest.raises(InvalidState):
        ask(
            aws, "RestoreDBInstanceFromDBSnapshot", DBInstanceIdentifier=COPY, DBSnapshotIdentifier="weekly-1", **groups
        )
    with pytest.raises(NotFound):
        ask(
            aws, "RestoreDBInstanceFromDBSnapshot", DBInstanceIdentifier=COPY, DBSnapshotIdentifier="weekly-2", **groups
        )


def test_what_is_protected_or_being_created_is_not_deleted(
    aws: EmbeddedAws, rds: Rds, backups: AutomatedBackups
) -> None:
    rds.plan_next_restore(TOKYO, seconds=900.0)
    restore(aws, backups, BackupRetentionPeriod=0)
    with pytest.raises(InvalidState):
        ask(aws, "DeleteDBInstance", DBInstanceIdentifier=COPY, SkipFinalSnapshot=True)

    let_go_by(aws, 16)
    ask(aws, "ModifyDBInstance", DBInstanceIdentifier=COPY, DeletionProtection=True, ApplyImmediately=True)
    with pytest.raises(InvalidRequest, match="protected"):
        ask(aws, "DeleteDBInstance", DBInstanceIdentifier=COPY, SkipFinalSnapshot=True)

    ask(aws, "ModifyDBInstance", DBInstanceIdentifier=COPY, DeletionProtection=False, ApplyImmediately=True)
    ask(aws, "DeleteDBInstance", DBInstanceIdentifier=COPY, SkipFinalSnapshot=True)
    assert describe(aws, COPY)["DBInstanceStatus"] == "deleting"
    let_go_by(aws, 15)
    with pytest.raises(NotFound):
        describe(aws, COPY)


class TestAMoment:
    """A restore of an instance's own backups, in its own region."""

    @pytest.fixture
    def own(self, aws: EmbeddedAws, rds: Rds) -> AutomatedBackups:
        rds.add_group(TOKYO, "subnet group", "the-subnets")
        rds.add_group(TOKYO, "parameter group", "the-parameters")
        rds.add_instance(TOKYO, "the-own", retention_days=7)
        return rds.back_up(TOKYO, "the-own")

    @staticmethod
    def restore(aws: EmbeddedAws, **differences: Any) -> Any:
        wanted = {
            "TargetDBInstanceIdentifier": COPY,
            "SourceDBInstanceIdentifier": "the-own",
            "RestoreTime": aws.world.time.now() - timedelta(hours=1),
            "DBSubnetGroupName": "the-subnets",
            "DBParameterGroupName": "the-parameters",
            **differences,
        }
        return ask(aws, "RestoreDBInstanceToPointInTime", **wanted)["DBInstance"]

    def test_backups_of_an_instance_that_is_there_are_active_for_as_long_as_they_are_kept(
        self, aws: EmbeddedAws, own: AutomatedBackups
    ) -> None:
        answer = ask(aws, "DescribeDBInstanceAutomatedBackups", DBInstanceIdentifier="the-own")
        (found,) = answer["DBInstanceAutomatedBackups"]

        assert found["Status"] == "active"
        kept = aws.world.time.now() - found["RestoreWindow"]["EarliestTime"]
        assert timedelta(days=7) <= kept < timedelta(days=7, seconds=5)

    def test_a_moment_that_they_hold_is_restored(self, aws: EmbeddedAws, own: AutomatedBackups) -> None:
        assert self.restore(aws)["DBInstanceStatus"] == "creating"

    @pytest.mark.parametrize("hours", [-1, 0, 7 * 24 + 1])
    def test_one_that_they_do_not_hold_is_refused(self, aws: EmbeddedAws, own: AutomatedBackups, hours: int) -> None:
        with pytest.raises(InvalidRequest):
            self.restore(aws, RestoreTime=aws.world.time.now() - timedelta(hours=hours))

    def test_a_moment_and_the_latest_exclude_each_other(self, aws: EmbeddedAws, own: AutomatedBackups) -> None:
        with pytest.raises(InvalidRequest):
            self.restore(aws, UseLatestRestorableTime=True)

    def test_an_instance_without_backups_is_not_restored(self, aws: EmbeddedAws, own: AutomatedBackups) -> None:
        own.told = False

        with pytest.raises(AwsError, match="no automated backups"):
            self.restore(aws)
