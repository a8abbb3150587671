"""No plan may have a step write what steers the controller: its role would hold the switch, or a guard's mode."""

from __future__ import annotations

import pytest

from pilotlight.steps import kind
from planfile.draft import Kinds
from tests.planfile.builders import KINDS, SOUND, faults_of, points_at, the_fault_of

SWAPPING: Kinds = {**KINDS, "swap_configuration": kind("swap_configuration")}
CHECK = "      - step: check\n"


def writing(parameter: str) -> str:
    """The sound plan with a step that writes a parameter."""
    params = f"params: {{parameters: {{{parameter}: value}}}}"
    swap = f"      - step: swap\n        kind: swap_configuration\n        {params}\n"
    return SOUND.replace(CHECK, swap + CHECK)


@pytest.mark.parametrize(
    "parameter", ["/pilotlight/automatic-failovers", "/pilotlight/shop/guard", "/pilotlight/other/tombstones"]
)
def test_a_step_may_not_write_a_parameter_of_the_controller(parameter: str) -> None:
    text = writing(parameter)

    fault = the_fault_of(text, SWAPPING)

    assert points_at(fault, text, f"{{parameters: {{{parameter}")
    assert fault.sentence == (
        f"'swap' would write {parameter}, and what stands under /pilotlight/ steers this controller; "
        "give the application's own value another name."
    )


def test_a_step_may_write_a_parameter_of_the_application() -> None:
    assert faults_of(writing("/shop/pilotlight/endpoint"), SWAPPING) == ()
