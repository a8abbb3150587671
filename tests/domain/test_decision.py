"""When a run starts, and when one that was opened goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pilotlight.domain.decision import Confirmation, History, VerdictKind, confirm, decide, onset
from pilotlight.domain.plan import Arming, Decision
from pilotlight.domain.signals import Sight, Signal, Vantage

NOW = datetime(2026, 11, 21, 1, 10, tzinfo=UTC)
ONSET = NOW - timedelta(minutes=4)
LONG_AGO = NOW - timedelta(hours=1)
POLICY = Decision(must_last=timedelta(minutes=5))


def alarm(sight: Sight, *, since: datetime | None = ONSET, changed: datetime | None = None) -> Signal:
    return Signal(
        "Alarm primary-health",
        Vantage("us-east-1", "the internet"),
        sight,
        NOW,
        f"Alarm primary-health is {sight}.",
        since=since,
        alarm_changed=changed,
    )


def probe(sight: Sight, *, since: datetime | None = ONSET) -> Signal:
    return Signal(
        "The probe in the standby",
        Vantage("ap-northeast-1", "the internet"),
        sight,
        NOW,
        f"The probe sees it {sight}.",
        since=since,
        first_hand=True,
    )


def own_alarm(sight: Sight) -> Signal:
    return Signal("Alarm 5xx", Vantage("ap-northeast-2", "inside"), sight, NOW, f"Alarm 5xx is {sight}.", counts=False)


class TestDecide:
    @pytest.mark.parametrize(
        ("signals", "verdict", "because"),
        [
            ((alarm(Sight.DARK), probe(Sight.DARK)), VerdictKind.START, "The primary of fileflow is dark"),
            ((alarm(Sight.WELL), probe(Sight.WELL)), VerdictKind.IGNORE, "Nothing says that the primary"),
            ((alarm(Sight.DARK), probe(Sight.WELL)), VerdictKind.HOLD, "do not agree"),
            ((alarm(Sight.WELL), probe(Sight.DARK)), VerdictKind.HOLD, "do not agree"),
            ((alarm(Sight.UNKNOWN), probe(Sight.DARK)), VerdictKind.HOLD, "do not agree"),
            ((alarm(Sight.DARK), probe(Sight.UNKNOWN)), VerdictKind.HOLD, "do not agree"),
            (
                (alarm(Sight.UNKNOWN), probe(Sight.UNKNOWN)),
                VerdictKind.IGNORE,
                "Nothing says that the primary",
            ),
            ((own_alarm(Sight.DARK),), VerdictKind.HOLD, "never decide alone"),
            ((alarm(Sight.DARK), probe(Sight.DARK), own_alarm(Sight.WELL)), VerdictKind.START, "is dark"),
            ((), VerdictKind.IGNORE, "no observer reported"),
        ],
    )
    def test_a_run_starts_only_when_all_that_decide_agree(
        self, signals: tuple[Signal, ...], verdict: VerdictKind, because: str
    ) -> None:
        concluded = decide("fileflow", Arming.AUTOMATIC, POLICY, signals, History(), NOW)

        assert concluded.kind is verdict
        assert because in concluded.sentence

    @pytest.mark.parametrize(
        ("arming", "kind"),
        [
            (Arming.OBSERVE, VerdictKind.BLOCK),
            (Arming.MANUAL, VerdictKind.BLOCK),
            (Arming.STAGED, VerdictKind.START),
        ],
    )
    def test_what_is_not_armed_for_it_says_what_would_happen(self, arming: Arming, kind: VerdictKind) -> None:
        concluded = decide("fileflow", arming, POLICY, (alarm(Sight.DARK), probe(Sight.DARK)), History(), NOW)

        assert concluded.kind is kind
        assert concluded.dark_since == ONSET

    def test_an_alarm_that_was_just_made_is_held(self) -> None:
        fresh = alarm(Sight.DARK, changed=NOW - timedelta(minutes=2))

        concluded = decide("fileflow", Arming.AUTOMATIC, POLICY, (fresh, probe(Sight.DARK)), History(), NOW)

        assert concluded.kind is VerdictKind.HOLD
        assert "was made or changed only 2 min 00 s ago" in concluded.sentence

    def test_a_live_run_is_joined(self) -> None:
        concluded = decide(
            "fileflow",
            Arming.AUTOMATIC,
            POLICY,
            (alarm(Sight.DARK), probe(Sight.DARK)),
            History(live_run="fileflow-e3"),
            NOW,
        )

        assert concluded.kind is VerdictKind.JOIN
        assert "fileflow-e3" in concluded.sentence

    @pytest.mark.parametrize(
        ("outcome", "kind"),
        [
            ("RECOVERED", VerdictKind.HOLD),
            ("FAILED", VerdictKind.HOLD),
            ("BLOCKED", VerdictKind.HOLD),
            ("NOT_NEEDED", VerdictKind.START),
        ],
    )
    def test_after_a_run_that_acted_nothing_starts_by_itself(self, outcome: str, kind: VerdictKind) -> None:
        history = History(last_run="fileflow-e3", last_outcome=outcome)

        concluded = decide("fileflow", Arming.AUTOMATIC, POLICY, (alarm(Sight.DARK), probe(Sight.DARK)), history, NOW)

        assert concluded.kind is kind


class TestOnset:
    def test_it_is_the_earliest_that_can_be_the_same_darkness(self) -> None:
        earlier = NOW - timedelta(minutes=5)

        assert onset((alarm(Sight.DARK, since=earlier), probe(Sight.DARK)), POLICY) == earlier

    def test_an_alarm_that_was_stuck_for_days_tells_nothing_of_today(self) -> None:
        stuck = alarm(Sight.DARK, since=NOW - timedelta(days=3))

        assert onset((stuck, probe(Sight.DARK, since=ONSET)), POLICY) == ONSET

    def test_without_darkness_there_is_none(self) -> None:
        assert onset((alarm(Sight.WELL), probe(Sight.UNKNOWN)), POLICY) is None


class TestConfirm:
    def look(
        self, *signals: Signal, by_person: bool = False, looking_since: datetime = NOW
    ) -> tuple[Confirmation, str, timedelta]:
        seen = confirm("fileflow", POLICY, signals, looking_since=looking_since, by_person=by_person, now=NOW)
        return seen.confirmation, seen.sentence, seen.look_again_in

    def test_darkness_must_last(self) -> None:
        confirmation, sentence, again = self.look(alarm(Sight.DARK), probe(Sight.DARK))

        assert confirmation is Confirmation.LOOK_AGAIN
        assert "must last 5 min 00 s and has lasted 4 min 00 s" in sentence
        assert again == POLICY.look_every

    def test_the_last_wait_is_no_longer_than_what_is_missing(self) -> None:
        since = NOW - timedelta(minutes=4, seconds=53)

        _, _, again = self.look(alarm(Sight.DARK, since=since), probe(Sight.DARK, since=since))

        assert again == timedelta(seconds=7)

    def test_darkness_that_lasted_goes_on(self) -> None:
        confirmation, _, _ = self.look(alarm(Sight.DARK, since=LONG_AGO), probe(Sight.DARK, since=LONG_AGO))

        assert confirmation is Confirmation.GO

    def test_it_counts_since_all_agree_and_not_since_the_first_said_so(self) -> None:
        stuck = alarm(Sight.DARK, since=NOW - timedelta(days=3))

        confirmation, sentence, _ = self.look(stuck, probe(Sight.DARK, since=NOW))

        assert confirmation is Confirmation.LOOK_AGAIN
        assert "has lasted 0 s" in sentence

    @pytest.mark.parametrize("by_person", [True, False])
    def test_a_primary_that_answers_is_not_left(self, by_person: bool) -> None:
        stuck = alarm(Sight.DARK, since=LONG_AGO)

        confirmation, sentence, _ = self.look(stuck, probe(Sight.WELL), by_person=by_person)

        assert confirmation is Confirmation.NOT_NEEDED
        assert "is well again" in sentence

    def test_the_primarys_own_alarm_does_not_end_a_run(self) -> None:
        confirmation, _, _ = self.look(
            alarm(Sight.DARK, since=LONG_AGO), probe(Sight.DARK, since=LONG_AGO), own_alarm(Sight.WELL)
        )

        assert confirmation is Confirmation.GO

    def test_unknown_is_never_yes(self) -> None:
        confirmation, _, _ = self.look(alarm(Sight.UNKNOWN), probe(Sight.DARK))

        assert confirmation is Confirmation.LOOK_AGAIN

    def test_what_cannot_be_confirmed_is_blocked_in_the_end(self) -> None:
        confirmation, sentence, _ = self.look(
            alarm(Sight.UNKNOWN), probe(Sight.DARK), looking_since=NOW - timedelta(minutes=30)
        )

        assert confirmation is Confirmation.BLOCKED
        assert "could not be confirmed within 30 min 00 s" in sentence

    def test_a_person_need_not_wait_for_it_to_last(self) -> None:
        confirmation, sentence, _ = self.look(alarm(Sight.UNKNOWN), probe(Sight.DARK), by_person=True)

        assert confirmation is Confirmation.GO
        assert "A person started this run" in sentence

    def test_an_alarm_that_is_slow_does_not_end_a_run(self) -> None:
        confirmation, _, _ = self.look(alarm(Sight.WELL), probe(Sight.DARK))

        assert confirmation is Confirmation.LOOK_AGAIN

    def test_a_person_need_not_wait_for_the_alarm(self) -> None:
        confirmation, _, _ = self.look(alarm(Sight.WELL), probe(Sight.DARK), by_person=True)

        assert confirmation is Confirmation.GO

    def test_a_run_ends_when_all_that_decide_say_it_is_well(self) -> None:
        confirmation, _, _ = self.look(alarm(Sight.WELL))

        assert confirmation is Confirmation.NOT_NEEDED

    def test_no_observer_at_all_confirms_nothing(self) -> None:
        confirmation, _, _ = self.look()

        assert confirmation is Confirmation.LOOK_AGAIN
