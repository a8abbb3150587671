"""Pilotlight's own functions, called by name: told something, or asked for an answer.

They are called by their alias only, which is all that the roles of the callers allow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pilotlight.domain.errors import AwsError
from pilotlight.domain.ports import Aws

_ALIAS = "live"


class FunctionFailed(AwsError):
    """The function was reached and failed; `message` is what it said."""


def tell(aws: Aws, region: str, name: str, event: Mapping[str, Any]) -> None:
    """Hand a function an event and do not wait for it. Raises an `AwsError` where AWS did not take it."""
    aws.call("lambda", "Invoke", region, InvocationType="Event", **_addressed(name, event))


def ask(aws: Aws, region: str, name: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Hand a function an event and wait for its answer.

    Raises `FunctionFailed` where the function failed, and another `AwsError` where it could not be asked.
    """
    answer = aws.call("lambda", "Invoke", region, **_addressed(name, event))
    told: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        why = str(told.get("errorMessage", "its function failed"))
        raise FunctionFailed("lambda", "Invoke", region, str(told.get("errorType", "Unknown")), why)
    return told


def step_function(prefix: str, kind: str) -> str:
    """The name of the function that carries out the steps of a kind, from the prefix that an application's share."""
    return f"{prefix}{kind.replace('_', '-')}"


def _addressed(name: str, event: Mapping[str, Any]) -> dict[str, Any]:
    return {"FunctionName": name, "Qualifier": _ALIAS, "Payload": json.dumps(event).encode()}
