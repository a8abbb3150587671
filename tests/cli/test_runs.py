"""Runs from the command line: started under a proven name, followed, answered for, and told how they stand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from rich.console import Console

from cli import starting, telling
from cli.saying import Wanted as Word
from cli.saying import say
from cli.standing import json_of, read
from cli.watching import Picture
from deployment import names
from pilotlight.aws.ledger import Ledger
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.errors import AccessDenied, NotFound
from pilotlight.domain.records import Record, RecordKind
from planfile import load_any
from rehearsal.scene import AnyScene, close_scene, open_runbook_scene
from rehearsal.sts import Caller, put_sts
from tests.builders import PRIMARY
from tests.cli.test_rehearse import FILEFLOW, ROOT, pilotlight
from tests.people import ANNA, BORIS

TEXT = """\
application: triflow
kind: runbook
runbook: mend
account: "123456789012"
region: ap-northeast-2
arming: manual
objectives: {rto: 2 h}
people: {approvers: ["arn:aws:sts::123456789012:assumed-role/Operators/*"]}
stages:
  serve:
    people:
      - {step: look, kind: ask_a_person, params: {about: that the orders are there, within: 1 min}}
"""


@dataclass(frozen=True)
class Town:
    """A run-book that is deployed, and somebody at a command line in its world."""

    scene: AnyScene
    path: Path

    def session(self, who: Caller) -> boto3.session.Session:
        return boto3.session.Session(who.access_key, who.secret_key, region_name="us-east-1")

    def ways(self, who: Caller = ANNA, **differences: Any) -> starting.Ways:
        time, aws = self.scene.world.time, self.scene.account.sdk(PRIMARY)
        return replace(starting.Ways(self.session(who), aws, _nobody, time.sleep, time.now), **differences)

    def look(self) -> telling.Ways:
        time = self.scene.world.time
        return telling.Ways(self.scene.account.sdk(PRIMARY), time.sleep, time.now)

    def start(self, who: Caller = ANNA, **wanted: Any) -> int:
        asked = starting.Wanted(**{"plan": self.path, "reason": "it is slow", "yes": True, **wanted})
        return self.inside(lambda: starting.failover(asked, self.ways(who)))

    def says(self, kind: str, after_seconds: float, **more: Any) -> None:
        """Boris says something after a while."""
        word = Word(kind, self.path, reason="I looked.", yes=True, **more)
        aws = self.scene.account.sdk(PRIMARY)
        self.scene.world.time.spawn(lambda: say(word, self.session(BORIS), aws), name=kind, delay_seconds=after_seconds)

    def inside(self, work: Callable[[], Any]) -> Any:
        task = self.scene.world.time.spawn(work, name="the command line")
        self.scene.world.time.run(until=lambda: task.done, limit_seconds=7200)
        return task.result()

    def records(self, kind: RecordKind) -> list[Record]:
        table = DynamoTable(self.scene.account.sdk(PRIMARY), PRIMARY, names.LEDGER_TABLE)
        ledger = Ledger(table, pause=lambda lost: None)
        return [r for r in self.inside(lambda: ledger.records("triflow-mend")) if r.entry.kind is kind]


def _nobody(question: str) -> str:
    raise EOFError


def _town(path: Path, text: str) -> Town:
    path.write_text(text)
    scene = open_runbook_scene(load_any(path), 1)  # type: ignore[arg-type]  # it is a run-book
    put_sts(scene.account.internet, scene.world, PRIMARY, [ANNA, BORIS])
    return Town(scene, path)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = _town(tmp_path / "mend.yaml", TEXT)
    yield made
    close_scene(made.scene)


class TestAStart:
    def test_is_proven_followed_to_the_end_and_told_line_by_line(
        self, town: Town, capsys: pytest.CaptureFixture[str]
    ) -> None:
        town.says("approve", 30, accept="look")

        code = town.start()

        out = capsys.readouterr().out.splitlines()
        (opened,) = town.records(RecordKind.RUN_OPENED)
        assert code == 0
        assert out[0].endswith(f" of triflow-mend-runbook was started by {ANNA.arn} (proven).")
        assert any("look settled: " in line for line in out)
        assert out[-1].lstrip().partition("  ")[2] == "run closed: Run-book mend of triflow is done in ap-northeast-2."
        assert {name: opened.entry.details[name] for name in ("origin", "requested_by", "proven", "reason")} == {
            "origin": "cli", "requested_by": ANNA.arn, "proven": True, "reason": "it is slow",
        }  # fmt: skip

    def test_of_a_run_that_ends_badly_ends_badly(self, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
        town.says("abort", 30)

        assert town.start() == 1
        assert "run closed: Run triflow-mend-" in capsys.readouterr().out

    def test_as_json_is_one_document_with_how_it_ended(self, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
        town.says("approve", 30, accept="look")

        town.start(as_json=True, run="maintenance-7")

        # Boris has spoken on the same terminal.
        told = json.loads(capsys.readouterr().out.partition("\n")[2])
        assert (told["run"], told["started_by"], told["proven"]) == ("maintenance-7", ANNA.arn, True)
        assert told["status"]["run"]["outcome"] == "RECOVERED"

    def test_that_nobody_follows_is_over_at_once(self, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
        assert town.start(detach=True) == 0
        assert len(capsys.readouterr().out.splitlines()) == 1

    def test_is_nobodys_who_does_not_type_the_name(self, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
        assert town.start(yes=False) == 3
        assert "nothing was started, because what was typed is not triflow-mend" in capsys.readouterr().err
        assert town.records(RecordKind.WORD) == []

    @pytest.mark.parametrize(
        ("wanted", "because"),
        [
            ({"reason": " "}, "no reason was given"),
            ({"planned": True}, "is a run-book and moves nothing"),
            ({"plan": Path("none.yaml")}, "nothing was done"),
        ],
    )
    def test_that_is_asked_for_wrongly_says_how(
        self, town: Town, wanted: dict[str, Any], because: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert town.start(**wanted) == 2
        assert because in capsys.readouterr().err

    def test_of_a_name_that_was_used_is_refused(self, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
        town.says("approve", 30, accept="look")
        town.start(run="twice")

        assert town.start(run="twice") == 3
        assert "Run twice of triflow-mend was started already; take another name." in capsys.readouterr().err

    def test_of_a_run_book_that_only_observes_says_why(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        observing = _town(tmp_path / "mend.yaml", TEXT.replace("arming: manual", "arming: observe"))
        try:
            assert observing.start() == 3
        finally:
            close_scene(observing.scene)
        assert "without opening a run: triflow-mend is armed 'observe'" in capsys.readouterr().err


class TestAStepThatFailed:
    def test_is_asked_about_retried_and_the_run_goes_on(self, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
        """Nobody answers the step in its minute; boris has it tried anew, and then says yes."""
        town.says("retry", 150, accept="look")
        town.says("approve", 170, accept="look")

        code = town.start()

        out = capsys.readouterr().out
        assert code == 0
        assert "look failed: Nobody confirmed that the orders are there within 1 min" in out
        assert "Needed from whoever is on call: " in out
        assert f"is tried anew, says {BORIS.arn} (proven), because: I looked." in out

    def test_is_told_by_status_with_until_when(self, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
        town.start(run="slow-7", detach=True)
        town.inside(lambda: town.scene.world.time.sleep(150))
        capsys.readouterr()

        told = town.inside(lambda: telling.status(telling.Wanted(town.path, as_json=True), town.look()))
        seen = json.loads(capsys.readouterr().out)

        assert (told, seen["at_work"], seen["standing"], seen["stage"]) == (0, "slow-7", "acting", "serve")
        assert (seen["waits"]["for"], seen["waits"]["steps"], seen["waits"]["skippable"]) == ("answer", ["look"], [])
        assert seen["need"]["by"] == seen["waits"]["until"]
        assert seen["need"]["paste"].startswith("./pilotlight retry plans/triflow-mend.yaml slow-7 --step look")


class TestStatus:
    def test_of_an_application_that_had_no_run(self, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
        assert town.inside(lambda: telling.status(telling.Wanted(town.path), town.look())) == 0
        assert capsys.readouterr().out.startswith("triflow-mend has had no incident, as far as its ledger")

    def test_in_text_says_what_is_needed_the_steps_and_who_started_it(
        self, town: Town, capsys: pytest.CaptureFixture[str]
    ) -> None:
        town.start(run="slow-7", detach=True)
        town.inside(lambda: town.scene.world.time.sleep(30))
        capsys.readouterr()

        town.inside(lambda: telling.status(telling.Wanted(town.path), town.look()))

        out = capsys.readouterr().out
        assert "./pilotlight approve plans/triflow-mend.yaml slow-7 --step look" in out
        assert "Confirm that the orders are there" in out
        assert f"Run slow-7, started by {ANNA.arn} (proven), at 2026-11-21 " in out

    def test_of_all_plans_is_a_line_each(self, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
        ways = replace(town.look(), plans=town.path.parent)

        assert town.inside(lambda: telling.status(telling.Wanted(None), ways)) == 0
        assert capsys.readouterr().out == "triflow-mend              triflow-mend has had no incident\n"

    def test_watched_ends_with_the_run(self, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
        town.start(run="slow-7", detach=True)
        town.says("approve", 30, accept="look")
        town.inside(lambda: town.scene.world.time.sleep(5))

        assert town.inside(lambda: telling.status(telling.Wanted(town.path, watch=True), town.look())) == 0
        assert "run closed: Run-book mend of triflow is done" in capsys.readouterr().out

    def test_ends_where_no_waiting_helps(self, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
        ways = replace(town.look(), aws=Expired())

        assert telling.status(telling.Wanted(town.path, watch=True), ways) == 1
        assert "ExpiredToken" in capsys.readouterr().err

    def test_on_a_terminal_is_a_picture_without_colours_where_none_are_wanted(
        self, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        out = StringIO()
        console = Console(file=out, force_terminal=True, width=100, height=40)
        town.start(detach=True)
        town.inside(lambda: town.scene.world.time.sleep(30))
        load, aws = load_any(town.path), town.scene.account.sdk(PRIMARY)
        standing = town.inside(lambda: read(load, aws, town.scene.world.time.now()))

        with Picture(console) as picture:
            picture.show(standing)
            picture.trouble("dynamodb Query in ap-northeast-2 was not answered")

        assert "triflow-mend is at work: stage serve, 1 of 1" in out.getvalue()
        assert "could not be read just now: dynamodb Query" in out.getvalue()
        assert "\x1b[36m" not in out.getvalue()

    def test_has_the_json_shape_that_is_documented(self, town: Town) -> None:
        page = (ROOT / "docs" / "command-line.md").read_text()
        plan, aws = load_any(town.path), town.scene.account.sdk(PRIMARY)

        shown = json_of(town.inside(lambda: read(plan, aws, town.scene.world.time.now())))

        assert [name for name in shown if f"| `{name}` |" not in page] == []


class Expired:
    """AWS as it answers whose session is over."""

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        raise AccessDenied(service, operation, region, "ExpiredToken", "the security token is expired")


class Border:
    """AWS as it answers whoever starts something: the application's function takes each word."""

    def __init__(self, known: str) -> None:
        self.known = known
        self.said: list[dict[str, Any]] = []
        self.started: list[dict[str, Any]] = []

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        if operation == "Invoke":
            self.said.append(json.loads(parameters["Payload"]))
            answer = {"accepted": True, "sentence": "Taken.", "person": ANNA.arn}
            return {"Payload": BytesIO(json.dumps(answer).encode())}
        assert (service, operation) == ("stepfunctions", "StartExecution")
        if not parameters["stateMachineArn"].endswith(f":{self.known}"):
            raise NotFound(service, operation, region, "StateMachineDoesNotExist", "there is none")
        self.started.append(parameters)
        return {"executionArn": f"arn:aws:states:{region}:123456789012:execution:{self.known}:{parameters['name']}"}


def a_drill(border: Border, path: Path = ROOT / FILEFLOW, *, full: bool = False, yes: bool = True) -> int:
    session = boto3.session.Session(ANNA.access_key, ANNA.secret_key, region_name="us-east-1")
    wanted = starting.Wanted(path, "the quarterly one", run="drill-7", yes=yes, detach=True)
    return starting.drill(wanted, full=full, ways=starting.Ways(session, border, _nobody))


class TestADrill:
    def test_in_isolation_starts_its_own_machine_with_its_own_name(self) -> None:
        border = Border("fileflow-drill")

        assert a_drill(border, yes=False) == 0
        assert [said["do"] for said in border.said] == ["start"]
        assert json.loads(border.started[0]["input"])["confirm"] == "fileflow-drill"

    def test_of_an_application_without_one_says_so(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert a_drill(Border("fileflow-failover")) == 3
        assert "ap-northeast-1 has no machine fileflow-drill; deploy the application's stack" in capsys.readouterr().err

    def test_in_full_is_refused_without_an_approval(self, capsys: pytest.CaptureFixture[str]) -> None:
        border = Border("fileflow-failover")

        assert a_drill(border, full=True) == 3
        assert "somebody else approves it; set gates.approval in its plan" in capsys.readouterr().err
        assert border.said == []

    def test_in_full_is_a_planned_failover_and_says_there_is_no_way_back(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        text = (ROOT / FILEFLOW).read_text().replace("approval: false", "approval: true")
        people = 'people: {approvers: ["arn:aws:sts::123456789012:assumed-role/Operators/*"]}\n\ngates:'
        approved = tmp_path / "fileflow.yaml"
        approved.write_text(text.replace("\ngates:", f"\n{people}", 1))
        border = Border("fileflow-failover")

        assert a_drill(border, approved, full=True, yes=False) == 3
        assert border.said == []
        assert a_drill(border, approved, full=True) == 0
        assert [(said["do"], said["accept"]) for said in border.said] == [("start", ""), ("change", "planned")]
        assert json.loads(border.started[0]["input"])["reason"] == "full drill: the quarterly one"
        assert "until failback is built, the way back is by hand" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["status", "failover", "drill", "retry", "skip", "ack"])
def test_each_command_helps_with_an_example(command: str) -> None:
    done = pilotlight(command, "--help")

    assert done.returncode == 0
    assert f"Example: ./pilotlight {command} plans/fileflow.yaml" in " ".join(done.stdout.split())
