"""The rules of a Choice state: how they are read, and whether one matches.

A variable that is missing is States.Runtime, which nothing catches: guard it with IsPresent in an And
before it. A value of another type than the operator compares never matches.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

from rehearsal.engine.documents import JsonValue, is_number
from rehearsal.engine.errors import RUNTIME, StatesError
from rehearsal.engine.paths import Path, PathMissing, PathRefused, Root

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def _string(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: JsonValue) -> float | None:
    return value if is_number(value) else None  # type: ignore[return-value]  # just established


def _boolean(value: JsonValue) -> bool | None:
    return value if isinstance(value, bool) else None


def parse_timestamp(value: JsonValue) -> datetime | None:
    """An RFC 3339 time with a T and a zone, or None."""
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


_FAMILIES: dict[str, Callable[[JsonValue], Any]] = {
    "String": _string,
    "Numeric": _number,
    "Boolean": _boolean,
    "Timestamp": parse_timestamp,
}
_TYPE_TESTS: dict[str, Callable[[JsonValue], bool]] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": is_number,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: parse_timestamp(value) is not None,
}
_COMPARISONS = {
    family + order: (read, compare)
    for family, read in _FAMILIES.items()
    for order, compare in _ORDER.items()
    if family != "Boolean" or order == "Equals"
}


class RuleRefused(ValueError):
    """The rule is none that the rehearsal plays."""


@dataclass(frozen=True)
class Comparison:
    variable: Path
    operator: str
    operand: JsonValue | Path

    def matches(self, document: JsonValue) -> bool:
        try:
            value = self.variable.find(document)
        except PathMissing:
            if self.operator == "IsPresent":
                return self.operand is False
            raise StatesError(
                RUNTIME,
                f"Invalid path '{self.variable.text}': The choice state's condition path references an invalid value.",
            ) from None
        return self._holds_for(value, document)

    def _holds_for(self, value: JsonValue, document: JsonValue) -> bool:
        if self.operator == "IsPresent":
            return self.operand is True
        if self.operator in _TYPE_TESTS:
            return _TYPE_TESTS[self.operator](value) is self.operand
        if self.operator == "StringMatches":
            return isinstance(value, str) and _wildcard(str(self.operand)).fullmatch(value) is not None
        read, compare = _COMPARISONS[self.operator]
        operand = self.operand
        if isinstance(operand, Path):
            operand = operand.read(document, f"{self.operator}Path")
        left, right = read(value), read(operand)
        return left is not None and right is not None and compare(left, right)


@dataclass(frozen=True)
class And:
    rules: tuple[Rule, ...]

    def matches(self, document: JsonValue) -> bool:
        return all(rule.matches(document) for rule in self.rules)


@dataclass(frozen=True)
class Or:
    rules: tuple[Rule, ...]

    def matches(self, document: JsonValue) -> bool:
        return any(rule.matches(document) for rule in self.rules)


@dataclass(frozen=True)
class Not:
    rule: Rule

    def matches(self, document: JsonValue) -> bool:
        return not self.rule.matches(document)


Rule: TypeAlias = Comparison | And | Or | Not


def parse_rule(raw: JsonValue) -> Rule:
    """A rule without its Next and Comment. Raises RuleRefused with the reason."""
    if not isinstance(raw, dict):
        raise RuleRefused("a rule is no object")
    match raw:
        case {"And": list(rules), **rest} if rules and not rest:
            return And(tuple(parse_rule(rule) for rule in rules))
        case {"Or": list(rules), **rest} if rules and not rest:
            return Or(tuple(parse_rule(rule) for rule in rules))
        case {"Not": rule, **rest} if not rest:
            return Not(parse_rule(rule))
        case {"Variable": str(variable), **rest} if len(rest) == 1:
            ((name, operand),) = rest.items()
            return _comparison(_input_path(variable, "Variable"), name, operand)
    raise RuleRefused(f"a rule has the fields {sorted(raw)}: it takes And, Or, Not, or Variable and one operator")


def _comparison(variable: Path, name: str, operand: JsonValue) -> Comparison:
    if name in _TYPE_TESTS or name == "IsPresent":
        if not isinstance(operand, bool):
            raise RuleRefused(f"{name} takes true or false")
        return Comparison(variable, name, operand)
    if name == "StringMatches":
        if not isinstance(operand, str):
            raise RuleRefused("StringMatches takes a string")
        return Comparison(variable, name, operand)
    plain = name.removesuffix("Path")
    if plain not in _COMPARISONS:
        raise RuleRefused(f"'{name}' is no operator")
    if plain != name:
        if not isinstance(operand, str):
            raise RuleRefused(f"{name} takes a path")
        return Comparison(variable, plain, _input_path(operand, name))
    if _COMPARISONS[plain][0](operand) is None:
        raise RuleRefused(f"{name} cannot compare with {operand!r}")
    return Comparison(variable, plain, operand)


def _input_path(text: str, field: str) -> Path:
    path = Path.parse(text)
    if path.root is Root.CONTEXT or not path.definite:
        raise PathRefused(f"{field} '{text}' must name one value of the state's input; engines disagree on the rest")
    return path


@lru_cache(maxsize=256)
def _wildcard(pattern: str) -> re.Pattern[str]:
    r"""`*` is any text; `\*` and `\\` stand for themselves."""
    parts = re.findall(r"\\[*\\]|\*|[^*\\]+|\\", pattern)
    return re.compile(
        "".join(".*" if part == "*" else re.escape(part.removeprefix("\\") or part) for part in parts), re.S
    )
