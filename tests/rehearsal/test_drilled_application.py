"""What a drilled application can do: what its task role allows, and where its security groups let it out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pilotlight.domain.step import Access, Statement
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.drilled_application import NO_CREDENTIALS, Attempt, Connection, let_application_act
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.ec2 import EVERYWHERE, Ec2, rules_to
from rehearsal.services.ecs import Ecs
from rehearsal.services.ecs_scheduler import EcsService
from tests.rehearsal.services.rds_client import TOKYO, world_of

ROLE = "arn:aws:iam::123456789012:role/orders-drill-task"
TABLE = f"arn:aws:dynamodb:{TOKYO}:123456789012:table/orders"
WRITE = Attempt("dynamodb", "PutItem", TOKYO, {"TableName": "orders", "Item": {"id": {"S": "1"}}})
READ = Attempt("dynamodb", "GetItem", TOKYO, {"TableName": "orders", "Key": {"id": {"S": "1"}}})
EVERYTHING = Statement(Access.WRITE, ("dynamodb:*", "sqs:*"), ("*",))
WALL, DATABASE = "sg-0a", "sg-0b"


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(world_of(1)) as embedded:
        client = embedded.clients._opened().client("dynamodb", region_name=TOKYO)
        client.create_table(
            TableName="orders",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        embedded.service(Ec2).add_group(TOKYO, WALL).egress = rules_to(DATABASE, [5432])
        yield embedded


@pytest.fixture
def service(aws: EmbeddedAws) -> EcsService:
    ecs = aws.service(Ecs)
    made = ecs.add_service(TOKYO, "apps", "orders-drill", ecs.add_task_definition(TOKYO, "orders", "image"), desired=1)
    made.definition.task_role = ROLE
    made.network = {"awsvpcConfiguration": {"subnets": [], "securityGroups": [WALL]}}
    return made


def written(aws: EmbeddedAws) -> int:
    client = aws.clients._opened().client("dynamodb", region_name=TOKYO)
    return int(client.scan(TableName="orders")["Count"])


def test_a_call_is_decided_by_the_task_role(aws: EmbeddedAws, service: EcsService) -> None:
    reader = Role("task", (Statement(Access.READ, ("dynamodb:GetItem",), (TABLE,)),))

    outcomes = let_application_act(aws, service, [READ, WRITE], {ROLE: reader})

    assert [outcome.refusal for outcome in outcomes] == ["", "AccessDenied"]
    assert written(aws) == 0
    assert CURRENT_ROLE.get() is None


def test_a_call_that_is_denied_is_refused_whatever_allows_it(aws: EmbeddedAws, service: EcsService) -> None:
    denied = Statement(Access.WRITE, ("dynamodb:PutItem",), (TABLE,))

    (refused,) = let_application_act(aws, service, [WRITE], {ROLE: Role("task", (EVERYTHING,), (denied,))})
    (allowed,) = let_application_act(aws, service, [WRITE], {ROLE: Role("task", (EVERYTHING,))})

    assert (refused.went_through, allowed.went_through) == (False, True)
    assert written(aws) == 1


def test_a_task_without_a_role_has_nothing_to_sign_with(aws: EmbeddedAws, service: EcsService) -> None:
    service.definition.task_role = ""

    (outcome,) = let_application_act(aws, service, [WRITE], {ROLE: Role("task", (EVERYTHING,))})

    assert outcome.refusal == NO_CREDENTIALS
    assert written(aws) == 0


def test_a_connection_is_decided_by_the_egress_rules(aws: EmbeddedAws, service: EcsService) -> None:
    tries = [
        Connection("10.1.0.9", 5432, (DATABASE,)),
        Connection("10.1.0.9", 5432, ("sg-0c",)),
        Connection("10.1.0.9", 22, (DATABASE,)),
        Connection("203.0.113.7", 443),
    ]

    walled = let_application_act(aws, service, tries, {})
    aws.service(Ec2).group(TOKYO, WALL).egress = [EVERYWHERE]
    opened = let_application_act(aws, service, tries, {})

    assert [outcome.went_through for outcome in walled] == [True, False, False, False]
    assert all(outcome.went_through for outcome in opened)


def test_a_scene_must_say_what_a_role_may_do_and_nobody_acts_without_a_task(
    aws: EmbeddedAws, service: EcsService
) -> None:
    with pytest.raises(AssertionError, match="does not say what it may do"):
        let_application_act(aws, service, [WRITE], {})

    service.close()
    aws.world.time.sleep(10)
    with pytest.raises(AssertionError, match=r"No task of orders-drill runs"):
        let_application_act(aws, service, [WRITE], {ROLE: Role("task", (EVERYTHING,))})
