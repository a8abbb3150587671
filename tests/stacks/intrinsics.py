"""The little of CloudFormation's language that the templates use: Ref, Fn::GetAtt, Fn::Join, and their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any


class UnknownIntrinsic(Exception):
    """A template uses something that is not resolved here."""


@dataclass
class Values:
    """What the resources that exist already answer to Ref and Fn::GetAtt."""

    references: dict[str, str] = field(default_factory=dict)
    attributes: dict[tuple[str, str], str] = field(default_factory=dict)

    def resolve(self, value: Any) -> Any:
        """A property with the values of other resources put in."""
        match value:
            case {"Ref": name}:
                return self.references[name]
            case {"Fn::GetAtt": [name, attribute]}:
                return self.attributes[(name, attribute)]
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self.resolve(part) for part in parts)
            case dict():
                if unknown := [key for key in value if key.startswith("Fn::")]:
                    raise UnknownIntrinsic(f"{unknown[0]} is not resolved by this loader: {value}")
                return {key: self.resolve(item) for key, item in value.items()}
            case list():
                return [self.resolve(item) for item in value]
            case _:
                return value


def in_order(resources: Mapping[str, Any]) -> Iterator[str]:
    """Logical ids, each after those it points at."""
    graph = {logical: set(_pointed_at(resource)) & set(resources) for logical, resource in resources.items()}
    yield from TopologicalSorter(graph).static_order()


def _pointed_at(value: Any) -> Iterator[str]:
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), _]}:
            yield name
        case dict():
            depends = value.get("DependsOn", [])
            yield from [depends] if isinstance(depends, str) else depends
            for key, item in value.items():
                if key != "DependsOn":
                    yield from _pointed_at(item)
        case list():
            for item in value:
                yield from _pointed_at(item)
