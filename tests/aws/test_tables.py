"""One suite over both tables: what holds in memory holds in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from pilotlight.aws.sdk import Clients, Sdk
from pilotlight.aws.tables import DynamoTable, MemoryTable
from pilotlight.domain.errors import AlreadyThere, Changed, Misconfigured
from pilotlight.domain.ports import Put, Table

REGION = "ap-northeast-1"


def dynamo() -> DynamoTable:
    sdk = Sdk(Clients(), REGION)
    keys = [("partition", "HASH"), ("sort", "RANGE")]
    sdk.call(
        "dynamodb", "CreateTable", REGION, TableName="t", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": n, "KeyType": k} for n, k in keys],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n, _ in keys],
    )  # fmt: skip
    return DynamoTable(sdk, REGION, "t")


@pytest.fixture(params=["memory", "dynamo"])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    with mock_aws():
        yield MemoryTable() if request.param == "memory" else dynamo()


def test_what_was_written_is_read(table: Table) -> None:
    table.insert("p", "s", {"text": "그리고", "number": 1.5, "nested": {"list": [1, None, True]}})

    assert table.read("p", "s") == {
        "text": "그리고",
        "number": 1.5,
        "nested": {"list": [1, None, True]},
        "version": 1,
    }
    assert table.read("p", "other") is None


def test_an_item_is_inserted_once(table: Table) -> None:
    table.insert("p", "s", {"first": True})

    with pytest.raises(AlreadyThere, match="p/s already"):
        table.insert("p", "s", {"first": False})

    assert (table.read("p", "s") or {})["first"] is True


def test_only_the_version_that_was_read_is_replaced(table: Table) -> None:
    table.insert("p", "s", {"turn": 1})
    table.replace("p", "s", {"turn": 2}, version=1)

    with pytest.raises(Changed, match="version 1 any more"):
        table.replace("p", "s", {"turn": 3}, version=1)

    assert table.read("p", "s") == {"turn": 2, "version": 2}


def test_what_is_not_there_is_not_replaced_or_removed(table: Table) -> None:
    with pytest.raises(Changed):
        table.replace("p", "s", {}, version=1)
    with pytest.raises(Changed):
        table.remove("p", "s", version=1)


def test_a_removed_item_is_gone(table: Table) -> None:
    table.insert("p", "s", {})

    with pytest.raises(Changed):
        table.remove("p", "s", version=7)
    table.remove("p", "s", version=1)

    assert table.read("p", "s") is None


def test_a_partition_is_read_in_order(table: Table) -> None:
    for sort in ("step#b", "run", "step#a"):
        table.insert("p", sort, {"sort_was": sort})
    table.insert("q", "step#z", {"sort_was": "of another"})

    assert [i["sort_was"] for i in table.query("p")] == ["run", "step#a", "step#b"]
    assert [i["sort_was"] for i in table.query("p", prefix="step#")] == ["step#a", "step#b"]
    assert [i["sort_was"] for i in table.query("p", after="run")] == ["step#a", "step#b"]
    assert [i["sort_was"] for i in table.query("p", newest_first=True, limit=1)] == ["step#b"]
    assert list(table.query("nothing")) == []


def test_a_long_partition_is_read_whole(table: Table) -> None:
    for number in range(30):
        table.insert("p", f"{number:03d}", {"padding": "x" * 60_000})

    assert len(table.query("p")) == 30
    assert len(table.query("p", limit=29)) == 29


def test_a_table_that_is_not_there_says_what_to_do() -> None:
    with mock_aws(), pytest.raises(Misconfigured, match="deploy the foundation stack"):
        DynamoTable(Sdk(Clients(), REGION), REGION, "absent").read("p", "s")


def test_several_items_are_written_together_or_not_at_all(table: Table) -> None:
    table.insert("p", "old", {"turn": 1})

    table.put_all([Put("p", "old", {"turn": 2}, 1), Put("p", "new", {"turn": 1}, 0)])

    assert table.read("p", "old") == {"turn": 2, "version": 2}
    assert table.read("p", "new") == {"turn": 1, "version": 1}


@pytest.mark.parametrize("stale", [Put("p", "old", {"turn": 9}, 3), Put("p", "old", {"turn": 9}, 0)])
def test_one_stale_item_keeps_all_from_being_written(table: Table, stale: Put) -> None:
    table.insert("p", "old", {"turn": 1})

    with pytest.raises(Changed, match="since it was read"):
        table.put_all([Put("p", "new", {"turn": 1}, 0), stale])

    assert table.read("p", "new") is None
    assert table.read("p", "old") == {"turn": 1, "version": 1}
