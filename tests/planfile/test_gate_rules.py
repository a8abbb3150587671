"""Between the gate's last look and the move of the writer nothing slow is waited for."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight.domain.place import Place, Writer
from pilotlight.domain.step import Harm
from planfile.draft import Kinds
from tests.planfile.builders import KINDS, FakeKind, a_kind, changed, described, faults_of, points_at, the_fault_of


class MovesAWriter(FakeKind):
    """A kind that moves a writer."""

    def writers(self, params: Any, place: Place) -> tuple[Writer, ...]:
        return (Writer("the-old", "the-new"),)


MOVING: Kinds = {
    **KINDS,
    "promote": described(MovesAWriter, "promote", harm=Harm.IRREVERSIBLE, outputs=("address", "endpoint")),
    "shut": a_kind("shut", fences=True, minutes=(1, 3, 5)),
    "quick": a_kind("quick", minutes=(0, 1, 2)),
}
IN_MOVE = "    cache:\n      - await: create-cache\n"
BEFORE_MOVE = "  move:\n    database:\n"
AWAIT = "      - await: create-cache\n"
FENCE = "  fence:\n    primary:\n"
SHUT = "      - {step: shut, kind: shut, params: {resource: door}}\n"
QUICK = "      - {step: quick, kind: quick, params: {resource: key}}\n"


@pytest.mark.parametrize(
    "stages",
    [BEFORE_MOVE + AWAIT, FENCE + AWAIT + SHUT + BEFORE_MOVE],
    ids=["above the writer", "above the fence"],
)
def test_what_the_writer_waits_for_is_done_before_the_gate_looks(stages: str) -> None:
    text = changed((IN_MOVE, ""), (BEFORE_MOVE, stages))

    fault = the_fault_of(text, MOVING)

    assert points_at(fault, text, "create-cache\n      - {step: ")
    assert fault.sentence == (
        "'promote' waits for 'create-cache', which takes minutes after the gate has looked at the primary; have it "
        "done in stage prepare."
    )


@pytest.mark.parametrize(
    "stages",
    [
        ((BEFORE_MOVE, FENCE + SHUT + BEFORE_MOVE),),
        ((BEFORE_MOVE, BEFORE_MOVE + QUICK),),
        (
            (IN_MOVE, ""),
            (
                "{start: create-cache, kind: create, params: {resource: cache}}",
                "{step: create-cache, kind: create, params: {resource: cache}}",
            ),
        ),
    ],
    ids=["beside the writer", "quick", "in prepare"],
)
def test_what_holds_up_no_writer_may_take_its_time(stages: tuple[tuple[str, str], ...]) -> None:
    assert faults_of(changed(*stages), MOVING) == ()
