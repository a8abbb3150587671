"""What must stay light: the asset that Lambda unpacks, and what is imported before anything can be done."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LARGEST_ASSET_BYTES = 2 * 1024 * 1024
STEP_KINDS = tuple(
    f"pilotlight.steps.{path.stem}"
    for path in sorted((ROOT / "lambdas" / "pilotlight" / "steps").glob("*.py"))
    if path.stem != "__init__"
)


def imported_by(program: str) -> set[str]:
    """The modules that a Python of its own holds when a program is over, whether it came to its end or left."""
    told = "import sys\ntry:\n    {}\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "lambdas")))}
    command = [sys.executable, "-c", told.format(program)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return set(done.stderr.split())


def among(modules: set[str], *heavy: str) -> list[str]:
    """Those of the modules that are heavy ones, or lie in them."""
    return sorted(m for m in modules if any(m == name or m.startswith(f"{name}.") for name in heavy))


def test_the_asset_is_small(tmp_path: Path) -> None:
    asset = tmp_path / "asset.zip"

    with zipfile.ZipFile(asset, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((ROOT / "lambdas").rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                archive.write(path, path.relative_to(ROOT / "lambdas"))

    assert archive.namelist()
    assert asset.stat().st_size <= LARGEST_ASSET_BYTES


def test_the_detector_starts_without_what_it_does_not_use() -> None:
    modules = imported_by("import pilotlight.handlers.detect")

    assert "pilotlight.handlers.detect" in modules
    assert STEP_KINDS
    assert among(modules, "aws_xray_sdk", "moto", "yaml", *STEP_KINDS) == []


def test_what_answers_slack_starts_without_the_models_of_plans() -> None:
    """Slack waits three seconds, a cold start included: the goal is 400 ms, and the models are a third of that."""
    modules = imported_by("import pilotlight.handlers.slack")

    assert "pilotlight.handlers.slack" in modules
    assert among(modules, "pydantic", "pilotlight.domain.plan", "pilotlight.report.view", "slack_sdk", "moto") == []


@pytest.mark.parametrize("arguments", [["--help"], ["rehearse", "--help"]], ids=" ".join)
def test_help_comes_without_the_sdk_and_the_models(arguments: list[str]) -> None:
    modules = imported_by(f"from cli.__main__ import main; sys.argv[1:] = {arguments}; main()")

    assert "cli.__main__" in modules
    assert among(modules, "boto3", "moto", "aws_cdk", "rich.live") == []
