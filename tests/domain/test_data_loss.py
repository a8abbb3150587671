"""What the data-loss gate says of the losses that were measured, a limit, and a person's override."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pilotlight.domain.data_loss import DataAtRisk, Judgement, LossWindow, Override, fresh_readings, judge

NOW = datetime(2026, 11, 21, 1, 12, tzinfo=UTC)
ONSET = datetime(2026, 11, 21, 1, 7, 30, tzinfo=UTC)
LIMIT = timedelta(minutes=15)
OVERRIDE = Override(
    run_id="by-hand",
    person="U024BE7LH",
    proven=True,
    reason="Orders are replayed from the queue.",
    granted=NOW - timedelta(minutes=5),
    expires=NOW + timedelta(minutes=25),
    accepted_seconds=3600.0,
)


def loss(seconds: float | None, replica: str = "the-replica") -> DataAtRisk:
    """A loss of so many seconds; None is one that nobody knows."""
    if seconds is None:
        return DataAtRisk(f"How far replica {replica} was behind is unknown.")
    return DataAtRisk(f"Replica {replica} was behind.", LossWindow(ONSET - timedelta(seconds=seconds), ONSET), ONSET)


def judged(*risks: DataAtRisk, override: Override | None = None, limit: timedelta = LIMIT) -> Judgement:
    return judge(risks, limit, run_id="by-hand", override=override, now=NOW)


class TestTheLimit:
    @pytest.mark.parametrize(
        ("seconds", "passes"), [(0.0, True), (2.0, True), (900.0, True), (900.5, False), (2400.0, False), (None, False)]
    )
    def test_what_is_known_to_be_within_it_passes(self, seconds: float | None, passes: bool) -> None:
        assert judged(loss(seconds)).passed is passes

    def test_no_loss_is_accepted_where_the_limit_is_zero(self) -> None:
        assert not judged(loss(0.5), limit=timedelta(0)).passed

    def test_one_replica_too_far_behind_is_enough(self) -> None:
        said = judged(loss(2.0, "orders"), loss(2400.0, "users"))

        assert not said.passed
        assert said.worst == loss(2400.0, "users")
        assert "Replica users was behind." in said.sentence
        assert "orders" not in said.sentence

    def test_an_unknown_loss_is_the_worst(self) -> None:
        assert judged(loss(None, "orders"), loss(2400.0, "users")).worst == loss(None, "orders")

    def test_nothing_measured_is_not_nothing_lost(self) -> None:
        with pytest.raises(ValueError, match="empty"):
            judged()

    def test_it_names_the_replica_the_figure_the_limit_and_the_way_out(self) -> None:
        assert judged(loss(2400.0)).sentence == (
            "The data-loss gate stops the run before anything is disrupted. Replica the-replica was behind. 40 min "
            "00 s is more than the 15 min that the plan accepts to lose. Wait until the primary answers and drain the "
            "replica; or start a run with an override, by which a proven person accepts this loss for that one run, "
            "with a reason."
        )

    def test_of_an_unknown_loss_it_says_so(self) -> None:
        assert "An unknown loss is not within the 15 min that the plan accepts to lose." in judged(loss(None)).sentence

    def test_what_passes_is_told_too(self) -> None:
        assert judged(loss(2.0)).sentence == (
            "Replica the-replica was behind. That is within the 15 min that the plan accepts to lose."
        )


class TestAnOverride:
    def test_it_lets_this_run_pass_and_says_who_and_why(self) -> None:
        said = judged(loss(2400.0), override=OVERRIDE)

        assert (said.passed, said.override) == (True, OVERRIDE)
        assert said.sentence == (
            "Replica the-replica was behind. U024BE7LH (proven) accepts a loss of 40 min 00 s, which is not within the "
            "15 min that the plan accepts to lose, for this run, at 01:07:00 UTC, because: Orders are replayed from "
            "the queue."
        )

    @pytest.mark.parametrize("seconds", [None, 2400.0, 10**6])
    def test_one_that_accepts_an_unknown_loss_accepts_any(self, seconds: float | None) -> None:
        assert judged(loss(seconds), override=replace(OVERRIDE, accepted_seconds=None)).passed

    def test_it_is_not_used_where_none_is_needed(self) -> None:
        assert judged(loss(2.0), override=OVERRIDE).override is None

    @pytest.mark.parametrize(
        ("difference", "because"),
        [
            ({"proven": False}, "that name is claimed and not proven; give it from Slack or with ./pilotlight."),
            ({"person": ""}, "that name is claimed and not proven; give it from Slack or with ./pilotlight."),
            ({"run_id": "fileflow-e3"}, "it was given for run fileflow-e3 and this is by-hand; give one for this run."),
            ({"reason": " "}, "it has no reason; give one that says why the loss is accepted."),
            ({"expires": NOW}, "it expired at 2026-11-21 01:12:00 UTC; give one anew."),
            (
                {"accepted_seconds": 1800.0},
                "it accepts 30 min 00 s, and there is more to lose, 40 min 00 s; give one that accepts that.",
            ),
        ],
    )
    def test_one_that_does_not_fit_is_refused_with_its_reason(self, difference: dict[str, Any], because: str) -> None:
        said = judged(loss(2400.0), override=replace(OVERRIDE, **difference))

        assert (said.passed, said.override) == (False, None)
        assert said.sentence.startswith("The data-loss gate stops the run before anything is disrupted.")
        who = difference.get("person", "U024BE7LH") or "nobody named"
        assert said.sentence.endswith(f" The override by {who} is refused, because {because}")

    def test_one_for_a_known_loss_does_not_cover_an_unknown_one(self) -> None:
        said = judged(loss(2.0), loss(None), override=OVERRIDE)

        assert not said.passed
        assert said.sentence.endswith(
            "because it accepts 1 h 00 min, and the loss is unknown; give one that accepts an unknown loss."
        )

    @pytest.mark.parametrize("accepted", [None, 3600.0])
    def test_it_is_read_back_as_it_was_kept(self, accepted: float | None) -> None:
        override = replace(OVERRIDE, accepted_seconds=accepted)

        assert Override.from_item(json.loads(json.dumps(override.to_item()))) == override

    def test_only_a_plain_yes_is_a_proof(self) -> None:
        assert not Override.from_item({**OVERRIDE.to_item(), "proven": "no"}).proven


class TestTheWindow:
    def test_it_says_its_two_moments(self) -> None:
        assert str(LossWindow(ONSET - timedelta(seconds=80), ONSET)) == "between 01:06:10 and 01:07:30 UTC"

    def test_over_midnight_it_says_the_days(self) -> None:
        window = LossWindow(ONSET - timedelta(hours=2), ONSET)

        assert str(window) == "between 2026-11-20 23:07:30 and 2026-11-21 01:07:30 UTC"

    def test_it_is_read_back_as_it_was_kept(self) -> None:
        window = LossWindow(ONSET - timedelta(seconds=80), ONSET)

        assert LossWindow.from_item(json.loads(json.dumps(window.to_item()))) == window


@pytest.mark.parametrize(
    ("seconds_before", "is_fresh"), [(59, False), (60, True), (120, True), (240, True), (241, False), (3600, False)]
)
def test_a_reading_is_fresh_for_three_minutes_after_its_own(seconds_before: int, is_fresh: bool) -> None:
    reading = (ONSET - timedelta(seconds=seconds_before), 2.0)

    assert fresh_readings([reading], ONSET) == ([reading] if is_fresh else [])
