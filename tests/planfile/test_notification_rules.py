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


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("updates", "30 min"),
        ("escalation", f"[{rungs('5 min')}]"),
        ("pager", "{service: pagerduty, secret: pilotlight/pagerduty}"),
    ],
)
def test_a_run_book_reminds_nobody(field: str, value: str) -> None:
    fault = fault_of_runbook(f"{RUNBOOK}notifications: {{{field}: {value}}}\n")

    assert fault.sentence == (
        f"A run-book has no detector that would see to '{field}'; leave it out, whoever starts it watches."
    )


def test_a_rung_may_hurry_for_what_is_worse_and_leave_out_what_is_slight() -> None:
    rung = "{level: L1, who: somebody, after: 30 min, sooner: {P1: 1 min}, only: [P1, P2]}"

    assert faults_of(with_notifications(f"{{escalation: [{rung}]}}")) == ()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            "sooner: {P1: 1 h}",
            "'L1' would be called for P1 after 1 h, which is later than its 'after'; 'sooner' can only hurry.",
        ),
        (
            "sooner: {P3: 1 min}, only: [P1]",
            "P3 never comes to 'L1', because 'only' does not name it; drop one.",
        ),
    ],
)
def test_what_a_rung_says_of_severities_fits_together(more: str, sentence: str) -> None:
    text = with_notifications(f"{{escalation: [{{level: L1, who: somebody, after: 30 min, {more}}}]}}")

    assert the_fault_of(text).sentence == sentence


def test_a_severity_is_said_where_it_means_something() -> None:
    assert faults_of(with_notifications("{severities: {planned: P4, names: {P1: Critical}}}")) == ()
    of_failover = the_fault_of(with_notifications("{severities: {runbook: P1}}"))
    of_runbook = fault_of_runbook(f"{RUNBOOK}notifications: {{severities: {{planned: P1}}}}\n")

    assert of_failover.sentence.startswith("'runbook' says nothing here: a failover plan has no run-book")
    assert of_runbook.sentence.startswith("'planned' says nothing here: a run-book fails nothing over")


def test_the_secret_of_a_pager_is_one_that_the_notifier_may_read() -> None:
    fault = the_fault_of(with_notifications("{pager: {service: pagerduty, secret: prod/pagerduty}}"))

    assert "prod/pagerduty" in fault.sentence
