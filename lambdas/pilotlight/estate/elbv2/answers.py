"""Whether the JSON of an answer holds the values that a plan expects, by dotted path."""

from __future__ import annotations

import json
from typing import Any

Scalar = str | int | float | bool | None
_MISSING = object()


def difference(expected: dict[str, Scalar], body: str) -> str:
    """The first value that is not as expected; nothing if all are."""
    try:
        document = json.loads(body)
    except ValueError:
        return "its body is not JSON"
    for path, wanted in expected.items():
        found = document
        for part in path.split("."):
            found = _inside(found, part)
        # In JSON, true is not 1.
        if found != wanted or isinstance(found, bool) != isinstance(wanted, bool):
            return f"{path} is not {json.dumps(wanted)}"
    return ""


def _inside(value: Any, part: str) -> Any:
    if isinstance(value, dict):
        return value.get(part, _MISSING)
    if isinstance(value, list) and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    return _MISSING
