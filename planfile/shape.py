"""What the JSON Schema of a model says about one place of a file: its fields, its examples.

A place is followed by what is written: where a value may be one of several things, the one counts that
shares most field names with it. A place that cannot be followed says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from planfile.faults import Where


class Shape:
    """The schema of one place, with the value that is written there."""

    def __init__(self, root: Mapping[str, Any], here: Mapping[str, Any], value: Any) -> None:
        self._root = root
        self._here = _resolved(root, here, value)
        self._value = value

    @classmethod
    def of(cls, model: type[BaseModel], value: Any) -> Shape:
        """The shape of a whole file."""
        schema = model.model_json_schema(by_alias=True)
        return cls(schema, schema, value)

    def at(self, where: Where) -> Shape:
        """The shape of the place that a path leads to."""
        shape = self
        for part in where:
            shape = shape._inside(part)
        return shape

    def fields(self) -> tuple[str, ...]:
        """The names of the fields that a mapping may have here."""
        return tuple(self._here.get("properties", ()))

    def requires(self, name: str | int) -> bool:
        """Whether a mapping has to have this field here."""
        return name in self._here.get("required", ())

    def key_examples(self) -> tuple[str, ...]:
        """Examples of the names that a mapping's keys may have here."""
        return tuple(self._here.get("propertyNames", {}).get("examples", ()))

    def examples(self) -> tuple[str, ...]:
        """Examples of what may stand here."""
        return tuple(str(example) for example in self._here.get("examples", ()))

    def description(self) -> str:
        """What this place is for."""
        return str(self._here.get("description", ""))

    def _inside(self, part: str | int) -> Shape:
        if isinstance(part, int):
            several = self._here.get("prefixItems", ())
            inside = several[part] if part < len(several) else self._here.get("items", {})
        else:
            by_pattern: Mapping[str, Any] = next(iter(self._here.get("patternProperties", {}).values()), {})
            inside = self._here.get("properties", {}).get(part, by_pattern)
        return Shape(self._root, inside, _item(self._value, part))


def _item(value: Any, part: str | int) -> Any:
    if isinstance(value, Mapping) and isinstance(part, str):
        return value.get(part)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


def _resolved(root: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> Mapping[str, Any]:
    """Follow references, and choose among alternatives."""
    if "$ref" in schema:
        return _resolved(root, root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], value)
    alternatives = [_resolved(root, option, value) for option in (*schema.get("oneOf", ()), *schema.get("anyOf", ()))]
    if not alternatives:
        return schema
    written = set(value) if isinstance(value, Mapping) else set()
    return max(
        alternatives,
        key=lambda option: (len(written & set(option.get("properties", ()))), "properties" in option),
    )
