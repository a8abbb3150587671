"""The context object `$$`: what an expression may read of the execution, the state and the Map's item."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rehearsal.engine.documents import JsonValue

_KNOWN = {
    "Execution": {"Id", "Name", "StartTime", "Input"},
    "StateMachine": {"Id", "Name"},
    "State": {"Name", "EnteredTime", "RetryCount"},
}


def admits(steps: tuple[object, ...], *, item: bool, token: bool) -> bool:
    """Whether engines agree on this path: `$$.Map.Item` in an ItemSelector only, `$$.Task.Token` only where
    a Task waits for one.
    """
    match steps:
        case ("Map", "Item", "Index"):
            return item
        case ("Map", "Item", "Value", *_):
            return item
        case ("Task", "Token"):
            return token
        case ("Execution", "Input", *_):
            return True
        case (str(section), str(field)):
            return field in _KNOWN.get(section, set())
    return False


def timestamp(time: datetime) -> str:
    """As Step Functions writes it: milliseconds and a Z."""
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"


@dataclass(frozen=True)
class ExecutionFacts:
    """What does not change during an execution."""

    arn: str
    name: str
    machine_arn: str
    machine_name: str
    started: datetime
    input: JsonValue


@dataclass(frozen=True)
class Visit:
    """One stay in one state."""

    state: str
    entered: datetime
    retries: int = 0
    token: str = ""

    def context(self, facts: ExecutionFacts) -> dict[str, JsonValue]:
        document: dict[str, JsonValue] = {
            "Execution": {
                "Id": facts.arn,
                "Name": facts.name,
                "StartTime": timestamp(facts.started),
                "Input": facts.input,
            },
            "StateMachine": {"Id": facts.machine_arn, "Name": facts.machine_name},
            "State": {"Name": self.state, "EnteredTime": timestamp(self.entered), "RetryCount": self.retries},
        }
        if self.token:
            document["Task"] = {"Token": self.token}
        return document


def machine_arn_of(execution_arn: str) -> str:
    """`...:execution:machine:name` belongs to `...:stateMachine:machine`."""
    match execution_arn.split(":"):
        case ["arn", partition, "states", region, account, "execution", machine, _]:
            return f"arn:{partition}:states:{region}:{account}:stateMachine:{machine}"
    raise ValueError(f"'{execution_arn}' is no ARN of a standard execution.")
