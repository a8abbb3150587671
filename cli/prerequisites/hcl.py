"""The language of Terraform, as far as prerequisites are written in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from cli.prerequisites.needs import label_of
from pilotlight.domain.step import Standing

Pairs = Iterable[tuple[str, Any]]
OF_PRIMARY = "aws.primary"
"""The provider of what can only be made in the primary region."""


def block(head: str, pairs: Pairs, *nested: str) -> str:
    """A block: its arguments, their signs in one column as `terraform fmt` puts them, then the blocks in it."""
    pairs = list(pairs)
    width = max((len(name) for name, _ in pairs), default=0)
    lines = [f"  {name:<{width}} = {value_of(value)}" for name, value in pairs]
    for inner in nested:
        lines += ([""] if lines else []) + [f"  {line}" if line else "" for line in inner.splitlines()]
    return "\n".join([f"{head} {{", *lines, "}"])


def value_of(value: Any) -> str:
    """A value as it is written."""
    match value:
        case Raw():
            return value
        case dict():
            return "{ " + ", ".join(f"{name} = {value_of(inner)}" for name, inner in value.items()) + " }"
        case list():
            return "[" + ", ".join(value_of(inner) for inner in value) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


class Raw(str):
    """An expression that is no text: a reference."""

    __slots__ = ()


def resource(
    kind: str, need: Standing, pairs: Pairs, *nested: str, suffix: str = "", provider: str = "aws.standby"
) -> str:
    """A resource of the need's name, in the standby unless another provider is named."""
    return block(f'resource "{kind}" "{label_of(need)}{suffix}"', [("provider", Raw(provider)), *pairs], *nested)


def ignoring(*names: str) -> str:
    """What a run changes must not be changed back by the next apply."""
    return block("lifecycle", [("ignore_changes", [Raw(name) for name in names])])
