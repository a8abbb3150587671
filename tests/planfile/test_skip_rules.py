"""A plan says which steps people may do without, and cannot say it of what the rest stands on."""

from __future__ import annotations

import pytest

from pilotlight.steps import kind
from planfile.reading import InstalledKinds
from tests.planfile.builders import KINDS, PEOPLE, changed, faults_of, points_at, the_fault_of
from tests.private_fileflow import FILEFLOW

CHECK = "- step: check\n        kind: check"
SCALE = "- step: scale\n        kind: scale"
PROMOTE = "- {step: promote, kind: promote,"
ASKING = {**KINDS, "ask_a_person": kind("ask_a_person")}


def test_a_step_that_nothing_needs_may_be_skipped() -> None:
    assert faults_of(changed((CHECK, CHECK.replace("kind", "skippable: true\n        kind")))) == ()


def test_a_step_whose_output_others_use_may_not() -> None:
    text = changed((PROMOTE, "- {step: promote, kind: promote, skippable: true,"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "true")
    assert fault.sentence == ("'promote' cannot be skipped, because 'scale' uses what it gives; take skippable out.")


def test_a_question_to_a_person_may_not() -> None:
    asked = "- {step: agree, kind: ask_a_person, skippable: true, params: {about: that it is right}}\n      "
    text = changed((SCALE, asked + SCALE), ("application: shop", f"application: shop\n{PEOPLE}"))

    fault = the_fault_of(text, ASKING)

    assert "skipping it would be one" in fault.sentence


@pytest.mark.parametrize(
    ("step", "because"),
    [
        ("close-traffic", "a writer moves only once the old one is closed"),
        ("promote", "uses what it gives"),
        ("latch-traffic", "without it nobody reaches the standby"),
        ("convert-to-multi-az", "a step that fails in stage after stops nothing"),
    ],
)
def test_what_a_real_plan_stands_on_may_not(step: str, because: str) -> None:
    text = FILEFLOW.read_text().replace(f"- step: {step}\n", f"- step: {step}\n        skippable: true\n")

    assert because in the_fault_of(text, InstalledKinds()).sentence
