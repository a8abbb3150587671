"""`./pilotlight backtest` as a person or a script calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backtest.record import fingerprint
from cli.backtesting import Wanted, backtest
from planfile import load
from tests.cli.test_rehearse import FILEFLOW, ROOT, pilotlight

PLAN = ROOT / FILEFLOW
OUTAGE = ROOT / "tests" / "backtest" / "outage.json"


def asked(plan: Path = PLAN, *files: Path, as_json: bool = False, record: bool = False) -> Wanted:
    return Wanted(plan, files or (OUTAGE,), 14, as_json, record)


def test_it_says_when_it_would_have_started_and_what_held_it(capsys: pytest.CaptureFixture[str]) -> None:
    code = backtest(asked())

    told = capsys.readouterr().out
    assert code == 0
    assert "armed 'staged': would have started at 2026-10-01 01:05 UTC, after 4 min 00 s" in told
    assert "armed 'automatic': would not have started" in told
    assert "upper bound: would have started at 2026-10-01 01:04 UTC" in told
    assert "The probe in the standby, from ap-northeast-1: held at 10 of 121 minutes" in told
    assert "\x1b" not in told
    assert max(len(line) for line in told.splitlines()) <= 110


def test_json_is_one_document_with_the_hash_of_what_was_tested(capsys: pytest.CaptureFixture[str]) -> None:
    code = backtest(asked(as_json=True))

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert told["hash"] == fingerprint(load(PLAN))
    assert (told["from"], told["minutes"]) == ("2026-10-01T00:00:00+00:00", 121)
    (episode,) = told["episodes"]
    assert episode["lasted_seconds"] == 32 * 60
    staged, automatic = episode["would_have_started"]
    assert (staged["armed"], staged["is_upper_bound"], staged["after_seconds"]) == ("staged", False, 240)
    assert (automatic["armed"], automatic["is_upper_bound"]) == ("automatic", True)


def test_the_record_stands_beside_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "fileflow.yaml"
    plan.write_text(PLAN.read_text())

    code = backtest(asked(plan, as_json=True, record=True))

    told = capsys.readouterr()
    record = tmp_path / "fileflow.backtest.json"
    assert code == 0
    assert json.loads(record.read_text()) == json.loads(told.out)
    assert f"{record} is written" in told.err


@pytest.mark.parametrize(
    ("content", "because"),
    [("{", "is not JSON"), ("{}", "is no history"), ('{"alarms": []}', "holds nothing of the observers of fileflow")],
)
def test_a_history_that_says_nothing_ends_with_2_and_one_sentence(tmp_path: Path, content: str, because: str) -> None:
    history = tmp_path / "history.json"
    history.write_text(content)

    done = pilotlight("backtest", FILEFLOW, "--history", str(history), "--record")

    assert done.returncode == 2
    assert because in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("options", [(), ("--from", "cloudwatch", "--history", str(OUTAGE))])
def test_the_history_comes_from_one_place(options: tuple[str, ...]) -> None:
    done = pilotlight("backtest", FILEFLOW, *options)

    assert done.returncode == 2
    assert "give either --history FILE or --from cloudwatch" in done.stderr


def test_a_wrong_plan_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backtest(asked(tmp_path / "nowhere.yaml")) == 2
    assert "There is no such file" in capsys.readouterr().err


def test_the_example_of_the_documentation_is_the_one_that_is_tested() -> None:
    page = (ROOT / "docs" / "backtest.md").read_text()

    assert "tests/backtest/outage.json" in page
