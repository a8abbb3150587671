"""A task that ECS runs once and no service keeps: how one is known again, how it ended, and where its log is.

A task is known by `startedBy`, which `RunTask` sets. ECS lists by it what is to run; what has stopped is listed by the
family of its definition alone, since no other filter may stand beside `startedBy` (botocore's text on ListTasks), and
is shown for an hour. A task that does not show yet is safe to be asked for again: the same client token gives the same
task (botocore's text on RunTask).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

from pilotlight.domain.errors import AwsError, NotFound
from pilotlight.domain.step import Access, Operation, StepContext

STOPPED = "STOPPED"
_LONGEST_STARTED_BY = 128
_READ, _ecs = Access.READ, partial(Operation, "ecs")
_DENIED, _CLIENT, _INVALID = "AccessDeniedException", "ClientException", "InvalidParameterException"
_NO_CLUSTER, _AGAIN = "ClusterNotFoundException", {"ServerException": "asked again"}

OPERATIONS = (
    _ecs("DescribeClusters", _READ, _AGAIN, (_DENIED, _CLIENT, _INVALID)),
    _ecs("DescribeTaskDefinition", _READ, {**_AGAIN, _CLIENT: "said as a missing definition"}, (_DENIED, _INVALID)),
    _ecs("ListTasks", _READ, _AGAIN, (_DENIED, _CLIENT, _INVALID, _NO_CLUSTER, "ServiceNotFoundException")),
    _ecs("DescribeTasks", _READ, _AGAIN, (_DENIED, _CLIENT, _INVALID, _NO_CLUSTER)),
    _ecs(
        "RunTask",
        Access.WRITE,
        {"ServerException": "looked for before it is repeated", "ConflictException": "looked for again"},
        (
            _DENIED,
            _CLIENT,
            _INVALID,
            _NO_CLUSTER,
            "BlockedException",
            "PlatformTaskDefinitionIncompatibilityException",
            "PlatformUnknownException",
            "UnsupportedFeatureException",
        ),
    ),
)


@dataclass(frozen=True)
class OneOffTask:
    """One task as ECS shows it, with the exit code of the container that counts; None where it has none."""

    arn: str
    status: str
    started_by: str
    exit_code: int | None
    reason: str

    @property
    def id(self) -> str:
        """The last part of its ARN, as its log stream is named."""
        return self.arn.rsplit("/", 1)[-1]

    @classmethod
    def read(cls, found: Mapping[str, Any], container: str) -> OneOffTask:
        """Read one entry of DescribeTasks; ECS leaves out what is not so yet."""
        mine: Mapping[str, Any] = next((c for c in found.get("containers", ()) if c.get("name") == container), {})
        reasons = [str(text) for text in (found.get("stoppedReason"), mine.get("reason")) if text]
        return cls(
            arn=str(found["taskArn"]),
            status=str(found.get("lastStatus", "unknown")),
            started_by=str(found.get("startedBy", "")),
            exit_code=mine.get("exitCode"),
            reason="; ".join(dict.fromkeys(reasons)),
        )


@dataclass(frozen=True)
class Definition:
    """What a task is made of, as far as it matters here: its containers with the place of their logs."""

    arn: str
    network_mode: str
    logs: Mapping[str, str]


def token_of(context: StepContext) -> str:
    """The client token of this try of the step in this run: 64 characters, the most that ECS takes."""
    return sha256(_try(context).encode()).hexdigest()


def started_by(context: StepContext) -> str:
    """Run, step and try, in the letters that ECS allows."""
    return re.sub(r"[^A-Za-z0-9/_-]", "_", _try(context))[:_LONGEST_STARTED_BY]


def _try(context: StepContext) -> str:
    """A task that ended badly is of an earlier try; the next one has a task of its own."""
    again = f"/{context.retries}" if context.retries else ""
    return f"{context.run_id}/{context.step}{again}"


def find_mine(context: StepContext, cluster: str, family: str, container: str) -> OneOffTask | None:
    """The task that this step of this run has started; None where ECS shows none."""
    mine = started_by(context)
    running = _list(context, cluster, startedBy=mine)
    stopped = _list(context, cluster, family=family, desiredStatus=STOPPED)
    tasks = [task for arn in (*running, *stopped) if (task := look(context, cluster, arn, container))]
    return next((task for task in tasks if task.started_by == mine), None)


def look(context: StepContext, cluster: str, arn: str, container: str) -> OneOffTask | None:
    """One task by its ARN; None where ECS does not show it, yet or any more."""
    answer = context.aws.call("ecs", "DescribeTasks", context.place.standby, cluster=cluster, tasks=[arn])
    found = answer.get("tasks", ())
    return OneOffTask.read(found[0], container) if found else None


def read_definition(context: StepContext, name: str) -> Definition | None:
    """A task definition by family, or family and revision; None where there is none."""
    try:
        answer = context.aws.call("ecs", "DescribeTaskDefinition", context.place.standby, taskDefinition=name)
    except NotFound:
        return None
    except AwsError as error:
        if error.code == _CLIENT:
            return None
        raise
    found = answer["taskDefinition"]
    logs = {c["name"]: _log_of(c.get("logConfiguration") or {}, c["name"]) for c in found["containerDefinitions"]}
    return Definition(str(found["taskDefinitionArn"]), str(found.get("networkMode", "")), logs)


def cluster_is_active(context: StepContext, cluster: str) -> bool:
    """Whether the cluster is there and takes tasks."""
    answer = context.aws.call("ecs", "DescribeClusters", context.place.standby, clusters=[cluster])
    return any(found.get("status") == "ACTIVE" for found in answer.get("clusters", ()))


def _list(context: StepContext, cluster: str, **filters: str) -> list[str]:
    page: dict[str, Any] = {}
    found: list[str] = []
    while True:
        answer = context.aws.call("ecs", "ListTasks", context.place.standby, cluster=cluster, **filters, **page)
        found += answer.get("taskArns", [])
        if not answer.get("nextToken"):
            return found
        page = {"nextToken": answer["nextToken"]}


def _log_of(configuration: Mapping[str, Any], container: str) -> str:
    """Where the log of a container is, with `{task}` for its task; the driver awslogs names it so."""
    options = configuration.get("options") or {}
    if configuration.get("logDriver") != "awslogs" or "awslogs-group" not in options:
        return ""
    return f"{options['awslogs-group']}, stream {options.get('awslogs-stream-prefix', '')}/{container}/{{task}}"
