"""AWS under the credentials of whoever runs a command."""

from __future__ import annotations

from typing import Any

from pilotlight.aws.kubernetes import AwsAndKubernetes
from pilotlight.aws.sdk import Clients, Sdk
from pilotlight.aws.web import HttpWeb
from pilotlight.domain.ports import Aws


class CallerAws:
    """AWS, and clusters of EKS, under the caller's own credentials: each region is asked as a home is, with time for
    long answers."""

    def __init__(self) -> None:
        self._clients = Clients()
        self._regions: dict[str, Aws] = {}

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        """Call an operation; raises the subclass of `AwsError` that fits."""
        if region not in self._regions:
            self._regions[region] = AwsAndKubernetes(Sdk(self._clients, region), HttpWeb(), self._clients)
        return self._regions[region].call(service, operation, region, **parameters)
