"""The model of ElastiCache, asked through a real client."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from moto import mock_aws

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import AlreadyExists, InvalidRequest, InvalidState, NotFound
from pilotlight.domain.step import Standing
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.elasticache import CREATION, ElastiCache
from rehearsal.services.elasticache_groups import Status
from rehearsal.wire import NotModelled

TOKYO, SEOUL = "ap-northeast-1", "ap-northeast-2"
ARN = "arn:aws:elasticache:ap-northeast-1:123456789012:replicationgroup:fileflow-dr-redis"
NODES = ["fileflow-dr-redis-001", "fileflow-dr-redis-002"]


@pytest.fixture
def elasticache(aws: EmbeddedAws) -> ElastiCache:
    model = aws.service(ElastiCache)
    model.add_subnet_group(TOKYO, "fileflow-dr-cache")
    return model


def ask(aws: EmbeddedAws, operation: str, region: str = TOKYO, **parameters: Any) -> dict[str, Any]:
    answer = Sdk(aws.clients, region).call("elasticache", operation, region, **parameters)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def order(**changes: Any) -> dict[str, Any]:
    plain = {
        "ReplicationGroupId": "fileflow-dr-redis",
        "ReplicationGroupDescription": "a cache",
        "AutomaticFailoverEnabled": True,
        "MultiAZEnabled": True,
        "NumCacheClusters": 2,
        "CacheNodeType": "cache.r6g.large",
        "Engine": "redis",
        "EngineVersion": "7.1",
        "CacheParameterGroupName": "default.redis7",
        "CacheSubnetGroupName": "fileflow-dr-cache",
        "SecurityGroupIds": ["sg-1", "sg-2"],
        "TransitEncryptionEnabled": True,
        "AtRestEncryptionEnabled": True,
        "Tags": [{"Key": "pilotlight:application", "Value": "fileflow"}],
    }
    return {name: value for name, value in (plain | changes).items() if value is not None}


def create(aws: EmbeddedAws, **changes: Any) -> dict[str, Any]:
    group: dict[str, Any] = ask(aws, "CreateReplicationGroup", **order(**changes))["ReplicationGroup"]
    return group


def group(aws: EmbeddedAws) -> dict[str, Any]:
    answer = ask(aws, "DescribeReplicationGroups", ReplicationGroupId="fileflow-dr-redis")
    only: dict[str, Any] = answer["ReplicationGroups"][0]
    return only


def statuses_of_nodes(aws: EmbeddedAws) -> list[str]:
    clusters = ask(aws, "DescribeCacheClusters")["CacheClusters"]
    return [cluster["CacheClusterStatus"] for cluster in clusters]


def let_creation_end(aws: EmbeddedAws) -> None:
    aws.world.time.sleep(CREATION.most + 1)


@pytest.mark.usefixtures("elasticache")
def test_a_group_that_is_created_shows_no_endpoint(aws: EmbeddedAws) -> None:
    created = create(aws)

    seen = group(aws)

    assert created["Status"] == "creating"
    assert seen["Status"] == "creating"
    assert seen["MemberClusters"] == NODES
    assert seen["AutomaticFailover"] == "enabling"
    assert "NodeGroups" not in seen
    assert "ConfigurationEndpoint" not in seen


@pytest.mark.usefixtures("elasticache")
def test_an_available_group_shows_all_that_was_ordered(aws: EmbeddedAws) -> None:
    create(aws, KmsKeyId="arn:aws:kms:ap-northeast-1:123456789012:key/k", AuthToken="a-token-of-16-chars", Port=6380)

    let_creation_end(aws)

    seen = group(aws)
    shard = seen.pop("NodeGroups")[0]
    endpoint = "fileflow-dr-redis.a1a68c.apne1.cache.amazonaws.com"
    assert seen == {
        "ReplicationGroupId": "fileflow-dr-redis",
        "ARN": ARN,
        "Description": "a cache",
        "Status": "available",
        "MemberClusters": NODES,
        "ReplicationGroupCreateTime": seen["ReplicationGroupCreateTime"],
        "AutomaticFailover": "enabled",
        "MultiAZ": "enabled",
        "ClusterEnabled": False,
        "Engine": "redis",
        "CacheNodeType": "cache.r6g.large",
        "AuthTokenEnabled": True,
        "TransitEncryptionEnabled": True,
        "AtRestEncryptionEnabled": True,
        "KmsKeyId": "arn:aws:kms:ap-northeast-1:123456789012:key/k",
    }
    assert shard == {
        "NodeGroupId": "0001",
        "Status": "available",
        "PrimaryEndpoint": {"Address": f"master.{endpoint}", "Port": 6380},
        "ReaderEndpoint": {"Address": f"replica.{endpoint}", "Port": 6380},
        "NodeGroupMembers": [{"CacheClusterId": node, "CacheNodeId": "0001"} for node in NODES],
    }


@pytest.mark.usefixtures("elasticache")
def test_a_member_shows_what_its_group_does_not(aws: EmbeddedAws) -> None:
    create(aws)

    clusters = ask(aws, "DescribeCacheClusters", CacheClusterId=NODES[1])["CacheClusters"]

    assert clusters == [
        {
            "CacheClusterId": NODES[1],
            "CacheClusterStatus": "creating",
            "ReplicationGroupId": "fileflow-dr-redis",
            "CacheNodeType": "cache.r6g.large",
            "Engine": "redis",
            "EngineVersion": "7.1.0",
            "CacheParameterGroup": {"CacheParameterGroupName": "default.redis7"},
            "CacheSubnetGroupName": "fileflow-dr-cache",
            "SecurityGroups": [
                {"SecurityGroupId": "sg-1", "Status": "active"},
                {"SecurityGroupId": "sg-2", "Status": "active"},
            ],
        }
    ]


@pytest.mark.usefixtures("elasticache")
def test_a_group_in_cluster_mode_has_a_configuration_endpoint_and_no_primary_one(aws: EmbeddedAws) -> None:
    create(aws, CacheParameterGroupName="default.redis7.cluster.on")

    let_creation_end(aws)

    seen = group(aws)
    assert seen["ClusterEnabled"] is True
    assert seen["ConfigurationEndpoint"]["Address"].startswith("clustercfg.fileflow-dr-redis.")
    assert "PrimaryEndpoint" not in seen["NodeGroups"][0]
    assert seen["MemberClusters"] == ["fileflow-dr-redis-0001-001", "fileflow-dr-redis-0001-002"]


@pytest.mark.parametrize(("engine", "family", "encrypted"), [("redis", "redis7", False), ("valkey", "valkey8", True)])
@pytest.mark.usefixtures("elasticache")
def test_encryption_at_rest_that_nobody_asks_for_depends_on_the_engine(
    aws: EmbeddedAws, engine: str, family: str, encrypted: bool
) -> None:
    created = create(aws, Engine=engine, CacheParameterGroupName=f"default.{family}", AtRestEncryptionEnabled=None)

    assert created["AtRestEncryptionEnabled"] is encrypted


@pytest.mark.usefixtures("elasticache")
def test_nodes_come_up_one_by_one_before_the_group_does(aws: EmbeddedAws) -> None:
    create(aws)
    seen: list[tuple[str, int]] = []

    while group(aws)["Status"] == "creating":
        seen.append(("creating", statuses_of_nodes(aws).count("available")))
        aws.world.time.sleep(1)

    assert list(dict.fromkeys(seen)) == [("creating", 0), ("creating", 1), ("creating", 2)]


@pytest.mark.usefixtures("elasticache")
def test_a_creation_takes_as_long_as_its_effect_says(aws: EmbeddedAws) -> None:
    create(aws)

    effect = aws.world.effects[0]

    aws.world.time.sleep(effect.seconds - (aws.world.time.now() - effect.started).total_seconds() - 0.001)
    assert aws.service(ElastiCache).group(TOKYO, "fileflow-dr-redis").status is Status.CREATING  # type: ignore[union-attr]
    aws.world.time.sleep(0.002)
    assert group(aws)["Status"] == "available"
    assert effect.resource == ARN
    assert CREATION.least <= effect.seconds <= CREATION.most


def test_a_creation_can_be_made_to_take_as_long_as_the_tail(aws: EmbeddedAws, elasticache: ElastiCache) -> None:
    elasticache.delay_next_creation(TOKYO, 50 * 60)

    create(aws)

    assert aws.world.effects[0].seconds == 50 * 60


def test_a_failed_creation_says_why_in_an_event_only(aws: EmbeddedAws, elasticache: ElastiCache) -> None:
    elasticache.fail_next_creation(TOKYO, "cache.r6g.large is not available in ap-northeast-1c", 240)
    create(aws)

    aws.world.time.sleep(241)

    seen = group(aws)
    events = ask(aws, "DescribeEvents", SourceIdentifier="fileflow-dr-redis", SourceType="replication-group")
    assert seen["Status"] == "create-failed"
    assert "NodeGroups" not in seen
    assert statuses_of_nodes(aws) == ["creating", "creating"]
    assert [(event["SourceType"], event["Message"]) for event in events["Events"]] == [
        ("replication-group", "cache.r6g.large is not available in ap-northeast-1c")
    ]
    assert events["Events"][0]["Date"].timestamp() <= aws.world.time.now().timestamp()
    assert ask(aws, "DescribeEvents", SourceIdentifier="another")["Events"] == []


def test_only_the_next_creation_fails(aws: EmbeddedAws, elasticache: ElastiCache) -> None:
    elasticache.fail_next_creation(TOKYO, "no capacity", 10)
    create(aws)
    aws.world.time.sleep(11)
    ask(aws, "DeleteReplicationGroup", ReplicationGroupId="fileflow-dr-redis")
    aws.world.time.sleep(601)

    create(aws)
    let_creation_end(aws)

    assert group(aws)["Status"] == "available"


@pytest.mark.usefixtures("elasticache")
def test_tags_show_only_while_the_group_is_available(aws: EmbeddedAws, elasticache: ElastiCache) -> None:
    create(aws)
    with pytest.raises(NotFound, match="not present or not available"):
        ask(aws, "ListTagsForResource", ResourceName=ARN)
    let_creation_end(aws)
    tags = ask(aws, "ListTagsForResource", ResourceName=ARN)["TagList"]

    elasticache.occupy(TOKYO, "fileflow-dr-redis", Status.MODIFYING, 60)

    assert tags == [{"Key": "pilotlight:application", "Value": "fileflow"}]
    with pytest.raises(InvalidState, match="InvalidReplicationGroupState: Cluster not in available state"):
        ask(aws, "ListTagsForResource", ResourceName=ARN)


def test_a_busy_group_serves_on_and_is_available_again(aws: EmbeddedAws, elasticache: ElastiCache) -> None:
    elasticache.add_group(TOKYO, "fileflow-dr-redis")

    elasticache.occupy(TOKYO, "fileflow-dr-redis", Status.SNAPSHOTTING, 60, nodes=1)

    assert (group(aws)["Status"], statuses_of_nodes(aws)) == ("snapshotting", ["available", "snapshotting"])
    assert group(aws)["NodeGroups"][0]["PrimaryEndpoint"]["Port"] == 6379
    aws.world.time.sleep(61)
    assert (group(aws)["Status"], statuses_of_nodes(aws)) == ("available", ["available", "available"])


def test_a_name_is_taken_once_in_each_region(aws: EmbeddedAws, elasticache: ElastiCache) -> None:
    elasticache.add_group(SEOUL, "fileflow-dr-redis", node_type="cache.t3.micro")

    create(aws, ReplicationGroupId="Fileflow-DR-Redis")

    with pytest.raises(AlreadyExists, match="ReplicationGroupAlreadyExists"):
        create(aws)
    assert group(aws)["CacheNodeType"] == "cache.r6g.large"
    seoul = ask(aws, "DescribeReplicationGroups", SEOUL)["ReplicationGroups"]
    assert [found["CacheNodeType"] for found in seoul] == ["cache.t3.micro"]


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"CacheSubnetGroupName": "another"}, NotFound, "CacheSubnetGroupNotFoundFault"),
        ({"CacheParameterGroupName": "another"}, NotFound, "CacheParameterGroupNotFound"),
        ({"SnapshotName": "another"}, InvalidRequest, "InvalidParameterValue"),
        ({"NumCacheClusters": 1}, InvalidRequest, "InvalidParameterCombination"),
        ({"AutomaticFailoverEnabled": False}, InvalidRequest, "InvalidParameterCombination"),
        ({"TransitEncryptionEnabled": False, "AuthToken": "x" * 16}, InvalidRequest, "InvalidParameterCombination"),
    ],
)
@pytest.mark.usefixtures("elasticache")
def test_an_order_that_cannot_be_met_is_refused_and_creates_nothing(
    aws: EmbeddedAws, changes: dict[str, Any], error: type[Exception], code: str
) -> None:
    with pytest.raises(error, match=code):
        create(aws, **changes)

    assert ask(aws, "DescribeReplicationGroups")["ReplicationGroups"] == []


def test_a_refusal_meets_the_next_creation_only(aws: EmbeddedAws, elasticache: ElastiCache) -> None:
    elasticache.refuse_next_creation(TOKYO, "InsufficientCacheClusterCapacity", "Not in that zone.")

    with pytest.raises(InvalidRequest, match="InsufficientCacheClusterCapacity: Not in that zone"):
        create(aws)

    assert create(aws)["Status"] == "creating"


def test_a_deleted_group_is_gone_after_a_while_and_is_not_deleted_twice(
    aws: EmbeddedAws, elasticache: ElastiCache
) -> None:
    elasticache.add_group(TOKYO, "fileflow-dr-redis")

    answer = ask(aws, "DeleteReplicationGroup", ReplicationGroupId="fileflow-dr-redis")

    assert answer["ReplicationGroup"]["Status"] == "deleting"
    with pytest.raises(InvalidState, match="InvalidReplicationGroupState"):
        ask(aws, "DeleteReplicationGroup", ReplicationGroupId="fileflow-dr-redis")
    with pytest.raises(AlreadyExists):
        create(aws)
    aws.world.time.sleep(601)
    with pytest.raises(NotFound, match="ReplicationGroupNotFoundFault"):
        group(aws)
    assert ask(aws, "DescribeCacheClusters")["CacheClusters"] == []
    assert [effect.resource for effect in aws.world.effects] == [ARN]


@pytest.mark.usefixtures("elasticache")
def test_a_group_that_is_created_cannot_be_deleted(aws: EmbeddedAws) -> None:
    create(aws)

    with pytest.raises(InvalidState, match="has status creating"):
        ask(aws, "DeleteReplicationGroup", ReplicationGroupId="fileflow-dr-redis")


def test_a_last_snapshot_is_a_gap_of_the_model_and_not_an_answer(aws: EmbeddedAws, elasticache: ElastiCache) -> None:
    elasticache.add_group(TOKYO, "fileflow-dr-redis")

    with pytest.raises(NotModelled):
        ask(aws, "DeleteReplicationGroup", ReplicationGroupId="fileflow-dr-redis", FinalSnapshotIdentifier="last")


def test_what_a_cache_is_made_from_is_described(aws: EmbeddedAws, elasticache: ElastiCache) -> None:
    elasticache.add_parameter_group(TOKYO, "fileflow-redis", family="redis7")
    elasticache.add_snapshot(TOKYO, "nightly", status="creating")

    subnets = ask(aws, "DescribeCacheSubnetGroups", CacheSubnetGroupName="fileflow-dr-cache")
    own = ask(aws, "DescribeCacheParameterGroups", CacheParameterGroupName="fileflow-redis")
    default = ask(aws, "DescribeCacheParameterGroups", CacheParameterGroupName="default.valkey8.cluster.on")

    assert subnets["CacheSubnetGroups"] == [
        {"CacheSubnetGroupName": "fileflow-dr-cache", "VpcId": "vpc-0a1b2c3d4e5f60718"}
    ]
    assert own["CacheParameterGroups"][0]["CacheParameterGroupFamily"] == "redis7"
    assert default["CacheParameterGroups"][0]["CacheParameterGroupFamily"] == "valkey8"
    snapshots = ask(aws, "DescribeSnapshots", SnapshotName="nightly")["Snapshots"]
    (node,) = snapshots[0].pop("NodeSnapshots")
    assert snapshots == [{"SnapshotName": "nightly", "SnapshotStatus": "creating"}]
    assert (aws.world.time.now() - node["SnapshotCreateTime"]).days == 1
    assert ask(aws, "DescribeSnapshots", SnapshotName="another")["Snapshots"] == []


def test_it_is_furnished_with_what_a_cache_is_made_from_and_nothing_else(aws: EmbeddedAws) -> None:
    model = aws.service(ElastiCache)

    model.furnish(Standing("elasticache", "subnet_group", TOKYO, {"name": "subnets"}))
    model.furnish(Standing("elasticache", "parameter_group", TOKYO, {"name": "tuned", "family": "redis7"}))
    model.furnish(Standing("elasticache", "snapshot", TOKYO, {"name": "nightly"}))

    assert ask(aws, "DescribeCacheSubnetGroups", CacheSubnetGroupName="subnets")["CacheSubnetGroups"]
    tuned = ask(aws, "DescribeCacheParameterGroups", CacheParameterGroupName="tuned")["CacheParameterGroups"]
    assert tuned[0]["CacheParameterGroupFamily"] == "redis7"
    assert ask(aws, "DescribeSnapshots")["Snapshots"][0]["SnapshotStatus"] == "available"
    with pytest.raises(AssertionError, match="cannot furnish a user_group"):
        model.furnish(Standing("elasticache", "user_group", TOKYO, {"name": "x"}))


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("DescribeCacheSubnetGroups", {"CacheSubnetGroupName": "another"}, "CacheSubnetGroupNotFoundFault"),
        ("DescribeCacheParameterGroups", {"CacheParameterGroupName": "x"}, "CacheParameterGroupNotFound"),
        ("DescribeReplicationGroups", {"ReplicationGroupId": "x"}, "ReplicationGroupNotFoundFault"),
        ("DescribeCacheClusters", {"CacheClusterId": "x"}, "CacheClusterNotFound"),
        ("DeleteReplicationGroup", {"ReplicationGroupId": "x"}, "ReplicationGroupNotFoundFault"),
    ],
)
@pytest.mark.usefixtures("elasticache")
def test_what_is_not_there_is_not_found_by_its_own_code(
    aws: EmbeddedAws, operation: str, parameters: dict[str, str], code: str
) -> None:
    with pytest.raises(NotFound, match=f"{code}:"):
        ask(aws, operation, **parameters)


@pytest.mark.usefixtures("elasticache")
def test_it_agrees_with_moto_on_a_group_that_is_available(aws: EmbeddedAws) -> None:
    """Known differences: moto has every group at once, under its own address, with roles and zones,
    but with one member and no endpoint for readers."""
    create(aws, AuthToken="a-token-of-16-chars")
    let_creation_end(aws)
    mine = group(aws)

    with mock_aws():
        client = boto3.client("elasticache", region_name=TOKYO, aws_access_key_id="a", aws_secret_access_key="b")
        made = client.create_replication_group(**order(AuthToken="a-token-of-16-chars"))["ReplicationGroup"]
        theirs: dict[str, Any] = dict(client.describe_replication_groups()["ReplicationGroups"][0])

    ours_alone = {"NodeGroups", "ReplicationGroupCreateTime", "MemberClusters"}
    assert made["Status"] == "available"
    assert {n: v for n, v in mine.items() if n not in ours_alone} == {
        n: v for n, v in theirs.items() if n in mine and n not in ours_alone
    }
    assert set(mine["NodeGroups"][0]) - set(theirs["NodeGroups"][0]) == {"ReaderEndpoint"}
    assert set(mine["NodeGroups"][0]["NodeGroupMembers"][0]) < set(theirs["NodeGroups"][0]["NodeGroupMembers"][0])


def test_it_agrees_with_moto_on_what_is_not_there_and_on_names_that_are_taken(
    aws: EmbeddedAws, elasticache: ElastiCache
) -> None:
    elasticache.add_group(TOKYO, "fileflow-dr-redis")

    with mock_aws():
        client = boto3.client("elasticache", region_name=TOKYO, aws_access_key_id="a", aws_secret_access_key="b")
        client.create_replication_group(**order())
        with pytest.raises(client.exceptions.ReplicationGroupAlreadyExistsFault) as taken:
            client.create_replication_group(**order())
        with pytest.raises(client.exceptions.ReplicationGroupNotFoundFault) as missing:
            client.describe_replication_groups(ReplicationGroupId="x")

    with pytest.raises(AlreadyExists) as our_taken:
        create(aws)
    with pytest.raises(NotFound) as our_missing:
        ask(aws, "DescribeReplicationGroups", ReplicationGroupId="x")
    assert our_taken.value.code == taken.value.response["Error"]["Code"]
    assert our_missing.value.code == missing.value.response["Error"]["Code"]
