"""app.py as a user starts it: every plan passes every check, and what may not be deployed is refused in a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pilotlight.domain.plan import Arming
from stacks.assembly import ALLOW_AUTOMATIC, ArmingRefused, assemble
from tests.stacks.described import CHECKOUT, CONTEXT, WITHOUT_BUNDLING, an_app, plans

PLAN = CHECKOUT / "plans" / "fileflow.yaml"


def run_app(output: Path, *, strict: bool = False, **context) -> subprocess.CompletedProcess[str]:
    """Start app.py as `./pilotlight synth` does, without building the dependency layer."""
    environment = {name: value for name, value in os.environ.items() if name != "CDK_VALIDATION"}
    if not strict:
        environment["CDK_VALIDATION"] = "false"
    environment["CDK_CONTEXT_JSON"] = json.dumps({**CONTEXT, **WITHOUT_BUNDLING, **context})
    environment["CDK_OUTDIR"] = str(output)
    return subprocess.run(
        [sys.executable, "app.py"], cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )


def templates_in(output: Path) -> set[str]:
    """The stacks that were synthesized."""
    return {path.name.removesuffix(".template.json") for path in output.glob("*.template.json")}


@pytest.mark.full
def test_every_plan_passes_nag_and_the_validation_of_cloudformation(tmp_path):
    finished = run_app(tmp_path, strict=True)

    assert finished.returncode == 0, finished.stderr
    assert "WARNING" not in finished.stderr
    assert len(templates_in(tmp_path)) >= 3


@pytest.mark.full
def test_one_plan_can_be_chosen_and_is_protected(tmp_path):
    finished = run_app(tmp_path, plan="plans/fileflow.yaml")

    assert finished.returncode == 0, finished.stderr
    foundation, application = "pilotlight-foundation-ap-northeast-1", "pilotlight-fileflow"
    guard = "pilotlight-fileflow-guard"
    assert templates_in(tmp_path) == {
        foundation,
        application,
        guard,
        "pilotlight-fileflow-signals-us-east-1",
        "pilotlight-fileflow-signals-ap-southeast-1",
        "pilotlight-watch-ap-northeast-1",
        "pilotlight-watch-ap-southeast-1",
        "pilotlight-sentinel-ap-northeast-2-to-ap-northeast-1",
    }
    artifacts = json.loads((tmp_path / "manifest.json").read_text())["artifacts"]
    protected = {name for name, artifact in artifacts.items() if artifact["properties"].get("terminationProtection")}
    assert protected == {foundation, application, guard}


@pytest.mark.full
def test_a_plan_that_cannot_be_read_is_one_sentence_and_no_template(tmp_path):
    finished = run_app(tmp_path, plan="plans/nowhere.yaml")

    assert finished.returncode == 2
    assert "There is no such file" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert templates_in(tmp_path) == set()


@pytest.mark.full
def test_a_plan_that_acts_by_itself_may_not_be_deployed_yet(tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.read_text().replace("arming: observe", "arming: staged"))

    finished = run_app(tmp_path / "out", plan=str(plan))

    assert finished.returncode == 3, finished.stderr
    assert "fileflow is armed `staged`, which may not be deployed because" in finished.stderr
    assert finished.stderr.rstrip().endswith("arm it `observe` or `manual`.")
    assert templates_in(tmp_path / "out") == set()


@pytest.mark.parametrize("arming", [Arming.STAGED, Arming.AUTOMATIC])
def test_only_the_flag_of_the_tests_lifts_the_refusal(arming):
    armed = [plan.model_copy(update={"arming": arming}) for plan in plans()]

    with pytest.raises(ArmingRefused, match="may not be deployed"):
        assemble(an_app(), armed)
    lifted = an_app(**{ALLOW_AUTOMATIC: True})
    assemble(lifted, armed)

    stacks = {artifact.stack_name for artifact in lifted.synth().stacks}
    assert "pilotlight-fileflow" in stacks
