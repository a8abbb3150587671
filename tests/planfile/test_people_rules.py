"""A plan whose runs wait for people names people who can answer, and gives them no more time than there is."""

from __future__ import annotations

import pytest

from pilotlight.steps import kind
from tests.planfile.builders import KINDS, PEOPLE, changed, faults_of, points_at, the_fault_of

TOP = "application: shop"
ROLE = "arn:aws:sts::123456789012:assumed-role"


@pytest.mark.parametrize(("line", "where"), [("gates: {approval: true}", "true"), ("arming: staged", "staged")])
def test_who_asks_for_an_approval_says_who_may_give_it(line: str, where: str) -> None:
    text = changed((TOP, f"{TOP}\n{line}"))

    fault = the_fault_of(text)

    assert points_at(fault, text, where)
    assert fault.sentence == (
        "A run waits for an approval, and nobody may give it; name people.approvers, by the ARNs that "
        "`aws sts get-caller-identity` says of them."
    )
    assert faults_of(changed((TOP, f"{TOP}\n{line}\n{PEOPLE}"))) == ()


@pytest.mark.parametrize("field", ["approvers", "overriders"])
def test_people_are_of_the_applications_account(field: str) -> None:
    stranger = "arn:aws:iam::210987654321:user/anna"
    text = changed((TOP, f"{TOP}\npeople: {{{field}: ['{stranger}']}}"))

    fault = the_fault_of(text)

    assert points_at(fault, text, f"'{stranger}'")
    assert fault.sentence.startswith(f"'{stranger}' is of another account than the application's, 123456789012;")


@pytest.mark.parametrize(
    "nobody_in_particular",
    [
        "*",
        "anna",
        f"{ROLE}/*",
        f"{ROLE}/*/anna",
        "arn:aws:iam::123456789012:root",
        "arn:aws:iam::123456789012:role/Operators",
        "arn:aws:iam::*:user/anna",
    ],
)
def test_a_pattern_that_is_anybody_or_nobody_is_refused(nobody_in_particular: str) -> None:
    assert len(faults_of(changed((TOP, f"{TOP}\npeople: {{approvers: ['{nobody_in_particular}']}}")))) == 1


@pytest.mark.parametrize(
    "person", [f"{ROLE}/Operators/anna@example.com", f"{ROLE}/Operators/*", "arn:aws:iam::123456789012:user/ops/anna"]
)
def test_a_user_a_session_and_all_sessions_of_a_role_are_people(person: str) -> None:
    assert faults_of(changed((TOP, f"{TOP}\npeople: {{approvers: ['{person}'], overriders: ['{person}']}}"))) == ()


def test_a_gate_waits_six_hours_at_most() -> None:
    text = changed((TOP, f"{TOP}\ngates: {{approval_within: 2 h, veto_window: 5 h, failed_step_waits: 20 min}}"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "5 h")
    assert fault.sentence == (
        "A run could wait 8 h for people, at its gate and at failed steps of 3 stages, and 6 h is the most; "
        "shorten the veto window, approval_within or failed_step_waits."
    )
    assert faults_of(text.replace("5 h", "3 h")) == ()


def test_an_approval_takes_time() -> None:
    text = changed((TOP, f"{TOP}\ngates: {{approval_within: 0 s}}"))

    assert "'approval_within' is 0 s" in the_fault_of(text).sentence


ASKING = {**KINDS, "ask_a_person": kind("ask_a_person")}
ASKS = "{step: agree, kind: ask_a_person, params: {about: that all is well}}"


def test_a_step_that_asks_a_person_needs_somebody_who_may_answer() -> None:
    text = changed(("  serve:\n", f"  serve:\n    people:\n      - {ASKS}\n"))

    fault = the_fault_of(text, ASKING)

    assert points_at(fault, text, "ask_a_person")
    assert "nobody may give it; name people.approvers" in fault.sentence
    assert faults_of(text.replace(TOP, f"{TOP}\n{PEOPLE}"), ASKING) == ()


def test_nobody_is_asked_while_the_primary_is_closed() -> None:
    text = changed((TOP, f"{TOP}\n{PEOPLE}"), ("  move:\n", f"  move:\n    people:\n      - {ASKS}\n"))

    fault = the_fault_of(text, ASKING)

    assert points_at(fault, text, "ask_a_person")
    assert fault.sentence == (
        "'agree' waits for a person while the primary is closed; ask before that, in prepare, or after it, in serve."
    )
