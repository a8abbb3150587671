"""What must be true of a global table before an incident, so that its replica bears the whole application.

Of a global table of version 2019.11.21 some settings follow from one replica to the others (billing mode, write
capacity, time to live); each replica has its own point-in-time recovery, deletion protection, autoscaling, resource
policy and key. A legacy one has all of them by itself. So they are read in both regions and compared; where the primary
cannot be read, only what stands in the standby is said.

Sources: DynamoDB Developer Guide, "Best practices for global tables" and "DynamoDB global tables security"; botocore's
models of DynamoDB and Application Auto Scaling.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pilotlight.domain.data_loss import PERIOD
from pilotlight.domain.durations import say_duration
from pilotlight.domain.errors import NotFound, Unavailable
from pilotlight.domain.step import Access, Finding, Operation, Severity, StepContext
from pilotlight.estate.dynamodb.replication import FRESH_ENOUGH, last_replicated
from pilotlight.estate.dynamodb.table import LEGACY, PROVISIONED, SERVING, Table, look

_ASKED_AGAIN = {"InternalServerError": "asks again"}
COMPARING = (
    Operation(
        "dynamodb", "DescribeContinuousBackups", Access.READ, {"TableNotFoundException": "fails", **_ASKED_AGAIN}
    ),
    Operation("dynamodb", "DescribeTimeToLive", Access.READ, {"ResourceNotFoundException": "fails", **_ASKED_AGAIN}),
    Operation(
        "dynamodb",
        "GetResourcePolicy",
        Access.READ,
        {"PolicyNotFoundException": "no policy", "ResourceNotFoundException": "no policy", **_ASKED_AGAIN},
    ),
    Operation(
        "application-autoscaling",
        "DescribeScalableTargets",
        Access.READ,
        {"ConcurrentUpdateException": "asks again", "InternalServiceException": "asks again"},
        ("InvalidNextTokenException", "ValidationException"),
    ),
)
_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "*")


@dataclass(frozen=True)
class Pair:
    """A table in both regions, and the look at them; the primary's is None where that region does not answer."""

    standby: Table
    primary: Table | None
    context: StepContext

    @property
    def name(self) -> str:
        """The name, which both share."""
        return self.standby.name

    @property
    def here(self) -> str:
        """The standby's table, as sentences name it."""
        return f"Table {self.name} in {self.standby.region}"


def findings_of(standby: Table, context: StepContext) -> Iterator[Finding]:
    """Everything that is to be said of one table."""
    pair = Pair(standby, _in_primary(standby.name, context), context)
    if pair.primary is None:
        said = f"Table {pair.name} could not be read in {context.place.primary}, so the two could not be compared."
        yield Finding.warning("not-compared", said, "Look again when the region answers.")
    yield from _version(pair)
    yield from _replication(pair)
    yield from _capacity(pair)
    yield from _recovery(pair)
    yield from _expiry(pair)
    yield from _stream_and_key(pair)
    yield from _policy(pair)
    yield _latency(pair)


def _in_primary(name: str, context: StepContext) -> Table | None:
    try:
        return look(name, context.place.primary, context)
    except Unavailable:
        return None


def _version(pair: Pair) -> Iterator[Finding]:
    if pair.standby.version == LEGACY:
        said = (
            f"{pair.here} is of a global table of version {LEGACY} (legacy), whose settings do not follow each other."
        )
        yield Finding.warning("legacy", said, "Update it to the current version in the console of DynamoDB.")


def _replication(pair: Pair) -> Iterator[Finding]:
    if pair.primary is None:
        return
    state = pair.primary.replicas.get(pair.standby.region, "missing")
    if state not in SERVING:
        said = f"Seen from {pair.primary.region}, the replica of table {pair.name} in {pair.standby.region} is {state}."
        fix = "See why it is not ACTIVE; after 20 hours without a usable key or a permission it is cut off for good."
        yield Finding(Severity.ERROR, "replica-status", said, fix)


def _capacity(pair: Pair) -> Iterator[Finding]:
    standby, primary = pair.standby, pair.primary
    if primary is None:
        return
    if standby.billing != primary.billing:
        said = f"{pair.here} is {standby.billing} and in {primary.region} {primary.billing}."
        yield Finding.warning("capacity", said, "Give both replicas the same billing mode.")
    elif standby.billing == PROVISIONED and standby.write_units < primary.write_units:
        said = (
            f"{pair.here} has {standby.write_units} write capacity units, and {primary.write_units} in "
            f"{primary.region}: it would throttle the writes that move there."
        )
        yield Finding.warning(
            "capacity", said, "Give both replicas the same write capacity, or make the table on-demand."
        )
    elif standby.billing == PROVISIONED and _is_scaled(primary, pair.context) and not _is_scaled(standby, pair.context):
        said = f"{pair.here} has no autoscaling of its write capacity, and in {primary.region} it has."
        yield Finding.warning(
            "autoscaling", said, "Register the replica with Application Auto Scaling, or go on-demand."
        )


def _is_scaled(table: Table, context: StepContext) -> bool:
    answer = context.aws.call(
        "application-autoscaling",
        "DescribeScalableTargets",
        table.region,
        ServiceNamespace="dynamodb",
        ResourceIds=[f"table/{table.name}"],
        ScalableDimension="dynamodb:table:WriteCapacityUnits",
    )
    return bool(answer.get("ScalableTargets"))


def _recovery(pair: Pair) -> Iterator[Finding]:
    region, name = pair.standby.region, pair.name
    answer = pair.context.aws.call("dynamodb", "DescribeContinuousBackups", region, TableName=name)
    described = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if described.get("PointInTimeRecoveryStatus") != "ENABLED":
        said = f"{pair.here} has no point-in-time recovery, so a bad write after a failover cannot be taken back."
        yield Finding.warning(
            "point-in-time-recovery", said, "Switch it on for the replica: it does not follow the primary."
        )
    if not pair.standby.deletion_protected:
        said = f"{pair.here} is not protected from deletion."
        fix = "Switch deletion protection on for the replica: it does not follow the primary."
        yield Finding.warning("deletion-protection", said, fix)


def _expiry(pair: Pair) -> Iterator[Finding]:
    if pair.primary is None:
        return
    here, there = (_time_to_live(table, pair.context) for table in (pair.standby, pair.primary))
    if here != there:
        said = f"{pair.here} deletes {here}, and in {pair.primary.region} {there}."
        yield Finding.warning("time-to-live", said, "Set the time to live of both replicas to the same attribute.")


def _time_to_live(table: Table, context: StepContext) -> str:
    """What expires, in words."""
    answer = context.aws.call("dynamodb", "DescribeTimeToLive", table.region, TableName=table.name)
    described = answer["TimeToLiveDescription"]
    on = described.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    return f"items by their attribute {described.get('AttributeName', '')}" if on else "no items by age"


def _stream_and_key(pair: Pair) -> Iterator[Finding]:
    standby, primary = pair.standby, pair.primary
    if primary is None:
        return
    if primary.stream and standby.stream != primary.stream:
        said = f"{pair.here} streams {standby.stream or 'nothing'}, and in {primary.region} {primary.stream}."
        fix = "Set the same stream on the replica, and see that what reads the primary's has a twin in the standby."
        yield Finding.warning("stream", said, fix)
    if bool(primary.key) != bool(standby.key):
        owned, held = "DynamoDB's own key", "a key of KMS"
        said = (
            f"{pair.here} is encrypted with {held if standby.key else owned}, and in {primary.region} with "
            f"{held if primary.key else owned}."
        )
        yield Finding.warning("encryption-key", said, "Encrypt both replicas alike, each with a key of its own region.")


def _policy(pair: Pair) -> Iterator[Finding]:
    arn = pair.context.place.arn("dynamodb", f"table/{pair.name}")
    try:
        answer = pair.context.aws.call("dynamodb", "GetResourcePolicy", pair.standby.region, ResourceArn=arn)
    except NotFound:
        return
    denying = [statement for statement in _statements(str(answer.get("Policy", ""))) if _denies_writes(statement)]
    if denying:
        names = ", ".join(str(statement.get("Sid", "without a name")) for statement in denying)
        said = f"{pair.here} has a resource policy that denies writes (statement {names})."
        fix = "See that it denies neither the standby's application nor the replication role of DynamoDB."
        yield Finding(Severity.ERROR, "resource-policy", said, fix)


def _statements(policy: str) -> list[Mapping[str, Any]]:
    found = json.loads(policy or "{}").get("Statement", [])
    return [found] if isinstance(found, dict) else list(found)


def _denies_writes(statement: Mapping[str, Any]) -> bool:
    """Whether it may: `NotAction` denies what it does not name."""
    actions = statement.get("Action", "*")
    named = [actions] if isinstance(actions, str) else actions
    return statement.get("Effect") == "Deny" and any(str(action).split(":")[-1] in _WRITES for action in named)


def _latency(pair: Pair) -> Finding:
    if pair.standby.strong:
        said = f"{pair.here} is strongly consistent: no write is answered before another region has it."
        return Finding(Severity.FINE, "latency", said)
    now = pair.context.now
    since = last_replicated(pair.context.aws, pair.context.place, pair.name, now)
    if since is not None and now - since <= FRESH_ENOUGH + PERIOD:
        return Finding(Severity.FINE, "latency", f"{pair.here} held the writes of {since:%H:%M:%S} UTC.")
    span = say_duration(FRESH_ENOUGH)
    said = (
        f"No latency of the replication of table {pair.name} is remembered of the last {span}: either nobody wrote to "
        "it, or it is not replicated, or nobody remembers; the data-loss gate would stop a run."
    )
    fix = (
        "Where the table is seldom written to, let something write an item of its own each minute; else see that the "
        "latency function runs in the primary."
    )
    return Finding(Severity.ERROR, "latency", said, fix)
