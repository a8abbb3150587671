"""The commands about plans: `validate`, `show` and `schema`.

What was asked for goes to stdout, what is wrong with a plan to stderr. Exit codes: 0 as expected; 1 if
`schema --check` finds a stale file; 2 if a plan is wrong or cannot be read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from cli.exit_codes import MISCONFIGURED, NOT_AS_EXPECTED, OK
from cli.options import PlanForm
from cli.printing import print_json, print_lines
from pilotlight.domain.drill import Drill
from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.plan import AnyPlan, Plan
from pilotlight.domain.runbook import Runbook
from pilotlight.domain.stages import StageName
from planfile import PlanFileRefused, load, load_any
from planfile.draft import Kinds
from planfile.drawing import json_of, lines_of, mermaid_of
from planfile.drill import drill_of
from planfile.drill_drawing import drill_json, drill_lines
from planfile.drill_overview import drill_overview
from planfile.generated import ROOT, regenerate, stale
from planfile.overview import overview
from planfile.reading import InstalledKinds

P = TypeVar("P", Plan, Plan | Runbook)


def validate(paths: Sequence[Path], kinds: Kinds | None = None) -> int:
    """Check plans, and report every fault of each of them."""
    known = InstalledKinds() if kinds is None else kinds
    sound = True
    for path in paths:
        plan = load_or_report(path, known)
        if plan is None:
            sound = False
            continue
        stages = sum(1 for stage in StageName if plan.stages.of(stage))
        print(f"{path}: {plan.name} is sound: {len(plan.steps())} steps in {stages} stages.")
    return OK if sound else MISCONFIGURED


def show(path: Path, output: PlanForm = PlanForm.TEXT, kinds: Kinds | None = None, now: datetime | None = None) -> int:
    """Show what a plan does, how long it will take, and how it is drilled; `now` is the moment after which the next
    drill is looked for."""
    known = InstalledKinds() if kinds is None else kinds
    plan = load_or_report(path, known)
    if plan is None:
        return MISCONFIGURED
    seen = overview(plan, known)
    # A run-book is not drilled: it is tried in staging, under a plan of its own.
    drilled = drill_overview(plan, known, now or datetime.now(UTC)) if isinstance(plan, Plan) else None
    match output:
        case PlanForm.TEXT:
            print_lines([*lines_of(seen), *(drill_lines(drilled) if isinstance(plan, Plan) else ())], sys.stdout)
        case PlanForm.MERMAID:
            sys.stdout.write(mermaid_of(seen))
        case PlanForm.JSON:
            told = json_of(seen) | {"drill": drill_json(drilled)}
            print_json(told)
    return OK


def schema(*, check: bool = False, root: Path = ROOT, kinds: Kinds | None = None) -> int:
    """Write the plan schema and the pages of kinds anew; with `check` only say whether they are stale."""
    known = InstalledKinds() if kinds is None else kinds
    if check:
        old = stale(known, root)
        for path in old:
            print(f"{path} is stale; run `./pilotlight schema` to write it anew.", file=sys.stderr)
        return NOT_AS_EXPECTED if old else OK
    written = regenerate(known, root)
    for path in written:
        print(f"{path} is written anew.")
    if not written:
        print("Nothing to do: the generated files are up to date.")
    return OK


def load_or_report(path: Path, kinds: Kinds | None = None) -> Plan | Runbook | None:
    """The plan in a file; None once its faults are reported."""
    return _reported(path, lambda: load_any(path, kinds))


def load_failover_or_report(path: Path) -> Plan | None:
    """The failover plan in a file; None once its faults, or that it is a run-book, are reported."""
    return _reported(path, lambda: load(path))


def drill_or_report(plan: AnyPlan) -> Drill | None:
    """The drill of a plan; None once it is reported that there is none."""
    try:
        if isinstance(plan, Plan):
            return drill_of(plan, InstalledKinds())
        print(f"pilotlight: {plan.name} is a run-book; a drill is of a failover plan.", file=sys.stderr)
    except PlanRefused as refused:
        print(f"pilotlight: {refused}", file=sys.stderr)
    return None


def load_meant_or_report(path: Path, *, drill: bool) -> AnyPlan | None:
    """The plan in a file, or the drill of it where that is meant; None once it is reported why there is none."""
    plan = load_or_report(path, InstalledKinds())
    return drill_or_report(plan) if plan and drill else plan


def _reported(path: Path, read: Callable[[], P]) -> P | None:
    try:
        return read()
    except PlanFileRefused as refusal:
        print(refusal.rendered, end="\n\n", file=sys.stderr)
        count = len(refusal.faults)
        print(f"{path}: {count} {'fault' if count == 1 else 'faults'}; nothing was done.", file=sys.stderr)
        return None
