"""GetItem and Query of DynamoDB, straight from the items that moto keeps: half of a rehearsal's calls are such reads.

moto's own way through its web framework takes three times as long for the same answer; a test compares the two. What
is unusual (a table that is not there, a projection, another condition, more than a page) is left to moto.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.awsrequest import AWSResponse
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType

from rehearsal import wire
from rehearsal.wire import Call

_TEXT = "body"
_USUAL = {"TableName", "Key", "ConsistentRead"}
_USUAL_QUERY = {
    "TableName", "KeyConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues", "ConsistentRead",
    "ScanIndexForward", "Limit",
}  # fmt: skip
_WHOLE, _WITH_PREFIX, _AFTER = "#p = :p", "#p = :p AND begins_with(#s, :s)", "#p = :p AND #s > :s"
_PAGE_BYTES = 900_000
"""DynamoDB answers with 1 MB at most; what comes near it is left to moto, which pages."""


def read_directly(call: Call, account: str, url: str) -> AWSResponse | None:
    """The answer to a read of items; None where moto should give it."""
    if call.service != "dynamodb":
        return None
    if call.operation == "Query":
        return _query(call, account, url)
    return _get_item(call, account, url) if call.operation == "GetItem" else None


def _query(call: Call, account: str, url: str) -> AWSResponse | None:
    asked = call.parameters
    names = asked.get("ExpressionAttributeNames", {})
    table = dynamodb_backends[account][call.region].tables.get(asked["TableName"])
    condition, values = asked.get("KeyConditionExpression"), asked.get("ExpressionAttributeValues", {})
    if set(asked) - _USUAL_QUERY or table is None or condition not in (_WHOLE, _WITH_PREFIX, _AFTER):
        return None
    if (table.hash_key_attr, table.range_key_attr) != (names.get("#p"), names.get("#s", table.range_key_attr)):
        return None
    bound = values[":s"]["S"] if ":s" in values else ""
    kept = table.items.get(DynamoType(values[":p"]), {})
    fitting = sorted(
        (str(key.value), item) for key, item in kept.items() if _fits(condition, str(key.value), bound)
    )  # fmt: skip
    if not asked.get("ScanIndexForward", True):
        fitting.reverse()
    limit = asked.get("Limit", len(fitting))
    items = [item.to_json()["Attributes"] for _, item in fitting[:limit]]
    keys = table.table_key_attrs
    more = {"LastEvaluatedKey": {key: items[-1][key] for key in keys}} if limit < len(fitting) else {}
    answered = json.dumps({"Items": items, "Count": len(items), "ScannedCount": len(items), **more})
    if len(answered) > _PAGE_BYTES:
        return None
    return wire.response(url, 200, {"Content-Type": "application/x-amz-json-1.0"}, answered)


def _fits(condition: str, sort: str, bound: str) -> bool:
    if condition == _WITH_PREFIX:
        return sort.startswith(bound)
    return condition == _WHOLE or sort > bound


def _get_item(call: Call, account: str, url: str) -> AWSResponse | None:
    if set(call.parameters) - _USUAL:
        return None
    backend = dynamodb_backends[account][call.region]
    name, key = call.parameters["TableName"], call.parameters["Key"]
    table = backend.tables.get(name)
    if table is None or set(key) != set(table.table_key_attrs):
        return None
    item = backend.get_item(name, key)
    answered: dict[str, Any] = {"Item": item.to_json()["Attributes"]} if item else {}
    return wire.response(url, 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(answered))


def note_in(account: str, region: str, table: str, partition: str, sort: str) -> dict[str, Any] | None:
    """What one of the controller's tables holds under a key, looked at from outside: no call, and no time passes."""
    backend = dynamodb_backends[account][region]
    if table not in backend.tables:
        return None
    item = backend.get_item(table, {"partition": {"S": partition}, "sort": {"S": sort}})
    body: dict[str, Any] | None = json.loads(item.to_json()["Attributes"][_TEXT]["S"]) if item else None
    return body
