"""What pydantic finds wrong, said in the words of a plan.

Each kind of error has its sentence: what is written, what is expected, and where it helps what to write. An
error that is not known here keeps pydantic's own words, so that nothing is lost.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from planfile.faults import Complaint, Where, any_of, did_you_mean
from planfile.shape import Shape

EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping of fields",
    "model_attributes_type": "a mapping of fields",
}
BOUNDS = {
    "greater_than_equal": ("ge", "and at least {} is needed"),
    "greater_than": ("gt", "and more than {} is needed"),
    "less_than_equal": ("le", "and at most {} is allowed"),
    "less_than": ("lt", "and less than {} is allowed"),
}
LENGTHS = {
    "too_short": ("min_length", "has {have} entries and needs at least {bound}"),
    "too_long": ("max_length", "has {have} entries and may have at most {bound}"),
    "string_too_short": ("min_length", "has {have} characters and needs at least {bound}"),
    "string_too_long": ("max_length", "has {have} characters and may have at most {bound}"),
}
MOST_FIELDS_LISTED = 12
ALMOST_A_SPAN = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|m|h|d)[a-z]*\s*$", re.IGNORECASE)
UNITS = {"s": "s", "m": "min", "h": "h", "d": "d"}


def complaints_about(error: ValidationError, value: Any, model: type[BaseModel], noun: str) -> list[Complaint]:
    """Turn what pydantic found wrong with `value` as a `model` into complaints; `noun` names the whole.

    Several members of a union may each complain about one place. What leads further in is kept then, and what they
    would have expected is put together.
    """
    shape = Shape.of(model, value)
    found: dict[Where, Complaint] = {}
    expected: dict[Where, list[str]] = defaultdict(list)
    mistyped = set(_mistyped(error, value))
    for details in sorted(error.errors(include_url=False), key=lambda each: -len(each["loc"])):
        where, kind = written_path(value, details), details["type"]
        if where in mistyped and kind == "missing":
            continue
        if kind == "too_short" and _at(value, where):
            continue  # pydantic counts only the entries that are sound; their own faults are reported
        if kind in EXPECTED and details["input"] is not None:
            expected[where].append(kind)
        else:
            found.setdefault(where, _complaint(details, where, shape, noun))
    for where, kinds in expected.items():
        if not any(place[: len(where)] == where for place in found):
            found[where] = _unexpected(where, _at(value, where), kinds, _name(where, noun))
    return list(found.values())


def written_path(value: Any, details: ErrorDetails) -> Where:
    """The path in the file that pydantic's `loc` stands for: without the names of a union's members."""
    parts = list(details["loc"])
    if parts[:1] == ["stages"] and len(parts) > 5:
        del parts[4]  # an entry's tag, which is the name of one of its fields as well
    path: list[str | int] = []
    for position, part in enumerate(parts):
        missing = details["type"] == "missing" and position == len(parts) - 1
        if missing or _has(_at(value, tuple(path)), part):
            path.append(part)
    return tuple(path)


def _has(value: Any, part: str | int) -> bool:
    return (
        part in value
        if isinstance(value, dict)
        else isinstance(value, list) and isinstance(part, int) and part < len(value)
    )


def _at(value: Any, where: Where) -> Any:
    for part in where:
        value = value[part] if _has(value, part) else None
    return value


def _mistyped(error: ValidationError, value: Any) -> Iterator[Where]:
    """The fields that are there after all, under a mistyped name: not to be reported as missing too."""
    missing = {written_path(value, each) for each in error.errors() if each["type"] == "missing"}
    for each in error.errors():
        if each["type"] == "extra_forbidden":
            *parent, name = written_path(value, each)
            siblings = [str(place[-1]) for place in missing if place[:-1] == tuple(parent)]
            yield from ((*parent, sibling) for sibling in siblings if did_you_mean(str(name), [sibling]))


def _complaint(details: ErrorDetails, where: Where, shape: Shape, noun: str) -> Complaint:
    kind, given = details["type"], details["input"]
    name = _name(where, noun)
    if kind == "missing":
        return _missing(where, shape, noun)
    if kind == "extra_forbidden":
        return _unknown_field(where, shape, noun)
    if details["loc"][-1:] == ("[key]",):
        return Complaint(
            where,
            f"The name '{where[-1]}' {_unlike(details, shape.at(where[:-1]).key_examples())}",
            at_key=True,
        )
    if given is None:
        way_out = "write one" if shape.at(where[:-1]).requires(where[-1]) else "write one, or leave the line out"
        return Complaint(where, f"{name} has no value; {way_out}.", at_key=True)
    if kind in LENGTHS:
        key, words = LENGTHS[kind]
        have, bound = len(given), details["ctx"][key]
        return Complaint(where, f"{name} {words.format(have=have, bound=bound)}.", at_key=True)
    return _wrong_value(details, where, name, shape.at(where))


def _unexpected(where: Where, given: Any, kinds: Sequence[str], name: str) -> Complaint:
    if "string_type" in kinds and isinstance(given, int | float):
        return Complaint(where, f"{name} is read as {_shown(given)}, where text is expected; put it in quotes.")
    expected = any_of(dict.fromkeys(EXPECTED[kind] for kind in kinds))
    return Complaint(where, f"{name} is {_shown(given)}, where {expected} is expected.")


def _wrong_value(details: ErrorDetails, where: Where, name: str, shape: Shape) -> Complaint:
    kind, given = details["type"], details["input"]
    if kind in ("enum", "literal_error"):
        allowed = re.findall(r"'([^']*)'", details["ctx"]["expected"])
        return Complaint(
            where,
            f"{name} is {_shown(given)}, which is none of {any_of(allowed)}.",
            did_you_mean(str(given), allowed),
        )
    if kind == "string_pattern_mismatch":
        return Complaint(where, f"{name} is {_shown(given)}, which {_unlike(details, shape.examples())}")
    if kind in BOUNDS:
        key, words = BOUNDS[kind]
        return Complaint(where, f"{name} is {_shown(given)}, {words.format(details['ctx'][key])}.")
    if kind in ("value_error", "assertion_error"):
        whole = isinstance(given, Mapping)  # a word about several fields belongs to what holds them
        return Complaint(where, _sentence(str(details["ctx"]["error"])), _span_meant(given), at_key=whole)
    return Complaint(where, f"{name} is {_shown(given)}, which is refused: {_sentence(details['msg'])}")


def _missing(where: Where, shape: Shape, noun: str) -> Complaint:
    if isinstance(where[-1], int):
        return Complaint(where[:-1], f"{_name(where[:-1], noun)} has too few values; add the rest.")
    meaning = shape.at(where).description()
    meaning = f" ({meaning[0].lower()}{meaning[1:].splitlines()[0].rstrip('.')})" if meaning else ""
    return Complaint(
        where[:-1],
        f"'{where[-1]}'{meaning} is missing from {_holder(where[:-1], noun)}; add it.",
        at_key=True,
    )


def _unknown_field(where: Where, shape: Shape, noun: str) -> Complaint:
    fields, written = shape.at(where[:-1]).fields(), str(where[-1])
    suggestion = did_you_mean(written, fields)
    known = (
        f"; there are {', '.join(fields)}" if fields and not (suggestion and len(fields) > MOST_FIELDS_LISTED) else ""
    )
    sentence = f"'{written}' is not a field of {_holder(where[:-1], noun)}{known}."
    return Complaint(where, sentence, suggestion, at_key=True)


def _name(where: Where, noun: str) -> str:
    """The name by which a sentence calls a place."""
    if not where:
        return noun[0].upper() + noun[1:]
    if isinstance(where[-1], int):
        return f"Entry {where[-1] + 1} of '{where[-2]}'" if len(where) > 1 else f"Entry {where[-1] + 1}"
    return f"'{where[-1]}'"


def _holder(where: Where, noun: str) -> str:
    """The name of a place that holds fields."""
    name = _name(where, noun)
    return noun if not where else name[0].lower() + name[1:]


def _shown(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"'{value}'" if len(value) <= 60 else f"'{value[:57]}...'"
        case list() | tuple():
            return "a list"
        case Mapping():
            return "a mapping"
        case _:
            return "empty" if value is None else str(value)


def _unlike(details: ErrorDetails, examples: tuple[str, ...]) -> str:
    pattern = details["ctx"]["pattern"]
    return (
        f"is not written like '{examples[0]}'; it has to match {pattern}" + "."
        if examples
        else f"does not match {pattern}."
    )


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _span_meant(given: Any) -> str:
    """The suggestion for a span of time that is nearly right, such as `2 hours` or `15m`."""
    match = ALMOST_A_SPAN.match(given) if isinstance(given, str) else None
    meant = f"{match.group(1)} {UNITS[match.group(2).lower()]}" if match else given
    return f"did you mean '{meant}'?" if meant != given else ""
