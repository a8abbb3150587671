"""How a person starts a run: what may stand in the input of "Start execution", and the word that goes ahead of it.

The input is a closed schema, safe when left as it is: `{}` and the console's own `{"Comment": ...}` start nothing, they
make the run explain itself. A name in it is a claim. Who starts a run with `./pilotlight` says so first, with a proof,
about the name that the execution will have. Whether a person may start the machine is IAM's to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pilotlight.domain.errors import InputRefused
from pilotlight.domain.first_fault import first_fault
from pilotlight.domain.run import Run
from pilotlight.domain.word import Word, WordKind


class StartInput(BaseModel):
    """The input of an execution. `requested_by` is a claim, and shown as one.

    `override_ref` names the run whose override the start rests on: this execution's own name, or it is refused. The
    gate reads the override of its run in any case; who names it learns at once, and not at the gate, that it is
    missing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    confirm: str = Field("", max_length=64)
    reason: str = Field("", max_length=1000)
    requested_by: str = Field("", max_length=200)
    override_ref: str = Field("", max_length=80)
    Comment: str = Field("", max_length=4000)

    @classmethod
    def parse(cls, value: Any) -> StartInput:
        """Read an input; raises `InputRefused` naming the first thing that is wrong and what is accepted."""
        try:
            return cls.model_validate({} if value is None else value)
        except ValidationError as error:
            where, what = first_fault(error, "the input")
            raise InputRefused(
                f"The execution's input was refused at '{where}': {what}. "
                "Accepted are confirm, reason, requested_by and override_ref, all text."
            ) from error


def how_to_confirm(name: str, machine: str) -> str:
    """The sentence that tells a person how to start the plan of that name for real."""
    return f'To start it, run the machine {machine} with {{"confirm": "{name}", "reason": "why"}}.'


def started_by(words: Iterable[Word]) -> Word | None:
    """The word of whoever starts the run; the first one, because what comes later did not start it."""
    said = [word for word in words if word.kind is WordKind.START and word.proven]
    return min(said, key=lambda word: word.given, default=None)


def refuse_start(word: Word, run: Run | None) -> str:
    """Why a start is not taken, with the way out; empty where it is."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", word.run_id):
        return f"'{word.run_id}' cannot be the name of an execution; take 1 to 80 letters, digits, - and _."
    return f"Run {run.run_id} of {run.application} was started already; take another name." if run else ""
