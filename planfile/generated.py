"""The files that are generated from the models and the step kinds, and whether they are up to date."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from planfile.draft import Kinds
from planfile.requirements_page import requirements_page
from planfile.schema import plan_schema
from planfile.steps_page import steps_page

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = Path("plans") / "plan.schema.json"
STEPS_PAGE = Path("docs") / "steps.md"
REQUIREMENTS_PAGE = Path("docs") / "requirements.md"


def generated_texts(kinds: Kinds) -> Mapping[Path, str]:
    """What each generated file has to say, by its path in the repository."""
    return {SCHEMA: plan_schema(kinds), STEPS_PAGE: steps_page(kinds), REQUIREMENTS_PAGE: requirements_page()}


def stale(kinds: Kinds, root: Path = ROOT) -> list[Path]:
    """The generated files that say something else, or are not there."""
    return [path for path, text in generated_texts(kinds).items() if _read(root / path) != text]


def regenerate(kinds: Kinds, root: Path = ROOT) -> list[Path]:
    """Write the generated files that are stale; returns their paths."""
    written = stale(kinds, root)
    for path in written:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(generated_texts(kinds)[path], encoding="utf-8")
    return written


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
