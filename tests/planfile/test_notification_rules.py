"""How people are reminded: not too often, rung after rung, and only where somebody sees to it."""

from __future__ import annotations

import pytest

from tests.planfile.builders import changed, faults_of, points_at, the_fault_of
from tests.planfile.test_runbook_rules import SOUND as RUNBOOK
from tests.planfile.test_runbook_rules import the_fault_of as fault_of_runbook

TOP = "application: shop"


def with_notifications(value: str) -> str:
    return changed((TOP, f"{TOP}\nnotifications: {value}"))


def rungs(*spans: str) -> str:
    return ", ".join(f"{{level: L{n}, who: somebody, after: {span}}}" for n, span in enumerate(spans, start=1))


def test_a_ladder_that_goes_up_is_fine() -> None:
    assert faults_of(with_notifications(f"{{updates: 30 min, escalation: [{rungs('0 s', '15 min', '1 h')}]}}")) == ()


def test_updates_that_come_too_often_are_refused() -> None:
    text = with_notifications("{updates: 1 min}")

    fault = the_fault_of(text)

    assert points_at(fault, text, "1 min")
    assert fault.sentence.startswith("People would hear every 1 min how an incident stands; give them 5 min at least")


def test_a_rung_comes_later_than_the_one_before() -> None:
    text = with_notifications(f"{{escalation: [{rungs('15 min', '5 min')}]}}")

    fault = the_fault_of(text)

    assert points_at(fault, text, "5 min}]")
    assert fault.sentence == (
        "'L2' would be called after 5 min, which is not later than 'L1' before it; put the rungs in order."
    )


def test_each_rung_has_a_name_of_its_own() -> None:
    text = with_notifications(f"{{escalation: [{rungs('5 min', '15 min')}]}}").replace("level: L2", "level: L1")

    assert the_fault_of(text).sentence == "Two rungs of the ladder are named 'L1'; give each a name of its own."


def test_a_ladder_has_eight_rungs_at_most() -> None:
    text = with_notifications(f"{{escalation: [{rungs(*(f'{minutes} min' for minutes in range(1, 10)))}]}}")

    assert the_fault_of(text).sentence == "The ladder has 9 rungs, and 8 are the most; leave some out."


@pytest.mark.parametrize(("field", "value"), [("updates", "30 min"), ("escalation", f"[{rungs('5 min')}]")])
def test_a_run_book_reminds_nobody(field: str, value: str) -> None:
    fault = fault_of_runbook(f"{RUNBOOK}notifications: {{{field}: {value}}}\n")

    assert fault.sentence == (
        f"A run-book has no detector that would see to '{field}'; leave it out, whoever starts it watches."
    )
