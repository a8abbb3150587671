"""The AWS port of who holds no lease and has no ledger at hand: every mutating call is announced in the log."""

from __future__ import annotations

from typing import Any, Protocol

from pilotlight.aws.guarded import without_secrets
from pilotlight.domain.errors import AwsError
from pilotlight.domain.ports import Aws
from pilotlight.domain.read_only import is_read


class Log(Protocol):
    """Where the announcements go."""

    def warning(self, msg: object, /) -> None:
        """Write a line."""
        ...


class AnnouncedAws:
    """Calls AWS on behalf of somebody, and says so before and after each call that changes something."""

    def __init__(self, aws: Aws, log: Log, on_behalf_of: str) -> None:
        self._aws = aws
        self._log = log
        self._on_behalf_of = on_behalf_of

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        """Call AWS; raises what the call raises."""
        if is_read(operation):
            return self._aws.call(service, operation, region, **parameters)
        what = f"{service} {operation} in {region}"
        self._log.warning(f"{self._on_behalf_of} is about to call {what} with {without_secrets(parameters)}.")
        try:
            answer = self._aws.call(service, operation, region, **parameters)
        except AwsError as error:
            self._log.warning(error.sentence)
            raise
        self._log.warning(f"{what} was accepted.")
        return answer
