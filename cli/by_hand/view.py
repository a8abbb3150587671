"""What stands on the page of a plan, as data: parts in the order in which they are done, tasks in parts, commands.

Nothing here knows HTML, and nothing knows AWS: the commands come from the step kinds and from `cli.by_hand.gates`.
"""

from __future__ import annotations

from dataclasses import dataclass

from pilotlight.domain.handwork import Command


@dataclass(frozen=True)
class Block:
    """Commands under one heading, in order; `blanks` are lines that people fill in.

    `aside` says that they are not of the way forward: they take something back.
    """

    heading: str
    commands: tuple[Command, ...] = ()
    blanks: tuple[str, ...] = ()
    aside: bool = False


@dataclass(frozen=True)
class Task:
    """One thing to do, which is ticked off: a step of the plan, or a gate. `tags` are said beside its title."""

    name: str
    title: str
    blocks: tuple[Block, ...]
    stop_if: str = ""
    says: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A stage, or a gate: what it is for, when not to go on, and its tasks."""

    name: str
    title: str
    says: tuple[str, ...]
    tasks: tuple[Task, ...]
    stop_if: str = ""


@dataclass(frozen=True)
class Page:
    """The whole: which plan, by its digest, and its sections in order."""

    title: str
    lead: str
    facts: tuple[str, ...]
    digest: str
    sections: tuple[Section, ...]
