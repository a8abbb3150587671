"""`./pilotlight rehearse` as a person or a script calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli import rehearsing
from pilotlight.domain.run import Outcome
from rehearsal.invariants import InvariantBroken
from rehearsal.play import play
from rehearsal.scenarios import SCENARIOS

pytestmark = pytest.mark.full

ROOT = Path(__file__).parents[2]
FILEFLOW = "plans/fileflow.yaml"


def pilotlight(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def blip(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    folder = tmp_path_factory.mktemp("with a space")
    trace, reports = folder / "trace.jsonl", folder / "reports"
    done = pilotlight(
        "rehearse", FILEFLOW, "--scenario", "blip", "--seed", "7", "--output", "json",
        "--trace", str(trace), "--report", str(reports),
    )  # fmt: skip
    return done, folder


class TestJson:
    def test_it_prints_one_document_and_nothing_else(self, blip: tuple[Any, Path]) -> None:
        done, _ = blip

        result = json.loads(done.stdout)
        assert done.returncode == 0, done.stderr
        assert list(result) == [
            "application", "scenario", "seed", "outcome", "reason", "clocks", "rto_seconds", "rpo_seconds",
            "objectives", "critical_path_seconds", "overhead_ratio", "steps", "messages", "report", "exposure_seconds",
        ]  # fmt: skip
        assert (result["application"], result["scenario"], result["seed"]) == ("fileflow", "blip", 7)
        assert list(result["clocks"]) == ["onset", "detected", "decided", "executed", "verified"]
        assert list(result["steps"][0]) == [
            "name", "kind", "stage", "status", "started", "finished", "attempts", "reason",
        ]  # fmt: skip
        assert result["clocks"]["verified"] is None

    def test_the_report_stands_where_it_says(self, blip: tuple[Any, Path]) -> None:
        done, _ = blip

        page = Path(json.loads(done.stdout)["report"]).read_text()
        assert page.startswith("<!doctype html>")
        assert "Nothing says that the primary of fileflow is dark" in page

    def test_the_trace_has_a_line_for_each_call(self, blip: tuple[Any, Path]) -> None:
        _, folder = blip

        lines = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
        assert len(lines) > 50
        assert all(list(line) == ["time", "service", "operation", "region", "resource", "mutating"] for line in lines)


class TestText:
    def test_in_a_pipe_it_prints_plain_lines(self, tmp_path: Path) -> None:
        done = pilotlight("rehearse", FILEFLOW, "--scenario", "blip", "--report", str(tmp_path))

        assert done.returncode == 0, done.stderr
        assert "It begins" in done.stdout
        assert "NOT_NEEDED" in done.stdout
        assert "\x1b[" not in done.stdout
        assert str(tmp_path) in done.stdout

    def test_it_says_what_can_happen(self) -> None:
        done = pilotlight("rehearse", "--list-scenarios")

        assert done.returncode == 0
        for name in ("outage", "blip", "replica-backing-up", "cache-create-failed", "image-missing", "slack-down"):
            assert name in done.stdout


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "code", "said"),
        [
            (("rehearse",), 2, "name a plan file"),
            (("rehearse", "plans/nowhere.yaml"), 2, "plans/nowhere.yaml"),
            (("rehearse", FILEFLOW, "--scenario", "flood"), 2, "There is no scenario 'flood'; there are outage,"),
            (("rehearse", FILEFLOW, "--scenario", "drills"), 2, "drill, drill-during-outage"),
            (("rehearse", FILEFLOW, "--seed", "many"), 2, "--seed"),
            (("validate", "README.md"), 2, "README.md"),
            (("no-such-command",), 2, "no-such-command"),
        ],
    )
    def test_each_ends_in_a_sentence_and_a_two(self, arguments: tuple[str, ...], code: int, said: str) -> None:
        done = pilotlight(*arguments)

        assert done.returncode == code
        assert said in done.stderr
        assert "Traceback" not in done.stderr

    @pytest.mark.parametrize(
        ("option", "path", "said"),
        [
            ("--report", "a-file/below", "The report cannot be written to"),
            ("--report", "a-file", "The report cannot be written to"),
            ("--trace", "nowhere/trace.jsonl", "The trace cannot be written to"),
            ("--trace", ".", "The trace cannot be written to"),
        ],
    )
    def test_a_path_that_cannot_be_written_is_said_before_anything_is_played(
        self, tmp_path: Path, option: str, path: str, said: str
    ) -> None:
        (tmp_path / "a-file").write_text("")

        done = pilotlight("rehearse", str(ROOT / FILEFLOW), "--report", "reports", option, path, cwd=tmp_path)

        assert done.returncode == 2
        assert done.stdout == ""
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1


class TestOutcome:
    def wanted(self, folder: Path, *, as_armed: bool, scenario: str = "blip") -> rehearsing.Wanted:
        return rehearsing.Wanted(ROOT / FILEFLOW, scenario, 7, folder, True, None, as_armed)

    def test_an_outcome_that_was_not_expected_ends_in_a_one(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(SCENARIOS, "blip", replace(SCENARIOS["blip"], expected=Outcome.RECOVERED))

        code = rehearsing.rehearse(self.wanted(tmp_path, as_armed=False))

        told = capsys.readouterr()
        assert code == 1
        assert json.loads(told.out)["outcome"] == "NOT_NEEDED"
        assert told.err == "pilotlight: blip was expected to end RECOVERED.\n"

    def test_a_plan_that_is_armed_observe_is_expected_to_be_blocked(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code = rehearsing.rehearse(self.wanted(tmp_path, as_armed=True, scenario="outage"))

        assert code == 0
        assert json.loads(capsys.readouterr().out)["outcome"] == "BLOCKED"

    def test_a_plan_that_acts_although_it_is_armed_observe_ends_in_a_one(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rehearsing, "play", lambda *given, as_armed: play(*given, as_armed=not as_armed))

        code = rehearsing.rehearse(self.wanted(tmp_path, as_armed=True, scenario="outage"))

        assert code == 1
        assert capsys.readouterr().err == "pilotlight: outage was expected to end BLOCKED.\n"

    def test_what_must_never_happen_is_told_in_one_line_and_ends_in_a_one(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def break_it(*_: object, **__: object) -> None:
            raise InvariantBroken("At 2026-11-21 01:40:00 UTC two databases both take writes.")

        monkeypatch.setattr(rehearsing, "play", break_it)

        code = rehearsing.rehearse(self.wanted(tmp_path, as_armed=False))

        told = capsys.readouterr()
        assert code == 1
        assert told.out == ""
        assert told.err == (
            "pilotlight: What must never happen happened in blip. "
            "At 2026-11-21 01:40:00 UTC two databases both take writes.\n"
        )
