"""People of Slack stand in a plan only where they are heard, and nobody is left to approve their own request."""

from __future__ import annotations

from pathlib import Path

import pytest

from planfile import PlanFileRefused, load_any
from tests.planfile.builders import changed, faults_of, points_at, the_fault_of

TOP = "application: shop"
ANNA, BORIS = "slack:T0123456789/U0ANNA0001", "slack:T0123456789/U0BORIS001"
ARN = "arn:aws:sts::123456789012:assumed-role/Operators/anna"
HEARD = "notifications: {slack: {channel: C0123456789, token_secret: pilotlight/t, team: T0123456789}}"
TOLD = "notifications: {slack: {channel: C0123456789, token_secret: pilotlight/t}}"


def plan(people: str, notifications: str = HEARD) -> str:
    return changed((TOP, f"{TOP}\n{notifications}\npeople: {{{people}}}"))


@pytest.mark.parametrize("field", ["approvers", "overriders", "drillers", "starters"])
@pytest.mark.parametrize(
    ("notifications", "because"),
    [
        (TOLD, "because the plan names no workspace; set notifications.slack.team."),
        (HEARD.replace("T0123456789", "T9876543210"), "because the plan listens to workspace T9876543210 alone"),
    ],
)
def test_who_is_not_heard_stands_in_no_list(field: str, notifications: str, because: str) -> None:
    others = "" if field == "approvers" else f", approvers: ['{ARN}']"
    text = plan(f"{field}: ['{ANNA}']{others}", notifications)

    fault = the_fault_of(text)

    assert points_at(fault, text, f"'{ANNA}'")
    assert fault.sentence.startswith(f"'{ANNA}' is not heard, {because}")


@pytest.mark.parametrize(
    ("approvers", "same"),
    [([], ""), ([ANNA], ""), ([ANNA, ARN], f", same: [['{ANNA}', '{ARN}']]")],
)
def test_who_may_request_needs_somebody_else_who_may_approve(approvers: list[str], same: str) -> None:
    text = plan(f"starters: ['{ANNA}'], approvers: {approvers}{same}")

    (fault,) = faults_of(text)

    assert fault.sentence == f"'{ANNA}' may request a run, and nobody else may approve it; name a second approver."
    assert faults_of(text.replace(f"approvers: {approvers}", f"approvers: {[*approvers, BORIS]}")) == ()


@pytest.mark.parametrize("nobody", ["slack:*", "slack:T0123456789/*", "slack:T0123456789", "U0ANNA0001"])
def test_people_of_slack_are_named_one_by_one(nobody: str) -> None:
    assert len(faults_of(plan(f"approvers: ['{nobody}']"))) == 1


@pytest.mark.parametrize("field", ["drillers", "starters"])
def test_who_asks_for_a_start_asks_in_slack(field: str) -> None:
    """At AWS, IAM says who may start a machine, and a list in the plan would only seem to."""
    assert len(faults_of(plan(f"{field}: ['{ARN}'], approvers: ['{BORIS}']"))) == 1


def test_a_run_book_has_no_drill(tmp_path: Path) -> None:
    source = (Path(__file__).parents[2] / "plans" / "triflow-copy-data.yaml").read_text()
    heard = source.replace("token_secret:", "team: T0123456789\n    token_secret:")
    changed_plan = tmp_path / "triflow-copy-data.yaml"
    changed_plan.write_text(heard.replace("people:\n", f"people:\n  drillers: ['{ANNA}']\n"))

    with pytest.raises(PlanFileRefused, match="A run-book has no drill that somebody could start"):
        load_any(changed_plan)
