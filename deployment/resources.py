"""The kinds of resources that Pilotlight deploys, as data.

Every field says what the deployed thing is; nothing here knows CDK or the embedded AWS. Names are physical names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pilotlight.domain.network import Foothold
from pilotlight.domain.step import Access, Statement


@dataclass(frozen=True)
class Function:
    """A Lambda function behind the alias `live`, with a role of its own.

    `handler` is the dotted module of the asset whose `handler` is called. `plan` is the snapshot that is mounted as a
    layer at `/opt/pilotlight/plan.json`, so that a published version pins it. With a `foothold` it stands in a VPC.
    `trigger_of` is the ARN of the user pool that may call it as a trigger. With `public` anybody may call it over a URL
    of its own, so it proves by itself who does. What is `denied` it may not do, whatever allows it.
    """

    name: str
    description: str
    handler: str
    statements: tuple[Statement, ...]
    denied: tuple[Statement, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: timedelta = timedelta(seconds=30)
    memory_megabytes: int = 512
    reserved_concurrency: int | None = None
    plan: str | None = None
    foothold: Foothold | None = None
    trigger_of: str | None = None
    public: bool = False


@dataclass(frozen=True)
class Table:
    """A DynamoDB table with `partition` and `sort` keys (strings), on demand, encrypted, recoverable and retained."""

    name: str
    stream: bool = False


@dataclass(frozen=True)
class Parameter:
    """An SSM parameter of plain text that says something of the description itself; it holds no secret."""

    name: str
    description: str
    value: str


@dataclass(frozen=True)
class Queue:
    """An SQS queue for what could not be delivered."""

    name: str
    retention: timedelta = timedelta(days=14)


@dataclass(frozen=True)
class Topic:
    """An SNS topic for people and pagers."""

    name: str


@dataclass(frozen=True)
class Bus:
    """An event bus that signals from other regions arrive on."""

    name: str


@dataclass(frozen=True)
class FunctionTarget:
    """A function that a rule calls; what is older than `maximum_age`, or fails for good, goes to the queue."""

    function_arn: str
    queue_arn: str
    maximum_age: timedelta
    retries: int


@dataclass(frozen=True)
class BusTarget:
    """A bus in another region that a rule forwards to, under a role that may put events there and nothing else.

    What is older than `maximum_age`, or fails for good, goes to the queue.
    """

    bus_arn: str
    role_name: str
    queue_arn: str
    maximum_age: timedelta
    retries: int

    @property
    def statements(self) -> tuple[Statement, ...]:
        """What the role may do."""
        return (Statement(Access.WRITE, ("events:PutEvents",), (self.bus_arn,)),)


@dataclass(frozen=True)
class Rule:
    """An EventBridge rule: on a pattern, or on a schedule."""

    name: str
    description: str
    bus: str
    target: FunctionTarget | BusTarget
    pattern: Mapping[str, Any] | None = None
    schedule: str | None = None


@dataclass(frozen=True)
class StreamSource:
    """The stream of a table that feeds a function."""

    table: str
    function: str
    queue_arn: str
    batch: int
    maximum_age: timedelta
    retries: int


@dataclass(frozen=True)
class StateMachine:
    """A Standard state machine with a role that may call the functions named in its definition."""

    name: str
    definition: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class ApplicationRole:
    """A role that a service assumes for the drilled application; what is `denied` it may not do, whatever allows it."""

    name: str
    description: str
    service: str
    statements: tuple[Statement, ...]
    denied: tuple[Statement, ...]


@dataclass(frozen=True)
class MachineSchedule:
    """A schedule of EventBridge Scheduler, in a time zone, that starts a state machine with an input."""

    name: str
    description: str
    expression: str
    zone: str
    machine_arn: str
    input: str

    @property
    def statements(self) -> tuple[Statement, ...]:
        """What its role may do."""
        return (Statement(Access.WRITE, ("states:StartExecution",), (self.machine_arn,)),)


@dataclass(frozen=True)
class MetricAlarm:
    """A CloudWatch alarm; `missing` is what absent data means, `notify` the topics that hear of ALARM."""

    name: str
    description: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    threshold: float
    comparison: str
    missing: str
    period: timedelta = timedelta(minutes=1)
    periods: int = 1
    notify: tuple[str, ...] = ()


@dataclass(frozen=True)
class HealthCheck:
    """A Route 53 health check of a public endpoint, retained when the stack goes.

    With `search` an answer is good only if it contains that text; `inverted` is healthy where the endpoint is not.
    """

    name: str
    host: str
    path: str
    port: int
    interval: timedelta
    failures: int
    inverted: bool = False
    search: str | None = None


@dataclass(frozen=True)
class MetricHealthCheck:
    """A Route 53 health check of an alarm's data, which keeps its last known status while there is none; retained."""

    name: str
    alarm: str
    region: str


@dataclass(frozen=True)
class CalculatedHealthCheck:
    """A Route 53 health check that is healthy while all those of its stack that it names are; retained.

    Its id is an output of the stack, with `purpose` as its description.
    """

    name: str
    children: tuple[str, ...]
    purpose: str = field(default="", compare=False)


@dataclass(frozen=True)
class PublicObject:
    """An S3 bucket, retained, of which the public may read the one object `key` over TLS, and nothing else."""

    name: str
    key: str


@dataclass(frozen=True)
class HealthCheckAlarm:
    """The alarm on a health check, by the id of an existing one or by the name of one in the same stack."""

    name: str
    health_check_id: str | None
    health_check_name: str | None


Resource = (
    Function
    | Table
    | Queue
    | Topic
    | Parameter
    | Bus
    | Rule
    | StreamSource
    | StateMachine
    | MetricAlarm
    | HealthCheck
    | MetricHealthCheck
    | CalculatedHealthCheck
    | HealthCheckAlarm
    | PublicObject
    | ApplicationRole
    | MachineSchedule
)

_ORDER = (
    Table,
    Queue,
    Topic,
    Parameter,
    Bus,
    PublicObject,
    ApplicationRole,
    Function,
    StateMachine,
    MachineSchedule,
    HealthCheck,
    HealthCheckAlarm,
    MetricAlarm,
    MetricHealthCheck,
    CalculatedHealthCheck,
    StreamSource,
    Rule,
)


def place_in_order(resource: Resource) -> int:
    """Sorts resources so that what others point at comes first."""
    return _ORDER.index(type(resource))


@dataclass(frozen=True)
class Stack:
    """Resources that are deployed together, in one region."""

    name: str
    region: str
    account: str
    resources: tuple[Resource, ...]
