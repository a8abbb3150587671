"""The 18 intrinsic functions, each as the developer guide describes it ("Intrinsic functions for JSONPath
states").

A wrong argument is a ValueError with the reason; the caller turns it into States.IntrinsicFailure.
States.UUID and States.MathRandom draw from the execution's seeded stream. Where engines are known to
disagree (Format of an object, an empty string between two delimiters) the function refuses or follows what
LocalStack recorded on AWS.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
import uuid
from collections.abc import Callable, Sequence
from random import Random

from rehearsal.engine.documents import JsonValue, encode, is_number

MANY = 1_000
LONGEST_TEXT = 10_000
HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def format_text(pieces: Sequence[str], values: Sequence[JsonValue]) -> str:
    """States.Format: the template cut at each `{}`, and all its arguments, the template itself first."""
    template, *rest = values
    _text(template, "the template")
    if len(pieces) - 1 != len(rest):
        raise ValueError(f"the template has {len(pieces) - 1} places and {len(rest)} values")
    return pieces[0] + "".join(_shown(value) + piece for value, piece in zip(rest, pieces[1:], strict=True))


def _shown(value: JsonValue) -> str:
    if isinstance(value, dict | list):
        raise ValueError("an object or array has no agreed text in Format; use States.JsonToString")
    return value if isinstance(value, str) else encode(value)


def _text(value: JsonValue, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} is {encode(value)} and must be a string")
    return value


def _short_text(value: JsonValue, what: str) -> str:
    if len(_text(value, what)) > LONGEST_TEXT:
        raise ValueError(f"{what} is longer than {LONGEST_TEXT} characters")
    return str(value)


def _array(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise ValueError(f"{encode(value)} is no array")
    return value


def _object(value: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        raise ValueError(f"{encode(value)} is no object")
    return value


def _whole(value: JsonValue) -> int:
    """A number, rounded half up to an integer as the guide says."""
    if not is_number(value):
        raise ValueError(f"{encode(value)} is no number")
    return math.floor(float(value) + 0.5) if isinstance(value, float) else int(value)  # type: ignore[arg-type]


def same(left: JsonValue, right: JsonValue) -> bool:
    """JSON equality: unlike in Python, true is not 1."""
    if is_number(left) and is_number(right):
        return left == right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return type(left) is type(right) and left == right


def _string_to_json(text: JsonValue) -> JsonValue:
    try:
        parsed: JsonValue = json.loads(_text(text, "the argument"))
    except json.JSONDecodeError as reason:
        raise ValueError(f"the string is no JSON: {reason}") from reason
    return parsed


def _array_partition(array: JsonValue, size: JsonValue) -> JsonValue:
    elements, length = _array(array), _whole(size)
    if length < 1:
        raise ValueError(f"the chunk size {length} must be above zero")
    return [elements[start : start + length] for start in range(0, len(elements), length)]


def _array_range(first: JsonValue, last: JsonValue, step: JsonValue) -> JsonValue:
    start, end, stride = _whole(first), _whole(last), _whole(step)
    if stride == 0:
        raise ValueError("the step must not be zero")
    numbers = range(start, end + (1 if stride > 0 else -1), stride)
    if len(numbers) > MANY:
        raise ValueError(f"the range has {len(numbers)} elements and may have {MANY}")
    return list(numbers)


def _array_item(array: JsonValue, index: JsonValue) -> JsonValue:
    elements, position = _array(array), _whole(index)
    if not 0 <= position < len(elements):
        raise ValueError(f"the index {position} is outside an array of {len(elements)}")
    return elements[position]


def _array_unique(array: JsonValue) -> JsonValue:
    unique: list[JsonValue] = []
    for element in _array(array):
        if not any(same(element, known) for known in unique):
            unique.append(element)
    return unique


def _base64_decode(text: JsonValue) -> JsonValue:
    try:
        return base64.b64decode(_short_text(text, "the argument"), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as reason:
        raise ValueError(f"the string is no base64 of UTF-8 text: {reason}") from reason


def _hash(data: JsonValue, algorithm: JsonValue) -> JsonValue:
    name = _text(algorithm, "the algorithm")
    if name not in HASHES:
        raise ValueError(f"'{name}' is none of {', '.join(HASHES)}")
    return hashlib.new(HASHES[name], _short_text(data, "the data").encode(), usedforsecurity=False).hexdigest()


def _json_merge(left: JsonValue, right: JsonValue, deep: JsonValue) -> JsonValue:
    if deep is not False:
        raise ValueError("only the shallow merge exists: the third argument must be false")
    return {**_object(left), **_object(right)}


def _string_split(text: JsonValue, delimiters: JsonValue) -> JsonValue:
    separators = _text(delimiters, "the delimiter")
    if not separators:
        raise ValueError("the delimiter must not be empty")
    return [part for part in re.split(f"[{re.escape(separators)}]", _text(text, "the string")) if part]


def _math_random(values: Sequence[JsonValue], random: Random) -> JsonValue:
    first, last = _whole(values[0]), _whole(values[1])
    if first >= last:
        raise ValueError(f"the start {first} must be below the end {last}")
    seed = values[2:]
    return (Random(_whole(seed[0])) if seed else random).randrange(first, last)


_Function = Callable[[Sequence[JsonValue], Random], JsonValue]
_FUNCTIONS: dict[str, tuple[int, int, _Function]] = {
    "StringToJson": (1, 1, lambda values, _: _string_to_json(values[0])),
    "JsonToString": (1, 1, lambda values, _: encode(values[0])),
    "Array": (0, MANY, lambda values, _: list(values)),
    "ArrayPartition": (2, 2, lambda values, _: _array_partition(values[0], values[1])),
    "ArrayContains": (2, 2, lambda values, _: any(same(element, values[1]) for element in _array(values[0]))),
    "ArrayRange": (3, 3, lambda values, _: _array_range(values[0], values[1], values[2])),
    "ArrayGetItem": (2, 2, lambda values, _: _array_item(values[0], values[1])),
    "ArrayLength": (1, 1, lambda values, _: len(_array(values[0]))),
    "ArrayUnique": (1, 1, lambda values, _: _array_unique(values[0])),
    "Base64Encode": (
        1,
        1,
        lambda v, _: base64.b64encode(_short_text(v[0], "the argument").encode()).decode(),
    ),
    "Base64Decode": (1, 1, lambda values, _: _base64_decode(values[0])),
    "Hash": (2, 2, lambda values, _: _hash(values[0], values[1])),
    "JsonMerge": (3, 3, lambda values, _: _json_merge(values[0], values[1], values[2])),
    "MathRandom": (2, 3, _math_random),
    "MathAdd": (2, 2, lambda values, _: _whole(values[0]) + _whole(values[1])),
    "StringSplit": (2, 2, lambda values, _: _string_split(values[0], values[1])),
    "UUID": (0, 0, lambda _, random: str(uuid.UUID(int=random.getrandbits(128), version=4))),
}

ARITIES = {"Format": (1, MANY)} | {name: (least, most) for name, (least, most, _) in _FUNCTIONS.items()}


def apply(function: str, values: Sequence[JsonValue], random: Random) -> JsonValue:
    """Any of the functions but Format, whose template is more than its value."""
    return _FUNCTIONS[function][2](values, random)
