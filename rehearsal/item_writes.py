"""PutItem of DynamoDB, straight into the items that moto keeps: most writes of a rehearsal are such.

The controller's tables are written under one of two conditions, which are looked at here; moto's own way through its
web framework and its parser of conditions takes several times as long for the same answer, and a test compares the two.
What is unusual is left to moto.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.awsrequest import AWSResponse
from moto.dynamodb.models import dynamodb_backends

from rehearsal import wire
from rehearsal.wire import Call

_USUAL = {
    "TableName", "Item", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues",
}  # fmt: skip
_IS_NEW, _IS_VERSION = "attribute_not_exists(#p)", "#v = :v"
_NAMED = {_IS_NEW: "#p", _IS_VERSION: "#v"}
_REFUSED = {
    "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
    "message": "The conditional request failed",
}


def write_directly(call: Call, account: str, url: str) -> AWSResponse | None:
    """The answer to a plain or a conditional write of one item; None where moto should give it."""
    if (call.service, call.operation) != ("dynamodb", "PutItem") or set(call.parameters) - _USUAL:
        return None
    asked: dict[str, Any] = dict(call.parameters)
    backend, name, item = dynamodb_backends[account][call.region], asked["TableName"], asked["Item"]
    table, condition = backend.tables.get(name), asked.get("ConditionExpression", "")
    if table is None or table.global_indexes or condition not in ("", *_NAMED):
        return None
    key = {attribute: item.get(attribute) for attribute in table.table_key_attrs}
    if not all(value and value.get("S") for value in key.values()):
        return None
    if condition:
        names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
        if set(names) != {_NAMED[condition]} or set(values) != ({":v"} if condition == _IS_VERSION else set()):
            return None
        held = backend.get_item(name, key)
        kept = held.to_json()["Attributes"].get(names[_NAMED[condition]]) if held else None
        if kept != values.get(":v"):
            return _answer(url, 400, _REFUSED)
    table.put_item(item, overwrite=True)
    return _answer(url, 200, {})


def _answer(url: str, status: int, body: dict[str, str]) -> AWSResponse:
    return wire.response(url, status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(body))
