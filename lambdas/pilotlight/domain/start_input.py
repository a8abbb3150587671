"""What a person may write into the console's "Start execution": a closed schema, safe when left as it is.

`{}` and the console's own `{"Comment": ...}` start nothing: they make the run explain itself.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pilotlight.domain.errors import InputRefused


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
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the input"
            raise InputRefused(
                f"The execution's input was refused at '{where}': {first['msg']}. "
                "Accepted are confirm, reason, requested_by and override_ref, all text."
            ) from error


def how_to_confirm(name: str, machine: str) -> str:
    """The sentence that tells a person how to start the plan of that name for real."""
    return f'To start it, run the machine {machine} with {{"confirm": "{name}", "reason": "why"}}.'
