"""What stands behind a `.$` key: a path, or a call of one of the 18 intrinsic functions; and the templates
around it.

A template is compiled when the machine is loaded, so a misspelt function or a path outside the subset is
refused before anything runs.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from rehearsal.engine.documents import JsonValue
from rehearsal.engine.errors import INTRINSIC_FAILURE, StatesError
from rehearsal.engine.intrinsics import ARITIES, apply, format_text
from rehearsal.engine.paths import Path, Root

_CALL = re.compile(r"States\.(\w+)\(")
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'")
_PATH = re.compile(r"\$(?:\['[^']*'\]|\[\"[^\"]*\"\]|[^,()\s])*")
_LITERAL = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_SPACE = re.compile(r"\s*")
_TOKEN = re.compile(r"\\.|\{\}|.", re.DOTALL)
_ESCAPE = re.compile(r"\\([\\'{}])")


class ExpressionRefused(ValueError):
    """The text is no expression that the rehearsal plays."""


@dataclass(frozen=True)
class View:
    """What an expression can see."""

    document: JsonValue
    context: JsonValue
    random: Random


@dataclass(frozen=True)
class Text:
    """A string literal, kept as it is written: Format must tell `{}` from `\\{\\}`."""

    written: str

    @property
    def value(self) -> str:
        return _ESCAPE.sub(r"\1", self.written)


@dataclass(frozen=True)
class Constant:
    value: JsonValue


@dataclass(frozen=True)
class Call:
    text: str
    function: str
    arguments: tuple[Expression, ...]


Expression: TypeAlias = Path | Call | Text | Constant


@dataclass(frozen=True)
class Filled:
    """A `.$` key: its expression, and the field that an error names."""

    field: str
    expression: Expression


Node: TypeAlias = "Filled | Constant | list[Node] | dict[str, Node]"


@dataclass(frozen=True)
class Template:
    """Parameters, ItemSelector or ResultSelector."""

    root: Node

    @classmethod
    def parse(cls, raw: JsonValue) -> Template:
        return cls(_compiled(raw))

    def fill(self, view: View) -> JsonValue:
        return _filled(self.root, view)

    def expressions(self) -> list[Expression]:
        """Every expression in it, nested arguments included."""
        return [inner for outer in _outermost(self.root) for inner in _with_arguments(outer)]


def parse_expression(text: str) -> Expression:
    """A path or a call, and nothing after it. Raises ExpressionRefused or PathRefused."""
    if not text.startswith("States."):
        return Path.parse(text)
    expression, end = _argument(text, 0)
    if end != len(text):
        raise ExpressionRefused(f"'{text}' goes on after its end: '{text[end:]}'")
    return expression


def evaluate(expression: Expression, view: View, field: str) -> JsonValue:
    match expression:
        case Path(root=Root.CONTEXT):
            return expression.read(view.context, field)
        case Path():
            return expression.read(view.document, field)
        case Text() | Constant():
            return expression.value
        case Call():
            return _called(expression, view, field)


def _called(call: Call, view: View, field: str) -> JsonValue:
    values = [evaluate(argument, view, field) for argument in call.arguments]
    try:
        if call.function == "Format":
            first = call.arguments[0]
            pieces = _pieces(first.written) if isinstance(first, Text) else str(values[0]).split("{}")
            return format_text(pieces, values)
        return apply(call.function, values, view.random)
    except ValueError as reason:
        raise StatesError(INTRINSIC_FAILURE, f"'{call.text}' for the field '{field}': {reason}") from reason


def _pieces(written: str) -> list[str]:
    pieces = [""]
    for token in _TOKEN.findall(written):
        if token == "{}":
            pieces.append("")
        else:
            pieces[-1] += _ESCAPE.sub(r"\1", token)
    return pieces


def _argument(text: str, position: int) -> tuple[Expression, int]:
    if match := _CALL.match(text, position):
        return _call(text, position, match)
    if match := _TEXT.match(text, position):
        return Text(match[1]), match.end()
    if match := _PATH.match(text, position):
        return Path.parse(match[0]), match.end()
    if match := _LITERAL.match(text, position):
        return Constant(json.loads(match[0])), match.end()
    raise ExpressionRefused(f"'{text}' cannot be read at '{text[position:]}'")


def _call(text: str, start: int, opening: re.Match[str]) -> tuple[Call, int]:
    function, position = opening[1], _after_space(text, opening.end())
    arguments: list[Expression] = []
    if function not in ARITIES:
        raise ExpressionRefused(f"'States.{function}' is none of the 18 intrinsic functions")
    while text[position : position + 1] != ")":
        if arguments:
            if text[position : position + 1] != ",":
                raise ExpressionRefused(f"'{text}' misses a comma or a bracket at '{text[position:]}'")
            position = _after_space(text, position + 1)
        argument, position = _argument(text, position)
        arguments.append(argument)
        position = _after_space(text, position)
    least, most = ARITIES[function]
    if not least <= len(arguments) <= most:
        raise ExpressionRefused(f"'States.{function}' does not take {len(arguments)} arguments")
    return Call(text[start : position + 1], function, tuple(arguments)), position + 1


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _compiled(raw: JsonValue) -> Node:
    if isinstance(raw, list):
        return [_compiled(element) for element in raw]
    if not isinstance(raw, dict):
        return Constant(raw)
    node: dict[str, Node] = {}
    for key, value in raw.items():
        name = key.removesuffix(".$")
        if name in node:
            raise ExpressionRefused(f"the field '{name}' stands there twice, with and without .$")
        if name == key:
            node[name] = _compiled(value)
        elif isinstance(value, str):
            node[name] = Filled(key, parse_expression(value))
        else:
            raise ExpressionRefused(f"the field '{key}' needs a path or an intrinsic function as a string")
    return node


def _filled(node: Node, view: View) -> JsonValue:
    match node:
        case Filled():
            return evaluate(node.expression, view, node.field)
        case Constant():
            return node.value
        case list():
            return [_filled(element, view) for element in node]
        case dict():
            return {name: _filled(inner, view) for name, inner in node.items()}


def _outermost(node: Node) -> list[Expression]:
    match node:
        case Filled():
            return [node.expression]
        case Constant():
            return []
        case list():
            return [found for element in node for found in _outermost(element)]
        case dict():
            return [found for element in node.values() for found in _outermost(element)]


def _with_arguments(expression: Expression) -> list[Expression]:
    arguments = expression.arguments if isinstance(expression, Call) else ()
    return [expression, *(inner for argument in arguments for inner in _with_arguments(argument))]
