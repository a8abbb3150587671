"""Lines that a person pastes, read as a shell would read them, and held to botocore's models.

The AWS command line is not installed here. It makes the names of its commands and options from the same models, by the
same rule, so that a line which fits a model is one that it takes.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import botocore.session
import jmespath  # type: ignore[import-untyped]
from botocore import xform_name
from botocore.validate import ParamValidator

_OWN = {"query", "output", "region", "cli-input-json", "cli-binary-format"}
"""Options that the command line has for every operation."""
_OUTSIDE = (
    "echo ",
    "jq ",
    "curl ",
    "kubectl ",
    "read -r ",
    "date ",
    "aws eks update-kubeconfig ",
    "aws --version",
    "export ",
)
"""What may be pasted beside calls of AWS."""
_FILES = {("lambda", "Invoke"): 1}
"""Operations that the command line gives the name of a file to write to."""


@dataclass(frozen=True)
class Call:
    """One call of the AWS command line, as it would reach botocore."""

    service: str
    operation: str
    region: str
    parameters: dict[str, Any]
    query: str = ""
    from_file: bool = False


@dataclass
class Pasted:
    """What a line is made of: its calls, its other commands, the variables that it sets and uses."""

    calls: list[Call] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    sets: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)


@cache
def paste(line: str) -> Pasted:
    """Read one line, the same once."""
    seen = Pasted()
    _read(line, seen)
    return seen


def _read(text: str, seen: Pasted) -> None:
    assert "\n" not in text, f"more than one line: {text}"
    text = text.strip()
    loop = re.fullmatch(r"for ([A-Z_]+) in (.*); do (.*); done", text)
    if loop:
        seen.sets.add(loop[1])
        for part in (loop[2], loop[3]):
            _read(part, seen)
        return
    outer = _without_substitutions(text, seen)
    for command in _commands(outer):
        _one(command, seen)


def _one(command: str, seen: Pasted) -> None:
    assignment = re.fullmatch(r"([A-Z][A-Z0-9_]*)=(.*)", command)
    if assignment:
        seen.sets.add(assignment[1])
        command = assignment[2]
    seen.uses |= set(re.findall(r"\$([A-Z][A-Z0-9_]*)", _outside_quotes(command)))
    if command.startswith("read -r "):
        seen.sets |= set(command.split()[2:])
    if command.startswith("aws ") and not command.startswith(_OUTSIDE):
        seen.calls.append(_call(shlex.split(command)))
    elif command not in ("1", '"1"'):
        assert command.startswith(_OUTSIDE), f"neither AWS nor a tool that a person has: {command}"
        assert shlex.split(command)
        seen.others.append(command)


def _scan(text: str) -> Iterator[tuple[int, str, str]]:
    """Each character with its place, and the quote that it stands in."""
    mark = ""
    for position, character in enumerate(text):
        if character == mark:
            mark = ""
            yield position, character, character
        elif not mark and character in "'\"":
            mark = character
            yield position, character, character
        else:
            yield position, character, mark
    assert not mark, f"a quote is not closed: {text}"


def _without_substitutions(text: str, seen: Pasted) -> str:
    """The text with `1` in place of each `$(...)`, whose inside is read by itself; `$((...))` is arithmetic."""
    found, after = "", 0
    for position, character, mark in _scan(text):
        if position < after:
            continue
        if mark != "'" and text.startswith("$(", position):
            end = _end(text, position + 1)
            inside = text[position + 2 : end]
            if inside.startswith("("):
                _without_substitutions(inside, seen)
            else:
                _read(inside, seen)
            found, after = f"{found}1", end + 1
            continue
        found += character
    return found


def _end(text: str, opened: int) -> int:
    depth = 0
    for position, character, mark in _scan_inside(text, opened):
        if not mark:
            depth += {"(": 1, ")": -1}.get(character, 0)
            if depth == 0:
                return position
    raise AssertionError(f"a parenthesis is not closed: {text}")


def _scan_inside(text: str, opened: int) -> Iterator[tuple[int, str, str]]:
    """As `_scan`, from a parenthesis on: inside of it, quotes begin anew."""
    mark = ""
    for position in range(opened, len(text)):
        character = text[position]
        if mark:
            mark = "" if character == mark else mark
            yield position, character, "quoted"
        else:
            mark = character if character in "'\"" else ""
            yield position, character, mark


def _commands(text: str) -> Iterator[str]:
    """The commands of a pipe or a row, without what redirects their output."""
    row = ""
    for position, character, mark in _scan(text):
        if not mark and character in "|&":
            if text[position - 1] != "&":
                yield _unredirected(row)
            row = ""
        else:
            row += character
    yield _unredirected(row)


def _unredirected(command: str) -> str:
    before, _, file = command.rpartition(" > ")
    return (before if before and " " not in file.strip() else command).strip()


def _outside_quotes(text: str) -> str:
    return "".join(character for _, character, mark in _scan(text) if mark != "'")


def _call(words: list[str]) -> Call:
    aws, command, name, *rest = words
    assert aws == "aws"
    service = "s3" if command == "s3api" else command
    operation = next((o for o in _service(service).operation_names if xform_name(o, "-") == name), None)
    assert operation, f"{service} has no operation {name}"
    members = _service(service).operation_model(operation).input_shape.members
    named = {xform_name(member, "-"): member for member in members}
    options = list(_options(rest))
    own = {option: values for option, values in options if option in _OWN}
    files = [value for option, values in options for value in values[1:] if option == "cli-binary-format"]
    assert len(files) == _FILES.get((service, operation), 0), f"{name} writes to no file, or to one without a name"
    parameters = {}
    for option, values in options:
        if option in _OWN:
            continue
        plain = option.removeprefix("no-") if option not in named else option
        assert plain in named, f"{service} {name} has no option --{option}"
        parameters[named[plain]] = _value(members[named[plain]], values, negated=plain != option)
    assert "region" in own, f"{name} names no region"
    assert own.get("output", ["text"]) == ["text"]
    if "query" in own:
        jmespath.compile(own["query"][0])
    return Call(service, operation, own["region"][0], parameters, own.get("query", [""])[0], "cli-input-json" in own)


def _options(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    option, values = "", list[str]()
    for word in words:
        if word.startswith("--"):
            if option:
                yield option, values
            option, values = word[2:], []
        else:
            values.append(word)
    if option:
        yield option, values


def _value(shape: Any, words: list[str], *, negated: bool) -> Any:
    """A value as the command line makes it of its words, by the type that the model names."""
    if shape.type_name == "boolean":
        assert not words, f"a switch takes no value: {words}"
        return not negated
    if shape.type_name == "list" and shape.member.type_name in ("string", "integer"):
        assert words, "a list of nothing"
        return words
    assert len(words) == 1, f"one word, not {words}"
    return _one_value(shape, words[0])


def _one_value(shape: Any, word: str) -> Any:
    is_variable = word.startswith("$") or word == "1"
    match shape.type_name:
        case "integer" | "long":
            return 1 if is_variable else int(word)
        case "timestamp":
            return "2026-11-21T00:00:00Z"
        case "blob":
            return word.encode()
        case "structure" if "=" in word and not word.startswith("{"):
            pairs = dict(pair.split("=") for pair in word.split(","))
            return {name: _one_value(shape.members[name], value) for name, value in pairs.items()}
        case "list" | "structure" | "map":
            is_file = word.startswith("file://") or is_variable
            return _anything(shape) if is_file else json.loads(word)
        case _:
            return word


def _anything(shape: Any) -> Any:
    """What fits a shape and stands in a file that is written at the time."""
    match shape.type_name:
        case "structure":
            return {name: _anything(shape.members[name]) for name in shape.required_members}
        case "list":
            return [_anything(shape.member)]
        case "map":
            return {}
        case "integer" | "long":
            return 1
        case "boolean":
            return True
        case _:
            return "text"


def fits(call: Call) -> None:
    """The parameters are those that botocore would send; what a file holds is not known here."""
    if call.from_file:
        return
    shape = _service(call.service).operation_model(call.operation).input_shape
    report = ParamValidator().validate(call.parameters, shape)
    assert not report.has_errors(), f"{call.service} {call.operation}: {report.generate_report()}"


@cache
def _service(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)
