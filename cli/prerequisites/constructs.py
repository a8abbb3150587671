"""Constructs of CDK of the first level, as they are written in Python."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cli.prerequisites.needs import label_of
from pilotlight.domain.step import Standing


class Raw(str):
    """An expression that is no text."""

    __slots__ = ()


def _value(value: Any) -> str:
    if isinstance(value, Raw):
        return value
    if isinstance(value, list):
        return "[" + ", ".join(_value(inner) for inner in value) + "]"
    # A variable is marked inside of double quotes, which go before it is written.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def call(construct: str, properties: Mapping[str, Any]) -> Raw:
    """A property of a construct, which is an object of a class of its own."""
    inner = "".join(f"\n    {name}={_indented(_value(value))}," for name, value in properties.items())
    return Raw(f"{construct}({inner}\n)")


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def construct_of(construct: str, need: Standing, properties: Mapping[str, Any], suffix: str = "") -> str:
    """A construct of the need's name."""
    identity = "".join(word.capitalize() for word in f"{label_of(need)}{suffix}".split("_"))
    given = "".join(f"\n    {name}={_indented(_value(value))}," for name, value in properties.items())
    return f'{construct}(\n    self,\n    "{identity}{construct.rsplit("Cfn", 1)[-1]}",{given}\n)'
