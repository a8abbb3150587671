"""The requirement kinds. Each module here describes one kind whole, and holds its one instance as `KIND`."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import Any

from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.plan import Requirement
from pilotlight.domain.requirement import Params, RequirementKind


@cache
def kind_names() -> tuple[str, ...]:
    """The names of all kinds: the module names of this package, in order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def kind(name: str) -> RequirementKind[Any]:
    """The kind of that name; raises `PlanRefused` naming the ones that exist."""
    if name not in kind_names():
        raise PlanRefused(f"There is no requirement kind '{name}'; there are {', '.join(kind_names())}.")
    found: RequirementKind[Any] = import_module(f"{__name__}.{name}").KIND
    return found


def kind_and_params(requirement: Requirement) -> tuple[RequirementKind[Any], Params]:
    """A requirement's kind, and its parameters as that kind's model reads them."""
    its_kind = kind(requirement.kind)
    return its_kind, its_kind.params.model_validate(requirement.params)
