"""JSON documents as they travel between states, and the one limit on them."""

from __future__ import annotations

import json
from typing import TypeAlias

from rehearsal.engine.errors import DATA_LIMIT, StatesError

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

# Input or output of a task, state or execution, in UTF-8: service quotas of Step Functions
LIMIT_BYTES = 262_144


def encode(document: JsonValue) -> str:
    """The document as compact JSON. Raises TypeError or ValueError for what is no JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def copied(document: JsonValue) -> JsonValue:
    """A copy by way of JSON, so that nobody shares an object. Raises as `encode` does."""
    copy: JsonValue = json.loads(encode(document))
    return copy


def within_limit(document: JsonValue, what: str) -> JsonValue:
    """The same document, or States.DataLimitExceeded when it is too large."""
    size_bytes = len(encode(document).encode())
    if size_bytes > LIMIT_BYTES:
        raise StatesError(DATA_LIMIT, f"{what} has {size_bytes} bytes, and the limit is {LIMIT_BYTES}.")
    return document


def is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
