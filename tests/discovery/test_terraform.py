"""A Terraform state: what is taken from it, and that nothing else is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from discovery import read_state
from pilotlight.domain.errors import InputRefused

ARN = "arn:aws:rds:ap-northeast-2:123456789012:db:ryuqqq-shared-rds"


def state_file(folder: Path, *resources: dict[str, Any], version: int = 4) -> Path:
    path = folder / "terraform.tfstate"
    path.write_text(json.dumps({"version": version, "resources": resources}))
    return path


def resource(kind: str, called: str, /, mode: str = "managed", **attributes: Any) -> dict[str, Any]:
    return {"mode": mode, "type": kind, "name": called, "instances": [{"attributes": attributes}]}


def test_it_knows_what_a_resource_is_called_and_nothing_that_is_secret(tmp_path: Path) -> None:
    path = state_file(
        tmp_path,
        resource("aws_db_instance", "shared", arn=ARN, identifier="ryuqqq-shared-rds", password="hunter2"),
        resource("aws_lb", "front", name="fileflow-alb"),
        resource("aws_db_instance", "read", mode="data", arn="arn:of:somebody:else"),
        resource("random_password", "token", result="hunter2"),
    )

    state = read_state(path)

    assert state.called == {ARN: "aws_db_instance.shared", "name fileflow-alb": "aws_lb.front"}
    assert state.name_of(ARN, "whatever") == "aws_db_instance.shared"
    assert state.name_of("arn:unknown", "fileflow-alb") == "aws_lb.front"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ('{"version": 3}', "is no Terraform state of version 4"),
        ("[]", "is no Terraform state of version 4"),
    ],
)
def test_anything_else_is_refused_with_the_way_out(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.tfstate"
    path.write_text(text)

    with pytest.raises(InputRefused, match=said):
        read_state(path)


def test_a_state_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="cannot be read"):
        read_state(tmp_path / "nowhere")
