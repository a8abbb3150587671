"""MegaTicket whole, by its real plan: four tables that change hands, two groups that come up, and users who come last.

What its guide for Tokyo leaves open is found before an incident, and does no harm in one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cli.readying import look_at_all
from pilotlight.domain.kind import Severity
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome
from pilotlight.readiness.look import Found
from planfile import load
from planfile.drill import drill_of
from planfile.reading import InstalledKinds
from rehearsal.play import Played, play
from rehearsal.readiness import look_at
from rehearsal.scenarios import Scenario
from rehearsal.scenarios.scenario import outage
from rehearsal.scene import Scene, close_scene, open_scene
from rehearsal.services.autoscaling import AutoScaling
from rehearsal.services.elbv2 import Elbv2
from rehearsal.traffic import region_of_users
from tests.workflow.megaticket import MEGATICKET, NAME, SEOUL, TOKYO, as_its_guide_says, played, without_https

pytestmark = pytest.mark.full

TABLES = ("performances", "reservations", "schedules", "venues")


def settled(seen: Played, step: str) -> str:
    found = [r.entry for r in seen.records if r.entry.kind is RecordKind.STEP_SETTLED and r.entry.step == step]
    return found[0].sentence


class TestAnOutage:
    @pytest.fixture
    def seen(self) -> Played:
        return played("outage")

    def test_it_is_recovered_from_within_what_the_plan_promises(self, seen: Played) -> None:
        assert seen.result.outcome == "RECOVERED", seen.result.reason
        assert seen.result.objectives["met"] is True
        assert region_of_users(seen.scene.world, seen.scene.plan, NAME) == TOKYO
        assert [line for line in seen.scene.world.trace if line.error == "AccessDenied"] == []

    def test_all_three_sizes_of_a_group_go_in_one_call(self, seen: Played) -> None:
        resized = [line for line in seen.scene.world.trace if line.operation == "UpdateAutoScalingGroup"]
        scaling = seen.scene.account.aws.service(AutoScaling)
        groups = [scaling.find(TOKYO, f"MegaTicket-DR-{tier}-ASG") for tier in ("App", "Web")]

        assert len(resized) == len(groups)
        assert [(g.minimum, g.maximum, g.desired) for g in groups if g] == [(2, 3, 2), (2, 3, 2)]

    def test_the_app_tier_is_launched_first_and_the_web_tier_does_not_wait_for_it(self, seen: Played) -> None:
        steps = {step.name: step for step in seen.result.steps}
        app, web = steps["scale-app"], steps["scale-web"]

        assert app.started < web.started < app.finished  # type: ignore[operator]
        assert steps["check-api"].started >= app.finished  # type: ignore[operator]
        assert steps["check-pages"].started >= web.finished  # type: ignore[operator]
        assert steps["latch-traffic"].started >= steps["check-pages"].finished  # type: ignore[operator]

    def test_both_groups_answer_at_their_own_target_groups(self, seen: Played) -> None:
        assert settled(seen, "scale-app").endswith("2 instances in service, healthy in MegaTicket-DR-App-TG.")
        assert settled(seen, "scale-web").endswith("2 instances in service, healthy in MegaTicket-DR-Web-TG.")

    def test_all_four_tables_are_committed_before_the_first_instance(self, seen: Played) -> None:
        committed = [
            r.entry
            for r in seen.records
            if r.entry.kind is RecordKind.TOMBSTONE and r.entry.details["state"] == "committed"
        ]
        launched = next(line.time for line in seen.scene.world.trace if line.operation == "UpdateAutoScalingGroup")

        assert [e.details["writer"].rsplit("-", 1)[1] for e in committed] == list(TABLES)
        assert all(entry.time < launched for entry in committed)

    def test_each_group_comes_up_in_about_the_minutes_that_the_guide_counts_from_the_scale_command(
        self, seen: Played
    ) -> None:
        """The guide says about 5 min; that clock starts long after the onset."""
        steps = {step.name: step for step in seen.result.steps}

        for name in ("scale-app", "scale-web"):
            assert 2 * 60 <= steps[name].finished - steps[name].started <= 8 * 60  # type: ignore[operator]


def test_an_image_that_nobody_copied_stops_it_in_the_words_of_aws_before_users_come() -> None:
    seen = played("image-missing")

    assert seen.result.outcome == "FAILED"
    assert "Step scale-app failed" in seen.result.reason
    assert "does not exist. Launching EC2 instance failed." in seen.result.reason
    assert region_of_users(seen.scene.world, seen.scene.plan, NAME) == SEOUL


def test_without_remembered_latencies_it_is_blocked_before_anything_is_disrupted() -> None:
    seen = played("latency-missing")

    assert seen.result.outcome == "BLOCKED"
    assert "How far table KDT-Msp4-PLDR-performances in ap-northeast-1 was behind is unknown" in seen.result.reason
    assert seen.primary[0] == seen.primary[1]


def test_a_seoul_that_returns_is_closed_by_its_guard() -> None:
    seen = played("primary-returns")

    assert seen.result.outcome == "RECOVERED", seen.result.reason
    balancing, scaling = seen.scene.account.aws.service(Elbv2), seen.scene.account.aws.service(AutoScaling)
    assert balancing.answers_503("MegaTicket-ALB-123456.ap-northeast-2.elb.amazonaws.com")
    assert [group.desired for group in scaling.groups if group.region == SEOUL] == [0, 0]


def _http_alone(scene: Scene) -> None:
    without_https(scene.account.aws.service(Elbv2))
    outage(scene)


def test_a_standby_that_speaks_http_alone_is_never_given_users() -> None:
    """The groups come up, their targets are healthy, and nobody who asks by HTTPS would be answered."""
    alone = Scenario("http-alone", "Tokyo's load balancer has no HTTPS.", Outcome.FAILED, _http_alone)

    seen = play(load(MEGATICKET), alone, seed=1)

    assert seen.result.outcome == "FAILED"
    assert "Step check-api failed" in seen.result.reason
    assert "the connection was refused" in seen.result.reason
    assert region_of_users(seen.scene.world, seen.scene.plan, NAME) == SEOUL


class TestReadiness:
    def look(self, scene: Scene) -> list[Found]:
        return look_at(scene, lambda ways: look_at_all(scene.plan, ways.now, ways.aws, ways.web, lambda title: None))

    @pytest.fixture
    def scene(self) -> Iterator[Scene]:
        opened = open_scene(load(MEGATICKET), 1)
        yield opened
        close_scene(opened)

    def test_a_world_as_the_plan_takes_it_to_stand_is_ready(self, scene: Scene) -> None:
        assert {each.finding.severity for each in self.look(scene)} == {Severity.FINE}

    def test_the_world_of_its_guide_is_not_and_every_trap_in_it_is_named(self, scene: Scene) -> None:
        as_its_guide_says(scene)

        found = [each for each in self.look(scene) if each.finding.severity is not Severity.FINE]

        assert [(each.about, each.finding.code) for each in found] == [
            ("close-traffic", "priority-taken"),
            ("latch-traffic", "record-not-latched"),
            ("latch-traffic", "secondary-evaluates-target"),
            ("same-front-in-tokyo", "listener-missing"),
            ("certificate-in-tokyo", "listener"),
            ("web-image-in-tokyo", "image-old"),
            ("models-in-tokyo", "model-access"),
            ("check-api", "check-listener"),
            ("check-pages", "check-listener"),
        ]
        assert all(each.finding.fix for each in found)
        assert found[3].finding.sentence == (
            "MegaTicket-ALB listens on port 443 (HTTPS) and MegaTicket-DR-ALB on port 80 (HTTP) alone, so whoever asks "
            "the standby at port 443 gets no answer."
        )


def test_a_drill_copies_both_groups_and_leaves_out_what_would_touch_seoul_or_the_tables() -> None:
    drill = drill_of(load(MEGATICKET), InstalledKinds())
    params = {name: step.params for name, step in drill.steps().items()}

    assert {name: step.kind for name, step in drill.steps().items()} == {
        "scale-app": "copy_auto_scaling_group",
        "scale-web": "copy_auto_scaling_group",
        "check-api": "check_http",
        "check-pages": "check_http",
    }
    assert {*drill.left_out} == {"close-traffic", "stop-app", "stop-web", "take-over-tables", "latch-traffic"}
    assert params["check-api"]["connect_to"] == {"step": "scale-app", "output": "host"}
    assert params["check-pages"]["connect_to"] == {"step": "scale-web", "output": "host"}
