"""The step kinds. Each module here describes one kind whole, and holds its one instance as `KIND`."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import Any

from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.place import Writer
from pilotlight.domain.plan import AnyPlan, Plan
from pilotlight.domain.stages import PlannedStep
from pilotlight.domain.step import Params, StepKind


@cache
def kind_names() -> tuple[str, ...]:
    """The names of all kinds: the module names of this package, in order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def kind(name: str) -> StepKind[Any]:
    """The kind of that name; raises `PlanRefused` naming the ones that exist."""
    if name not in kind_names():
        raise PlanRefused(f"There is no step kind '{name}'; there are {', '.join(kind_names())}.")
    found: StepKind[Any] = import_module(f"{__name__}.{name}").KIND
    return found


def writers_of(plan: AnyPlan, kind_name: str | None = None) -> tuple[Writer, ...]:
    """The writers that a plan moves, each once, in the order of its steps.

    Parameters: `kind_name` asks for those alone that steps of this kind move.
    """
    found = dict[str, Writer]()
    for step in plan.steps().values():
        if kind_name not in (None, step.kind):
            continue
        its_kind, params = kind_and_params(step)
        for writer in its_kind.writers(params, plan.place):
            found.setdefault(writer.old, writer)
    return tuple(found.values())


def unclosed_writers(plan: Plan) -> tuple[Writer, ...]:
    """The writers that a plan moves, shares with others, and does not close for all who write to them.

    Whoever shares a writer is moved with it; what closes this application alone leaves the others writing.
    """
    if plan.shared_group is None and not plan.other_writers:
        return ()
    closed: set[str] = set()
    for step in plan.steps().values():
        its_kind, params = kind_and_params(step)
        closed.update(its_kind.closes(params, plan.place))
    return tuple(writer for writer in writers_of(plan) if writer.old not in closed)


def kind_and_params(step: PlannedStep) -> tuple[StepKind[Any], Params]:
    """A planned step's kind, and its parameters as that kind's model reads them."""
    its_kind = kind(step.kind)
    return its_kind, its_kind.params.model_validate(step.params)
