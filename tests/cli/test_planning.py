"""The commands about plans: what they print, where, and with which exit code."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.options import PlanForm
from cli.planning import schema, show, validate
from tests.drills import COPY, written
from tests.planfile.builders import KINDS, SOUND, changed


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(SOUND)
    return path


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.yaml"
    path.write_text(
        changed(("must_last: 5 min", "must_last: 1 min"), ("standby: eu-central-1", "stanby: eu-central-1"))
    )
    return path


def test_a_sound_plan_is_said_to_be_sound(sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = validate([sound], KINDS)

    told = capsys.readouterr()
    assert code == 0
    assert told.out == f"{sound}: shop is sound: 4 steps in 3 stages.\n"
    assert told.err == ""


def test_every_fault_of_every_plan_is_reported(sound: Path, wrong: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = sound.parent / "shp.yaml"

    code = validate([wrong, missing, sound], KINDS)

    told = capsys.readouterr()
    assert code == 2
    assert f"{wrong}:5:3: 'stanby' is not a field of 'regions'" in told.err
    assert f"{wrong}:18:14: A darkness of 1 min" in told.err
    assert f"{wrong}: 2 faults; nothing was done." in told.err
    assert f"{missing}: There is no such file" in told.err
    assert f"{missing}: 1 fault; nothing was done." in told.err
    assert told.out == f"{sound}: shop is sound: 4 steps in 3 stages.\n"


@pytest.mark.parametrize("output", list(PlanForm))
def test_a_wrong_plan_is_not_shown(wrong: Path, output: PlanForm, capsys: pytest.CaptureFixture[str]) -> None:
    code = show(wrong, output, KINDS)

    told = capsys.readouterr()
    assert code == 2
    assert told.out == ""
    assert "A darkness of 1 min" in told.err


def test_text_in_a_pipe_is_plain(
    sound: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")

    code = show(sound, PlanForm.TEXT, KINDS)

    told = capsys.readouterr().out
    assert code == 0
    assert "\x1b" not in told
    assert told.startswith("shop: failover plan, eu-west-1 to eu-central-1, armed 'observe'\n")
    assert max(len(line) for line in told.splitlines()) <= 90


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("1", False)])
def test_text_on_a_terminal_is_styled_unless_colours_are_unwanted(
    sound: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    no_color: str | None,
    coloured: bool,
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)

    show(sound, PlanForm.TEXT, KINDS)

    told = capsys.readouterr().out
    assert ("\x1b[31m" in told) is coloured
    assert "promote, " in told


def test_json_is_one_document(sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = show(sound, PlanForm.JSON, KINDS)

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert told["critical_path"] == ["create-cache", "scale", "check"]


DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


def test_it_says_how_a_plan_is_drilled_and_when_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sale = {"begins": "2026-12-01T00:00:00+09:00", "ends": "2026-12-24T00:00:00+09:00", "because": "a sale."}
    path = tmp_path / "fileflow.yaml"
    path.write_text(written(schedule={"cron": "0 10 ? * WED#1 *", "zone": "Asia/Seoul"}, blocked=[sale]))

    show(path, PlanForm.TEXT, now=DECEMBER)

    told = " ".join(capsys.readouterr().out.partition("drill    ")[2].split())
    assert told.startswith(
        "next at 2026-12-02 10:00 Asia/Seoul, which is blocked because of a sale, or when a person starts one; cleaned "
        "up after 6 h at most, for 3.00 USD at most in place of the steps create-redis Create cache"
    )
    assert f"promote Restore {COPY} restore_to_moment, as the plan declares" in told
    assert "left out close-traffic Load balancer fileflow-prod-alb cannot be closed in a drill because" in told


def test_json_holds_the_drill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fileflow.yaml"
    path.write_text(written(schedule={"cron": "0 10 ? * WED#1 *", "zone": "Asia/Seoul"}))

    show(path, PlanForm.JSON, now=DECEMBER)

    drill = json.loads(capsys.readouterr().out)["drill"]
    assert drill["next"] == "2026-12-02T01:00:00+00:00"
    assert {each["step"]: each["declared"] for each in drill["stand_ins"]} == {
        "create-redis": False,
        "promote": True,
        "swap-endpoints": False,
    }
    assert [each["step"] for each in drill["left_out"]] == [
        "close-traffic",
        "close-database",
        "latch-traffic",
        "convert-to-multi-az",
    ]


def test_a_plan_that_does_not_say_is_said_not_to_be_drilled(sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show(sound, PlanForm.TEXT, KINDS)

    assert "drill    the plan does not say how it is drilled, so it is not" in capsys.readouterr().out


def test_mermaid_is_a_flowchart(sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = show(sound, PlanForm.MERMAID, KINDS)

    assert code == 0
    assert capsys.readouterr().out.startswith("flowchart TD\n")


def test_the_generated_files_are_written_once_and_then_found_up_to_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = [schema(check=check, root=tmp_path, kinds=KINDS) for check in (True, False, True, False)]

    told = capsys.readouterr()
    assert codes == [1, 0, 0, 0]
    assert "plans/plan.schema.json is stale; run `./pilotlight schema` to write it anew." in told.err
    assert told.out.splitlines() == [
        "plans/plan.schema.json is written anew.",
        "docs/steps.md is written anew.",
        "docs/requirements.md is written anew.",
        "Nothing to do: the generated files are up to date.",
    ]
