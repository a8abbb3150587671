"""A plan's stages while they are being written: entries by stage and lane, what steps give, and what stays open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from discovery.looking import Found
from discovery.noted import Noted
from discovery.pairing import without_marks
from discovery.resource import Resource

STAGES = ("prepare", "fence", "move", "serve", "after")
LONGEST_NAME = 32
"""The names of a plan: pilotlight.domain.part."""
NO_SECURITY_GROUP = "sg-00000000000000000"
"""Of the right form, and no group of anybody: AWS refuses it wherever it is used."""


@dataclass
class Drafting:
    """The stages so far. `open` are questions that no field of the plan has a place for."""

    found: Found
    stages: dict[str, dict[str, list[Any]]] = field(default_factory=lambda: {stage: {} for stage in STAGES})
    objectives: list[Any] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    gives: dict[str, str] = field(default_factory=dict)
    """What gives an endpoint, a database or a cache, with the step that does."""
    taken: set[str] = field(default_factory=set)
    takes_tables: bool = False
    databases: list[str] = field(default_factory=list)
    """The standby's instances that become writers."""
    clusters: dict[str, str] = field(default_factory=dict)
    """The standby's clusters of Aurora that become writers, by their global databases."""

    def put(self, stage: str, lane: str, entry: Mapping[str, Any] | Noted) -> None:
        """Add an entry at the end of a lane."""
        self.stages[stage].setdefault(lane, []).append(entry)

    def step(self, name: str, kind: str, params: Mapping[str, Any], begins: str = "step") -> dict[str, Any]:
        """A step of the plan; `begins` is `start` for one that is awaited elsewhere."""
        return {begins: name, "kind": kind, "params": params}

    def named(self, base: str, resource: Resource, among: int) -> str:
        """The name of a step: short where it is the only one, with its resource's where there are several."""
        if among == 1:
            return base
        own = without_marks(resource.name).replace(without_marks(self.found.application), "")
        return named_once(f"{base}-{own or resource.name}", self.taken)

    def objective(self, resource: str, rto: str, step: str, rpo: str = "") -> None:
        """Promise how soon a resource is back: a guess, which the section says of itself."""
        loss = {"rpo": rpo} if rpo else {}
        self.objectives.append({"resource": resource, "rto": rto, **loss, "since": "decided", "step": step})


def named_once(text: str, taken: set[str]) -> str:
    """A name of a plan made of a text, that nothing else bears; it is taken from now on."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:LONGEST_NAME].rstrip("-")
    number = 2
    while name in taken:
        name = f"{name[: LONGEST_NAME - 3].rstrip('-')}-{number}"
        number += 1
    taken.add(name)
    return name
