"""The logs of the primary are written into the standby while they come, and the standby keeps its own as long.

A subscription of CloudWatch Logs ends in its own region: a stream of Firehose there delivers into a bucket, which is
the standby's or is replicated to it. Firehose holds what it has for as long as its buffer lasts, and so much is lost
with the region. What leads to Kinesis, a function or another account's destination is not followed from here.

The groups that the standby's tasks write to have to be there: without the option awslogs-create-group a task whose
group is missing does not start.

Sources: botocore's models of CloudWatch Logs (PutSubscriptionFilter on its destinations; a group without
retentionInDays keeps its events for ever) and Firehose (BufferingHints.IntervalInSeconds, 300 unless it is set);
Firehose Developer Guide, "Send data to a Firehose stream" (CloudWatch Logs sends to streams of its own region alone).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field

from pilotlight.domain.durations import Duration, say_duration
from pilotlight.domain.errors import NotFound
from pilotlight.domain.place import Place
from pilotlight.domain.requirement import (
    Access,
    Finding,
    Operation,
    Params,
    RequirementKind,
    Standing,
    Statement,
    StepContext,
)
from pilotlight.estate.s3 import replication

GroupName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._/#-]+$", max_length=512)]
_DEFAULT_BUFFER = 300
_ACTIVE = "ACTIVE"


class LogsParams(Params):
    """The groups of both regions, and the stream and the buckets between them.

    ```yaml
    requirement: logs-in-tokyo
    kind: logs_streamed
    params:
      groups:
        /ecs/fileflow-prod/application: /ecs/fileflow-dr/application
      stream: fileflow-logs
      by_way_of: fileflow-prod-logs
      bucket: fileflow-dr-logs
      behind: 5 min
    ```
    """

    groups: dict[GroupName, GroupName] = Field(
        min_length=1, description="Each log group of the primary, and the one that the standby has in its place."
    )
    stream: str = Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=64, description="The Firehose stream in the primary.")
    bucket: str = Field(description="The bucket in the standby where the logs end.")
    by_way_of: str | None = Field(None, description="The bucket in the primary that is replicated to it, if any is.")
    behind: Duration = Field(timedelta(minutes=5), description="For how long Firehose may hold the logs.")


class LogsStreamed(RequirementKind[LogsParams]):
    """Follows the logs from their groups to the bucket."""

    name = "logs_streamed"
    params = LogsParams
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation(
            "logs", "DescribeLogGroups", Access.READ, {}, ("InvalidParameterException", "ServiceUnavailableException")
        ),
        Operation(
            "logs",
            "DescribeSubscriptionFilters",
            Access.READ,
            {"ResourceNotFoundException": "says that the group is not there"},
            ("InvalidParameterException", "ServiceUnavailableException"),
        ),
        Operation(
            "firehose",
            "DescribeDeliveryStream",
            Access.READ,
            {"ResourceNotFoundException": "says that the stream is not there"},
        ),
        replication.RULES,
    )

    def title(self, params: LogsParams) -> str:
        """Which logs are streamed, and where to."""
        return f"Logs of {', '.join(params.groups)} in bucket {params.bucket}"

    def statements(self, params: LogsParams, place: Place) -> tuple[Statement, ...]:
        """List groups, and read the filters, the stream and the rules of what is named."""
        regions = (place.standby, place.primary)
        listed = tuple(place.arn("logs", "log-group:*", region=region) for region in regions)
        groups = tuple(place.arn("logs", f"log-group:{name}:*", region=place.primary) for name in params.groups)
        stream = place.arn("firehose", f"deliverystream/{params.stream}", region=place.primary)
        rules = (f"arn:aws:s3:::{params.by_way_of}",)
        return (
            Statement(Access.READ, ("logs:DescribeLogGroups",), listed),
            Statement(Access.READ, ("logs:DescribeSubscriptionFilters",), groups),
            Statement(Access.READ, ("firehose:DescribeDeliveryStream",), (stream,)),
            *((Statement(Access.READ, ("s3:GetReplicationConfiguration",), rules),) if params.by_way_of else ()),
        )

    def standing(self, params: LogsParams, place: Place) -> tuple[Standing, ...]:
        """The groups, each subscribed in the primary, the stream, and the replicated bucket if there is one."""
        why = "What happened before an incident is read in the standby, and its tasks write their logs there."
        delivers = params.by_way_of or params.bucket
        stream = {"name": params.stream, "bucket": delivers, "seconds": int(params.behind.total_seconds())}
        groups = [
            Standing("logs", "log group", region, {"name": name, "stream": stream_of}, why)
            for primary, standby in params.groups.items()
            for region, name, stream_of in (
                (
                    place.primary,
                    primary,
                    place.arn("firehose", f"deliverystream/{params.stream}", region=place.primary),
                ),
                (place.standby, standby, None),
            )
        ]
        facts = {"name": params.by_way_of, "destination": params.bucket, "destination_region": place.standby}
        bucket = Standing("s3", "replicated bucket", place.primary, facts, why)
        return (
            *groups,
            Standing("firehose", "stream", place.primary, stream, why),
            *((bucket,) if params.by_way_of else ()),
        )

    def readiness(self, params: LogsParams, context: StepContext) -> tuple[Finding, ...]:
        """Each group, then the stream that all of them lead to."""
        groups = [f for pair in params.groups.items() for f in _group(pair, params, context)]
        return (*groups, *_stream(params, context))


def _group(pair: tuple[str, str], params: LogsParams, context: StepContext) -> Iterator[Finding]:
    place, (name, counterpart) = context.place, pair
    there, here = _look(context, name, place.primary), _look(context, counterpart, place.standby)
    if there is None:
        yield Finding.error("group", f"There is no log group {name} in {place.primary}.", "Correct the plan.")
    if here is None:
        said = f"There is no log group {counterpart} in {place.standby}, and a task that writes to it does not start."
        yield Finding.error("group", said, "Create it, or let the tasks' logging create it.")
    if there is not None and here is not None:
        yield _retention(pair, _days(there), _days(here), place)
    if there is not None:
        yield _subscription(name, params, context)


def _look(context: StepContext, name: str, region: str) -> Mapping[str, Any] | None:
    """The group of just that name; the API lists those that begin with it."""
    more: dict[str, str] = {}
    while True:
        answer = context.aws.call("logs", "DescribeLogGroups", region, logGroupNamePrefix=name, **more)
        for found in answer.get("logGroups", ()):
            if found.get("logGroupName") == name:
                return dict(found)
        if not answer.get("nextToken"):
            return None
        more = {"nextToken": answer["nextToken"]}


def _days(group: Mapping[str, Any]) -> int | None:
    """For how many days a group keeps its events; None is for ever."""
    return group.get("retentionInDays")


def _retention(pair: tuple[str, str], there: int | None, here: int | None, place: Place) -> Finding:
    name, counterpart = pair
    said = f"Log group {counterpart} in {place.standby} keeps its events {_say(here)}, and {name} {_say(there)}."
    if here is not None and (there is None or here < there):
        return Finding.warning("retention", said, "Set its retention to the primary's (put-retention-policy).")
    return Finding.fine("retention", said)


def _say(days: int | None) -> str:
    return "for ever" if days is None else f"for {days} d"


def _subscription(name: str, params: LogsParams, context: StepContext) -> Finding:
    place = context.place
    try:
        answer = context.aws.call("logs", "DescribeSubscriptionFilters", place.primary, logGroupName=name)
    except NotFound:
        return Finding.error("group", f"There is no log group {name} in {place.primary}.", "Correct the plan.")
    filters = answer.get("subscriptionFilters", ())
    wanted = place.arn("firehose", f"deliverystream/{params.stream}", region=place.primary)
    ours = [each for each in filters if each.get("destinationArn") == wanted]
    fix = f"Subscribe stream {params.stream} to it (put-subscription-filter)."
    if not ours:
        others = ", ".join(str(each.get("destinationArn")) for each in filters)
        where = f"is streamed to {others} alone, which is not followed from here" if others else "is streamed nowhere"
        return Finding.error(
            "subscription", f"Log group {name} {where}, so its logs are lost with {place.primary}.", fix
        )
    if all(each.get("filterPattern") for each in ours):
        said = f"Log group {name} streams to {params.stream} only what matches {ours[0]['filterPattern']!r}."
        return Finding.warning("subscription", said, "Take the pattern out, if the standby needs the rest.")
    return Finding.fine("subscription", f"Log group {name} streams all of it to {params.stream}.")


def _stream(params: LogsParams, context: StepContext) -> Iterator[Finding]:
    name, region = params.stream, context.place.primary
    try:
        answer = context.aws.call("firehose", "DescribeDeliveryStream", region, DeliveryStreamName=name)
    except NotFound:
        yield Finding.error(
            "stream", f"There is no Firehose stream {name} in {region}.", "Create it, or correct the plan."
        )
        return
    found = answer["DeliveryStreamDescription"]
    if found.get("DeliveryStreamStatus") != _ACTIVE:
        said = f"Firehose stream {name} is {found.get('DeliveryStreamStatus')} and not {_ACTIVE}."
        yield Finding.error("stream", said, "See why (describe-delivery-stream, FailureDescription).")
        return
    delivers = params.by_way_of or params.bucket
    targets = [each.get("ExtendedS3DestinationDescription", {}) for each in found.get("Destinations", ())]
    target = next((each for each in targets if each.get("BucketARN") == f"arn:aws:s3:::{delivers}"), None)
    if target is None:
        said = f"Firehose stream {name} does not deliver to bucket {delivers}."
        yield Finding.error("stream", said, "Let it deliver there, or correct the plan.")
        return
    yield _buffer(params, target)
    if params.by_way_of:
        yield _replicated(params, params.by_way_of, context)


def _buffer(params: LogsParams, target: Mapping[str, Any]) -> Finding:
    held = timedelta(seconds=target.get("BufferingHints", {}).get("IntervalInSeconds", _DEFAULT_BUFFER))
    said = f"Firehose stream {params.stream} holds what it has for up to {say_duration(held)}"
    if held > params.behind:
        fix = "Lower the interval of its buffer."
        return Finding.error("buffer", f"{said}, more than the {say_duration(params.behind)} that may be lost.", fix)
    return Finding.fine("buffer", f"{said}, and that much is lost with the region.")


def _replicated(params: LogsParams, bucket: str, context: StepContext) -> Finding:
    both = f"bucket {bucket} to {params.bucket}"
    try:
        rules = replication.rules_between(context.aws, bucket, context.place.primary, params.bucket)
    except NotFound:
        rules = []
    if any(rule.enabled and rule.whole for rule in rules):
        return Finding.fine(
            "replication", f"All of {both} is replicated; how far that is behind, bucket_replicated says."
        )
    said = f"No rule that is enabled replicates all of {both}, so the logs stay in {context.place.primary}."
    return Finding.error("replication", said, "Add the rule, or let the stream deliver to the standby's bucket.")


KIND = LogsStreamed()
