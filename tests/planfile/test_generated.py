"""What is generated is up to date, and is written anew by one command."""

from __future__ import annotations

from pathlib import Path

from planfile.generated import REQUIREMENTS_PAGE, SCHEMA, STEPS_PAGE, generated_texts, regenerate, stale
from planfile.reading import InstalledKinds
from tests.planfile.builders import KINDS


def test_the_generated_files_of_the_repository_are_up_to_date() -> None:
    assert stale(InstalledKinds()) == [], "run `./pilotlight schema`"


def test_what_is_missing_or_old_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / SCHEMA).write_text("old")

    written = regenerate(KINDS, tmp_path)

    assert written == [SCHEMA, STEPS_PAGE, REQUIREMENTS_PAGE]
    assert (tmp_path / STEPS_PAGE).read_text() == generated_texts(KINDS)[STEPS_PAGE]
    assert stale(KINDS, tmp_path) == []


def test_what_is_up_to_date_is_left_alone(tmp_path: Path) -> None:
    regenerate(KINDS, tmp_path)

    assert regenerate(KINDS, tmp_path) == []
