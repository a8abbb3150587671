"""YAML with comments: values that carry what a reader should know of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import yaml

WIDTH = 110
MOST_ON_A_LINE = 2
TODO = "TODO: "


@dataclass(frozen=True)
class Noted:
    """A value, with comments above it."""

    value: Any
    above: tuple[str, ...] = ()


def noted(value: Any, *above: str) -> Noted:
    """A value with what is said of it; empty sentences are left out."""
    return Noted(value, tuple(each for each in above if each))


def open_question(value: Any, *above: str) -> Noted:
    """A value that a person must confirm or replace; the first sentence says what they decide."""
    return Noted(value, (TODO + above[0], *above[1:]))


def written(document: Mapping[str, Any], heading: Sequence[str] = ()) -> str:
    """The document as YAML; the heading's sentences stand before it, an empty one is a line between them."""
    head = [line for sentence in heading for line in (_comment(sentence, "") if sentence else ["#"])]
    return "\n".join([*head, "", *_mapping(document, "", top=True)]) + "\n"


def _mapping(mapping: Mapping[str, Any], indent: str, *, top: bool = False) -> Iterator[str]:
    for number, (key, item) in enumerate(mapping.items()):
        value, above = (item.value, item.above) if isinstance(item, Noted) else (item, ())
        if top and number and (above or not _is_short(value)):
            yield ""
        for sentence in above:
            yield from _comment(sentence, indent)
        yield from _entry(f"{indent}{_scalar(key)}:", value, indent)


def _entry(start: str, value: Any, indent: str) -> Iterator[str]:
    if _is_short(value):
        yield f"{start} {_short(value)}"
        return
    yield start
    if isinstance(value, Mapping):
        yield from _mapping(value, indent + "  ")
    else:
        for item in value:
            yield from _item(item, indent + "  ")


def _item(item: Any, indent: str) -> Iterator[str]:
    value, above = (item.value, item.above) if isinstance(item, Noted) else (item, ())
    for sentence in above:
        yield from _comment(sentence, indent)
    if not isinstance(value, Mapping) or not value:
        yield f"{indent}- {_short(value)}"
        return
    first, *rest = list(_mapping(value, indent + "  "))
    # A comment of the first field stands above the dash, because the dash begins the item.
    while first.lstrip().startswith("#"):
        yield first[2:]
        first, *rest = rest
    yield f"{indent}- {first.lstrip()}"
    yield from rest


def _is_short(value: Any) -> bool:
    """Whether a value is written on the line of its key: scalars, lists of them, mappings of two of them at most."""
    if isinstance(value, Mapping):
        return len(value) <= MOST_ON_A_LINE and not any(isinstance(v, Noted | Mapping | list) for v in value.values())
    if isinstance(value, list | tuple):
        return not any(isinstance(item, Noted | Mapping | list | tuple) for item in value)
    return True


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_scalar(k)}: {_scalar(v, flow=True)}" for k, v in value.items())
        return f"{{ {inside} }}" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_scalar(item, flow=True) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any, *, flow: bool = False) -> str:
    """A scalar as PyYAML writes it, in double quotes where it wants any."""
    dumped = yaml.safe_dump([value], default_flow_style=flow, allow_unicode=True, width=10_000).strip()
    text = dumped[1:-1] if flow else dumped.removeprefix("- ")
    return json.dumps(value, ensure_ascii=False) if text.startswith("'") else text


def _comment(sentence: str, indent: str) -> list[str]:
    lines = wrap(sentence, max(40, WIDTH - len(indent) - len("# ")), break_long_words=False, break_on_hyphens=False)
    return [f"{indent}# {line}" for line in lines]
