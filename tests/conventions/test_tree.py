"""The rules of the house that a reader relies on."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE_FOLDERS = (
    "backtest", "cli", "deployment", "discovery", "lambdas", "planfile", "rehearsal", "stacks", "stepfunctions",
)  # fmt: skip
SOURCES = sorted(p for folder in SOURCE_FOLDERS for p in (ROOT / folder).rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "shared"}
sources = pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))


@sources
def test_a_module_is_small_enough_to_read(path: Path) -> None:
    lines = path.read_text().splitlines()

    assert len(lines) <= 300, f"{path.name} has {len(lines)} lines"


@sources
def test_a_function_is_small_enough_to_read(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            assert size <= 45, f"{path.name}: {node.name} has {size} lines"


@sources
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), f"{path} has no docstring"


@sources
def test_no_name_says_nothing(path: Path) -> None:
    assert not FORBIDDEN_NAMES & {path.stem, *(part.name for part in path.relative_to(ROOT).parents)}


@pytest.mark.parametrize("path", [p for p in SOURCES if "lambdas" in p.parts], ids=lambda p: p.name)
def test_nothing_that_is_deployed_prints(path: Path) -> None:
    calls = [
        n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    ]

    assert "print" not in {n.func.id for n in calls if isinstance(n.func, ast.Name)}


@sources
def test_no_account_but_the_example_is_named(path: Path) -> None:
    numbers = set(re.findall(r"(?<![\d-])\d{12}(?!\d)", path.read_text()))

    assert numbers <= {"123456789012", "017000801446"}


def test_the_page_of_failures_names_files_that_are_there() -> None:
    page = (ROOT / "docs" / "failure-semantics.md").read_text()
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", page))

    assert len(named) > 30
    missing = [name for name in named if not any((ROOT / base / name).is_file() for base in ("", "lambdas/pilotlight"))]
    assert missing == []
