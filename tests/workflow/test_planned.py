"""A planned failover, whole: nothing is wrong, nothing is lost, and what cannot be shown is not done."""

from __future__ import annotations

import pytest

from pilotlight.domain.records import RecordKind
from rehearsal.play import Played
from rehearsal.services.ec2 import Ec2
from rehearsal.services.elbv2 import Elbv2
from tests.workflow.played import played
from tests.workflow.test_writers import SEOUL, SEOULS_BALANCER, SEOULS_GROUP, promotions, said


class TestAPlannedFailover:
    @pytest.fixture
    def seen(self) -> Played:
        return played("planned")

    def test_leaves_a_primary_that_is_well_and_loses_nothing(self, seen: Played) -> None:
        assert seen.result.outcome == "RECOVERED"
        assert seen.result.rpo_seconds == 0.0
        assert "asked for a planned failover of fileflow" in said(seen, RecordKind.RUN_CONFIRMED)[0]

    def test_drains_between_the_fence_and_the_tombstone(self, seen: Played) -> None:
        turns = {r.entry.kind: r.sequence for r in reversed(seen.records)}
        fenced = [r.sequence for r in seen.records if r.entry.step.startswith("close-")][-1]

        assert fenced < turns[RecordKind.DRAINED] < turns[RecordKind.TOMBSTONE]
        assert promotions(seen) == 1

    def test_never_says_that_the_primary_is_dark(self, seen: Played) -> None:
        told = [message.text for message in seen.scene.slack.history]

        assert told
        assert not any("is dark" in text or "seems dark" in text for text in told)


class TestOneThatCannotBeDrained:
    @pytest.fixture
    def seen(self) -> Played:
        return played("planned-not-drained")

    def test_moves_nothing_and_gives_the_primary_back(self, seen: Played) -> None:
        assert seen.result.outcome == "BLOCKED"
        assert promotions(seen) == 0
        assert not seen.scene.account.aws.service(Elbv2).answers_503(SEOULS_BALANCER)
        assert seen.scene.account.aws.service(Ec2).group(SEOUL, SEOULS_GROUP).rules != []

    def test_gives_it_back_within_a_minute_of_its_refusal(self, seen: Played) -> None:
        failed = next(r.entry.time for r in seen.records if r.entry.kind is RecordKind.STEP_FAILED)
        last = [r.entry.time for r in seen.records if r.entry.kind is RecordKind.STEP_UNDONE][-1]

        assert (last - failed).total_seconds() <= 60
