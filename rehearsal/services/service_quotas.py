"""Service Quotas: the quotas of the scene, each with what is used of it in CloudWatch, and EC2's of vCPUs.

Answers and errors: botocore's model of Service Quotas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pilotlight.domain.step import Standing
from rehearsal.service import Service, operation
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ec2_launching import Limits
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World

VCPUS = ("ec2", "L-1216C47A")
"""Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances, in vCPUs."""


@dataclass(eq=False)
class Quota:
    """One quota of a region; `used` None publishes nothing, and `applied` False has only a default."""

    region: str
    service: str
    code: str
    value: float
    used: float | None = 0.0
    applied: bool = True


class ServiceQuotas(Service):
    """The quotas of the account."""

    name = "service-quotas"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.quotas: list[Quota] = []

    def furnish(self, standing: Standing) -> None:
        """A quota with twice the room that is needed."""
        if standing.what != "quota":
            super().furnish(standing)
        facts = standing.facts
        self.add(standing.region, facts["service"], facts["name"], 2 * facts["adds"])

    def add(self, region: str, service: str, code: str, value: float) -> Quota:
        """Set the scene: a quota of which nothing is used."""
        quota = Quota(region, service, code, value)
        self.quotas.append(quota)
        metrics = self.world.model(CloudWatch)
        metrics.sample_each_minute(region, "AWS/Usage", "ResourceCount", {"Service": service}, lambda: quota.used)
        return quota

    @operation("GetServiceQuota")
    def get_service_quota(self, call: Call) -> Mapping[str, Any]:
        """A quota that was applied to the account."""
        return self._answer(call, [quota for quota in self.quotas if quota.applied])

    @operation("GetAWSDefaultServiceQuota")
    def get_default_service_quota(self, call: Call) -> Mapping[str, Any]:
        """The default of a quota."""
        return self._answer(call, self.quotas)

    def _answer(self, call: Call, quotas: list[Quota]) -> Mapping[str, Any]:
        asked = (call.region, call.parameters["ServiceCode"], call.parameters["QuotaCode"])
        if asked[1:] == VCPUS:
            limits = self.world.model(Ec2).limits.get(call.region, Limits())
            return {"Quota": {"ServiceCode": asked[1], "QuotaCode": asked[2], "Value": float(limits.vcpus)}}
        found = next((each for each in quotas if (each.region, each.service, each.code) == asked), None)
        if found is None:
            raise ServiceError("NoSuchResourceException", "The specified quota is not there.")
        usage = {
            "MetricNamespace": "AWS/Usage",
            "MetricName": "ResourceCount",
            "MetricDimensions": {"Service": found.service},
            "MetricStatisticRecommendation": "Maximum",
        }
        return {
            "Quota": {
                "ServiceCode": found.service,
                "QuotaCode": found.code,
                "QuotaName": f"Quota {found.code}",
                "Value": found.value,
                **({} if found.used is None else {"UsageMetric": usage}),
            }
        }
