"""When a run starts, and when one that was opened goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pilotlight.domain.decision import (
    Confirmation,
    History,
    LastRun,
    Switch,
    VerdictKind,
    confirm,
    decide,
)
from pilotlight.domain.plan import Plan
from pilotlight.domain.quorum import onset
from pilotlight.domain.run import Outcome
from pilotlight.domain.signals import Sight, Signal, Subject, Vantage
from tests.builders import a_plan

NOW = datetime(2026, 11, 21, 1, 10, tzinfo=UTC)
ONSET = NOW - timedelta(minutes=6)
JUST_NOW = NOW - timedelta(minutes=4)
PLAN = a_plan(decision={"must_last": "5 min"})
US_EAST, STANDBY, WITNESS, PRIMARY = "us-east-1", "ap-northeast-1", "ap-southeast-1", "ap-northeast-2"
DARK, WELL, UNKNOWN = Sight.DARK, Sight.WELL, Sight.UNKNOWN


def armed(arming: str, **decision: Any) -> Plan:
    return a_plan(arming=arming, decision={"must_last": "5 min", **decision})


def alarm(sight: Sight, *, since: datetime | None = ONSET, changed: datetime | None = None) -> Signal:
    sentence = f"Alarm primary-health is {sight}."
    vantage = Vantage(US_EAST, "the internet")
    return Signal("Alarm primary-health", vantage, sight, NOW, sentence, since=since, alarm_changed=changed)


def probe(sight: Sight, region: str = STANDBY, *, since: datetime | None = ONSET) -> Signal:
    vantage = Vantage(region, "the internet")
    sentence = f"The probe in {region} sees it {sight}."
    return Signal(f"The probe in {region}", vantage, sight, NOW, sentence, since=since, first_hand=True)


def witness(sight: Sight, *, since: datetime | None = ONSET) -> Signal:
    return probe(sight, WITNESS, since=since)


def heartbeat(sight: Sight, *, since: datetime | None = ONSET) -> Signal:
    vantage = Vantage(STANDBY, "AWS's own network")
    sentence = f"The heartbeat of {PRIMARY} is {sight}."
    return Signal("The heartbeat", vantage, sight, NOW, sentence, since, subject=Subject.REGION, counts=False)


def region_api(sight: Sight, region: str = STANDBY, *, since: datetime | None = ONSET) -> Signal:
    vantage = Vantage(region, "AWS's own network")
    sentence = f"The API of {PRIMARY} is {sight} from {region}."
    return Signal(
        "The region's API", vantage, sight, NOW, sentence, since, subject=Subject.REGION, counts=False, first_hand=True
    )


def own_alarm(sight: Sight) -> Signal:
    return Signal("Alarm 5xx", Vantage(PRIMARY, "inside"), sight, NOW, f"Alarm 5xx is {sight}.", counts=False)


GONE = (heartbeat(DARK),)
NO_HISTORY = History()


def verdict_of(*signals: Signal, plan: Plan = PLAN, history: History = NO_HISTORY) -> tuple[VerdictKind, str]:
    concluded = decide(plan, signals, history, NOW)
    return concluded.kind, concluded.sentence


class TestQuorum:
    @pytest.mark.parametrize(
        ("signals", "kind", "because"),
        [
            ((alarm(DARK), probe(DARK), *GONE), VerdictKind.START, "The primary of fileflow is dark"),
            ((alarm(WELL), probe(WELL)), VerdictKind.IGNORE, "Nothing says that the primary"),
            ((alarm(DARK), probe(WELL), *GONE), VerdictKind.HOLD, "do not agree"),
            ((alarm(WELL), probe(DARK), *GONE), VerdictKind.HOLD, "do not agree"),
            ((alarm(UNKNOWN), probe(DARK), *GONE), VerdictKind.HOLD, "seen dark from ap-northeast-1 only"),
            ((alarm(DARK), probe(UNKNOWN), *GONE), VerdictKind.HOLD, "seen dark from us-east-1 only"),
            ((alarm(UNKNOWN), probe(UNKNOWN), *GONE), VerdictKind.IGNORE, "Nothing says that the primary"),
            ((own_alarm(DARK), *GONE), VerdictKind.HOLD, "never decide alone"),
            ((own_alarm(DARK), probe(DARK), *GONE), VerdictKind.HOLD, "seen dark from ap-northeast-1 only"),
            ((alarm(DARK), probe(DARK), own_alarm(WELL), *GONE), VerdictKind.HOLD, "do not agree"),
            ((), VerdictKind.IGNORE, "no observer reported"),
            ((alarm(DARK), probe(DARK), witness(WELL), *GONE), VerdictKind.HOLD, "do not agree"),
            ((alarm(UNKNOWN), probe(DARK), witness(DARK), *GONE), VerdictKind.START, "is dark"),
            ((alarm(DARK), probe(DARK), witness(UNKNOWN), *GONE), VerdictKind.START, "is dark"),
        ],
    )
    def test_a_run_starts_only_when_enough_vantage_points_agree_and_none_contradicts(
        self, signals: tuple[Signal, ...], kind: VerdictKind, because: str
    ) -> None:
        concluded, sentence = verdict_of(*signals)

        assert concluded is kind, sentence
        assert because in sentence

    def test_two_observers_in_one_region_are_one_vantage_point(self) -> None:
        concluded, _ = verdict_of(probe(DARK), probe(DARK), heartbeat(DARK), region_api(DARK))

        assert concluded is VerdictKind.HOLD

    def test_an_alarm_that_is_late_does_not_outweigh_two_regions_that_look_themselves(self) -> None:
        concluded, _ = verdict_of(alarm(WELL), probe(DARK), witness(DARK), *GONE)

        assert concluded is VerdictKind.START

    def test_a_quorum_of_three_needs_three(self) -> None:
        plan = armed("automatic", quorum=3)

        assert verdict_of(probe(DARK), witness(DARK), *GONE, plan=plan)[0] is VerdictKind.HOLD
        assert verdict_of(alarm(DARK), probe(DARK), witness(DARK), *GONE, plan=plan)[0] is VerdictKind.START

    def test_an_alarm_that_was_just_made_is_held(self) -> None:
        fresh = alarm(DARK, changed=NOW - timedelta(minutes=2))

        concluded, sentence = verdict_of(fresh, probe(DARK), *GONE)

        assert concluded is VerdictKind.HOLD
        assert "was made or changed only 2 min 00 s ago" in sentence


class TestRegion:
    @pytest.mark.parametrize("evidence", [heartbeat(DARK), region_api(DARK), region_api(DARK, WITNESS)])
    def test_one_sign_that_the_region_is_dark_is_enough(self, evidence: Signal) -> None:
        assert verdict_of(alarm(DARK), probe(DARK), evidence)[0] is VerdictKind.START

    @pytest.mark.parametrize(
        "region",
        [
            (heartbeat(WELL),),
            (heartbeat(WELL), region_api(DARK)),
            (heartbeat(UNKNOWN),),
            (heartbeat(UNKNOWN), region_api(WELL)),
            (),
        ],
    )
    def test_a_dark_application_in_a_region_that_answers_starts_nothing_by_itself(
        self, region: tuple[Signal, ...]
    ) -> None:
        concluded, sentence = verdict_of(alarm(DARK), probe(DARK), witness(DARK), *region)

        assert concluded is VerdictKind.HOLD
        assert "a bad deployment is no dead region" in sentence

    def test_a_heartbeat_that_fell_silent_weeks_ago_is_no_evidence_of_today(self) -> None:
        taken_down = heartbeat(DARK, since=NOW - timedelta(days=20))

        assert verdict_of(alarm(DARK), probe(DARK), taken_down)[0] is VerdictKind.HOLD

    def test_a_staged_plan_asks_a_person_and_needs_no_such_evidence(self) -> None:
        concluded, _ = verdict_of(alarm(DARK), probe(DARK), heartbeat(WELL), plan=armed("staged"))

        assert concluded is VerdictKind.START


class TestPersistence:
    def test_darkness_that_has_not_lasted_is_looked_at_again_when_it_will_have(self) -> None:
        concluded = decide(PLAN, (alarm(DARK), probe(DARK, since=JUST_NOW), *GONE), History(), NOW)

        assert concluded.kind is VerdictKind.HOLD
        assert "it must last 5 min and has lasted 4 min 00 s" in concluded.sentence
        assert concluded.again_in == timedelta(minutes=1)

    def test_it_counts_since_enough_agreed_and_no_later(self) -> None:
        third = witness(DARK, since=NOW - timedelta(seconds=5))

        assert decide(PLAN, (alarm(DARK), probe(DARK), third, *GONE), History(), NOW).kind is VerdictKind.START

    def test_an_alarm_that_was_stuck_for_days_adds_nothing_to_it(self) -> None:
        stuck = alarm(DARK, since=NOW - timedelta(days=3))

        assert decide(PLAN, (stuck, probe(DARK, since=JUST_NOW), *GONE), History(), NOW).kind is VerdictKind.HOLD


class TestArming:
    @pytest.mark.parametrize(
        ("arming", "kind", "because"),
        [
            ("observe", VerdictKind.BLOCK, "a failover would start now"),
            ("manual", VerdictKind.BLOCK, "a person must start fileflow-failover"),
            ("staged", VerdictKind.START, "is dark"),
        ],
    )
    def test_what_is_not_armed_for_it_says_what_would_happen(
        self, arming: str, kind: VerdictKind, because: str
    ) -> None:
        concluded = decide(armed(arming), (alarm(DARK), probe(DARK)), History(), NOW)

        assert concluded.kind is kind
        assert because in concluded.sentence
        assert concluded.dark_since == ONSET

    @pytest.mark.parametrize("switch", [Switch.OFF, Switch.UNREADABLE])
    def test_the_kill_switch_holds_back_what_would_start_by_itself(self, switch: Switch) -> None:
        concluded, sentence = verdict_of(alarm(DARK), probe(DARK), *GONE, history=History(switch=switch))

        assert concluded is VerdictKind.BLOCK
        assert "a person can start fileflow-failover" in sentence

    def test_too_many_starts_in_the_account_wait_for_a_person(self) -> None:
        concluded, sentence = verdict_of(alarm(DARK), probe(DARK), *GONE, history=History(starts=3))

        assert concluded is VerdictKind.BLOCK
        assert sentence.startswith("3 failovers started by themselves within 1 h")


class TestHistory:
    def test_a_live_run_is_joined(self) -> None:
        concluded, sentence = verdict_of(alarm(DARK), probe(DARK), *GONE, history=History(live_run="fileflow-e3"))

        assert concluded is VerdictKind.JOIN
        assert "fileflow-e3" in sentence

    @pytest.mark.parametrize(
        ("outcome", "minutes_ago", "acknowledged_by", "kind"),
        [
            (Outcome.RECOVERED, 10, "", VerdictKind.HOLD),
            (Outcome.RECOVERED, 100_000, "Kim", VerdictKind.HOLD),
            (Outcome.FAILED, 59, "", VerdictKind.HOLD),
            (Outcome.FAILED, 60, "", VerdictKind.START),
            (Outcome.FAILED, 1, "Kim", VerdictKind.START),
            (Outcome.BLOCKED, 59, "", VerdictKind.HOLD),
            (Outcome.ABORTED_CLEAN, 59, "", VerdictKind.HOLD),
            (Outcome.NOT_NEEDED, 1, "", VerdictKind.START),
        ],
    )
    def test_after_a_run_that_acted_nothing_starts_before_the_cooldown_or_a_person_allows_it(
        self, outcome: Outcome, minutes_ago: int, acknowledged_by: str, kind: VerdictKind
    ) -> None:
        last = LastRun("fileflow-e3", outcome, NOW - timedelta(minutes=minutes_ago), acknowledged_by)

        assert verdict_of(alarm(DARK), probe(DARK), *GONE, history=History(last=last))[0] is kind


class TestGroup:
    def test_who_shares_a_writer_moves_together_or_not_at_all(self) -> None:
        concluded, sentence = verdict_of(alarm(DARK), probe(DARK), *GONE, history=History(well=("orders",)))

        assert concluded is VerdictKind.HOLD
        assert "orders, which writes to the same resources, is not seen dark" in sentence


class TestOnset:
    def test_it_is_the_earliest_that_can_be_the_same_darkness(self) -> None:
        earlier = NOW - timedelta(minutes=8)

        assert onset((alarm(DARK, since=earlier), probe(DARK)), PLAN.decision) == earlier

    def test_an_alarm_that_was_stuck_for_days_tells_nothing_of_today(self) -> None:
        stuck = alarm(DARK, since=NOW - timedelta(days=3))

        assert onset((stuck, probe(DARK, since=ONSET)), PLAN.decision) == ONSET

    def test_without_darkness_there_is_none(self) -> None:
        assert onset((alarm(WELL), probe(UNKNOWN), heartbeat(DARK)), PLAN.decision) is None


class TestConfirm:
    """What a run asks once it holds its lease: first-hand looks and the region, no alarm."""

    def look(
        self, *signals: Signal, by_person: bool = False, looking_since: datetime = NOW
    ) -> tuple[Confirmation, str]:
        seen = confirm(PLAN, signals, looking_since=looking_since, by_person=by_person, now=NOW)
        return seen.confirmation, seen.sentence

    def test_a_primary_that_is_still_dark_is_left(self) -> None:
        assert self.look(probe(DARK), witness(DARK), *GONE)[0] is Confirmation.GO

    def test_a_witness_that_cannot_be_heard_keeps_nobody(self) -> None:
        assert self.look(probe(DARK), witness(UNKNOWN), *GONE)[0] is Confirmation.GO

    @pytest.mark.parametrize("by_person", [True, False])
    @pytest.mark.parametrize("seen", [(probe(WELL), witness(DARK)), (probe(DARK), witness(WELL))])
    def test_a_primary_that_answers_anybody_is_not_left(self, seen: tuple[Signal, ...], by_person: bool) -> None:
        confirmation, sentence = self.look(*seen, *GONE, by_person=by_person)

        assert confirmation is Confirmation.NOT_NEEDED
        assert "is well again" in sentence

    def test_a_region_that_answers_makes_an_automatic_run_look_again_and_not_a_persons(self) -> None:
        seen = (probe(DARK), heartbeat(WELL))

        assert self.look(*seen)[0] is Confirmation.LOOK_AGAIN
        assert self.look(*seen, by_person=True)[0] is Confirmation.GO

    def test_a_planned_run_goes_on_though_the_primary_is_well_and_says_who_asked_for_it(self) -> None:
        seen = confirm(PLAN, (probe(WELL),), looking_since=NOW, by_person=True, planned_by="anna (proven)", now=NOW)

        assert seen.confirmation is Confirmation.GO
        assert seen.sentence.startswith(
            "anna (proven) asked for a planned failover of fileflow, whose primary need not"
        )

    @pytest.mark.parametrize("by_person", [True, False])
    def test_unknown_is_never_yes(self, by_person: bool) -> None:
        assert self.look(probe(UNKNOWN), *GONE, by_person=by_person)[0] is Confirmation.LOOK_AGAIN
        assert self.look(by_person=by_person)[0] is Confirmation.LOOK_AGAIN

    def test_what_cannot_be_confirmed_is_blocked_in_the_end(self) -> None:
        confirmation, sentence = self.look(probe(UNKNOWN), looking_since=NOW - timedelta(minutes=30))

        assert confirmation is Confirmation.BLOCKED
        assert "could not be confirmed within 30 min 00 s" in sentence
