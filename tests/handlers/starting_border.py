"""What a small world borders on: tables that can be set back, a web that is silent, and the few answers of AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from pilotlight.aws.tables import MemoryTable
from pilotlight.domain.errors import Unavailable
from pilotlight.domain.ports import Item, Put, Silence, WebAnswer, WebRequest
from tests.builders import ALARM, PRIMARY

Fork = dict[str, dict[str, tuple[str, int]]]


class CopiedTable(MemoryTable):
    """A table in memory that can be set back, and that tells before each operation that it is about to happen."""

    def __init__(self, switch: Callable[[], None]) -> None:
        super().__init__()
        self._switch = switch

    def copied(self) -> Fork:
        return {partition: dict(items) for partition, items in self._items.items()}

    def set_back(self, fork: Fork) -> None:
        self._items = {partition: dict(items) for partition, items in fork.items()}

    def read(self, partition: str, sort: str) -> Item | None:
        self._switch()
        return super().read(partition, sort)

    def insert(self, partition: str, sort: str, item: Item) -> None:
        self._switch()
        super().insert(partition, sort, item)

    def replace(self, partition: str, sort: str, item: Item, *, version: int) -> None:
        self._switch()
        super().replace(partition, sort, item, version=version)

    def put_all(self, puts: Sequence[Put]) -> None:
        self._switch()
        super().put_all(puts)


@dataclass(frozen=True)
class Execution:
    """An execution of the machine. `born` is the event that it was started in, `through` whether it was answered go.

    A person starts one `by_hand`, or by having it run again.
    """

    name: str
    status: str
    given: str
    born: int
    through: bool = False
    by_hand: bool = False

    @property
    def lives(self) -> bool:
        return self.status == "RUNNING"


class DarkWeb:
    """The primary does not answer."""

    def ask(self, request: WebRequest) -> WebAnswer:
        return WebAnswer(None, "", "no connection came about in time", silence=Silence.TIMED_OUT)

    def ask_all(self, requests: Sequence[WebRequest]) -> Sequence[WebAnswer]:
        return [self.ask(request) for request in requests]


class Account(Protocol):
    """What stands behind the border."""

    dark_since: datetime

    def switch(self) -> None: ...

    def start_execution(self, name: str, given: str) -> dict[str, Any]: ...

    def execution(self, arn: str) -> Execution: ...

    def invoke(self, name: str, payload: Mapping[str, Any]) -> dict[str, Any]: ...


class Border:
    """AWS, as far as these handlers ask it."""

    def __init__(self, world: Account) -> None:
        self._world = world

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        self._world.switch()
        match service, operation:
            case "stepfunctions", "StartExecution":
                return self._world.start_execution(parameters["name"], parameters["input"])
            case "stepfunctions", "DescribeExecution":
                return {"status": self._world.execution(parameters["executionArn"]).status}
            case "cloudwatch", "DescribeAlarms":
                return {"MetricAlarms": [_alarm(self._world.dark_since)]}
            case "ssm", "GetParameter":
                return {"Parameter": {"Value": "on"}}
            case "lambda", "Invoke":
                return self._world.invoke(parameters["FunctionName"], json.loads(parameters["Payload"]))
            case "rds", "DescribeDBInstances":
                return {"DBInstances": [_REPLICA]}
            case "dynamodb", "GetItem":
                return {}
            case _:
                raise Unavailable(service, operation, region, "NotHere", "nothing here answers that")


_REPLICA = {
    "DBInstanceIdentifier": "the-replica",
    "DbiResourceId": "db-1",
    "DBInstanceStatus": "available",
    "Engine": "mysql",
    "ReadReplicaSourceDBInstanceIdentifier": f"arn:aws:rds:{PRIMARY}:123456789012:db:the-source",
    "StatusInfos": [{"StatusType": "read replication", "Normal": True, "Status": "replicating"}],
}


def _alarm(since: datetime) -> dict[str, Any]:
    return {
        "AlarmName": ALARM,
        "AlarmConfigurationUpdatedTimestamp": since - timedelta(days=30),
        "StateValue": "ALARM",
        "StateUpdatedTimestamp": since,
    }
