"""JSONPath as far as the rehearsal plays it: names, indexes, `[*]` and slices; and where a ResultPath puts
a result.

Refused at load: `..`, filters, scripts, unions, negative indexes. A path that misses is States.Runtime
wherever it stands. The developer guide lists States.ParameterPathFailure for Parameters, but executions
report States.Runtime ("The JSONPath '...' specified for the field '...' could not be found in the input"),
which nothing can catch: the stricter of the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from rehearsal.engine.documents import JsonValue, encode
from rehearsal.engine.errors import RESULT_PATH_MATCH_FAILURE, RUNTIME, StatesError

_STEP = re.compile(
    r"""\.(?P<name>[^\W\d][\w-]*)
      | \[(?P<quote>['"])(?P<quoted>[^'"\\]+)(?P=quote)\]
      | \[(?P<index>\d+)\]
      | \[(?P<start>\d*):(?P<stop>\d*)\]
      | (?P<every>\[\*\]|\.\*)""",
    re.VERBOSE,
)


class PathRefused(ValueError):
    """The text is no path that the rehearsal plays."""


class PathMissing(Exception):
    """The path leads nowhere in this document."""


class Root(Enum):
    INPUT = "$"
    CONTEXT = "$$"


@dataclass(frozen=True)
class Slice:
    start: int | None
    stop: int | None


EVERY = Slice(None, None)


@dataclass(frozen=True)
class Path:
    """A parsed path; `definite` when it names at most one value."""

    text: str
    root: Root
    steps: tuple[str | int | Slice, ...]

    @property
    def definite(self) -> bool:
        return not any(isinstance(step, Slice) for step in self.steps)

    @classmethod
    def parse(cls, text: str) -> Path:
        root = Root.CONTEXT if text.startswith("$$") else Root.INPUT
        if not text.startswith("$"):
            raise PathRefused(f"'{text}' does not begin with $")
        position, steps = len(root.value), []
        while position < len(text):
            match = _STEP.match(text, position)
            if match is None:
                raise PathRefused(f"'{text}' goes beyond names, indexes, [*] and slices at '{text[position:]}'")
            steps.append(_step(match))
            position = match.end()
        return cls(text, root, tuple(steps))

    def find(self, document: JsonValue) -> JsonValue:
        """The value, or for an indefinite path the list of all values. Raises PathMissing."""
        found, spread = [document], False
        for step in self.steps:
            spread = spread or isinstance(step, Slice)
            found = [value for parent in found for value in _follow(parent, step)]
            if not found and not spread:
                raise PathMissing(self.text)
        return found if spread else found[0]

    def read(self, document: JsonValue, field: str) -> JsonValue:
        """Like `find`, but a miss is the uncatchable States.Runtime."""
        try:
            return self.find(document)
        except PathMissing:
            raise StatesError(
                RUNTIME,
                f"The JSONPath '{self.text}' specified for the field '{field}' could not be found "
                f"in the input '{encode(document)}'",
            ) from None


@dataclass(frozen=True)
class ResultPath:
    """Where a result goes in the state's raw input; `names` is None for null, which drops the result."""

    names: tuple[str, ...] | None

    @classmethod
    def parse(cls, text: str | None) -> ResultPath:
        if text is None:
            return cls(None)
        path = Path.parse(text)
        names = tuple(step for step in path.steps if isinstance(step, str))
        if path.root is Root.CONTEXT or len(names) != len(path.steps):
            raise PathRefused(f"'{text}' is no place for a result: only names, from $")
        return cls(names)

    def place(self, raw_input: JsonValue, result: JsonValue) -> JsonValue:
        """A new document; the raw input is left as it is, since other branches hold it too."""
        if self.names is None:
            return raw_input
        return _placed(raw_input, self.names, result) if self.names else result


def _step(match: re.Match[str]) -> str | int | Slice:
    if match["index"] is not None:
        return int(match["index"])
    if match["every"] is not None:
        return EVERY
    if match["start"] is not None:
        return Slice(int(match["start"]) if match["start"] else None, int(match["stop"]) if match["stop"] else None)
    return match["name"] or match["quoted"]


def _follow(parent: JsonValue, step: str | int | Slice) -> list[JsonValue]:
    if isinstance(step, str):
        return [parent[step]] if isinstance(parent, dict) and step in parent else []
    if isinstance(step, Slice) and isinstance(parent, dict):
        return list(parent.values()) if step is EVERY else []
    if not isinstance(parent, list):
        return []
    return parent[step.start : step.stop] if isinstance(step, Slice) else parent[step : step + 1]


def _placed(target: JsonValue, names: tuple[str, ...], result: JsonValue) -> JsonValue:
    if not isinstance(target, dict):
        raise StatesError(
            RESULT_PATH_MATCH_FAILURE,
            f"The result has no place at '{names[0]}' in '{encode(target)}': it is no object.",
        )
    name, *rest = names
    return {**target, name: _placed(target.get(name, {}), tuple(rest), result) if rest else result}
