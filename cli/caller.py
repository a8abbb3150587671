"""AWS under the credentials of whoever runs a command."""

from __future__ import annotations

from typing import Any

from pilotlight.aws.sdk import Clients, Sdk


class CallerAws:
    """AWS under the caller's own credentials: each region is asked as a home is, with time for long answers."""

    def __init__(self) -> None:
        self._clients = Clients()

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        """Call an operation; raises the subclass of `AwsError` that fits."""
        return Sdk(self._clients, region).call(service, operation, region, **parameters)
