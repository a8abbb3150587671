"""FileFlow as if only its VPCs reached it, whole: a dead region is left, and a cut peering is not mistaken for one."""

from __future__ import annotations

from functools import cache

import pytest

from deployment import names
from deployment.application import application
from deployment.latch import latch
from deployment.resources import CalculatedHealthCheck, Function, HealthCheck, MetricHealthCheck
from deployment.signals import signals
from pilotlight.aws.listening import PROBE
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.ports import WebAnswer
from pilotlight.domain.records import RecordKind
from pilotlight.domain.watching import shelf_of
from planfile import load
from rehearsal.play import Played, play
from rehearsal.scenarios import scenario
from rehearsal.scene import close_scene, open_scene
from rehearsal.traffic import region_of_users
from tests.private_fileflow import private_fileflow
from tests.workflow.played import FILEFLOW

pytestmark = pytest.mark.full

PRIMARY, STANDBY, WITNESS = "ap-northeast-2", "ap-northeast-1", "ap-southeast-1"


@cache
def played(name: str, *, asked_from_witness: bool = False) -> Played:
    return play(private_fileflow(asked_from_witness=asked_from_witness), scenario(name), 1)


def sentences(seen: Played, kind: RecordKind) -> list[str]:
    return [record.entry.sentence for record in seen.records if record.entry.kind is kind]


class TestOutage:
    def test_a_dark_region_is_left_within_the_objectives(self) -> None:
        result = played("outage").result

        assert result.outcome == "RECOVERED", result.reason
        assert result.objectives["met"] is True

    def test_it_starts_once_the_darkness_has_lasted_on_what_is_seen_over_peering_and_not_heard_from_inside(
        self,
    ) -> None:
        seen = played("outage")
        (start,) = [s for s in sentences(seen, RecordKind.VERDICT) if s.endswith("was started.")]

        assert "The probe in the standby gets no answer from" in start
        assert "The voice of the probe inside the primary has been silent for" in start
        assert 180 <= seen.result.clocks["decided"] <= 300  # type: ignore[operator]

    def test_the_standby_is_checked_from_its_vpc_and_then_users_are_sent_there(self) -> None:
        seen = played("outage")
        steps = {step.name: step for step in seen.result.steps}

        asked = [line for line in seen.scene.world.trace if line.resource.endswith(":pilotlight-fileflow-inside:live")]
        assert names.step_function("fileflow", "check_http") in {line.by for line in asked}
        assert steps["check-health"].finished <= steps["latch-traffic"].started  # type: ignore[operator]
        assert region_of_users(seen.scene.world, seen.scene.plan, "fileflow.ryuqqq.com") == STANDBY

    def test_no_role_lacks_a_permission_and_nobody_needs_us_east_1(self) -> None:
        trace = played("outage").scene.world.trace

        assert [line for line in trace if line.error == "AccessDenied"] == []
        assert [line for line in trace if line.region == "us-east-1" and line.by] == []


def test_a_public_plan_of_what_only_a_vpc_reaches_sees_nothing() -> None:
    """Given FileFlow's public plan, and load balancers that are private, then its probe in the standby is blind to
    them, as it would be in AWS."""
    scene = open_scene(load(FILEFLOW), 1)
    try:
        probe = scene.plan.signals.probe
        answer = WebAnswer(probe.expect_status, probe.expect_body or "")
        scene.account.internet.put_private(probe.connect_to or "", PRIMARY, lambda request: answer)
        scene.world.time.run(limit_seconds=90.0)

        table = DynamoTable(scene.account.sdk(STANDBY), STANDBY, names.SIGNALS_TABLE)
        task = scene.world.time.spawn(lambda: table.read(shelf_of("fileflow"), PROBE), name="read")
        scene.world.time.run(until=lambda: task.done)
        item = task.result()
    finally:
        close_scene(scene)

    assert item is not None
    assert "gets no answer from" in item["application"]["sentence"]


class TestCuts:
    @pytest.mark.parametrize("name", ["peering-cut", pytest.param("path-cut", marks=pytest.mark.full)])
    def test_what_is_cut_between_the_regions_starts_nothing(self, name: str) -> None:
        seen = played(name)

        assert seen.result.outcome == "NOT_NEEDED", seen.result.reason
        assert sentences(seen, RecordKind.RUN_OPENED) == []

    def test_the_probe_inside_is_why(self) -> None:
        (hold,) = sentences(played("peering-cut"), RecordKind.VERDICT)

        assert "do not agree that the primary is dark" in hold
        assert "The probe inside the primary gets a good answer" in hold

    def test_a_public_application_has_no_peering_to_cut(self) -> None:
        with pytest.raises(PlanRefused, match="fileflow is public; path-cut is its like"):
            play(load(FILEFLOW), scenario("peering-cut"), 1)


@pytest.mark.full
def test_asked_from_the_witness_too_it_is_left_on_what_two_regions_see() -> None:
    seen = played("outage", asked_from_witness=True)
    (start,) = [s for s in sentences(seen, RecordKind.VERDICT) if s.endswith("was started.")]

    assert seen.result.outcome == "RECOVERED"
    assert "The probe in the witness gets no answer from" in start


@pytest.mark.full
@pytest.mark.parametrize("name", ["blip", "flap", "bad-deploy", "multi-az-failover", "us-east-1-dark", "both-dark"])
def test_the_other_darknesses_come_to_the_same_as_for_a_public_one(name: str) -> None:
    assert played(name).result.outcome == scenario(name).expected.value


def test_what_is_deployed_has_no_stack_for_a_health_check() -> None:
    regions = [stack.region for stack in signals(private_fileflow())]

    assert sorted(regions) == sorted([PRIMARY, WITNESS])


def test_a_function_stands_in_each_vpc_that_the_plan_names() -> None:
    plan = private_fileflow(asked_from_witness=True)
    footholds = {
        stack.region: resource.foothold
        for stack in (application(plan), *signals(plan))
        for resource in stack.resources
        if isinstance(resource, Function) and resource.foothold
    }

    network = plan.network
    assert footholds == {PRIMARY: network.primary, STANDBY: network.standby, WITNESS: network.witness}


def test_the_latch_is_the_same_as_for_a_public_application() -> None:
    """Its health checks look at a metric and at a public object, which the checkers reach whatever else is private."""
    checks = [
        [r for r in latch(plan, "plan.json") if isinstance(r, HealthCheck | MetricHealthCheck | CalculatedHealthCheck)]
        for plan in (load(FILEFLOW), private_fileflow())
    ]

    assert len(checks[0]) == 3
    assert checks[0] == checks[1]
