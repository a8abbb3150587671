"""`./pilotlight readiness`: the table, the JSON and the exit code, from an embedded AWS furnished from the plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import planfile
from cli.readying import Wanted, json_of, lines_of, look_at_all, readiness
from deployment import names
from pilotlight.domain.errors import AccessDenied
from pilotlight.domain.kind import Severity
from pilotlight.domain.plan import Plan, Requirement
from pilotlight.domain.ports import Aws
from pilotlight.readiness.look import Found
from rehearsal.readiness import Ways, look_at
from rehearsal.scene import Scene, close_scene, open_scene
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.rds import Rds
from rehearsal.services.route53 import Route53
from tests.cli.test_rehearse import FILEFLOW, ROOT, pilotlight

pytestmark = pytest.mark.full

TOKYO = "ap-northeast-1"
REQUIRED = (
    Requirement(
        requirement="certificate",
        kind="certificate_issued",
        params={"names": ["fileflow.ryuqqq.com"], "load_balancer": "fileflow-dr-alb"},
    ),
    Requirement(requirement="secret", kind="secret_replicated", params={"secret": "fileflow/db", "fields": ["host"]}),
    Requirement(
        requirement="uploads", kind="bucket_replicated", params={"bucket": "fileflow", "destination": "fileflow-dr"}
    ),
)


@pytest.fixture(scope="module")
def fileflow() -> Plan:
    return planfile.load(ROOT / FILEFLOW).model_copy(update={"requirements": REQUIRED})


@pytest.fixture
def scene(fileflow: Plan) -> Any:
    opened = open_scene(fileflow, 1)
    yield opened
    close_scene(opened)


class Without:
    """AWS that some actions are not allowed in."""

    def __init__(self, aws: Aws, *operations: str) -> None:
        self.aws, self.operations = aws, operations

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        if operation in self.operations:
            raise AccessDenied(service, operation, region, "AccessDenied", "no policy allows it")
        return self.aws.call(service, operation, region, **parameters)


def look(scene: Scene, through: Callable[[Aws], Aws] = lambda aws: aws) -> list[Found]:
    def looking(ways: Ways) -> list[Found]:
        return look_at_all(scene.plan, ways.now, through(ways.aws), ways.web, lambda title: None)

    return look_at(scene, looking)


def bad(found: list[Found]) -> list[str]:
    return [each.finding.code for each in found if each.finding.severity in (Severity.ERROR, Severity.IMPOSSIBLE)]


@pytest.fixture(scope="module")
def found(fileflow: Plan) -> list[Found]:
    """What is found in a world as the plan takes it to stand."""
    opened = open_scene(fileflow, 1)
    seen = look(opened)
    close_scene(opened)
    return seen


def test_a_world_as_the_plan_takes_it_to_stand_has_only_the_plans_own_trap(fileflow: Plan, found: list[Found]) -> None:
    assert bad(found) == ["writer-without-plan"]
    assert {each.about for each in found} >= {*fileflow.steps(), "certificate", "secret", "uploads", "permissions"}


def test_what_is_wrong_in_aws_is_found(scene: Scene) -> None:
    scene.account.aws.service(Rds).instance(TOKYO, "ryuqqq-shared-rds-replica").deletion_protection = False
    records = scene.account.aws.service(Route53).records
    for record in list(records.sets):
        records.put(replace(record, check=None, evaluates_target=True))

    found = look(scene)

    assert bad(found) == ["writer-without-plan", "record-not-latched", "secondary-evaluates-target"]
    assert "deletion-protection" in [each.finding.code for each in found if each.finding.severity is Severity.WARNING]


def test_a_permission_that_was_taken_away_is_found_before_a_run_needs_it(scene: Scene) -> None:
    functions = scene.account.aws.service(LambdaFunctions)
    promoter = functions.deployed[TOKYO, names.step_function("fileflow", "promote_replica")]
    kept = tuple(s for s in promoter.role.statements if "rds:DescribeDBInstances" not in s.actions)
    promoter.role = replace(promoter.role, statements=kept)

    finding = next(each.finding for each in look(scene) if each.finding.code == "permission")

    assert finding.severity is Severity.ERROR
    assert (
        "pilotlight-fileflow-promote-replica in ap-northeast-1 may not rds:DescribeDBInstances on arn:aws:rds:"
        in finding.sentence
    )


GONE = [f"pilotlight-fileflow-{word}" for word in ("open", "close", "promote-replica")]


def test_what_is_not_deployed_is_said_once(scene: Scene) -> None:
    functions = scene.account.aws.service(LambdaFunctions)
    for key in [key for key in functions.deployed if key[1] in GONE]:
        del functions.deployed[key]

    (finding,) = [each.finding for each in look(scene) if each.finding.code == "not-deployed"]

    assert "there is no pilotlight-fileflow-open (ap-northeast-1) and 2 more" in finding.sentence
    assert finding.fix == "Run ./pilotlight deploy --all."


def test_who_may_not_look_is_told_which_permission_is_missing(scene: Scene) -> None:
    found = look(scene, lambda aws: Without(aws, "DescribeDBInstances", "SimulatePrincipalPolicy"))

    refused = [each.finding for each in found if each.finding.code == "not-permitted"]
    of_drills = [each for each in refused if each.sentence.startswith("In a drill, ")]
    assert {finding.severity for finding in refused if finding not in of_drills} == {Severity.ERROR}
    assert {finding.severity for finding in of_drills} == {Severity.WARNING}
    assert "Allow rds:DescribeDBInstances in ap-northeast-1, and look again." in [each.fix for each in refused]
    assert len([each for each in refused if "iam:SimulatePrincipalPolicy" in each.sentence]) == 1


def test_the_table_shows_the_worst_first_each_with_its_way_out(fileflow: Plan, found: list[Found]) -> None:
    lines = ["".join(piece.text for piece in line) for line in lines_of(fileflow, found)]

    assert lines[2].startswith("error       writers ")
    assert any(line.strip().startswith("-> Write a plan for each of them") for line in lines)
    assert lines[-1].startswith("Not ready: 1 error, 1 warning, ")
    assert all(len(line) <= 100 or " " not in line.strip() for line in lines)


def test_json_holds_every_finding(fileflow: Plan, found: list[Found]) -> None:
    told = json.loads(json.dumps(json_of(fileflow, found)))

    assert (told["ready"], told["count"]["error"]) == (False, 1)
    assert list(told["findings"][0]) == ["severity", "about", "code", "sentence", "fix"]
    assert len(told["findings"]) == len(found)


class Caller:
    """STS as somebody of an account sees it."""

    def __init__(self, account: str) -> None:
        self.account = account

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        if not self.account:
            raise AccessDenied(service, operation, region, "NoCredentials", "Unable to locate credentials")
        return {"Account": self.account}


@pytest.mark.parametrize(
    ("account", "said"),
    [("", "AWS does not know who asks"), ("017000801446", "you are logged in to 017000801446")],
)
def test_who_can_see_nothing_is_told_so_with_2(account: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = readiness(Wanted(ROOT / FILEFLOW, rehearsal=False, as_json=False), Caller(account))

    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert said in told.err


def test_a_wrong_plan_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert readiness(Wanted(tmp_path / "nowhere.yaml", rehearsal=True, as_json=True)) == 2
    assert capsys.readouterr().out == ""


def test_the_command_says_in_a_pipe_what_it_found_and_ends_with_1() -> None:
    done = pilotlight("readiness", FILEFLOW, "--rehearsal")

    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith("fileflow: what must be true before an incident")
    assert "\x1b" not in done.stdout


def test_it_writes_the_page_by_hand_and_says_that_it_did(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = Wanted(ROOT / FILEFLOW, rehearsal=False, as_json=True, pages=tmp_path)

    for severity in ("warning", "fine"):
        look_at(scene, lambda ways: readiness(wanted, ways.aws, ways.web))
        told = json.loads(capsys.readouterr().out)
        assert [f["severity"] for f in told["findings"] if f["about"] == "by-hand"] == [severity]

    assert "Promote ryuqqq-shared-rds-replica" in (tmp_path / "fileflow-by-hand.html").read_text()
