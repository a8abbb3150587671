"""FileFlow's fences in a whole run whose primary answers: the application is gone there, and Seoul's APIs are not."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import pytest

from pilotlight.domain.ports import Silence, WebAnswer
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome
from planfile import load
from rehearsal.play import Played, play
from rehearsal.scenarios import Scenario
from rehearsal.scenarios.scenario import later, start_by_hand
from rehearsal.scene import Scene, let_primary_answer
from rehearsal.services.ec2 import Ec2
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.rds import Rds
from tests.workflow.played import FILEFLOW

pytestmark = pytest.mark.full

SEOUL = "ap-northeast-2"


def _application_gone(scene: Scene) -> None:
    silence = WebAnswer(None, "", "no connection came about in time", silence=Silence.TIMED_OUT)
    let_primary_answer(scene, lambda _: silence)
    # Seoul itself is well, so nothing starts by itself: a person does.
    later(scene, timedelta(minutes=2), lambda: start_by_hand(scene), "a person starts the run")


@cache
def seen() -> Played:
    happening = Scenario("application-gone", "The application is gone.", Outcome.RECOVERED, _application_gone)
    return play(load(FILEFLOW), happening, seed=1)


def settled(step: str) -> str:
    records = [r.entry for r in seen().records if r.entry.kind is RecordKind.STEP_SETTLED and r.entry.step == step]
    return records[0].sentence


def test_the_run_recovers_under_the_roles_that_are_deployed() -> None:
    refused = [line for line in seen().scene.world.trace if line.error == "AccessDenied"]

    assert seen().result.outcome == "RECOVERED", seen().result.reason
    assert refused == []


def test_the_primary_is_read_closed_before_the_writer_moves() -> None:
    steps = {step.name: step for step in seen().result.steps}

    assert settled("close-traffic").endswith("answers an error to every request on port 443.")
    assert settled("close-database").endswith("lets no session in, and its restart ended the others.")
    for name in ("close-traffic", "close-database"):
        assert steps[name].finished <= steps["promote"].started  # type: ignore[operator]


def test_seoul_stands_closed_at_the_end() -> None:
    aws = seen().scene.account.aws

    assert aws.service(Elbv2).answers_503("fileflow-prod-alb-123456.ap-northeast-2.elb.amazonaws.com")
    assert aws.service(Ec2).group(SEOUL, "sg-0123456789abcdef1").rules == []
    assert len(aws.service(Rds).instance(SEOUL, "ryuqqq-shared-rds").restarts) == 1


def test_a_listener_is_closed_within_seconds_of_its_start() -> None:
    fence = next(step for step in seen().result.steps if step.name == "close-traffic")

    assert fence.finished - fence.started <= 8  # type: ignore[operator]
