"""GetItem of DynamoDB, straight from the items that moto keeps: a third of all calls of a rehearsal are such reads.

moto's own way through its web framework takes three times as long for the same answer; a test compares the two. What
is unusual (a table that is not there, a projection) is left to moto.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.awsrequest import AWSResponse
from moto.dynamodb.models import dynamodb_backends

from rehearsal import wire
from rehearsal.wire import Call

_TEXT = "body"
_USUAL = {"TableName", "Key", "ConsistentRead"}


def read_item(call: Call, account: str, url: str) -> AWSResponse | None:
    """The answer to a GetItem; None where moto should give it."""
    if (call.service, call.operation) != ("dynamodb", "GetItem") or set(call.parameters) - _USUAL:
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
