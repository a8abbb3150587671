"""The definitions under test: what the assembler makes of each plan and of a run-book, and samples of neither.

Every check and every foreign engine sees each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from planfile.reading import load_any
from stepfunctions.assemble import Functions, assemble
from tests.builders import a_whole_runbook
from tests.definitions.machines import SAMPLES, Sample

PLANS = Path(__file__).parents[2] / "plans"


def of_the_plans() -> Iterator[Sample]:
    for plan in (*(load_any(path) for path in sorted(PLANS.glob("*.yaml"))), a_whole_runbook()):
        steps = {kind: function(f"step-{kind}") for kind in {step.kind for step in plan.steps().values()}}
        definition_text = assemble(plan, Functions(function("open"), function("close"), steps))
        yield Sample(plan.machine, definition_text, {"confirm": plan.name})


def function(name: str) -> str:
    return f"arn:aws:lambda:ap-northeast-1:123456789012:function:{name}:live"


ASSEMBLED_MACHINES = {sample.name: sample for sample in of_the_plans()} | SAMPLES


@pytest.fixture(params=ASSEMBLED_MACHINES.values(), ids=list(ASSEMBLED_MACHINES))
def assembled_machine(request: pytest.FixtureRequest) -> Sample:
    sample: Sample = request.param
    return sample
