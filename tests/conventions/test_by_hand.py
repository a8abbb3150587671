"""Every step kind says how a person does it by hand, in lines that a shell and the AWS command line take."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight.domain.handwork import Command, Handwork, aws, held_in, quoted, variable_of
from pilotlight.domain.step import Harm, StepKind
from pilotlight.steps import kind, kind_names
from tests.conventions.test_kinds import PLACE, examples
from tests.pasting import fits, paste

kinds = pytest.mark.parametrize("name", kind_names())


def handworks(name: str) -> list[tuple[StepKind[Any], Any, Handwork]]:
    its_kind = kind(name)
    given = [its_kind.params.model_validate(entry["params"]) for entry in examples(its_kind)]
    return [(its_kind, params, its_kind.by_hand(params, PLACE)) for params in given]


def commands(work: Handwork) -> tuple[Command, ...]:
    return (*work.loss, *work.do, *work.check, *work.undo)


@kinds
def test_it_says_what_to_do_what_to_see_and_when_to_stop(name: str) -> None:
    for _, _, work in handworks(name):
        assert work.check, "nobody sees that it is done"
        assert all(command.why.endswith((".", ":")) for command in commands(work))
        assert work.check[0].shows, "a check says what it must show"
        assert work.stop_if.endswith(".")
        assert bool(work.undo) is not bool(work.stays), "it is taken back, or it is said why not"


@kinds
def test_every_line_is_one_that_a_shell_and_aws_take(name: str) -> None:
    for its_kind, _, work in handworks(name):
        region = PLACE.primary if its_kind.fences else PLACE.standby
        lines = [command.line for command in commands(work)] + list(work.gives.values())
        for line in lines:
            for call in paste(line).calls:
                fits(call)
                assert call.region == region, line


@kinds
def test_a_variable_is_set_before_it_is_used(name: str) -> None:
    for its_kind, params, work in handworks(name):
        known = {variable_of(each.step, each.output) for each in its_kind.needs(params)}
        for command in (*work.do, *work.check, *work.undo):
            pasted = paste(command.line)
            assert pasted.uses <= known | pasted.sets, command.line
            known |= pasted.sets


@kinds
def test_it_gives_what_later_steps_use(name: str) -> None:
    for its_kind, params, work in handworks(name):
        assert set(work.gives) == (set() if its_kind.fences else set(its_kind.gives(params)))


@kinds
def test_what_moves_a_writer_shows_what_would_be_lost(name: str) -> None:
    for its_kind, _, work in handworks(name):
        assert bool(work.loss) is (its_kind.harm is Harm.IRREVERSIBLE)


@kinds
def test_it_calls_what_the_step_calls(name: str) -> None:
    """By hand another API would be another step; what it only looks with may differ."""
    for its_kind, _, work in handworks(name):
        own = {(o.service, o.name) for o in its_kind.operations}
        writes = {
            (call.service, call.operation)
            for command in work.do
            for call in paste(command.line).calls
            if not call.operation.startswith(("Describe", "Get", "List"))
        }
        assert writes <= own, f"{name}: {writes - own}"


def test_a_name_never_speaks_to_the_shell() -> None:
    evil = "x'; rm -rf $HOME `id` #"

    pasted = paste(aws("ssm", "GetParameter", "ap-northeast-1", Name=f"{evil}{held_in('PROMOTE_PORT')}"))

    assert pasted.uses == {"PROMOTE_PORT"}
    assert pasted.calls[0].parameters == {"Name": f"{evil}$PROMOTE_PORT"}
    assert quoted("") == "''"
