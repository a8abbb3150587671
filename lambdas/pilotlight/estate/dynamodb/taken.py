"""Whether the standby has taken a global table over: only a note says so, because both regions take writes.

The note is read where it counts, in the standby's own table of tombstones. An older intention takes nothing back: it is
written over a committed note only by a run of a later epoch, which asks here first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from pilotlight.domain.place import Place, Writer
from pilotlight.domain.step import Access, Statement, StepContext
from pilotlight.domain.tombstone import SORT, TABLE, Tombstone, TombstoneState, partition_of


def writer_of(table: str, place: Place) -> Writer:
    """The table in the primary, and its replica in the standby."""
    named = f"table/{table}"
    return Writer(place.arn("dynamodb", named, region=place.primary), place.arn("dynamodb", named))


def is_taken_over(tables: Iterable[str], context: StepContext) -> bool:
    """Whether a committed note names one of the tables."""
    return any(_is_committed(table, context) for table in tables)


def _is_committed(table: str, context: StepContext) -> bool:
    answer = context.aws.call(
        "dynamodb",
        "GetItem",
        context.place.standby,
        TableName=TABLE,
        Key={"partition": {"S": partition_of(writer_of(table, context.place).old)}, "sort": {"S": SORT}},
        ConsistentRead=True,
    )
    item = answer.get("Item")
    if not item:
        return False
    return Tombstone.from_item(json.loads(item["body"]["S"])).state is TombstoneState.COMMITTED


def note_statement(tables: Iterable[str], place: Place) -> Statement:
    """What is needed to read the notes on these tables, and on no other writer."""
    keys = [partition_of(writer_of(table, place).old) for table in tables]
    own: dict[str, dict[str, str | list[str]]] = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [*keys]}}
    return Statement(Access.READ, ("dynamodb:GetItem",), (place.arn("dynamodb", f"table/{TABLE}"),), own)
