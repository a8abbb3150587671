"""The ways to an application that go round its records: none of them is there.

CloudFront and Global Accelerator are looked at by readiness and by nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.service import Service, operation
from rehearsal.wire import Call


class CloudFront(Service):
    """No distribution."""

    name = "cloudfront"

    @operation("ListDistributions")
    def list_distributions(self, call: Call) -> Mapping[str, Any]:
        """An empty list."""
        return {"DistributionList": {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": 0}}


class GlobalAccelerator(Service):
    """No accelerator."""

    name = "globalaccelerator"

    @operation("ListAccelerators")
    def list_accelerators(self, call: Call) -> Mapping[str, Any]:
        """An empty list."""
        return {"Accelerators": []}
