"""The short way to write an item answers, keeps and streams what moto's own way does."""

from __future__ import annotations

from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import AwsError
from rehearsal import embedded_aws
from rehearsal.embedded_aws import EmbeddedAws
from tests.rehearsal.services.rds_client import TOKYO, world_of

IS_NEW: dict[str, Any] = {
    "ConditionExpression": "attribute_not_exists(#p)",
    "ExpressionAttributeNames": {"#p": "partition"},
}


def is_version(number: int) -> dict[str, Any]:
    return {
        "ConditionExpression": "#v = :v",
        "ExpressionAttributeNames": {"#v": "version"},
        "ExpressionAttributeValues": {":v": {"N": str(number)}},
    }


def item(sort: str, version: int, **more: Any) -> dict[str, Any]:
    return {"partition": {"S": "p"}, "sort": {"S": sort}, "version": {"N": str(version)}, **more}


WRITES: dict[str, dict[str, Any]] = {
    "in place of what is there": {"Item": item("there", 2)},
    "beside what is there": {"Item": item("new", 1, body={"S": '{"a":"é"}'})},
    "new, and it is": {"Item": item("new", 1), **IS_NEW},
    "new, and it is not": {"Item": item("there", 1), **IS_NEW},
    "of that version": {"Item": item("there", 2), **is_version(1)},
    "of another version": {"Item": item("there", 9), **is_version(8)},
    "of a version, and nothing is there": {"Item": item("new", 2), **is_version(1)},
    "without a key": {"Item": {"partition": {"S": "p"}}},
    "with an empty key": {"Item": item("", 1)},
    "with a key that is a number": {"Item": item("there", 1) | {"sort": {"N": "1"}}},
    "with a name that nothing uses": {
        "Item": item("new", 1), **IS_NEW, "ExpressionAttributeNames": {"#p": "partition", "#x": "sort"},
    },
    "under another condition": {
        "Item": item("there", 2), **is_version(3), "ConditionExpression": "#v < :v",
    },
}  # fmt: skip


def outcome(write: dict[str, Any]) -> tuple[dict[str, Any], object, object]:
    """What a write into a table with one item answers, what stands in it afterwards, and what its stream says."""
    with EmbeddedAws(world_of(1)) as aws:
        sdk = Sdk(aws.clients, TOKYO)
        keys = [("partition", "HASH"), ("sort", "RANGE")]
        sdk.call(
            "dynamodb", "CreateTable", TOKYO, TableName="records", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )  # fmt: skip
        sdk.call("dynamodb", "PutItem", TOKYO, TableName="records", Item=item("there", 1))
        try:
            answer = sdk.call("dynamodb", "PutItem", TOKYO, TableName="records", **write)
            said = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
        except AwsError as error:
            said = {"error": type(error).__name__, "code": error.code, "sentence": error.sentence}
        kept = sdk.call("dynamodb", "Scan", TOKYO, TableName="records")["Items"]
        table = dynamodb_backends[aws.world.account][TOKYO].tables["records"]
        assert table.stream_shard is not None
        streamed = [(record.record["eventName"], record.record["dynamodb"]) for record in table.stream_shard.items]
        # moto counts the digits of the moment into the record's size.
        by_the_clock = {"ApproximateCreationDateTime": None, "SizeBytes": None}
        return said, kept, [(name, {**told, **by_the_clock}) for name, told in streamed]


@pytest.mark.parametrize("name", WRITES)
def test_both_ways_do_the_same(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    short = outcome(WRITES[name])
    monkeypatch.setattr(embedded_aws, "write_directly", lambda *_: None)
    long = outcome(WRITES[name])

    assert short == long


@pytest.mark.parametrize(
    ("name", "accepted"), [("new, and it is", True), ("new, and it is not", False), ("of another version", False)]
)
def test_a_condition_decides(name: str, accepted: bool) -> None:
    said, *_ = outcome(WRITES[name])

    assert said.get("code") == (None if accepted else "ConditionalCheckFailedException")
