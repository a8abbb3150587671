"""The picture of a region shows every change of what stands there, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pilotlight.aws.sdk import Sdk
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.ecs import Ecs
from rehearsal.services.rds import Rds
from rehearsal.snapshot import picture_of
from tests.rehearsal.services.rds_client import REPLICA, SEOUL, SOURCE, TOKYO, world_of

KEY = {"AttributeName": "id", "KeyType": "HASH"}
TABLE: dict[str, Any] = {
    "TableName": "orders",
    "KeySchema": [KEY],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
QUEUE = f"https://sqs.{SEOUL}.amazonaws.com/123456789012/jobs"


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    """Seoul with a database, a service and something in each of moto's services, and Tokyo with a replica."""
    world = world_of(seed=1)
    with EmbeddedAws(world) as made:
        rds, ecs = made.service(Rds), made.service(Ecs)
        rds.add_replica(rds.add_instance(SEOUL, SOURCE), TOKYO, REPLICA)
        definition = ecs.add_task_definition(SEOUL, "fileflow", "fileflow:1")
        ecs.add_service(SEOUL, "fileflow", "fileflow", definition, desired=2)
        call(made, "dynamodb", "CreateTable", **TABLE)
        call(made, "sqs", "CreateQueue", QueueName="jobs")
        call(made, "sns", "CreateTopic", Name="alerts")
        call(made, "ssm", "PutParameter", Name="/endpoint", Value="seoul", Type="String")
        call(made, "secretsmanager", "CreateSecret", Name="token", SecretString="one")
        yield made


def call(aws: EmbeddedAws, service: str, operation: str, region: str = SEOUL, /, **parameters: Any) -> None:
    """Call as the owner of the account, inside the world."""
    sdk = Sdk(aws.clients, TOKYO)
    task = aws.world.time.spawn(lambda: sdk.call(service, operation, region, **parameters), name="test")
    aws.world.time.run(until=lambda: task.done)
    task.result()


CHANGES: dict[str, Callable[[EmbeddedAws], None]] = {
    "the database becomes Multi-AZ": lambda aws: call(
        aws, "rds", "ModifyDBInstance", DBInstanceIdentifier=SOURCE, MultiAZ=True
    ),
    "the service is scaled": lambda aws: call(
        aws, "ecs", "UpdateService", cluster="fileflow", service="fileflow", desiredCount=0
    ),
    "an item is put": lambda aws: call(aws, "dynamodb", "PutItem", TableName="orders", Item={"id": {"S": "1"}}),
    "a message is sent": lambda aws: call(aws, "sqs", "SendMessage", QueueUrl=QUEUE, MessageBody="go"),
    "a queue is made": lambda aws: call(aws, "sqs", "CreateQueue", QueueName="other"),
    "a topic is made": lambda aws: call(aws, "sns", "CreateTopic", Name="other"),
    "a parameter changes": lambda aws: call(
        aws, "ssm", "PutParameter", Name="/endpoint", Value="tokyo", Type="String", Overwrite=True
    ),
    "a secret changes": lambda aws: call(aws, "secretsmanager", "PutSecretValue", SecretId="token", SecretString="two"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_shows(aws: EmbeddedAws, name: str) -> None:
    before = picture_of(aws.world, SEOUL)

    CHANGES[name](aws)

    assert picture_of(aws.world, SEOUL) != before


def test_what_is_only_read_does_not_show(aws: EmbeddedAws) -> None:
    before = picture_of(aws.world, SEOUL)

    call(aws, "rds", "DescribeDBInstances")
    call(aws, "dynamodb", "Scan", TableName="orders")
    call(aws, "ssm", "GetParameter", Name="/endpoint")
    aws.service(CloudWatch).put_metric(SEOUL, "AWS/RDS", "CPUUtilization", {}, aws.world.time.now(), 1.0)

    assert picture_of(aws.world, SEOUL) == before


def test_what_happens_in_another_region_does_not_show(aws: EmbeddedAws) -> None:
    before = picture_of(aws.world, SEOUL)

    call(aws, "rds", "PromoteReadReplica", TOKYO, DBInstanceIdentifier=REPLICA)
    call(aws, "ssm", "PutParameter", TOKYO, Name="/endpoint", Value="tokyo", Type="String")
    aws.world.time.sleep(3600)

    assert picture_of(aws.world, SEOUL) == before
    assert picture_of(aws.world, TOKYO) != before
