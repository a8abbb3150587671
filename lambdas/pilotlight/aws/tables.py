"""The table port over DynamoDB, and over a dictionary for tests: the same promises, held by one suite of tests.

Items are stored as one JSON string beside their keys, so that what is read back is exactly what was written.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pilotlight.domain.canonical import canonical
from pilotlight.domain.errors import AlreadyThere, AwsError, Changed, Misconfigured, NotFound
from pilotlight.domain.ports import Aws, Item, Put

_CONFLICTS = ("ConditionalCheckFailedException", "TransactionConflictException", "TransactionCanceledException")
_IS_NEW = "attribute_not_exists(#p)"
_IS_VERSION = "#v = :v"


class DynamoTable:
    """A DynamoDB table with the string keys `partition` and `sort`; reads are strongly consistent.

    Raises `Misconfigured` when the table is not there, and `AwsError` for the rest of what DynamoDB may answer.
    """

    def __init__(self, aws: Aws, region: str, name: str) -> None:
        self._aws = aws
        self._region = region
        self._name = name

    def read(self, partition: str, sort: str) -> Item | None:
        answer = self._call("GetItem", Key=_key(partition, sort), ConsistentRead=True)
        return _decode(answer["Item"]) if "Item" in answer else None

    def insert(self, partition: str, sort: str, item: Item) -> None:
        try:
            self._call(
                "PutItem",
                Item=_encode(partition, sort, item, 1),
                ConditionExpression=_IS_NEW,
                ExpressionAttributeNames={"#p": "partition"},
            )
        except AwsError as error:
            if error.code in _CONFLICTS:
                raise AlreadyThere(f"{self._name} holds an item {partition}/{sort} already.") from error
            raise

    def replace(self, partition: str, sort: str, item: Item, *, version: int) -> None:
        self._conditional("PutItem", partition, sort, version, Item=_encode(partition, sort, item, version + 1))

    def put_all(self, puts: Sequence[Put]) -> None:
        try:
            self._aws.call(
                "dynamodb", "TransactWriteItems", self._region, TransactItems=[{"Put": self._put(p)} for p in puts]
            )
        except AwsError as error:
            if error.code in _CONFLICTS:
                named = ", ".join(f"{put.partition}/{put.sort}" for put in puts)
                raise Changed(f"One of {named} in {self._name} was written by another since it was read.") from error
            raise

    def _put(self, put: Put) -> dict[str, Any]:
        is_new = put.version == 0
        condition: dict[str, Any] = (
            {"ConditionExpression": _IS_NEW, "ExpressionAttributeNames": {"#p": "partition"}}
            if is_new
            else {
                "ConditionExpression": _IS_VERSION,
                "ExpressionAttributeNames": {"#v": "version"},
                "ExpressionAttributeValues": {":v": {"N": str(put.version)}},
            }
        )
        item = _encode(put.partition, put.sort, put.item, put.version + 1)
        return {"TableName": self._name, "Item": item, **condition}

    def remove(self, partition: str, sort: str, *, version: int) -> None:
        self._conditional("DeleteItem", partition, sort, version, Key=_key(partition, sort))

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        after: str = "",
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Sequence[Item]:
        condition, values = "#p = :p", {":p": {"S": partition}}
        names = {"#p": "partition"}
        if prefix or after:
            names["#s"] = "sort"
            condition += " AND begins_with(#s, :s)" if prefix else " AND #s > :s"
            values[":s"] = {"S": prefix or after}
        found: list[Item] = []
        more: dict[str, Any] = {"Limit": limit} if limit else {}
        while True:
            answer = self._call(
                "Query", KeyConditionExpression=condition,
                ExpressionAttributeNames=names, ExpressionAttributeValues=values,
                ConsistentRead=True, ScanIndexForward=not newest_first, **more,
            )  # fmt: skip
            found += [_decode(item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer or (limit and len(found) >= limit):
                return found[:limit] if limit else found
            more = {**more, "ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _conditional(self, operation: str, partition: str, sort: str, version: int, **parameters: Any) -> None:
        try:
            self._call(
                operation,
                ConditionExpression=_IS_VERSION,
                ExpressionAttributeNames={"#v": "version"},
                ExpressionAttributeValues={":v": {"N": str(version)}},
                **parameters,
            )
        except AwsError as error:
            if error.code in _CONFLICTS:
                raise Changed(f"{partition}/{sort} in {self._name} is not at version {version} any more.") from error
            raise

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            return self._aws.call("dynamodb", operation, self._region, TableName=self._name, **parameters)
        except NotFound as error:
            raise Misconfigured(
                f"Table {self._name} is not there in {self._region}; deploy the foundation stack of that region."
            ) from error


class MemoryTable:
    """The same table in memory."""

    def __init__(self) -> None:
        self._items: dict[str, dict[str, tuple[str, int]]] = {}

    def read(self, partition: str, sort: str) -> Item | None:
        held = self._items.get(partition, {}).get(sort)
        return {**json.loads(held[0]), "version": held[1]} if held else None

    def insert(self, partition: str, sort: str, item: Item) -> None:
        if sort in self._items.get(partition, {}):
            raise AlreadyThere(f"The table holds an item {partition}/{sort} already.")
        self._items.setdefault(partition, {})[sort] = (_text(item), 1)

    def replace(self, partition: str, sort: str, item: Item, *, version: int) -> None:
        self._expect(partition, sort, version)
        self._items[partition][sort] = (_text(item), version + 1)

    def put_all(self, puts: Sequence[Put]) -> None:
        for put in puts:
            held = self._items.get(put.partition, {}).get(put.sort)
            if (held[1] if held else 0) != put.version:
                raise Changed(f"{put.partition}/{put.sort} was written by another since it was read.")
        for put in puts:
            self._items.setdefault(put.partition, {})[put.sort] = (_text(put.item), put.version + 1)

    def remove(self, partition: str, sort: str, *, version: int) -> None:
        self._expect(partition, sort, version)
        del self._items[partition][sort]

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        after: str = "",
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Sequence[Item]:
        sorts = sorted(self._items.get(partition, {}), reverse=newest_first)
        wanted = [s for s in sorts if s.startswith(prefix)] if prefix else [s for s in sorts if s > after]
        return [item for sort in wanted[:limit] if (item := self.read(partition, sort)) is not None]

    def _expect(self, partition: str, sort: str, version: int) -> None:
        held = self._items.get(partition, {}).get(sort)
        if held is None or held[1] != version:
            raise Changed(f"{partition}/{sort} is not at version {version} any more.")


def _key(partition: str, sort: str) -> dict[str, Any]:
    return {"partition": {"S": partition}, "sort": {"S": sort}}


def _text(item: Item) -> str:
    return canonical({name: value for name, value in item.items() if name != "version"})


def _encode(partition: str, sort: str, item: Item, version: int) -> dict[str, Any]:
    return {**_key(partition, sort), "version": {"N": str(version)}, "body": {"S": _text(item)}}


def _decode(stored: dict[str, Any]) -> Item:
    return {**json.loads(stored["body"]["S"]), "version": int(stored["version"]["N"])}
