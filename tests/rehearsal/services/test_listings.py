"""What the models list when nobody names anything: all of a region, page by page where AWS has pages."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight.aws.sdk import Sdk
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.dynamodb import DynamoDb
from rehearsal.services.ecs import Ecs
from rehearsal.services.elasticache import ElastiCache
from rehearsal.services.rds import Rds
from rehearsal.services.rds_backups import Backups
from rehearsal.services.route53 import Route53
from rehearsal.services.route53_records import Record
from rehearsal.services.s3 import S3
from rehearsal.wire import NotModelled
from tests.rehearsal.services.rds_client import SEOUL, TOKYO


def ask(aws: EmbeddedAws, service: str, operation: str, region: str = TOKYO, **parameters: Any) -> dict[str, Any]:
    return Sdk(aws.clients, region).call(service, operation, region, **parameters)


def test_ecs_lists_clusters_and_ten_services_in_a_page(aws: EmbeddedAws) -> None:
    ecs = aws.service(Ecs)
    definition = ecs.add_task_definition(TOKYO, "shop", "image")
    for number in range(12):
        ecs.add_service(TOKYO, "shop", f"shop-{number:02}", definition)
    ecs.add_cluster(SEOUL, "elsewhere")

    assert [arn.rsplit("/", 1)[-1] for arn in ask(aws, "ecs", "ListClusters")["clusterArns"]] == ["shop"]
    first = ask(aws, "ecs", "ListServices", cluster="shop")
    second = ask(aws, "ecs", "ListServices", cluster="shop", nextToken=first["nextToken"])

    assert (len(first["serviceArns"]), len(second["serviceArns"])) == (10, 2)
    assert "nextToken" not in second


def test_dynamodb_lists_global_tables_among_the_others(aws: EmbeddedAws) -> None:
    aws.service(DynamoDb).add_global_table("orders", SEOUL, TOKYO)
    key: dict[str, Any] = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    for name in ("apples", "zebras"):
        attributes = [{"AttributeName": "id", "AttributeType": "S"}]
        ask(aws, "dynamodb", "CreateTable", TableName=name, AttributeDefinitions=attributes, **key)

    first = ask(aws, "dynamodb", "ListTables", Limit=2)
    second = ask(aws, "dynamodb", "ListTables", ExclusiveStartTableName=first["LastEvaluatedTableName"])

    assert (first["TableNames"], second["TableNames"]) == (["apples", "orders"], ["zebras"])
    assert ask(aws, "dynamodb", "ListTables", SEOUL)["TableNames"] == ["orders"]


def test_rds_lists_the_groups_of_a_region(aws: EmbeddedAws) -> None:
    rds = aws.service(Rds)
    assert isinstance(rds, Backups)
    for region, what, name in (
        (TOKYO, "subnet group", "shop-db"),
        (TOKYO, "parameter group", "shop-mysql8"),
        (SEOUL, "subnet group", "elsewhere"),
    ):
        rds.add_group(region, what, name)

    subnets = ask(aws, "rds", "DescribeDBSubnetGroups")["DBSubnetGroups"]
    parameters = ask(aws, "rds", "DescribeDBParameterGroups")["DBParameterGroups"]

    assert [group["DBSubnetGroupName"] for group in subnets] == ["shop-db"]
    assert [group["DBParameterGroupName"] for group in parameters] == ["shop-mysql8"]


def test_s3_lists_the_buckets_with_their_regions(aws: EmbeddedAws) -> None:
    aws.service(S3).add_replicated(SEOUL, "shop", TOKYO, "shop-dr")

    listed = ask(aws, "s3", "ListBuckets", "us-east-1", MaxBuckets=1000)["Buckets"]

    assert {b["Name"]: b["BucketRegion"] for b in listed} == {"shop": SEOUL, "shop-dr": TOKYO}


def test_route53_lists_every_zone_by_its_id(aws: EmbeddedAws) -> None:
    for name in ("shop.example.com", "www.example.org"):
        aws.service(Route53).records.put(Record(name, "", "a-balancer"))

    zones = ask(aws, "route53", "ListHostedZones", "us-east-1")["HostedZones"]

    assert [zone["Name"] for zone in zones] == ["example.com.", "example.org."]
    (record,) = ask(aws, "route53", "ListResourceRecordSets", "us-east-1", HostedZoneId=zones[0]["Id"])[
        "ResourceRecordSets"
    ]
    assert record["Name"] == "shop.example.com."


def test_the_tagging_api_finds_what_bears_a_tag_with_that_value(aws: EmbeddedAws) -> None:
    aws.service(Rds).add_instance(TOKYO, "orders", tags={"Project": "shop"})
    aws.service(Rds).add_instance(TOKYO, "others", tags={"Project": "blog"})
    aws.service(Rds).add_instance(SEOUL, "elsewhere", tags={"Project": "shop"})
    aws.service(ElastiCache).add_group(TOKYO, "shop-redis", tags={"Project": "shop", "Stage": "dr"})

    def named(*filters: dict[str, Any]) -> list[str]:
        found = ask(aws, "resourcegroupstaggingapi", "GetResources", TagFilters=list(filters))
        return [each["ResourceARN"].rsplit(":", 1)[-1] for each in found["ResourceTagMappingList"]]

    assert named({"Key": "Project", "Values": ["shop"]}) == ["orders", "shop-redis"]
    assert named({"Key": "Project"}, {"Key": "Stage", "Values": ["dr"]}) == ["shop-redis"]
    assert named({"Key": "project", "Values": ["shop"]}) == []


def test_the_tagging_api_answers_fifty_in_a_page_and_refuses_what_it_does_not_model(aws: EmbeddedAws) -> None:
    for number in range(51):
        aws.service(Rds).add_instance(TOKYO, f"db-{number:02}", tags={"app": "shop"})

    first = ask(aws, "resourcegroupstaggingapi", "GetResources")
    second = ask(aws, "resourcegroupstaggingapi", "GetResources", PaginationToken=first["PaginationToken"])

    assert [len(page["ResourceTagMappingList"]) for page in (first, second)] == [50, 1]
    assert second["PaginationToken"] == ""
    with pytest.raises(NotModelled):
        ask(aws, "resourcegroupstaggingapi", "GetResources", ResourceTypeFilters=["rds:db"])
