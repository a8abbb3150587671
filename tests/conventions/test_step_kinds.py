"""Laws that hold for every step kind, beyond those of every kind."""

from __future__ import annotations

import pytest

from pilotlight.domain.stages import RunStep, StartStep
from pilotlight.domain.step import Harm, StepKind
from pilotlight.steps import kind, kind_names
from tests.conventions.test_kinds import example_params, examples

kinds = pytest.mark.parametrize("name", kind_names())


@kinds
def test_its_example_is_an_entry_of_a_lane(name: str) -> None:
    for entry in examples(kind(name)):
        parsed = StartStep.model_validate(entry) if "start" in entry else RunStep.model_validate(entry)
        assert parsed.kind == name


@kinds
def test_its_times_are_in_order(name: str) -> None:
    timing = kind(name).timing

    assert timing.shortest <= timing.typical <= timing.longest <= timing.give_up
    assert timing.poll.total_seconds() > 0


@kinds
def test_what_moves_the_writer_says_what_would_be_lost(name: str) -> None:
    its_kind = kind(name)
    if its_kind.harm is Harm.IRREVERSIBLE:
        assert type(its_kind).data_at_risk is not StepKind.data_at_risk


@kinds
def test_its_title_fits_a_state(name: str) -> None:
    title = kind(name).title(example_params(kind(name)))

    assert title[0].isupper()
    assert len(f"{title}: settled?: await") <= 80
