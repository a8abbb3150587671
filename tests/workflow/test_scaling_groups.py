"""Two Auto Scaling groups in a whole run.

The plan is played without a database, where nothing is moved but users, and with one, where the guard has to close the
old groups when their region comes back.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import pytest

from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome
from rehearsal.play import Played, play
from rehearsal.scenarios import Scenario, scenario
from rehearsal.scenarios.darkness import SILENT
from rehearsal.scenarios.scenario import later, start_by_hand
from rehearsal.scenarios.writers import primary_returns
from rehearsal.scene import Scene, let_primary_answer
from rehearsal.services.autoscaling import AutoScaling
from rehearsal.traffic import region_of_users
from tests.workflow.scaling_groups import NAME, SEOUL, TOKYO, the_plan

pytestmark = pytest.mark.full


@cache
def dark(*, database: bool = False) -> Played:
    return play(the_plan(database=database), scenario("outage"), seed=1)


def sizes(seen: Played, region: str, name: str) -> tuple[int, int, int]:
    group = seen.scene.account.aws.service(AutoScaling).find(region, name)
    assert group is not None
    return (group.minimum, group.maximum, group.desired)


def settled(seen: Played, step: str) -> str:
    found = [r.entry for r in seen.records if r.entry.kind is RecordKind.STEP_SETTLED and r.entry.step == step]
    return found[0].sentence


def test_an_outage_is_recovered_from_with_both_groups_up_and_users_in_the_standby() -> None:
    seen = dark()

    assert seen.result.outcome == "RECOVERED", seen.result.reason
    assert all(step.status == "settled" for step in seen.result.steps)
    assert settled(seen, "scale-web") == (
        "Group MegaTicket-DR-Web-ASG has 2 instances in service, healthy in MegaTicket-DR-Web-TG."
    )
    assert settled(seen, "scale-app").endswith("healthy in MegaTicket-DR-App-TG.")
    assert region_of_users(seen.scene.world, seen.scene.plan, NAME) == TOKYO
    assert [line for line in seen.scene.world.trace if line.error == "AccessDenied"] == []


def test_a_dark_primary_is_not_waited_for_and_nothing_in_it_is_changed() -> None:
    seen = dark()

    fences = [step for step in seen.result.steps if step.name.startswith("stop-")]
    assert len(fences) == 2
    assert all("could not be reached, so no read shows it closed" in settled(seen, step.name) for step in fences)
    assert all(step.finished - step.started <= 20 for step in fences)  # type: ignore[operator]
    assert seen.primary[0] == seen.primary[1]


def test_with_a_database_it_recovers_too_and_users_come_after_the_writer_moved() -> None:
    seen = dark(database=True)

    steps = {step.name: step for step in seen.result.steps}
    assert seen.result.outcome == "RECOVERED", seen.result.reason
    assert steps["latch"].started >= steps["promote"].finished  # type: ignore[operator]


def test_the_guard_closes_the_old_groups_when_their_region_comes_back() -> None:
    """The one writer holds meanwhile, which the rehearsal itself watches: the listener closes within seconds."""
    seen = play(the_plan(database=True), primary_returns(timedelta(minutes=30)), seed=1)

    assert seen.result.outcome == "RECOVERED", seen.result.reason
    for name in ("MegaTicket-Web-ASG", "MegaTicket-App-ASG"):
        assert sizes(seen, SEOUL, name) == (0, 0, 0)
    by_the_guard = {
        (line.operation, line.region)
        for line in seen.scene.world.trace
        if line.service == "autoscaling" and line.mutating and line.by == "pilotlight-megaticket-guard"
    }
    assert by_the_guard == {("CreateOrUpdateTags", SEOUL), ("UpdateAutoScalingGroup", SEOUL)}


def application_gone(scene: Scene) -> None:
    """Nobody is served, and Seoul itself is well: so nothing starts by itself, and a person does it."""
    let_primary_answer(scene, lambda request: SILENT)
    later(scene, timedelta(minutes=2), lambda: start_by_hand(scene), "a person starts the run")


def test_groups_of_a_primary_that_answers_are_read_closed_before_the_writer_moves() -> None:
    gone = Scenario("application-gone", "The application is gone.", Outcome.RECOVERED, application_gone)

    seen = play(the_plan(database=True), gone, seed=1)

    steps = {step.name: step for step in seen.result.steps}
    assert seen.result.outcome == "RECOVERED", seen.result.reason
    for name in ("stop-web", "stop-app"):
        assert settled(seen, name).endswith("has no instance, and may start none.")
        assert steps[name].finished <= steps["promote"].started  # type: ignore[operator]
    assert sizes(seen, SEOUL, "MegaTicket-Web-ASG") == (0, 0, 0)
    assert [line for line in seen.scene.world.trace if line.error == "AccessDenied"] == []


def test_an_image_that_nobody_copied_fails_the_run_in_the_words_of_aws() -> None:
    seen = play(the_plan(database=False), scenario("image-missing"), seed=1)

    assert seen.result.outcome == "FAILED"
    assert "does not exist. Launching EC2 instance failed." in seen.result.reason
    assert region_of_users(seen.scene.world, seen.scene.plan, NAME) == SEOUL
