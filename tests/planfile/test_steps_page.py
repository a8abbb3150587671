"""The page of step kinds says what the kinds say of themselves."""

from __future__ import annotations

import pytest
import yaml

from pilotlight import steps
from pilotlight.domain.step import OutputOf
from planfile.steps_page import example_of, steps_page
from tests.planfile.builders import KINDS


def test_every_kind_has_its_part() -> None:
    page = steps_page(KINDS)

    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        "## check",
        "## create",
        "## promote",
        "## scale",
    ]
    assert "- [promote](#promote): A small sound plan" in page


def test_a_part_holds_the_example_the_parameters_and_what_the_kind_declares() -> None:
    part = steps_page(KINDS).split("## promote\n")[1].split("\n## ")[0]

    assert "```yaml\nstep: scale\nkind: scale\nparams:\n  resource: service\n```" in part
    assert "| `resource` | required | What is worked on. |" in part
    assert "| `tasks` | optional | How many \\| are wanted. |" in part
    assert "- Harm: irreversible." in part
    assert "- Time: 6 min, between 2 min and 30 min; looked at every 5 s, given up after 1 h." in part
    assert "- Outputs: `address`, `endpoint`." in part


def test_a_kind_without_an_example_has_none() -> None:
    assert example_of(KINDS["check"]) == ""


@pytest.mark.parametrize("name", steps.kind_names())
def test_the_example_of_a_kind_is_an_entry_of_that_kind(name: str) -> None:
    kind = steps.kind(name)

    entry = yaml.safe_load(example_of(kind))

    params = kind.params.model_validate(entry["params"])
    assert entry["kind"] == name
    assert all(isinstance(need, OutputOf) for need in kind.needs(params))
    assert kind.title(params)
