"""Wakes functions ahead of their work, so that none of them starts cold on the critical path.

A function that is asked to be warm only starts, and does nothing. Failing to wake one is only slower.
"""

from __future__ import annotations

from collections.abc import Iterable

from pilotlight.aws.functions import step_function, tell
from pilotlight.domain.errors import AwsError
from pilotlight.domain.plan import AnyPlan
from pilotlight.handlers.runtime import Runtime

WARM = "warm"


def warm_steps(runtime: Runtime, plan: AnyPlan, prefix: str) -> None:
    """Wake the step functions of a plan."""
    kinds = dict.fromkeys(step.kind for step in plan.steps().values())
    warm(runtime, (step_function(prefix, kind_name) for kind_name in kinds))


def warm(runtime: Runtime, functions: Iterable[str]) -> None:
    """Wake functions by name."""
    for name in functions:
        try:
            tell(runtime.aws, runtime.region, name, {"do": WARM})
        except AwsError as error:
            runtime.logger.warning(f"{name} could not be woken ahead of its work: {error.sentence}")
