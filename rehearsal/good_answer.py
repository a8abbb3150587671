"""What a healthy application answers: a body that holds whatever a plan expects of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def good_body(text: str, values: Mapping[str, Any]) -> str:
    """A body that contains the text and, if values are expected, is a JSON document that has them."""
    if not values:
        return text or '{"status":"UP"}'
    document: dict[str, Any] = {}
    for path, value in values.items():
        *parents, last = path.split(".")
        inside = document
        for part in parents:
            if not isinstance(inside.get(part), dict):
                inside[part] = {}
            inside = inside[part]
        inside[last] = value
    compact, spaced = json.dumps(document, separators=(",", ":")), json.dumps(document)
    as_value = json.dumps({**document, "text": text}, ensure_ascii=False)
    # A text with quotes can stand in JSON only as members of its own.
    as_members = f"{compact[:-1]},{text}}}"
    return next((body for body in (compact, spaced, as_value) if text in body), as_members)
