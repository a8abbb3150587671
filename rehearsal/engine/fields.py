"""Reads the fields of one object in a definition, and refuses the rest by name.

Every value is taken once, checked while it is taken; what is left over is outside the subset. All refusals
are one sentence that begins with whose field it is ("State 'Promote'").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rehearsal.engine.choice import RuleRefused, parse_timestamp
from rehearsal.engine.documents import JsonValue
from rehearsal.engine.errors import DefinitionRefused
from rehearsal.engine.expressions import ExpressionRefused, Template
from rehearsal.engine.paths import Path, PathRefused, ResultPath, Root

T = TypeVar("T")
# The ceiling that Amazon States Language gives for seconds and attempts
MOST = 99_999_999

_WAYS_OUT = {
    "QueryLanguage": "write it in JSONPath, the one language that all engines read alike",
    "Assign": "pass the value on in the state's output",
    "Output": "it belongs to JSONata; shape the output with ResultSelector, ResultPath and OutputPath",
    "Arguments": "it belongs to JSONata; use Parameters",
    "Items": "it belongs to JSONata; use ItemsPath",
    "Iterator": "it is the old name; use ItemProcessor",
    "TimeoutSecondsPath": "engines disagree on it; write TimeoutSeconds as a number",
    "HeartbeatSecondsPath": "engines disagree on it; write HeartbeatSeconds as a number",
    "TimestampPath": "use SecondsPath, or Timestamp",
    "MaxConcurrencyPath": "write MaxConcurrency as a number",
    "Credentials": "the rehearsal knows one role per machine",
    "ItemReader": "only the inline Map is played",
    "ItemBatcher": "only the inline Map is played",
    "ResultWriter": "only the inline Map is played",
}


class Fields:
    """The fields of `owner` that nobody has taken yet."""

    def __init__(self, owner: str, raw: JsonValue) -> None:
        self.owner = owner
        if not isinstance(raw, dict):
            raise self.refusal("is no object")
        self._left = dict(raw)

    def refusal(self, reason: str) -> DefinitionRefused:
        return DefinitionRefused(f"{self.owner} {reason}.")

    def has(self, field: str) -> bool:
        return field in self._left

    def take(self, field: str, default: JsonValue = None) -> JsonValue:
        return self._left.pop(field, default)

    def required(self, field: str) -> JsonValue:
        if field not in self._left:
            raise self.refusal(f"has no {field}, and needs one")
        return self._left.pop(field)

    def rest(self) -> dict[str, JsonValue]:
        """All that nobody has taken, to be read by someone else."""
        left, self._left = self._left, {}
        return left

    def done(self) -> None:
        """Refuse what is left. Comments are for people."""
        self._left.pop("Comment", None)
        for field in self._left:
            way_out = _WAYS_OUT.get(field, "take it out, or use what engines agree on")
            raise self.refusal(f"has the field {field}, which the rehearsal does not play: {way_out}")

    def only(self, field: str, wanted: str) -> None:
        """The field, if it is there, has the one value that engines agree on."""
        if self.take(field, wanted) != wanted:
            raise self.refusal(f"has another {field} than {wanted}: engines agree on that one only")

    def text(self, field: str) -> str:
        value = self.required(field)
        if not isinstance(value, str) or not value:
            raise self.refusal(f"has the {field} {value!r}, and it must be a string with something in it")
        return value

    def whole(self, field: str, *, least: int, default: int | None = None) -> int | None:
        if not self.has(field):
            return default
        value = self.take(field)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST:
            raise self.refusal(f"has {field} {value!r}, and it must be a whole number from {least} to {MOST}")
        return value

    def objects(self, field: str, *, required: bool) -> list[JsonValue]:
        value = self.required(field) if required else self.take(field, [])
        if not isinstance(value, list) or (required and not value):
            raise self.refusal(f"has {field} that is no list with something in it")
        return value

    def parsed(self, what: str, parse: Callable[[], T]) -> T:
        """`parse()`, with any refusal of an expression put into a sentence about this owner."""
        try:
            return parse()
        except (PathRefused, ExpressionRefused, RuleRefused) as reason:
            raise self.refusal(f"has {what} outside what the rehearsal plays: {reason}") from reason

    def path(self, field: str, default: str = "$", *, definite: bool = False) -> Path | None:
        """A path into the state's input; None when the field is null."""
        value = self.take(field, default)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.refusal(f"has {field} {value!r}, and it must be a path or null")
        path = self.parsed(field, lambda: Path.parse(value))
        if path.root is Root.CONTEXT:
            raise self.refusal(f"has {field} {value}, and it must read the state's input; take $$ in Parameters")
        if definite and not path.definite:
            raise self.refusal(f"has {field} {value}, and it must name one value")
        return path

    def result_path(self) -> ResultPath:
        value = self.take("ResultPath", "$")
        if value is not None and not isinstance(value, str):
            raise self.refusal(f"has ResultPath {value!r}, and it must be a path or null")
        return self.parsed("ResultPath", lambda: ResultPath.parse(value))

    def template(self, field: str) -> Template | None:
        if not self.has(field):
            return None
        value = self.take(field)
        if not isinstance(value, dict):
            raise self.refusal(f"has {field} that is no object: engines disagree on anything else")
        return self.parsed(field, lambda: Template.parse(value))

    def exactly_one(self, *fields: str) -> str:
        present = [field for field in fields if self.has(field)]
        if len(present) != 1:
            raise self.refusal(f"has {' and '.join(present) or 'none'} of {', '.join(fields)}, and needs exactly one")
        return present[0]

    def timestamp(self, field: str) -> JsonValue:
        value = self.take(field)
        if parse_timestamp(value) is None:
            raise self.refusal(f"has {field} {value!r}, and it must be like 2026-01-31T00:00:00Z")
        return value
