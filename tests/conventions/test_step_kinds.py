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


@kinds
def test_what_may_stand_in_says_what_remains_or_why_nothing_can(name: str) -> None:
    """A drill is clean when nothing remains: a kind that is silent would be taken for one that left nothing."""
    its_kind = kind(name)
    answers = type(its_kind).remains is not StepKind.remains
    refused = its_kind.fences or its_kind.harm is Harm.IRREVERSIBLE or bool(its_kind.stands_in_for_nothing)

    assert [answers, refused, bool(its_kind.leaves_nothing)].count(True) == 1


@kinds
def test_what_answers_what_remains_is_undone_without_a_receipt(name: str) -> None:
    """A drill that was cut off has no receipt of its last step, and what that made is found by its mark."""
    its_kind = kind(name)
    if type(its_kind).remains is not StepKind.remains:
        assert its_kind.marks
