"""The properties of one resource, each of which has to be taken by whoever creates it, and where it is created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3


class Region:
    """One region of the account, with each client made once: a client reads its whole service model."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._session = boto3.session.Session(region_name=name)
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The client of a service in this region."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]


class PropertyLeftOver(Exception):
    """A template says something of a resource that its creator did not pass on."""


class Properties:
    """Properties that are taken one by one, under their own names or those of the API."""

    def __init__(self, logical: str, properties: Mapping[str, Any]) -> None:
        self._logical = logical
        self._left = dict(properties)

    def take(self, name: str) -> Any:
        """A property that has to be there."""
        return self._left.pop(name)

    def take_if_there(self, *names: str) -> dict[str, Any]:
        """Those of some properties that are there, under their own names: the API calls them the same."""
        return {name: self._left.pop(name) for name in names if name in self._left}

    def must_be_used_up(self) -> None:
        """Refuse what nobody took."""
        if self._left:
            raise PropertyLeftOver(
                f"{self._logical} has {', '.join(sorted(self._left))}, which its creator does not pass on."
            )


@dataclass(frozen=True)
class Created:
    """What a resource answers to Ref and to Fn::GetAtt."""

    reference: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def with_small_initials(value: Any) -> Any:
    """The same structure with keys as the APIs of Step Functions and CloudWatch Logs write them: `logGroupArn`."""
    match value:
        case dict():
            return {key[0].lower() + key[1:]: with_small_initials(item) for key, item in value.items()}
        case list():
            return [with_small_initials(item) for item in value]
        case _:
            return value
