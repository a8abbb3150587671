"""The short way to an item answers what moto's own way answers."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import NotFound
from rehearsal import embedded_aws
from rehearsal.embedded_aws import EmbeddedAws
from tests.rehearsal.services.rds_client import TOKYO, world_of

ITEMS: list[dict[str, Any]] = [
    {"partition": {"S": "p"}, "sort": {"S": "plain"}, "version": {"N": "7"}, "body": {"S": '{"a":"é"}'}},
    {
        "partition": {"S": "p"},
        "sort": {"S": "odd"},
        "m": {"M": {"l": {"L": [{"NULL": True}, {"BOOL": False}]}}},
        "s": {"SS": ["x", "y"]},
    },
]


def read(sdk: Sdk, **parameters: Any) -> dict[str, Any]:
    answer = sdk.call("dynamodb", "GetItem", TOKYO, TableName="records", **parameters)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


@pytest.mark.parametrize("sort", ["plain", "odd", "not there"])
def test_both_ways_answer_the_same(monkeypatch: pytest.MonkeyPatch, sort: str) -> None:
    with EmbeddedAws(world_of(1)) as aws:
        sdk = Sdk(aws.clients, TOKYO)
        keys = [("partition", "HASH"), ("sort", "RANGE")]
        sdk.call(
            "dynamodb", "CreateTable", TOKYO, TableName="records", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        )  # fmt: skip
        for item in ITEMS:
            sdk.call("dynamodb", "PutItem", TOKYO, TableName="records", Item=item)
        key = {"partition": {"S": "p"}, "sort": {"S": sort}}

        short = read(sdk, Key=key, ConsistentRead=True)
        monkeypatch.setattr(embedded_aws, "read_directly", lambda *_: None)
        long = read(sdk, Key=key, ConsistentRead=True)

    assert short == long
    assert ("Item" in short) == (sort != "not there")


def a_table(sdk: Sdk) -> None:
    keys = [("partition", "HASH"), ("sort", "RANGE")]
    sdk.call(
        "dynamodb", "CreateTable", TOKYO, TableName="records", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
    )  # fmt: skip
    for partition, count in (("p", 5), ("q", 1)):
        for number in range(count):
            item = {"partition": {"S": partition}, "sort": {"S": f"{number % 2}#{number}"}, "n": {"N": str(number)}}
            sdk.call("dynamodb", "PutItem", TOKYO, TableName="records", Item=item)


@pytest.mark.parametrize(
    "more", [{}, {"ScanIndexForward": False}, {"Limit": 2}, {"Limit": 1, "ScanIndexForward": False}]
)
@pytest.mark.parametrize("bound", ["", "begins_with(#s, :s)", "#s > :s"])
@pytest.mark.parametrize("partition", ["p", "q", "nobody's"])
def test_both_ways_find_the_same(
    monkeypatch: pytest.MonkeyPatch, partition: str, bound: str, more: dict[str, Any]
) -> None:
    condition = {
        "KeyConditionExpression": f"#p = :p AND {bound}" if bound else "#p = :p",
        "ExpressionAttributeNames": {"#p": "partition", **({"#s": "sort"} if bound else {})},
        "ExpressionAttributeValues": {":p": {"S": partition}, **({":s": {"S": "1#"}} if bound else {})},
    }
    with EmbeddedAws(world_of(1)) as aws:
        sdk = Sdk(aws.clients, TOKYO)
        a_table(sdk)

        def ask() -> dict[str, Any]:
            answer = sdk.call("dynamodb", "Query", TOKYO, TableName="records", ConsistentRead=True, **condition, **more)
            return {name: answer.get(name) for name in ("Items", "Count", "LastEvaluatedKey")}

        short = ask()
        monkeypatch.setattr(embedded_aws, "read_directly", lambda *_: None)
        long = ask()

    assert short == long


def test_a_table_that_is_not_there_is_not_there() -> None:
    with EmbeddedAws(world_of(1)) as aws, pytest.raises(NotFound):
        read(Sdk(aws.clients, TOKYO), Key={"partition": {"S": "p"}, "sort": {"S": "plain"}})
