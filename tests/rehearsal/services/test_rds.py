"""The model of RDS, asked through a real client: what it shows, replication, tags, and where moto agrees."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pilotlight.domain.errors import InvalidRequest, NotFound, Unavailable
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.rds import Rds
from rehearsal.services.rds_instance import Instance
from rehearsal.wire import NotModelled
from tests.rehearsal.services.rds_client import (
    REPLICA,
    SEOUL,
    SOURCE,
    TOKYO,
    ask,
    describe,
    promote,
)


class TestDescribing:
    def test_every_fact_of_an_instance_reaches_the_client(self, aws: EmbeddedAws, replica: Instance) -> None:
        replica.pending["MultiAZ"] = True
        replica.tags["team"] = "platform"
        replica.cluster = "shared"
        replica.security_groups = ("sg-0123456789abcdef0",)

        found = describe(aws)

        assert found == {
            "DBInstanceIdentifier": REPLICA,
            "DBInstanceArn": f"arn:aws:rds:{TOKYO}:123456789012:db:{REPLICA}",
            "DbiResourceId": replica.resource_id,
            "DBInstanceStatus": "available",
            "DBInstanceClass": "db.t3.medium",
            "Engine": "mysql",
            "EngineVersion": "8.0.40",
            "InstanceCreateTime": datetime(2026, 11, 21, 1, 0, tzinfo=found["InstanceCreateTime"].tzinfo),
            "Endpoint": {"Address": replica.address, "Port": 3306},
            "AvailabilityZone": f"{TOKYO}a",
            "MultiAZ": False,
            "BackupRetentionPeriod": 7,
            "PreferredBackupWindow": "17:00-17:30",
            "PreferredMaintenanceWindow": "sun:19:00-sun:20:00",
            "DeletionProtection": False,
            "DBParameterGroups": [{"DBParameterGroupName": "default.mysql8.0", "ParameterApplyStatus": "in-sync"}],
            "DBSubnetGroup": {
                "DBSubnetGroupName": "data",
                "Subnets": [{"SubnetAvailabilityZone": {"Name": f"{TOKYO}{zone}"}} for zone in "ac"],
            },
            "PendingModifiedValues": {"MultiAZ": True},
            "ReadReplicaDBInstanceIdentifiers": [],
            "ReadReplicaSourceDBInstanceIdentifier": f"arn:aws:rds:{SEOUL}:123456789012:db:{SOURCE}",
            "StatusInfos": [{"StatusType": "read replication", "Normal": True, "Status": "replicating"}],
            "TagList": [{"Key": "team", "Value": "platform"}],
            "DBClusterIdentifier": "shared",
            "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-0123456789abcdef0", "Status": "active"}],
        }

    def test_source_and_replica_name_each_other_by_arn_abroad(self, aws: EmbeddedAws, replica: Instance) -> None:
        assert describe(aws, SOURCE, SEOUL)["ReadReplicaDBInstanceIdentifiers"] == [replica.arn]

    def test_source_and_replica_name_each_other_by_identifier_at_home(
        self, aws: EmbeddedAws, rds: Rds, source: Instance
    ) -> None:
        rds.add_replica(source, SEOUL, "beside")

        assert describe(aws, "beside", SEOUL)["ReadReplicaSourceDBInstanceIdentifier"] == SOURCE
        assert describe(aws, SOURCE, SEOUL)["ReadReplicaDBInstanceIdentifiers"] == ["beside"]

    def test_a_replica_is_created_with_defaults_where_its_source_has_settings(self, rds: Rds, source: Instance) -> None:
        abroad, beside = rds.add_replica(source, TOKYO, "abroad"), rds.add_replica(source, SEOUL, "beside")

        assert (abroad.parameter_group, beside.parameter_group) == ("default.mysql8.0", "ryuqqq-mysql8")
        assert (abroad.multi_az, abroad.retention_days, abroad.deletion_protection) == (False, 0, False)

    def test_identifiers_are_found_in_any_case_and_by_arn(self, aws: EmbeddedAws, replica: Instance) -> None:
        assert describe(aws, REPLICA.upper()) == describe(aws, replica.arn) == describe(aws)

    def test_a_missing_instance_is_not_found(self, aws: EmbeddedAws, replica: Instance) -> None:
        with pytest.raises(NotFound) as refusal:
            describe(aws, REPLICA, SEOUL)

        assert (refusal.value.code, refusal.value.message) == ("DBInstanceNotFound", f"DBInstance {REPLICA} not found.")

    def test_a_region_is_listed_in_pages(self, aws: EmbeddedAws, rds: Rds, source: Instance) -> None:
        names = [f"db-{number:03d}" for number in range(45)]
        for name in reversed(names):
            rds.add_instance(TOKYO, name)
        pages = [ask(aws, "DescribeDBInstances", MaxRecords=20)]

        while "Marker" in pages[-1]:
            pages.append(ask(aws, "DescribeDBInstances", MaxRecords=20, Marker=pages[-1]["Marker"]))

        assert [len(page["DBInstances"]) for page in pages] == [20, 20, 5]
        assert [found["DBInstanceIdentifier"] for page in pages for found in page["DBInstances"]] == names

    @pytest.mark.parametrize("size", [19, 101])
    def test_a_page_size_out_of_range_is_refused(self, aws: EmbeddedAws, size: int) -> None:
        with pytest.raises(InvalidRequest):
            ask(aws, "DescribeDBInstances", MaxRecords=size)

    def test_a_dark_region_does_not_answer_and_the_other_does(self, aws: EmbeddedAws, replica: Instance) -> None:
        aws.world.darken(SEOUL)

        with pytest.raises(Unavailable):
            describe(aws, SOURCE, SEOUL)
        assert describe(aws)["DBInstanceStatus"] == "available"

    def test_what_is_not_modelled_is_refused_by_name(self, aws: EmbeddedAws, replica: Instance) -> None:
        with pytest.raises(NotModelled):
            ask(aws, "DescribeDBInstances", Filters=[{"Name": "engine", "Values": ["mysql"]}])
        with pytest.raises(NotModelled):
            ask(aws, "ModifyDBInstance", DBInstanceIdentifier=REPLICA, DBInstanceClass="db.t3.large")
        with pytest.raises(NotModelled):
            ask(aws, "StopDBInstance", DBInstanceIdentifier=REPLICA)


class TestReplication:
    def test_it_ends_some_time_after_the_source_went_dark(self, aws: EmbeddedAws, replica: Instance) -> None:
        aws.world.darken(SEOUL)

        aws.world.time.sleep(50)
        soon = describe(aws)["StatusInfos"][0]
        aws.world.time.sleep(20)
        later = describe(aws)["StatusInfos"][0]

        assert (soon["Normal"], soon["Status"]) == (True, "replicating")
        assert (later["Normal"], later["Status"]) == (False, "error")
        assert later["Message"] == "The source cannot be reached."

    def test_it_goes_on_when_the_source_is_back(self, aws: EmbeddedAws, replica: Instance) -> None:
        aws.world.darken(SEOUL)
        aws.world.time.sleep(600)
        aws.world.relight(SEOUL)

        assert describe(aws)["StatusInfos"][0]["Normal"] is True

    def test_the_lag_of_mysql_is_minus_one_when_replication_is_not_running(
        self, aws: EmbeddedAws, rds: Rds, replica: Instance
    ) -> None:
        replica.lag_seconds = 2.5
        running = rds.lag_seconds(TOKYO, REPLICA)
        aws.world.darken(SEOUL)
        aws.world.time.sleep(600)

        assert (running, rds.lag_seconds(TOKYO, REPLICA)) == (2.5, -1.0)

    def test_the_lag_of_postgres_grows_with_the_outage(self, aws: EmbeddedAws, rds: Rds, source: Instance) -> None:
        source.engine, source.engine_version = "postgres", "16."
        rds.add_replica(source, TOKYO, REPLICA, lag_seconds=2.5)
        aws.world.darken(SEOUL)
        aws.world.time.sleep(600)

        assert rds.lag_seconds(TOKYO, REPLICA) == 602.5

    def test_a_replica_that_a_person_stopped_says_so(self, aws: EmbeddedAws, rds: Rds, replica: Instance) -> None:
        rds.stop_replication(TOKYO, REPLICA)

        info = describe(aws)["StatusInfos"][0]
        assert (info["Normal"], info["Status"]) == (False, "stopped")
        assert rds.lag_seconds(TOKYO, REPLICA) == -1.0

    def test_the_lag_of_postgres_grows_since_it_was_stopped(self, aws: EmbeddedAws, rds: Rds, source: Instance) -> None:
        source.engine, source.engine_version = "postgres", "16."
        rds.add_replica(source, TOKYO, REPLICA, lag_seconds=2.5)
        rds.stop_replication(TOKYO, REPLICA)
        aws.world.time.sleep(60)
        aws.world.darken(SEOUL)
        aws.world.time.sleep(600)

        assert rds.lag_seconds(TOKYO, REPLICA) == 662.5

    def test_a_replica_may_replicate_and_report_nothing(self, aws: EmbeddedAws, rds: Rds, replica: Instance) -> None:
        rds.lose_lag(TOKYO, REPLICA)

        assert rds.lag_seconds(TOKYO, REPLICA) is None
        assert describe(aws)["StatusInfos"][0]["Status"] == "replicating"

    def test_a_writer_has_no_lag(self, rds: Rds, replica: Instance) -> None:
        assert rds.lag_seconds(SEOUL, SOURCE) is None


class TestTags:
    def test_they_are_added_over_those_of_the_same_key(self, aws: EmbeddedAws, replica: Instance) -> None:
        replica.tags |= {"team": "platform", "stage": "test"}

        ask(aws, "AddTagsToResource", ResourceName=replica.arn, Tags=[{"Key": "stage", "Value": "dr"}])

        listed = ask(aws, "ListTagsForResource", ResourceName=replica.arn)["TagList"]
        assert listed == [{"Key": "team", "Value": "platform"}, {"Key": "stage", "Value": "dr"}]
        assert describe(aws)["TagList"] == listed

    def test_a_missing_instance_is_not_found(self, aws: EmbeddedAws, replica: Instance) -> None:
        with pytest.raises(NotFound):
            ask(aws, "ListTagsForResource", ResourceName=replica.arn + "-of-another")

    def test_the_arn_of_another_region_is_refused(self, aws: EmbeddedAws, replica: Instance) -> None:
        with pytest.raises(InvalidRequest):
            ask(aws, "ListTagsForResource", ResourceName=replica.arn.replace(TOKYO, SEOUL))


class TestBesideMoto:
    """moto creates and promotes at once, names no zones and has no StatusInfos; the rest is compared."""

    AGREED = (
        "DBInstanceIdentifier",
        "DBInstanceClass",
        "Engine",
        "EngineVersion",
        "MultiAZ",
        "BackupRetentionPeriod",
        "PreferredBackupWindow",
        "DeletionProtection",
        "DBInstanceArn",
        "DBInstanceStatus",
        "TagList",
    )

    @pytest.fixture
    def moto(self) -> Iterator[dict[str, Any]]:
        with mock_aws():
            clients = {
                region: boto3.client("rds", region, aws_access_key_id="a", aws_secret_access_key="b")
                for region in (SEOUL, TOKYO)
            }
            clients[SEOUL].create_db_instance(
                DBInstanceIdentifier=SOURCE,
                DBInstanceClass="db.t3.medium",
                Engine="mysql",
                EngineVersion="8.0.40",
                AllocatedStorage=100,
                MasterUsername="root",
                MasterUserPassword="not-a-secret",
                BackupRetentionPeriod=7,
                PreferredBackupWindow="17:00-17:30",
                Tags=[{"Key": "team", "Value": "platform"}],
            )
            yield clients

    def test_an_instance_is_described_alike(self, aws: EmbeddedAws, rds: Rds, moto: dict[str, Any]) -> None:
        rds.add_instance(SEOUL, SOURCE, tags={"team": "platform"})

        ours = describe(aws, SOURCE, SEOUL)
        theirs = moto[SEOUL].describe_db_instances(DBInstanceIdentifier=SOURCE)["DBInstances"][0]

        assert {name: ours[name] for name in self.AGREED} == {name: theirs[name] for name in self.AGREED}

    def test_a_promoted_replica_is_described_alike(self, aws: EmbeddedAws, rds: Rds, moto: dict[str, Any]) -> None:
        source = rds.add_instance(SEOUL, SOURCE, tags={"team": "platform"})
        rds.add_replica(source, TOKYO, REPLICA, tags={})
        moto[TOKYO].create_db_instance_read_replica(
            DBInstanceIdentifier=REPLICA,
            SourceDBInstanceIdentifier=f"arn:aws:rds:{SEOUL}:123456789012:db:{SOURCE}",
            SourceRegion=SEOUL,
        )
        ours_before = describe(aws)
        theirs_before = moto[TOKYO].describe_db_instances(DBInstanceIdentifier=REPLICA)["DBInstances"][0]

        promote(aws, BackupRetentionPeriod=7)
        moto[TOKYO].promote_read_replica(DBInstanceIdentifier=REPLICA, BackupRetentionPeriod=7)
        aws.world.time.sleep(2 * 60 * 60)
        ours = describe(aws)
        theirs = moto[TOKYO].describe_db_instances(DBInstanceIdentifier=REPLICA)["DBInstances"][0]

        name = "ReadReplicaSourceDBInstanceIdentifier"
        assert ours_before[name] == theirs_before[name]
        assert ours["BackupRetentionPeriod"] == theirs["BackupRetentionPeriod"]
        assert (name in ours, name in theirs) == (False, True), "moto goes on naming the source of a promoted replica"

    def test_a_missing_instance_has_the_same_code(self, aws: EmbeddedAws, moto: dict[str, Any]) -> None:
        with pytest.raises(moto[TOKYO].exceptions.DBInstanceNotFoundFault) as theirs:
            moto[TOKYO].describe_db_instances(DBInstanceIdentifier="none")
        with pytest.raises(NotFound) as ours:
            describe(aws, "none")

        assert ours.value.code == theirs.value.response["Error"]["Code"]
