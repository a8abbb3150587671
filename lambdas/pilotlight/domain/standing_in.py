"""What a drill does in place of a step, and what of that still stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from pilotlight.domain.kind import Params


@dataclass(frozen=True)
class Isolation:
    """What keeps a drill of an application apart from production: security groups that let nothing out to it."""

    application: str
    security_groups: tuple[str, ...]
    task_role: str

    def another_role(self, role: str | None) -> str:
        """Why a task under this role is not apart from production; empty where it is."""
        if role == self.task_role:
            return ""
        named = f"and not under {role}" if role else "and not under the application's own"
        return f"In a drill a task runs under {self.task_role}, {named}; name it as params.task_role."


def drilled(name: str) -> str:
    """The name of a stand-in: in front, because names of what belongs to a resource often begin with its own."""
    return f"drill-{name}"


@dataclass(frozen=True)
class StandIn:
    """What a drill does in place of a step: the same or another kind, on resources that are the drill's own."""

    kind: str
    params: Params


@dataclass(frozen=True)
class LeftOut:
    """Why a drill goes without a step, and still shows what it is for."""

    sentence: str


@dataclass(frozen=True)
class Refusal:
    """Why a step has no stand-in of its own, so that the plan has to declare one."""

    sentence: str


@dataclass(frozen=True)
class Remains:
    """What stands in AWS under the name of a step's stand-in.

    `run_id` is the drill whose mark it bears; empty where it bears none, so that nobody deletes it but a person.
    """

    run_id: str
    sentence: str

    @classmethod
    def of(cls, what: str, state: str, made_by: str) -> Self:
        """What of that state stands there, and by which drill's mark."""
        return cls(made_by, f"{what} is {state}{'' if made_by else ', and no drill made it'}.")
