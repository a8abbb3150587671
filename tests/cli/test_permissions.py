"""`./pilotlight permissions` as a reviewer or a script calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.permitting import permissions
from tests.cli.test_rehearse import FILEFLOW, ROOT

PLAN = ROOT / FILEFLOW


def test_each_level_says_what_it_adds_to_the_one_before(capsys: pytest.CaptureFixture[str]) -> None:
    code = permissions(PLAN, as_json=False)

    told = capsys.readouterr().out
    assert code == 0
    assert told.startswith("fileflow: what each role may do, by arming level; it is armed 'observe'\n\nobserve may\n")
    observe, rest = told.split("\nmanual adds to observe\n")
    manual, rest = rest.split("\nstaged adds to manual\n")
    staged, automatic = rest.split("\nautomatic adds nothing to staged\n")
    assert "rds:PromoteReadReplica" not in observe
    assert "arn:aws:rds:ap-northeast-1:123456789012:db:ryuqqq-shared-rds-replica" in manual
    assert "states:StartExecution" in staged
    assert "Besides, at every level alike" in automatic


def test_text_is_plain_in_a_pipe_and_narrow_but_for_arns(capsys: pytest.CaptureFixture[str]) -> None:
    permissions(PLAN, as_json=False)

    lines = capsys.readouterr().out.splitlines()
    assert not [line for line in lines if "\x1b" in line]
    assert [line for line in lines if len(line) > 100 and "arn:aws:" not in line] == []


def test_a_condition_is_said_with_its_statement(capsys: pytest.CaptureFixture[str]) -> None:
    permissions(PLAN, as_json=False)

    wanted = "only if application-autoscaling:service-namespace StringEquals ecs"
    assert wanted in capsys.readouterr().out


def test_json_holds_all_of_each_level_and_what_it_adds(capsys: pytest.CaptureFixture[str]) -> None:
    code = permissions(PLAN, as_json=True)

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert [level["arming"] for level in told["levels"]] == ["observe", "manual", "staged", "automatic"]
    observe, manual, staged, automatic = told["levels"]
    assert {role["of"] for role in observe["roles"]} == {
        "function",
        "state machine",
        "forwarding role",
        "role of drilled tasks",
        "schedule",
    }
    assert observe["adds"] == observe["roles"]
    promoting = next(role for role in manual["adds"] if role["role"] == "pilotlight-fileflow-promote-replica")
    assert "rds:PromoteReadReplica" in [action for s in promoting["statements"] for action in s["actions"]]
    assert [s["actions"] for role in staged["adds"] for s in role["statements"]] == [
        ["lambda:InvokeFunction"],
        ["states:StartExecution"],
    ]
    assert (automatic["adds"], automatic["takes"]) == ([], [])


def test_a_wrong_plan_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert permissions(tmp_path / "nowhere.yaml", as_json=False) == 2
    assert "There is no such file" in capsys.readouterr().err
