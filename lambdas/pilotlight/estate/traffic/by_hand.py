"""How a person turns an application's latch: the durable switch first, then the object and the metric.

The publisher repeats each minute what the switch says, if it still runs. Where it does not, the object alone holds the
traffic: Route 53 looks at it directly, and needs no more than one of the two.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from pilotlight.domain.handwork import Command, Handwork, Shell, aws, curl, held_in, keep, quoted
from pilotlight.domain.place import Place
from pilotlight.estate.rds.by_hand import BY_HAND, ask
from pilotlight.estate.traffic.latch import METRIC, Latch, Position

_FILE = "latch.txt"


def latching(databases: Sequence[str], place: Place) -> Handwork:
    """Turn the latch on, once every database is a writer."""
    latch, here = Latch(place), place.standby
    role = "[DBInstanceStatus,ReadReplicaSourceDBInstanceIdentifier,length(StatusInfos||`[]`)]"
    return Handwork(
        do=(
            *(
                Command(f"Read once more that {name} is a writer.", ask(name, here, role), "it serves, None, 0")
                for name in databases
            ),
            *turning(latch, Position.ON),
        ),
        check=(
            Command("Ask for the object as Route 53 does.", curl(latch.url), f"{latch.says(Position.ON)} status 200"),
            Command("Read the switch back.", _switch(latch, "Item.body.S"), '"position": "on"'),
            Command("Read the metric back; users follow within some 3 minutes.", _datapoint(latch), "1.0"),
        ),
        stop_if="a database still names a source: users would be led to a replica. The latch is never turned off by "
        "itself, and not by hand either while a writer stands in the standby.",
        undo=(
            Command("Only if no writer has moved: see the switch.", _switch(latch, "Item.body.S")),
            *turning(latch, Position.OFF),
        ),
    )


def turning(latch: Latch, position: Position) -> tuple[Command, ...]:
    """Switch, object and metric, in that order."""
    here, value = latch.place.standby, "1" if position is Position.ON else "0"
    body = json.dumps({"changed": held_in("CHANGED"), "position": position.value, "run": BY_HAND}, ensure_ascii=False)
    item = {
        **latch.item_key(),
        "version": {"N": held_in("VERSION")},
        "body": {"S": body},
    }
    put = aws(
        "s3",
        "PutObject",
        here,
        Bucket=latch.bucket,
        Key=latch.key,
        Body=_FILE,
        ContentType="text/plain; charset=utf-8",
        CacheControl="no-store",
    )
    datum = {"MetricName": METRIC, "Dimensions": latch.dimensions(), "Value": float(value)}
    return (
        Command("Keep the time.", keep("CHANGED", "date -u +%Y-%m-%dT%H:%M:%S+00:00")),
        Command(
            "Keep the next version of the switch.",
            keep("VERSION", f"{_switch(latch, 'Item.version.N')} | jq --raw-input '(tonumber? // 0) + 1'"),
        ),
        Command(
            f"Turn the durable switch {position.value}, which the publisher repeats.",
            aws("dynamodb", "PutItem", here, TableName=latch.table, Item=item),
        ),
        Command("Write what the object is to say.", f"echo {quoted(latch.says(position))} > {_FILE}"),
        Command("Show it to Route 53.", put, "ETag"),
        Command(
            "Say it by the metric too.",
            aws("cloudwatch", "PutMetricData", here, Namespace=latch.namespace, MetricData=[datum]),
        ),
    )


def _switch(latch: Latch, query: str) -> str:
    asked = {"TableName": latch.table, "Key": latch.item_key(), "ConsistentRead": True}
    return aws("dynamodb", "GetItem", latch.place.standby, query=query, **asked)


def _datapoint(latch: Latch) -> str:
    return aws(
        "cloudwatch",
        "GetMetricStatistics",
        latch.place.standby,
        query="sort_by(Datapoints,&Timestamp)[-1].Maximum",
        Namespace=latch.namespace,
        MetricName=METRIC,
        Dimensions=latch.dimensions(),
        StartTime=Shell('"$(( $(date +%s) - 300 ))"'),
        EndTime=Shell("$(date +%s)"),
        Period=60,
        Statistics=["Maximum"],
    )
