"""What keeps an application's data: databases, tables, caches, buckets.

Operations and shapes: botocore's models of RDS, DynamoDB, ElastiCache and S3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from discovery.reading import GLOBAL, Listing, Reading
from discovery.resource import Kind, Resource, name_at_end, tags_of

_INSTANCES = Listing("rds", "DescribeDBInstances", "DBInstances", "Marker", "Marker")
_BACKUPS = Listing(
    "rds", "DescribeDBInstanceAutomatedBackups", "DBInstanceAutomatedBackups", "Marker", "Marker"
)  # fmt: skip
_SNAPSHOTS = Listing("rds", "DescribeDBSnapshots", "DBSnapshots", "Marker", "Marker")
_SUBNETS = Listing("rds", "DescribeDBSubnetGroups", "DBSubnetGroups", "Marker", "Marker")
_PARAMETERS = Listing("rds", "DescribeDBParameterGroups", "DBParameterGroups", "Marker", "Marker")
_RULES = Listing("ec2", "DescribeSecurityGroupRules", "SecurityGroupRules", "NextToken", "NextToken")
_TABLES = Listing("dynamodb", "ListTables", "TableNames", "ExclusiveStartTableName", "LastEvaluatedTableName")
_CACHES = Listing("elasticache", "DescribeReplicationGroups", "ReplicationGroups", "Marker", "Marker")
_MEMBERS = Listing("elasticache", "DescribeCacheClusters", "CacheClusters", "Marker", "Marker")
_CACHE_SUBNETS = Listing("elasticache", "DescribeCacheSubnetGroups", "CacheSubnetGroups", "Marker", "Marker")
_CACHE_SNAPSHOTS = Listing("elasticache", "DescribeSnapshots", "Snapshots", "Marker", "Marker")
_BUCKETS = Listing("s3", "ListBuckets", "Buckets", "ContinuationToken", "ContinuationToken")


def databases(reading: Reading, region: str) -> Iterator[Resource]:
    """The database instances of a region."""
    for shown in reading.every(_INSTANCES, region):
        source = str(shown.get("ReadReplicaSourceDBInstanceIdentifier", ""))
        facts = {
            "source": source,
            "cluster": shown.get("DBClusterIdentifier", ""),
            "address": shown.get("Endpoint", {}).get("Address", ""),
            "port": shown.get("Endpoint", {}).get("Port", 0),
            "class": shown["DBInstanceClass"],
            "engine": f"{shown['Engine']} {shown['EngineVersion']}",
            "groups": [g["VpcSecurityGroupId"] for g in shown.get("VpcSecurityGroups", ())],
            "retention_days": shown.get("BackupRetentionPeriod", 0),
            "multi_az": bool(shown.get("MultiAZ")),
        }
        name, arn = str(shown["DBInstanceIdentifier"]), str(shown["DBInstanceArn"])
        yield Resource(Kind.DATABASE, region, name, arn, facts, tags_of(shown.get("TagList")))


def groups_that_open(reading: Reading, database: Resource) -> list[str]:
    """Those of a database's security groups that have a rule which lets somebody reach its port."""
    groups, port = database.facts["groups"], int(database.facts["port"])
    if not groups:
        return []
    chosen = [{"Name": "group-id", "Values": groups}]
    opening = {
        str(rule["GroupId"])
        for rule in reading.every(_RULES, database.region, Filters=chosen)
        if not rule.get("IsEgress") and _lets_in(rule, port)
    }
    return [group for group in groups if group in opening]


def _lets_in(rule: Any, port: int) -> bool:
    if rule["IpProtocol"] == "-1":
        return True
    first, last = int(rule.get("FromPort", -1)), int(rule.get("ToPort", -1))
    return rule["IpProtocol"] in ("tcp", "6") and (first == -1 or first <= port <= last)


def backups_held(reading: Reading, region: str, source: Resource) -> bool:
    """Whether a region holds replicated automated backups of an instance of another one."""
    listed = reading.every(_BACKUPS, region, DBInstanceIdentifier=source.name)
    return any(backups.get("DBInstanceArn") == source.arn for backups in listed)


def snapshots_held(reading: Reading, region: str, source: Resource) -> list[str]:
    """The names of the snapshots of an instance that were copied into a region."""
    listed = reading.every(_SNAPSHOTS, region, DBInstanceIdentifier=source.name)
    return sorted(str(s["DBSnapshotIdentifier"]) for s in listed if s.get("SourceRegion") == source.region)


def database_groups(reading: Reading, region: str) -> Iterator[Resource]:
    """The subnet groups and the parameter groups that a restored database could take."""
    for shown in reading.every(_SUBNETS, region):
        yield Resource(Kind.DATABASE_SUBNETS, region, str(shown["DBSubnetGroupName"]))
    for shown in reading.every(_PARAMETERS, region):
        yield Resource(Kind.DATABASE_PARAMETERS, region, str(shown["DBParameterGroupName"]))


def tables(reading: Reading, region: str, account: str) -> Iterator[Resource]:
    """The names of the tables of a region; what a table is is asked once it is known to belong."""
    for name in reading.every(_TABLES, region):
        yield Resource(Kind.TABLE, region, str(name), f"arn:aws:dynamodb:{region}:{account}:table/{name}")


def replicas_of(reading: Reading, table: Resource) -> list[str]:
    """The other regions in which a table has a replica."""
    answer = reading.ask("dynamodb", "DescribeTable", table.region, TableName=table.name)
    replicas = (answer or {}).get("Table", {}).get("Replicas", ())
    return [str(r["RegionName"]) for r in replicas if r["RegionName"] != table.region]


def caches(reading: Reading, region: str) -> Iterator[Resource]:
    """The replication groups of a region, each with what only its member clusters tell."""
    members = {str(m.get("ReplicationGroupId", "")): m for m in reading.every(_MEMBERS, region)}
    for shown in reading.every(_CACHES, region):
        name = str(shown["ReplicationGroupId"])
        member = members.get(name, {})
        facts = {
            "node_type": shown.get("CacheNodeType", ""),
            "nodes": len(shown.get("MemberClusters", ())),
            "engine": member.get("Engine", shown.get("Engine", "redis")),
            "engine_version": ".".join(str(member.get("EngineVersion", "")).split(".")[:2]),
            "automatic_failover": str(shown.get("AutomaticFailover", "")).startswith("enabl"),
            "multi_az": shown.get("MultiAZ") == "enabled",
            "transit_encryption": bool(shown.get("TransitEncryptionEnabled")),
            "at_rest_encryption": bool(shown.get("AtRestEncryptionEnabled")),
            "auth_token": bool(shown.get("AuthTokenEnabled")),
            "clustered": bool(shown.get("ClusterEnabled")),
        }
        yield Resource(Kind.CACHE, region, name, str(shown.get("ARN", "")), facts)


def for_caches(reading: Reading, region: str) -> Iterator[Resource]:
    """The subnet groups that a cache could be created in, and the snapshots that it could be created from."""
    for shown in reading.every(_CACHE_SNAPSHOTS, region):
        yield Resource(Kind.CACHE_SNAPSHOT, region, str(shown["SnapshotName"]))
    for shown in reading.every(_CACHE_SUBNETS, region):
        yield Resource(Kind.CACHE_SUBNETS, region, str(shown["CacheSubnetGroupName"]))


def buckets(reading: Reading) -> Iterator[Resource]:
    """All buckets of the account; S3 tells their regions only to who asks for pages."""
    for shown in reading.every(_BUCKETS, GLOBAL, MaxBuckets=1000):
        name = str(shown["Name"])
        yield Resource(Kind.BUCKET, str(shown.get("BucketRegion", "")), name, f"arn:aws:s3:::{name}")


def destination_of(reading: Reading, bucket: Resource) -> str:
    """The bucket that a bucket is replicated to by a rule that is on; nothing where there is none."""
    answer = reading.ask("s3", "GetBucketReplication", bucket.region, Bucket=bucket.name) or {}
    rules = answer.get("ReplicationConfiguration", {}).get("Rules", ())
    return next((name_at_end(str(r["Destination"]["Bucket"])) for r in rules if r.get("Status") == "Enabled"), "")
