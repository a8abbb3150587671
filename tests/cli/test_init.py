"""`./pilotlight init` as a person or a script calls it: where the plan goes, what is refused, the exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import planfile
from cli.initialising import Wanted, initialise
from pilotlight.domain.errors import AccessDenied
from tests.cli.test_rehearse import FILEFLOW, ROOT, pilotlight

pytestmark = pytest.mark.full

SEOUL, TOKYO = "ap-northeast-2", "ap-northeast-1"
REGIONS = ("--primary", SEOUL, "--standby", TOKYO)


def wanted(**differences: Any) -> Wanted:
    asked: dict[str, Any] = {"application": "fileflow", "primary": SEOUL, "standby": TOKYO}
    return Wanted(**{**asked, "rehearsal": ROOT / FILEFLOW, **differences})


def test_the_command_writes_a_sound_plan_to_stdout_and_nothing_else() -> None:
    done = pilotlight("init", "fileflow", *REGIONS, "--also", "ryuqqq-shared-rds", "--rehearsal", FILEFLOW, "-o", "-")

    assert (done.returncode, done.stderr) == (0, "")
    plan = planfile.parse(done.stdout, "drafted.yaml")
    assert plan.arming == "observe"
    assert "\x1b" not in done.stdout


def test_it_writes_a_file_and_never_over_one_that_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plans" / "fileflow.yaml"

    assert initialise(wanted(output=str(path))) == 0
    first = path.read_text()
    assert "questions for you" in capsys.readouterr().out

    path.write_text("what people wrote")
    assert initialise(wanted(output=str(path))) == 3
    assert "is there already" in capsys.readouterr().err
    assert path.read_text() == "what people wrote"

    assert initialise(wanted(output=str(path), force=True)) == 0
    assert path.read_text() == first


def test_a_state_brings_a_shared_database_in(tmp_path: Path) -> None:
    arn = f"arn:aws:rds:{SEOUL}:123456789012:db:ryuqqq-shared-rds"
    instance = {"attributes": {"arn": arn, "identifier": "ryuqqq-shared-rds", "password": "hunter2"}}
    shared = {"mode": "managed", "type": "aws_db_instance", "name": "shared", "instances": [instance]}
    state = tmp_path / "terraform.tfstate"
    state.write_text(json.dumps({"version": 4, "resources": [shared]}))

    assert initialise(wanted(states=(state,), output=str(tmp_path / "plan.yaml"))) == 0

    text = (tmp_path / "plan.yaml").read_text()
    assert "Terraform holds it as aws_db_instance.shared" in text
    assert "hunter2" not in text
    assert "promote" in planfile.parse(text, "plan.yaml").steps()


@pytest.mark.parametrize(
    ("differences", "said"),
    [
        ({"application": "File Flow"}, "cannot be the name of an application"),
        ({"standby": SEOUL}, "goes dark with it"),
        ({"primary": "seoul"}, "'seoul' is no region"),
    ],
)
def test_wrong_options_end_with_2(
    differences: dict[str, str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert initialise(wanted(output=str(tmp_path / "plan.yaml"), **differences)) == 2
    assert said in capsys.readouterr().err


def test_an_account_that_holds_nothing_of_it_ends_with_1_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plan.yaml"

    assert initialise(wanted(application="unheard-of", output=str(path))) == 1
    assert "belongs to unheard-of" in capsys.readouterr().err
    assert not path.exists()


class Nobody:
    """AWS that does not know who asks."""

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        raise AccessDenied(service, operation, region, "NoCredentials", "Unable to locate credentials")


def test_who_is_not_logged_in_is_told_so_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert initialise(wanted(rehearsal=None, output=str(tmp_path / "plan.yaml")), Nobody()) == 2
    assert "Log in first" in capsys.readouterr().err


class OfSomebody:
    """An account in which somebody may ask who they are, and see the names of parameters, and nothing else."""

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        if operation == "GetCallerIdentity":
            return {"Account": "123456789012"}
        if operation == "DescribeParameters":
            return {"Parameters": [{"Name": "/fileflow/host", "Type": "String"}]}
        raise AccessDenied(service, operation, region, "AccessDenied", "no policy allows it")


def test_what_could_not_be_read_is_said_on_stderr_and_in_the_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plan.yaml"

    assert initialise(wanted(rehearsal=None, output=str(path)), OfSomebody()) == 0

    said = capsys.readouterr().err
    assert f"could not be read: rds DescribeDBInstances in {SEOUL} was refused" in said
    assert f"could not be read: rds DescribeDBInstances in {SEOUL}" in " ".join(
        path.read_text().replace("#", "").split()
    )
    planfile.load(path)
