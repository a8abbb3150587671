"""How a test lets a requirement look: in the world as its own standing describes it, changed where the test says so."""

from __future__ import annotations

from functools import partial
from typing import Any

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.ports import Aws
from pilotlight.domain.read_only import ReadOnlyAws
from pilotlight.domain.requirement import Finding, Params, RequirementKind, Severity, StepContext
from tests.steps.conftest import PLACE, Bench


def furnish(bench: Bench, kind: RequirementKind[Any], params: Params) -> None:
    """Put into the world what the requirement takes to stand there, as far as a model of a service knows it."""
    for standing in kind.standing(params, PLACE):
        bench.inside(partial(bench.world.models[standing.service].furnish, standing))


def look(bench: Bench, kind: RequirementKind[Any], params: Params, aws: Aws | None = None) -> tuple[Finding, ...]:
    """What the requirement finds; every call of it is a read."""
    only = ReadOnlyAws(aws or Sdk(bench.aws.clients, PLACE.standby))

    def looked() -> tuple[Finding, ...]:
        context = StepContext.of_no_run(PLACE, "it", bench.world.time.now(), only, bench.web)
        return kind.readiness(params, context)

    return bench.inside(looked)


def worst(findings: tuple[Finding, ...]) -> Finding:
    """The finding that counts."""
    return max(findings, key=lambda finding: list(Severity).index(finding.severity))
