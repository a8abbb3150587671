"""What every function starts from: its variables, its plan, and Powertools around it in Lambda."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pilotlight.aws.sdk import Clients
from pilotlight.aws.web import HttpWeb
from pilotlight.domain.errors import Misconfigured
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry
from tests.builders import a_plan

OUTSIDE = Outside(Clients(), HttpWeb())


@dataclass
class LambdaContext:
    function_name: str = "pilotlight-fileflow-detect"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:ap-northeast-1:123456789012:function:pilotlight-fileflow-detect:live"
    aws_request_id: str = "a-request"


def test_a_variable_that_is_missing_is_named() -> None:
    with pytest.raises(Misconfigured, match="AWS_REGION is not set; deploy the stack again"):
        Runtime({}, OUTSIDE, "test")


def test_a_plan_that_is_not_mounted_is_named() -> None:
    runtime = Runtime({"AWS_REGION": "ap-northeast-1", "PILOTLIGHT_PLAN_FILE": "/opt/nowhere.json"}, OUTSIDE, "test")

    with pytest.raises(Misconfigured, match=r"/opt/nowhere\.json is not in the function's layers"):
        _ = runtime.plan


def test_the_plan_is_the_one_that_was_deployed(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(a_plan().snapshot())
    environ = {"AWS_REGION": "ap-northeast-1", "PILOTLIGHT_PLAN_FILE": str(tmp_path / "plan.json")}

    assert Runtime(environ, OUTSIDE, "test").plan == a_plan()


def test_in_lambda_a_function_is_built_once_and_observed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "ap-northeast-1")
    builds: list[int] = []

    def build(environ: Mapping[str, str], outside: Outside) -> Handler:
        runtime = Runtime(environ, outside, "test")
        builds.append(1)

        def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
            runtime.logger.info("It was called.")
            return {"got": event}

        return handle

    handler = entry(build)

    assert handler({"a": 1}, LambdaContext()) == {"got": {"a": 1}}
    assert handler({"a": 2}, LambdaContext()) == {"got": {"a": 2}}
    assert builds == [1]
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "ColdStart" in line]
    assert len(metrics) == 1
