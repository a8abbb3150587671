"""What a policy would have done: the detector's own decision on a past that is played to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backtest.reading import read_history
from backtest.replay import BackTest, Firing, replay
from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.plan import Arming, Plan
from tests.backtest.histories import HOUR, an_alarm, at, looks
from tests.builders import PRIMARY, a_plan, a_private_plan

STAGED, AUTOMATIC = Arming.STAGED, Arming.AUTOMATIC
PLAN = a_plan(arming="observe", decision={"must_last": "5 min"})
WATCHED = a_plan(
    arming="observe",
    decision={"must_last": "5 min"},
    signals={**PLAN.signals.model_dump(mode="json"), "alarms": [{"name": "errors"}]},
)
DARK = (10, 30)


def played(*series: dict[str, Any], alarms: list[dict[str, Any]] | None = None, plan: Plan = PLAN) -> BackTest:
    alarms = [an_alarm((12, "ALARM"), (31, "OK"))] if alarms is None else alarms
    return replay(plan, read_history(plan, {"a file": {**HOUR, "metrics": list(series), "alarms": alarms}}))


def the_firings(came: BackTest) -> dict[Arming, Firing]:
    (episode,) = came.episodes
    return {firing.arming: firing for firing in episode.firings}


def all_of_them(*dark: tuple[int, int]) -> list[dict[str, Any]]:
    return [looks(observer, *dark) for observer in ("probe_standby", "region_standby", "heartbeat")]


class TestWhatFires:
    def test_a_darkness_that_everybody_saw_and_that_lasted_starts_as_soon_as_it_has_lasted(self) -> None:
        came = played(*all_of_them(DARK))

        firings = the_firings(came)
        assert set(firings) == {STAGED, AUTOMATIC}
        assert [f.assumed for f in firings.values()] == [(), ()]
        # The quorum is complete with the alarm in minute 12, and has to last five minutes from then.
        assert {f.at for f in firings.values()} == {at(17)}
        assert firings[STAGED].sentence.startswith("The primary of fileflow is dark: Alarm ")

    def test_an_episode_lasts_until_nobody_sees_it_dark_any_more(self) -> None:
        (episode,) = played(*all_of_them(DARK)).episodes

        assert (episode.began, episode.ended) == (at(10), at(31))
        assert not episode.goes_on
        assert episode.held == {}

    def test_a_darkness_that_still_goes_on_says_so(self) -> None:
        (episode,) = played(*all_of_them((10, 61)), alarms=[an_alarm((12, "ALARM"))]).episodes

        assert episode.goes_on
        assert episode.ended == at(60)

    def test_two_darknesses_are_judged_each_by_itself(self) -> None:
        alarms = [an_alarm((12, "ALARM"), (21, "OK"), (42, "ALARM"), (51, "OK"))]

        came = played(*all_of_them((10, 20), (40, 50)), alarms=alarms)

        assert [episode.began for episode in came.episodes] == [at(10), at(40)]
        assert [len(episode.firings) for episode in came.episodes] == [2, 2]

    def test_the_arming_of_the_plan_changes_nothing(self) -> None:
        armed = PLAN.model_copy(update={"arming": AUTOMATIC})

        assert played(*all_of_them(DARK), plan=armed) == played(*all_of_them(DARK))


class TestWhatDoesNot:
    def test_a_blip_is_an_episode_and_no_start(self) -> None:
        came = played(*all_of_them((10, 14)), alarms=[an_alarm((12, "ALARM"), (14, "OK"))])

        (episode,) = came.episodes
        assert episode.firings == ()
        assert "it must last 5 min and has lasted" in episode.held[STAGED]

    def test_a_probe_that_gets_good_answers_contradicts_the_alarm(self) -> None:
        (episode,) = played(*all_of_them()).episodes

        assert episode.firings == ()
        assert "do not agree that the primary is dark" in episode.held[AUTOMATIC]

    def test_a_dark_application_in_a_region_that_is_well_is_no_reason_to_leave_it_unasked(self) -> None:
        came = played(looks("probe_standby", DARK), looks("region_standby"), looks("heartbeat"))

        assert set(the_firings(came)) == {STAGED}
        assert "a bad deployment is no dead region" in came.episodes[0].held[AUTOMATIC]

    def test_an_alarm_that_was_changed_a_moment_before_is_held(self) -> None:
        alarm = an_alarm((12, "ALARM"), (31, "OK"), changed=[11])

        assert the_firings(played(*all_of_them(DARK), alarms=[alarm]))[STAGED].at == at(21)

    def test_an_alarm_of_its_own_completes_nothing_and_contradicts(self) -> None:
        own = [an_alarm((12, "ALARM"), (31, "OK")), an_alarm(name="errors")]

        (episode,) = played(*all_of_them(DARK), alarms=own, plan=WATCHED).episodes

        assert episode.firings == ()


class TestWhatTheHistoryDoesNotHold:
    def test_an_observer_that_is_missing_is_unknown_and_completes_nothing(self) -> None:
        came = played()

        assert [f for f in came.episodes[0].firings if not f.assumed] == []
        assert "must agree" in came.episodes[0].held[STAGED]

    def test_the_upper_bound_names_those_who_had_to_agree(self) -> None:
        firings = the_firings(played())

        assert firings[AUTOMATIC].assumed == (
            "The probe in the standby",
            f"The look from the standby at AWS in {PRIMARY}",
            f"The heartbeat of {PRIMARY}",
        )
        assert firings[AUTOMATIC].at == at(17)

    def test_there_is_no_upper_bound_where_the_history_holds_everybody(self) -> None:
        (episode,) = played(*all_of_them()).episodes

        assert episode.firings == ()

    def test_a_gap_in_what_an_observer_saw_is_missing_too(self) -> None:
        series = [looks(o, DARK, missing=range(5, 61)) for o in ("probe_standby", "region_standby", "heartbeat")]

        came = played(*series)

        assert the_firings(came)[STAGED].assumed
        held = {each.observer.id: each.minutes for each in came.coverage}
        assert held == {"health_check": 61, "probe_standby": 7, "region_standby": 7, "heartbeat": 7}

    def test_a_history_of_nobody_says_nothing_and_is_refused(self) -> None:
        with pytest.raises(PlanRefused, match="holds nothing of the observers of fileflow"):
            played(alarms=[an_alarm((12, "ALARM"), name="somebody-elses")])


class TestTheHealthCheck:
    def test_its_metric_stands_in_for_its_alarm_with_the_delay_that_the_alarm_would_have(self) -> None:
        came = played(looks("health_check", DARK), *all_of_them(DARK), alarms=[])

        # The point of minute 10 is there, and has set off the alarm, a minute and a half after that minute began.
        assert the_firings(came)[STAGED].at == at(15)
        assert "sees the primary dark" in the_firings(came)[STAGED].sentence

    def test_its_alarm_is_believed_where_both_are_there(self) -> None:
        came = played(looks("health_check"), *all_of_them(DARK))

        assert set(the_firings(came)) == {STAGED, AUTOMATIC}


def test_a_witness_completes_the_quorum_without_the_alarm() -> None:
    plan = PLAN.model_copy(update={"regions": PLAN.regions.model_copy(update={"witness": "ap-southeast-1"})})

    came = played(*all_of_them(DARK), looks("probe_witness", DARK), alarms=[an_alarm()], plan=plan)

    assert the_firings(came)[AUTOMATIC].at == at(15)


def test_a_fortnight_is_played_in_seconds() -> None:
    past = read_history(PLAN, {"a file": {**HOUR, "to": (at(0) + timedelta(days=14)).isoformat(),
                                          "alarms": [an_alarm((12, "ALARM"), (31, "OK"))]}})  # fmt: skip

    assert replay(PLAN, past).minutes == 14 * 24 * 60 + 1


class TestAPrivateApplication:
    """It has no health check; the probe inside its primary falls silent where the region goes dark."""

    PLAN = a_private_plan(arming="observe", decision={"must_last": "5 min"})

    def history(self, *dark_looks: str, silent: bool = True) -> list[dict[str, Any]]:
        others = {"probe_standby", "region_standby", "region_witness", "heartbeat", "voice"} - set(dark_looks)
        said = looks("probe_inside", missing=range(*DARK) if silent else ())
        return [*(looks(each, DARK) for each in dark_looks), *(looks(each) for each in sorted(others)), said]

    def test_a_dark_region_starts_on_what_two_regions_see_of_it(self) -> None:
        seen = self.history("probe_standby", "region_standby", "region_witness", "heartbeat", "voice")

        firings = the_firings(played(*seen, alarms=[], plan=self.PLAN))

        assert set(firings) == {STAGED, AUTOMATIC}
        assert [firing.assumed for firing in firings.values()] == [(), ()]

    def test_a_cut_peering_or_a_cut_path_does_not(self) -> None:
        peering = self.history("probe_standby", silent=False)
        path = self.history("probe_standby", "region_standby", "heartbeat", "voice")

        for seen in (peering, path):
            (episode,) = played(*seen, alarms=[], plan=self.PLAN).episodes
            assert [firing for firing in episode.firings if not firing.assumed] == []
