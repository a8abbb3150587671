"""AWS for those who only look: every call that is not a read is refused, whatever its role would allow."""

from __future__ import annotations

from typing import Any

from pilotlight.domain.errors import Refused
from pilotlight.domain.ports import Aws

_READS = ("Describe", "List", "Get", "Query", "Scan", "BatchGet", "Head", "Lookup", "Simulate", "Filter", "AdminGet")
"""How the names of reads begin. Cognito says first who may call: AdminGetUser reads, AdminCreateUser does not."""


def is_read(operation: str) -> bool:
    """Whether an operation only looks, judged by its name as AWS names them."""
    return operation.startswith(_READS)


class ReadOnlyAws:
    """The AWS port of a preflight, a readiness look and a verification; raises `Refused` for a mutating call.

    `besides` are operations that only look here, though their names do not say so.
    """

    def __init__(self, aws: Aws, besides: tuple[str, ...] = ()) -> None:
        self._aws = aws
        self._besides = besides

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        """Call a read."""
        if not is_read(operation) and operation not in self._besides:
            raise Refused(f"{service} {operation} changes something, and is not called where a step may only look.")
        return self._aws.call(service, operation, region, **parameters)
