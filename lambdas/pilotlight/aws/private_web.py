"""Questions over HTTP that a function in a VPC asks for those who stand outside: what is private is reached from there.

The function is called by its name in one region, asks, and hands the answer back. It calls no AWS API itself, so its
VPC needs no endpoint and no way to the internet for it; Lambda writes its log. That the function could not be asked is
never said to be the other side's silence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from pilotlight.aws.beside import Beside, side_by_side
from pilotlight.aws.functions import ask
from pilotlight.domain.errors import AwsError
from pilotlight.domain.ports import Aws, Silence, WebAnswer, WebRequest


class PrivateWeb:
    """The web port of a VPC: each question is one call of the function there."""

    def __init__(self, aws: Aws, region: str, function: str, beside: Beside) -> None:
        self._aws = aws
        self._region = region
        self._function = function
        self._beside = beside

    def ask(self, request: WebRequest) -> WebAnswer:
        """Have one request sent; that the function was not reached, or failed, is an answer without a status."""
        try:
            return read_answer(ask(self._aws, self._region, self._function, asdict(request)))
        except AwsError as error:
            trouble = f"{self._function} in {self._region} could not ask: {error.sentence}"
            return WebAnswer(None, "", trouble, silence=Silence.OTHER)

    def ask_all(self, requests: Sequence[WebRequest]) -> Sequence[WebAnswer]:
        """Have many requests sent side by side."""
        return side_by_side(self._beside, [partial(self.ask, request) for request in requests])


def read_request(said: Mapping[str, Any]) -> WebRequest:
    """A request as the function gets it."""
    return WebRequest(**said)


def read_answer(said: Mapping[str, Any]) -> WebAnswer:
    """An answer as the function hands it back."""
    return WebAnswer(**{**said, "silence": Silence(said["silence"]) if said["silence"] else None})
