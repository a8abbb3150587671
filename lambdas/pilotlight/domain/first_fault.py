"""What is wrong first with something from outside that a model refuses, for the sentence that says so."""

from __future__ import annotations

from pydantic import ValidationError


def first_fault(error: ValidationError, whole: str) -> tuple[str, str]:
    """Where it is wrong, and what is wrong there; nothing of what was given is quoted.

    Parameters: `whole` is how all of it is called, where no part alone is wrong.
    """
    first = error.errors(include_input=False, include_url=False)[0]
    return ".".join(map(str, first["loc"])) or whole, first["msg"]
