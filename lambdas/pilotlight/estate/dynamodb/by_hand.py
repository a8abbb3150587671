"""How a person takes global tables over: nothing is called on DynamoDB but looks, because the note is the move."""

from __future__ import annotations

from collections.abc import Sequence

from pilotlight.domain.handwork import Command, Handwork, aws
from pilotlight.domain.place import Place
from pilotlight.estate.dynamodb.replication import METRIC, namespace_of
from pilotlight.estate.rds.by_hand import readings


def taking_over(tables: Sequence[str], place: Place) -> Handwork:
    """See that each table stands in the standby and takes writes."""
    here = place.standby
    state = "Table.[TableName,TableStatus,join(',',Replicas[].RegionName||`[]`)]"
    return Handwork(
        do=(),
        check=tuple(
            Command(
                f"See that {table} stands in {here} and is a copy of the primary's.",
                aws("dynamodb", "DescribeTable", here, query=state, TableName=table),
                f"{table}, ACTIVE or UPDATING, and {place.primary} among its replicas",
            )
            for table in tables
        ),
        stop_if="a table is missing or shows another state. From its committed tombstone on the standby is the writer: "
        "without that note both regions write, and the last writer wins silently.",
        stays="it may have been written to in the standby since; giving it back is a failback.",
        loss=tuple(
            Command(
                f"How long writes to {table} took to {here}, minute by minute, in milliseconds.",
                readings(here, METRIC, {"TableName": table}, namespace_of(place.application)),
                "in the last minutes before the outage a number above 0. No line, or 0, is unknown: nobody wrote, or "
                "replication stood still, and the two cannot be told apart",
            )
            for table in tables
        ),
        gives={"tables": f"echo '{', '.join(tables)}'", "conflicts": "echo 'not measured by hand'"},
    )
