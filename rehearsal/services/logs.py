"""CloudWatch Logs and Firehose: log groups with their subscriptions, and the streams these lead to.

No event is written or delivered here. Answers and errors: botocore's models; a group without a retention keeps its
events for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pilotlight.domain.step import Standing
from rehearsal.service import Service, operation
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World

_KEPT_DAYS = 14


@dataclass(eq=False)
class LogGroup:
    """A log group; `streams` are the destinations that it is subscribed to, with their patterns."""

    region: str
    name: str
    days: int | None = _KEPT_DAYS
    streams: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class DeliveryStream:
    """A stream of Firehose into a bucket."""

    region: str
    name: str
    bucket: str
    seconds: int = 300
    status: str = "ACTIVE"


class CloudWatchLogs(Service):
    """The log groups of the account."""

    name = "logs"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.groups: list[LogGroup] = []

    def furnish(self, standing: Standing) -> None:
        """A group, subscribed to the stream that is named."""
        if standing.what != "log group":
            super().furnish(standing)
        stream = standing.facts["stream"]
        self.add(standing.region, standing.facts["name"], *([stream] if stream else []))

    def add(self, region: str, name: str, *streams: str) -> LogGroup:
        """Set the scene: a group of which all goes to those destinations."""
        self.groups.append(LogGroup(region, name, streams=dict.fromkeys(streams, "")))
        return self.groups[-1]

    def group(self, region: str, name: str) -> LogGroup:
        """One group, to change it from outside; StopIteration if there is none."""
        return next(each for each in self.groups if (each.region, each.name) == (region, name))

    @operation("DescribeLogGroups")
    def describe_log_groups(self, call: Call) -> Mapping[str, Any]:
        """The groups of a region whose names begin as asked."""
        prefix = call.parameters.get("logGroupNamePrefix", "")
        here = [each for each in self.groups if each.region == call.region and each.name.startswith(prefix)]
        return {"logGroups": [self._say(each) for each in sorted(here, key=lambda each: each.name)]}

    @operation("DescribeSubscriptionFilters")
    def describe_subscription_filters(self, call: Call) -> Mapping[str, Any]:
        """Where a group is streamed to."""
        name = call.parameters["logGroupName"]
        found = next((each for each in self.groups if (each.region, each.name) == (call.region, name)), None)
        if found is None:
            raise ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
        filters = [
            {"filterName": f"filter-{number}", "logGroupName": name, "filterPattern": pattern, "destinationArn": arn}
            for number, (arn, pattern) in enumerate(found.streams.items())
        ]
        return {"subscriptionFilters": filters}

    def _say(self, group: LogGroup) -> Mapping[str, Any]:
        arn = f"arn:aws:logs:{group.region}:{self.world.account}:log-group:{group.name}"
        kept = {} if group.days is None else {"retentionInDays": group.days}
        return {"logGroupName": group.name, "logGroupArn": arn, "arn": f"{arn}:*", **kept}


class Firehose(Service):
    """The delivery streams of the account."""

    name = "firehose"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.streams: list[DeliveryStream] = []

    def furnish(self, standing: Standing) -> None:
        """A stream that delivers into a bucket."""
        if standing.what != "stream":
            super().furnish(standing)
        facts = standing.facts
        self.streams.append(DeliveryStream(standing.region, facts["name"], facts["bucket"], facts["seconds"]))

    @operation("DescribeDeliveryStream")
    def describe_delivery_stream(self, call: Call) -> Mapping[str, Any]:
        """One stream with its destination."""
        name = call.parameters["DeliveryStreamName"]
        found = next((each for each in self.streams if (each.region, each.name) == (call.region, name)), None)
        if found is None:
            text = f"Firehose {name} under account {self.world.account} not found."
            raise ServiceError("ResourceNotFoundException", text)
        arn = f"arn:aws:firehose:{call.region}:{self.world.account}:deliverystream/{name}"
        into = {
            "RoleARN": f"arn:aws:iam::{self.world.account}:role/firehose",
            "BucketARN": f"arn:aws:s3:::{found.bucket}",
            "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": found.seconds},
            "CompressionFormat": "GZIP",
            "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        }
        return {
            "DeliveryStreamDescription": {
                "DeliveryStreamName": name,
                "DeliveryStreamARN": arn,
                "DeliveryStreamStatus": found.status,
                "DeliveryStreamType": "DirectPut",
                "VersionId": "1",
                "Destinations": [
                    {"DestinationId": "destinationId-000000000001", "ExtendedS3DestinationDescription": into}
                ],
                "HasMoreDestinations": False,
            }
        }
