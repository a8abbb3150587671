"""Drafts for people: what they say at each turn, and that they say it to whom it is for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pilotlight.domain.severity import IncidentSeverity
from pilotlight.report.drafts import SUPPORT_SEVERITIES, Notice, customer_notice, drafts, notice_due, support_case
from pilotlight.report.html import LIMIT_BYTES, page
from pilotlight.report.view import view
from tests.report import stories
from tests.report.stories import REGIONS, Story, moment

DATABASE = "arn:aws:rds:ap-northeast-1:123456789012:db:ryuqqq-shared-rds-replica"
INTERNAL = (*REGIONS.values(), "ryuqqq", "arn:", "pilotlight", "Pilotlight", "epoch", "RDS", "AWS")


@pytest.mark.parametrize(
    ("story", "due"),
    [
        (stories.blocked_by_arming, Notice.BEGIN),
        (stories.dark, Notice.UPDATE),
        (stories.moving, Notice.UPDATE),
        (stories.failed, Notice.UPDATE),
        (stories.served, Notice.END),
        (stories.recovered, Notice.END),
        (stories.not_needed, Notice.END),
    ],
)
def test_the_notice_fits_how_the_incident_stands(story: Callable[[], Story], due: Notice) -> None:
    assert notice_due(view(story().records)) is due


def test_a_run_that_is_still_looking_is_the_beginning() -> None:
    looking = Story().signal(104).verdict(161, "start").opened(163)

    assert customer_notice(view(looking.records)).startswith(
        "Investigating: since 01:02 UTC [fileflow] is not available, or not for everyone."
    )


def test_an_update_says_when_it_is_expected_back() -> None:
    said = customer_notice(view(stories.moving().records))

    assert said.startswith("Update, 01:11 UTC: [fileflow] is still not available")
    assert "We expect it back between 01:17 UTC and 01:22 UTC." in said


def test_users_who_are_served_are_told_so_while_the_run_does_what_comes_after() -> None:
    said = customer_notice(view(stories.served().records))

    assert said.startswith(
        "Resolved: [fileflow] is available again since 01:17 UTC. It was not, or not for everyone, for"
    )


@pytest.mark.parametrize(
    "story", [stories.blocked_by_arming, stories.dark, stories.moving, stories.failed, stories.recovered]
)
def test_customers_read_no_name_of_a_resource_a_region_or_a_tool(story: Callable[[], Story]) -> None:
    said = customer_notice(view(story().records))

    assert not [name for name in INTERNAL if name in said]


def test_what_may_be_lost_is_said_to_those_who_saved_it() -> None:
    window = [moment(-62).isoformat(), moment(0).isoformat()]
    story = stories.served().closed(900, rpo_seconds=62.0, loss_window=window, rto_seconds=890.0)

    said = customer_notice(view(story.records))

    assert "What you saved between 01:01:18 and 01:02:20 UTC may be missing" in said


def test_a_case_names_the_resources_the_timeline_and_what_was_done() -> None:
    story = Story().signal(104).verdict(161, "start")
    step = {
        "name": "promote", "kind": "promote_replica", "title": "Promote it", "stage": "move", "started_in": "move",
        "harm": "irreversible", "resources": [DATABASE],
    }  # fmt: skip
    story.opened(163, steps=[step]).confirmed(300).started(308, "promote")
    story.called(308.4, "promote", "rds", "PromoteReadReplica", "InsufficientDBInstanceCapacity")
    story.failed(400, "promote", "RDS has no capacity.", "Ask for it.")

    said = support_case(view(story.records))

    assert "Subject: fileflow is failing over to ap-northeast-1, and a step has failed (P1)" in said
    assert f"Severity: {SUPPORT_SEVERITIES[IncidentSeverity.P1]}" in said
    assert "Service: RDS" in said
    assert "Region: ap-northeast-2 and ap-northeast-1" in said
    assert "Account: 123456789012" in said
    assert f"- {DATABASE}" in said
    assert "- 01:07:28 rds PromoteReadReplica in ap-northeast-1: InsufficientDBInstanceCapacity" in said
    assert "- Why did this fail, and what makes it work? Promote it: RDS has no capacity." in said


def test_what_aws_itself_says_stands_in_the_case() -> None:
    assert "AWS Health: Operational issue of EC2 in ap-northeast-2 since 01:01 UTC" in support_case(
        view(stories.taken_up().records)
    )


def test_a_foreign_name_keeps_to_its_line() -> None:
    story = Story(application="shop\nSeverity: General guidance").signal(104).verdict(105, "block")

    for _, text in drafts(view(story.records)):
        assert "\nSeverity: General guidance" not in text


def test_the_report_holds_both_and_is_as_small_as_ever() -> None:
    written = page(view(stories.failed().records))

    assert "<summary>Case with AWS Support</summary>" in written
    assert "<summary>Notice to customers (update)</summary>" in written
    assert len(written.encode()) < LIMIT_BYTES
