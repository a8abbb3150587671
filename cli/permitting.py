"""What stands behind `./pilotlight permissions`: what each role may do at each arming level, for a security review.

Exit codes: 0, or 2 if the plan is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

from cli.exit_codes import MISCONFIGURED, OK
from cli.planning import load_or_report
from cli.printing import print_json, print_lines
from deployment.permissions import Level, Role, changes_something, levels
from pilotlight.domain.plan import AnyPlan
from pilotlight.domain.step import Statement
from planfile.drawing import Line, Piece, Tone

WIDTH = 96
INDENT = " " * 13

BESIDES = (
    "Besides, at every level alike: a function writes its own log and traces, and puts what it loses into its queue; "
    "one that a stream feeds reads that stream; a machine delivers its log. docs/security.md says how."
)


def permissions(path: Path, *, as_json: bool) -> int:
    """Show what each role may do, level by level."""
    plan = load_or_report(path)
    if plan is None:
        return MISCONFIGURED
    found = levels(plan)
    if as_json:
        print_json(json_of(plan, found))
    else:
        print_lines(lines_of(plan, found), sys.stdout)
    return OK


def json_of(plan: AnyPlan, found: Iterable[Level]) -> dict[str, Any]:
    """The levels as JSON values: all of each, and what it adds to the one before and takes from it."""
    shown = [
        {
            "arming": level.arming.value,
            "adds": [_json_of_role(role) for role in level.adds],
            "takes": [_json_of_role(role) for role in level.takes],
            "roles": [_json_of_role(role) for role in level.roles],
        }
        for level in found
    ]
    return {"application": plan.name, "armed": plan.arming.value, "levels": shown, "besides": BESIDES}


def _json_of_role(role: Role) -> dict[str, Any]:
    return {
        "role": role.name,
        "of": role.of,
        "region": role.region,
        "stack": role.stack,
        "statements": [
            {
                "access": s.access.value,
                "actions": list(s.actions),
                "resources": list(s.resources),
                "conditions": {operator: dict(keys) for operator, keys in s.conditions.items()},
            }
            for s in role.statements
        ],
    }


def lines_of(plan: AnyPlan, found: Iterable[Level]) -> Iterator[Line]:
    """The levels to be read on a terminal or in a pipe; a line is longer than 96 columns only where an ARN is."""
    yield (
        Piece(plan.name, Tone.HEADING),
        Piece(f": what each role may do, by arming level; it is armed '{plan.arming.value}'"),
    )
    before = ""
    for level in found:
        yield ()
        yield from _level(level, before)
        before = level.arming.value
    yield ()
    yield from ((Piece(line, Tone.FAINT),) for line in wrap(BESIDES, WIDTH))


def _level(level: Level, before: str) -> Iterator[Line]:
    arming = level.arming.value
    if before and not level.adds:
        yield (Piece(arming, Tone.HEADING), Piece(f" adds nothing to {before}"))
    else:
        yield (Piece(arming, Tone.HEADING), Piece(f" adds to {before}" if before else " may"))
    for role in level.adds:
        yield from _role(role)
    if level.takes:
        yield (Piece(arming, Tone.HEADING), Piece(f" no longer has of {before}"))
    for role in level.takes:
        yield from _role(role)


def _role(role: Role) -> Iterator[Line]:
    yield (Piece(f"  {role.name}", Tone.CRITICAL), Piece(f"  {role.of} in {role.region}", Tone.FAINT))
    for statement in role.statements:
        yield from _statement(statement)


def _statement(statement: Statement) -> Iterator[Line]:
    tone = Tone.DISRUPTIVE if changes_something(statement) else Tone.PLAIN
    first, *others = wrap(
        ", ".join(statement.actions), WIDTH - len(INDENT), break_long_words=False, break_on_hyphens=False
    )
    yield (Piece(f"    {statement.access.value:<9}", tone), Piece(first, tone))
    yield from ((Piece(INDENT + line, tone),) for line in others)
    yield from ((Piece(f"{INDENT}  {resource}", Tone.FAINT),) for resource in statement.resources)
    for said in _conditions(statement.conditions):
        lines = wrap(said, WIDTH - len(INDENT) - 2, break_long_words=False, break_on_hyphens=False)
        yield from ((Piece(f"{INDENT}  {line}", Tone.FAINT),) for line in lines)


def _conditions(conditions: Mapping[str, Mapping[str, str | list[str]]]) -> Iterator[str]:
    for operator, keys in conditions.items():
        for key, wanted in keys.items():
            values = wanted if isinstance(wanted, str) else " or ".join(wanted)
            yield f"only if {key} {operator} {values}"
