"""Statements of one role written as few: an IAM role has room for 10,240 characters of inline policies."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace

from pilotlight.domain.canonical import canonical
from pilotlight.domain.step import Statement


def as_few(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The same permissions, no more and no fewer, in the order in which they first come.

    Statements that differ in their actions alone are joined, then those that differ in their resources alone.
    """
    on_the_same = _joined(
        statements, lambda s: s.resources, lambda one, other: replace(one, actions=_both(one.actions, other.actions))
    )
    return _joined(
        on_the_same,
        lambda s: frozenset(s.actions),
        lambda one, other: replace(one, resources=_both(one.resources, other.resources)),
    )


def _joined(
    statements: Iterable[Statement],
    alike: Callable[[Statement], Hashable],
    join: Callable[[Statement, Statement], Statement],
) -> tuple[Statement, ...]:
    found: dict[Hashable, Statement] = {}
    for statement in statements:
        key = (statement.access, canonical(dict(statement.conditions)), alike(statement))
        found[key] = join(found[key], statement) if key in found else statement
    return tuple(found.values())


def _both(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
