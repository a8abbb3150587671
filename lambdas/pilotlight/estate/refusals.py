"""What AWS's refusals mean to a person: for each code a reason and a way out, kept beside the operations of a service.

A refusal that nobody can mend has no such words, and goes on to the step handler as the error that it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from pilotlight.domain.errors import AwsError
from pilotlight.domain.step import Failed

Refusals = Mapping[str, tuple[str, str]]
"""By code: why it is refused, as the end of a sentence, and the way out."""


def fates(refusals: Refusals) -> dict[str, str]:
    """The same as the fate of each error, for the operations that are refused so."""
    return {code: f"fails: {because}" for code, (because, _) in refusals.items()}


def say_refused(cannot: str, refused: AwsError, refusals: Refusals) -> Failed:
    """What a refusal means; raises it where no words are kept for it.

    Parameters: `cannot` says what is not done for it, as a sentence begins.
    """
    if refused.code not in refusals:
        raise refused
    because, fix = refusals[refused.code]
    return Failed(f"{cannot}, because {because}.", fix)
