"""FileFlow with people in Slack: forgers, a race, and silence; from the button to the closed run."""

from __future__ import annotations

import pytest

from pilotlight.domain.records import RecordKind
from rehearsal.play import Played
from rehearsal.scenarios.slack import ANNA, BORIS, MALLORY
from tests.workflow.played import played

pytestmark = pytest.mark.full


def words(seen: Played) -> list[tuple[str, str]]:
    said = [r.entry.details["word"] for r in seen.records if r.entry.kind is RecordKind.WORD]
    return [(word["kind"], word["person"]) for word in said]


def shown(seen: Played, user: str) -> list[str]:
    private = seen.scene.slack.private
    return [content["text"] for url, contents in private.items() if f"/{user}/" in url for content in contents]


def test_of_all_that_is_forged_nothing_is_heard() -> None:
    seen = played("slack-forged")

    assert words(seen) == [("approve", ANNA.name)]
    (told,) = shown(seen, MALLORY.user)
    assert "in none of its lists" in told


def test_of_two_in_the_same_second_the_one_who_stops_is_heard() -> None:
    seen = played("approval-race")

    assert sorted(words(seen)) == [("abort", BORIS.name), ("approve", ANNA.name), ("approve", ANNA.name)]
    assert "was aborted by slack:T0123456789/U0BORIS001" in seen.result.reason


def test_whom_nobody_answers_is_blocked_and_offered_to_be_acknowledged() -> None:
    seen = played("approval-timeout")

    assert words(seen) == []
    assert "Nobody approved run fileflow-e1" in seen.result.reason
    (message,) = seen.scene.slack.living()
    assert "Acknowledge because …" in str(message.blocks)


def test_slack_is_answered_in_time() -> None:
    """Three seconds are Slack's, for a cold start; a warm instance takes less than one, by the model's latencies."""
    cold, *warm = played("slack-forged").scene.slack.waited

    assert len(warm) >= 10
    assert cold < 3.0
    assert max(warm) < 1.0
    assert max(played("approval-race").scene.slack.waited) < 3.0
