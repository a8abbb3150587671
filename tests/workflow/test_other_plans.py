"""Plans that are not FileFlow's: what they expect of the standby, and scenarios that they have no step for."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotlight.domain.errors import PlanRefused
from planfile import load
from rehearsal.play import play
from rehearsal.scenarios import scenario
from tests.builders import STANDBY_HOST, a_plan
from tests.workflow.played import FILEFLOW

pytestmark = pytest.mark.full

EXPECTED = "          expect_status: 200\n          expect_json: { status: UP }\n"


def fileflow_expecting(folder: Path, *expected: str) -> Path:
    """FileFlow's plan with another answer expected of the standby."""
    text = FILEFLOW.read_text()
    assert EXPECTED in text
    path = folder / "fileflow.yaml"
    path.write_text(text.replace(EXPECTED, "".join(f"          {line}\n" for line in expected)))
    return path


@pytest.mark.parametrize(
    "expected",
    [
        ("expect_json: { state: ok }",),
        ("expect_status: [203, 200]", "expect_json: { db.up: true, db.lag: 0 }", 'expect_body: \'"status":"UP"\''),
        ("expect_status: 202", "expect_body: Welcome"),
    ],
)
def test_the_standby_answers_as_the_plan_expects_once_it_is_up(tmp_path: Path, expected: tuple[str, ...]) -> None:
    plan = load(fileflow_expecting(tmp_path, *expected))

    result = play(plan, scenario("outage"), seed=1).result

    assert result.outcome == "RECOVERED", result.reason
    check = next(step for step in result.steps if step.name == "check-health")
    assert check.status == "settled"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("cache-create-failed", "create_cache"),
        ("image-missing", "scale_ecs_service"),
        ("replica-stopped", "promote_replica"),
        ("nodes-do-not-come", "scale_node_group"),
    ],
)
def test_a_scenario_refuses_a_plan_without_the_step_that_it_troubles(name: str, kind: str) -> None:
    params = {"url": "https://fileflow.example.com/health", "connect_to": STANDBY_HOST}
    check = {"step": "check", "kind": "check_http", "params": params}
    plan = a_plan(stages={"serve": {"application": [check]}})

    with pytest.raises(PlanRefused) as refused:
        play(plan, scenario(name), seed=1)

    assert refused.value.sentence == f"This scenario needs a step of kind {kind}, and fileflow has none."


def test_fileflow_by_its_own_infrastructure_code_recovers_within_its_objectives() -> None:
    result = play(load(FILEFLOW.with_name("fileflow-api.yaml")), scenario("outage"), seed=1).result

    assert result.outcome == "RECOVERED", result.reason
    assert result.objectives["met"] is True
