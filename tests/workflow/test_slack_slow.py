"""Slack that is slow, overloaded, and then knows the token no more: the run does not notice, and people are told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pilotlight.domain.records import RecordKind
from rehearsal.play import Played
from rehearsal.slack import SlackMessage
from rehearsal.slack_blocks import lines_of
from tests.workflow.played import played

pytestmark = pytest.mark.full

CLOCKS = ("detected", "decided", "executed", "verified")


def living(seen: Played) -> SlackMessage:
    """The message that was rewritten last; one that got no answer stands there unfinished."""
    return max(seen.scene.slack.living(), key=lambda message: message.changed)


def test_the_run_is_as_quick_as_without_any_trouble() -> None:
    slow, usual = played("slack-slow").result, played("outage").result

    assert slow.outcome == usual.outcome == "RECOVERED"
    # Other calls are made, so other latencies are drawn; a poll or a look falls on the other side of a moment.
    for clock in CLOCKS:
        assert abs(slow.clocks[clock] - usual.clocks[clock]) < 15.0, clock  # type: ignore[operator]


def test_the_pager_has_its_page_within_seconds_and_its_end() -> None:
    seen = played("slack-slow")
    (alert,) = seen.scene.pager.alerts.values()
    (opened,) = [r.entry.time for r in seen.records if r.entry.kind is RecordKind.RUN_OPENED]
    (closed,) = [r.entry.time for r in seen.records if r.entry.kind is RecordKind.RUN_CLOSED]

    assert timedelta(0) <= alert.raised - opened < timedelta(seconds=5)
    assert alert.severity == "critical"
    assert alert.status == "resolved"
    assert timedelta(0) <= alert.sent[-1][0] - closed < timedelta(seconds=5)


def test_the_topic_tells_every_turn_while_slack_does_not() -> None:
    published = [line for line in played("slack-slow").scene.world.trace if line.operation == "Publish"]
    usual = [line for line in played("outage").scene.world.trace if line.operation == "Publish"]

    assert len(published) > len(usual)


def test_the_living_message_catches_up_and_says_what_it_says_without_trouble() -> None:
    slow, usual = played("slack-slow"), played("outage")

    assert lines_of(living(slow).blocks)[0].startswith("*✅ fileflow is served again after 16 min")
    steps = [
        [line.partition(",")[0] for line in lines_of(living(seen).blocks) if " settled" in line]
        for seen in (slow, usual)
    ]
    assert steps[0] == steps[1] != []
    told = [line for reply in slow.scene.slack.thread(living(slow).ts) for line in lines_of(reply.blocks)]
    assert len(told) == len(set(told))
    assert "earlier lines are left out here; the ledger has them." in told[0]
    assert any("run closed" in line for line in told)


def test_no_more_than_one_post_is_left_without_an_answer() -> None:
    """Slack posts what it was too slow to answer, and nothing that it gives can tell; so who failed asks first."""
    seen = played("slack-slow")

    assert len(seen.scene.slack.living()) <= 2
    assert seen.scene.slack.asked.count("auth.test") > 5
