"""Service Quotas: the one quota that a launch meets, as EC2's model keeps it, and no other.

Errors and answers: botocore's model of Service Quotas. The value is what applies to the account in that region.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rehearsal.service import Service, operation
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ec2_launching import Limits
from rehearsal.wire import Call, ServiceError

VCPUS = ("ec2", "L-1216C47A")
"""Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances, in vCPUs."""


class ServiceQuotas(Service):
    """Quotas by region."""

    name: ClassVar[str] = "service-quotas"

    @operation("GetServiceQuota")
    def get_quota(self, call: Call) -> Mapping[str, Any]:
        """The quota of vCPUs; any other is not known here."""
        asked = (call.parameters["ServiceCode"], call.parameters["QuotaCode"])
        if asked != VCPUS:
            raise ServiceError("NoSuchResourceException", f"No quota {asked[1]} of {asked[0]}")
        limits = self.world.model(Ec2).limits.get(call.region, Limits())
        return {"Quota": {"ServiceCode": asked[0], "QuotaCode": asked[1], "Value": float(limits.vcpus)}}
