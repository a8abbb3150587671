"""The latch of an application: a durable switch, and the two things that Route 53 looks at because of it.

The switch is an item of a table of its own in the standby; who turns it writes it first. A public object says the same
for the checkers of Route 53 to read, and so does a metric that is published each minute. Every AWS call here is one of
the standby's own data planes: GetItem, PutItem, PutObject, PutMetricData, GetMetricData. Which answer follows from
what is written in `deployment.latch`.

The object is read over HTTP without credentials, as the checkers read it: a block on public access, of the bucket or of
the account, shows here as it shows to them.

Sources: botocore's models of DynamoDB, S3 and CloudWatch; S3 is strongly consistent after a write (S3 User Guide).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pilotlight.domain.errors import AwsError, Changed
from pilotlight.domain.place import Place
from pilotlight.domain.ports import Aws, Web, WebRequest
from pilotlight.domain.step import Access, Statement

METRIC = "FailoverActive"
DIMENSION = "application"
PERIOD = timedelta(minutes=1)

_SORT = "latch"
LOST_RACES = ("ConditionalCheckFailedException", "TransactionConflictException", "ReplicatedWriteConflictException")
_LOOK_SECONDS = 3.0


class Position(StrEnum):
    """`off`: the primary serves. `on`: the standby serves, and traffic stays there whatever becomes of the primary."""

    OFF = "off"
    ON = "on"


@dataclass(frozen=True)
class Switch:
    """The durable state: where the latch stands, and which run turned it there."""

    position: Position
    run: str
    changed: datetime
    version: int


@dataclass(frozen=True)
class Shown:
    """What the public object says: a position, nothing where nobody may read one, or that nothing answered."""

    position: Position | None
    answered: bool
    sentence: str


@dataclass(frozen=True)
class Latch:
    """The latch of the application at a place, by its names; all of it stands in the standby."""

    place: Place

    @property
    def table(self) -> str:
        """The table that holds the switch."""
        return f"pilotlight-{self.place.application}-latch"

    @property
    def bucket(self) -> str:
        """The bucket of the public object; names of buckets are unique in the world, so the account is in it."""
        return f"{self.place.application}-latch-{self.place.account}-{self.place.standby}"

    @property
    def key(self) -> str:
        """The key of the object, which is the path that the checkers ask for."""
        return f"latch/{self.place.application}"

    @property
    def host(self) -> str:
        """The bucket's own regional name: the global one redirects, and to a checker a redirect is a good answer."""
        return f"{self.bucket}.s3.{self.place.standby}.amazonaws.com"

    @property
    def url(self) -> str:
        """Where the object is read."""
        return f"https://{self.host}/{self.key}"

    @property
    def namespace(self) -> str:
        """The namespace of the metric, one for each application: IAM can tell roles apart by it."""
        return f"Pilotlight/{self.place.application}"

    @property
    def alarm(self) -> str:
        """The alarm whose data stream the health check watches."""
        return f"pilotlight-{self.place.application}-latch"

    def says(self, position: Position) -> str:
        """What stands in the object; the checkers look for the sentence of `on`."""
        return f"The latch of {self.place.application} is {position.value}."

    def read_statements(self) -> tuple[Statement, ...]:
        """What is needed to look at the switch and the metric."""
        return (
            Statement(Access.READ, ("dynamodb:GetItem",), (self.place.arn("dynamodb", f"table/{self.table}"),)),
            Statement(Access.READ, ("cloudwatch:GetMetricData",), ("*",)),
        )

    def write_statements(self) -> tuple[Statement, ...]:
        """What is needed to show a position: the one object, and metrics of the one namespace."""
        return (
            Statement(Access.WRITE, ("s3:PutObject",), (f"arn:aws:s3:::{self.bucket}/{self.key}",)),
            Statement(
                Access.WRITE,
                ("cloudwatch:PutMetricData",),
                ("*",),
                {"StringEquals": {"cloudwatch:namespace": self.namespace}},
            ),
        )

    def switch(self, aws: Aws) -> Switch | None:
        """The switch, read consistently; None where the latch was never turned."""
        answer = aws.call(
            "dynamodb",
            "GetItem",
            self.place.standby,
            TableName=self.table,
            Key=self.item_key(),
            ConsistentRead=True,
        )
        item = answer.get("Item")
        if not item:
            return None
        body = json.loads(item["body"]["S"])
        changed = datetime.fromisoformat(body["changed"])
        return Switch(Position(body["position"]), str(body["run"]), changed, int(item["version"]["N"]))

    def turn(self, aws: Aws, before: Switch | None, position: Position, run: str, now: datetime) -> None:
        """Write the switch, in place of the one that was read; raises `Changed` when another writer was faster."""
        body = {"position": position.value, "run": run, "changed": now.isoformat()}
        version = before.version if before else 0
        item = {
            **self.item_key(),
            "version": {"N": str(version + 1)},
            "body": {"S": json.dumps(body, sort_keys=True)},
        }
        condition: dict[str, Any] = {
            "ConditionExpression": "attribute_not_exists(#name)",
            "ExpressionAttributeNames": {"#name": "partition"},
        }
        if before:
            condition = {
                "ConditionExpression": "#name = :seen",
                "ExpressionAttributeNames": {"#name": "version"},
                "ExpressionAttributeValues": {":seen": {"N": str(version)}},
            }
        try:
            aws.call("dynamodb", "PutItem", self.place.standby, TableName=self.table, Item=item, **condition)
        except AwsError as error:
            if error.code in LOST_RACES:
                raise Changed(f"The latch of {self.place.application} was turned by another writer.") from error
            raise

    def shown(self, web: Web) -> Shown:
        """What the checkers of Route 53 read in the object."""
        answer = web.ask(WebRequest("GET", self.url, timeout_seconds=_LOOK_SECONDS))
        if answer.status is None:
            return Shown(None, False, f"{self.host} gives no answer ({answer.trouble})")
        for position in Position:
            if answer.status == 200 and self.says(position) in answer.body:
                return Shown(position, True, f"the object says {position.value}")
        return Shown(None, True, f"the object cannot be read (status {answer.status})")

    def show(self, aws: Aws, position: Position) -> None:
        """Write the object."""
        aws.call(
            "s3",
            "PutObject",
            self.place.standby,
            Bucket=self.bucket,
            Key=self.key,
            Body=f"{self.says(position)}\n",
            ContentType="text/plain; charset=utf-8",
            CacheControl="no-store",
        )

    def publish(self, aws: Aws, position: Position, read: datetime) -> None:
        """Publish the metric for the minute in which the switch was read, so that a late call says nothing newer."""
        datum = {
            "MetricName": METRIC,
            "Dimensions": self.dimensions(),
            "Timestamp": read,
            "Value": 1.0 if position is Position.ON else 0.0,
        }
        aws.call("cloudwatch", "PutMetricData", self.place.standby, Namespace=self.namespace, MetricData=[datum])

    def published(self, aws: Aws, since: datetime, now: datetime) -> Position | None:
        """The newest datapoint of the metric since a minute; None where there is none yet."""
        metric = {"Namespace": self.namespace, "MetricName": METRIC, "Dimensions": self.dimensions()}
        query = {"Id": "latch", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}
        answer = aws.call(
            "cloudwatch",
            "GetMetricData",
            self.place.standby,
            MetricDataQueries=[query],
            StartTime=since.replace(second=0, microsecond=0),
            EndTime=now + PERIOD,
            ScanBy="TimestampDescending",
        )
        values = [value for result in answer.get("MetricDataResults", ()) for value in result.get("Values", ())]
        if not values:
            return None
        return Position.ON if values[0] >= 1 else Position.OFF

    def dimensions(self) -> list[dict[str, str]]:
        """The dimensions of the metric, as CloudWatch takes them."""
        return [{"Name": DIMENSION, "Value": self.place.application}]

    def item_key(self) -> dict[str, Any]:
        """The key of the switch in its table."""
        return {"partition": {"S": self.place.application}, "sort": {"S": _SORT}}
