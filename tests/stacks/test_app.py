"""app.py as a user starts it: every plan passes every check, and what may not be deployed is refused in a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backtest.record import fingerprint, write_record
from pilotlight.domain.plan import Arming
from stacks.assembly import ArmingRefused, assemble
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


def test_where_templates_are_validated_nag_refuses_what_nobody_acknowledged(tmp_path, monkeypatch):
    monkeypatch.setenv("CDK_VALIDATION", "true")
    monkeypatch.setattr("stacks.assembly.acknowledge", lambda stack: None)
    app = an_app()
    assemble(app, [plan for plan in plans() if plan.application == "fileflow"], tmp_path)

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()


@pytest.mark.full
def test_a_plan_that_hears_slack_passes_them_too(tmp_path):
    heard = tmp_path / "fileflow.yaml"
    told = PLAN.read_text().replace("token_secret: pilotlight", "team: T0123456789\n    token_secret: pilotlight")
    heard.write_text(f"{told}\npeople: {{drillers: ['slack:T0123456789/U0DORA0001']}}\n")

    finished = run_app(tmp_path / "out", strict=True, plan=str(heard))

    assert finished.returncode == 0, finished.stderr
    assert "WARNING" not in finished.stderr
    foundation = (tmp_path / "out" / "pilotlight-foundation-ap-northeast-1.template.json").read_text()
    assert json.loads(foundation)["Outputs"]["PilotlightSlackUrlOutput"]["Description"].startswith("Where")
    assert "AWS::Lambda::Url" in foundation


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
        "pilotlight-fileflow-drill",
        "pilotlight-fileflow-signals-ap-southeast-1",
        "pilotlight-fileflow-signals-us-east-1",
        "pilotlight-sentinel-ap-northeast-2-to-ap-northeast-1",
        "pilotlight-watch-ap-northeast-1",
        "pilotlight-watch-ap-southeast-1",
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


SERVES_ONLY = """\
application: shop
account: "123456789012"
arming: staged
people: {approvers: ["arn:aws:sts::123456789012:assumed-role/Operators/*"]}
regions: {primary: eu-west-1, standby: eu-central-1}
objectives: {rto: 2 h, rpo: 15 min}
signals:
  health_check: {host: shop-1.eu-west-1.elb.amazonaws.com}
  probe: {url: "https://shop.example.com/health", connect_to: shop-1.eu-west-1.elb.amazonaws.com}
stages:
  serve:
    application:
      - step: check
        kind: check_http
        params: {url: "https://shop.example.com/health", connect_to: shop-2.eu-central-1.elb.amazonaws.com}
"""
"""A plan that moves no writer, and so needs no fence."""


@pytest.mark.full
def test_a_plan_that_acts_by_itself_without_a_back_test_is_refused(tmp_path):
    plan = tmp_path / "shop.yaml"
    plan.write_text(SERVES_ONLY)

    finished = run_app(tmp_path / "out", plan=str(plan))

    assert finished.returncode == 3, finished.stderr
    assert "shop is armed `staged`, and its back-test record shop.backtest.json is missing; run" in finished.stderr
    assert templates_in(tmp_path / "out") == set()


@pytest.mark.parametrize("arming", [Arming.STAGED, Arming.AUTOMATIC])
def test_only_a_back_test_of_these_observers_and_this_policy_lifts_the_refusal(arming, tmp_path):
    armed = [plan.model_copy(update={"arming": arming}) for plan in plans()]

    with pytest.raises(ArmingRefused, match="is missing"):
        assemble(an_app(), armed, tmp_path)
    for plan in armed:
        write_record(plan, tmp_path, {"application": plan.application, "hash": "of another policy"})
    with pytest.raises(ArmingRefused, match="is of other observers or another policy"):
        assemble(an_app(), armed, tmp_path)
    for plan in armed:
        write_record(plan, tmp_path, {"application": plan.application, "hash": fingerprint(plan)})
    lifted = an_app()
    assemble(lifted, armed, tmp_path)

    stacks = {artifact.stack_name for artifact in lifted.synth().stacks}
    assert "pilotlight-fileflow" in stacks


def test_a_plan_that_waits_for_people_needs_no_back_test(tmp_path):
    manual = [plan.model_copy(update={"arming": Arming.MANUAL}) for plan in plans()]

    app = an_app()
    assemble(app, manual, tmp_path)

    assert "pilotlight-fileflow" in {artifact.stack_name for artifact in app.synth().stacks}
