"""What is inside the databases of the embedded RDS, as far as a step looks: logins, who is let in, answers, rows.

It is what the scene says of an instance by its name, whether the instance is there yet or not: what a replica or a
restored copy brings with it is not modelled, and neither is data. `rehearsal.databases` is the way in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pilotlight.domain.databases import Engine
from pilotlight.domain.step import Standing
from pilotlight.estate.secrets import FURNISHED
from rehearsal.services.rds_instance import Instance
from rehearsal.world import World

_EXTENSION = re.compile(r"\bfrom\s+pg_extension\s+where\s+extname\s*=\s*'(\w+)'\s*$", re.IGNORECASE)
SOME_VERSION = "0.8.0"


@dataclass(eq=False)
class Contents:
    """One database: `logins` are passwords by user, `lets_in` the security groups of those who reach it, `answers` what
    it says to a question, `tables` the rows of runs by their ids, `trusted` whether an authority vouches for it."""

    engine: Engine
    database: str
    logins: dict[str, str] = field(default_factory=dict)
    lets_in: set[str] = field(default_factory=set)
    extensions: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    tables: dict[str, dict[str, str]] = field(default_factory=dict)
    trusted: bool = True

    def answer(self, question: str) -> str | None:
        """What it says to a question of the plan; None for no row."""
        extension = _EXTENSION.search(question)
        return self.extensions.get(extension.group(1)) if extension else self.answers.get(question)


class DatabaseContents:
    """The contents of all databases, by region and instance."""

    _instances: dict[tuple[str, str], Instance]

    def __init__(self, world: World) -> None:
        super().__init__(world)  # type: ignore[call-arg]
        self.contents: dict[tuple[str, str], Contents] = {}

    def furnish_contents(self, standing: Standing) -> bool:
        """A database as a step finds it on a good day; False for anything else."""
        if standing.what != "database":
            return False
        facts = standing.facts
        here = standing.region, str(facts["identifier"])
        made = self.contents.setdefault(here, Contents(Engine(facts["engine"]), str(facts["database"])))
        made.logins[FURNISHED] = FURNISHED
        made.lets_in |= set(facts["groups"])
        if facts["table"]:
            made.tables.setdefault(str(facts["table"]), {})
        if facts["query"]:
            self._let_answer(made, facts)
        return True

    def _let_answer(self, made: Contents, facts: Mapping[str, Any]) -> None:
        question, expected = str(facts["query"]), str(facts["expect"] or SOME_VERSION)
        extension = _EXTENSION.search(question)
        if extension:
            made.extensions[extension.group(1)] = expected
        else:
            made.answers[question] = expected

    def lose_rows(self, region: str, identifier: str) -> None:
        """Rows go with their instance; what stands here by its name is what the next one of that name holds."""
        contents = self.contents.get((region, identifier))
        for rows in contents.tables.values() if contents else ():
            rows.clear()

    def found_at(self, address: str) -> Instance | None:
        """The instance that answers at an address."""
        return next((each for each in self._instances.values() if each.address == address), None)
