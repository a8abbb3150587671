"""The account's quota in the standby has room for what a recovery adds.

What Service Quotas says of a quota names the metric of its use, where there is one; without it only the quota itself is
compared. A quota that was never raised has no applied value in some accounts, and its default counts.

Codes (from `aws service-quotas list-service-quotas`): `fargate` `L-3032A538` is the vCPU of Fargate on demand. Sources:
botocore's model of Service Quotas; Service Quotas User Guide, "Service Quotas and CloudWatch alarms".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from pydantic import Field

from pilotlight.domain.errors import AwsError, NotFound
from pilotlight.domain.place import Place
from pilotlight.domain.requirement import (
    Access,
    Finding,
    Operation,
    Params,
    RequirementKind,
    Severity,
    Standing,
    Statement,
    StepContext,
)

_RECENT = timedelta(hours=1)
_FATAL = ("AccessDeniedException", "IllegalArgumentException", "ServiceException", "TooManyRequestsException")


class QuotaParams(Params):
    """The quota, and how much of it a recovery adds.

    ```yaml
    requirement: fargate-quota
    kind: quota_has_room
    params:
      service: fargate
      quota: L-3032A538
      adds: 8
    ```
    """

    service: str = Field(description="The code of the service, as Service Quotas has it.")
    quota: str = Field(pattern=r"^L-[0-9A-F]{8}$", description="The code of the quota.")
    adds: float = Field(gt=0, description="How much of it a recovery adds, in the quota's own unit.")


class QuotaHasRoom(RequirementKind[QuotaParams]):
    """Compares the quota with what is in use and what a recovery adds."""

    name = "quota_has_room"
    params = QuotaParams
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation(
            "service-quotas",
            "GetServiceQuota",
            Access.READ,
            {"NoSuchResourceException": "asks for the default"},
            _FATAL,
        ),
        Operation(
            "service-quotas",
            "GetAWSDefaultServiceQuota",
            Access.READ,
            {"NoSuchResourceException": "says that there is no such quota"},
            _FATAL,
        ),
        Operation("cloudwatch", "GetMetricData", Access.READ, {}, ("InvalidNextToken",)),
    )

    def title(self, params: QuotaParams) -> str:
        """What has to have room."""
        return f"Quota {params.quota} of {params.service}"

    def statements(self, params: QuotaParams, place: Place) -> tuple[Statement, ...]:
        """Service Quotas and CloudWatch give these reads no resource to name."""
        quotas = ("servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota")
        return (
            Statement(Access.READ, quotas, ("*",)),
            Statement(Access.READ, ("cloudwatch:GetMetricData",), ("*",)),
        )

    def standing(self, params: QuotaParams, place: Place) -> tuple[Standing, ...]:
        """A quota with room for it."""
        why = f"A recovery adds {params.adds:g} of it, and one that is used up stops the recovery half-way."
        facts = {"name": params.quota, "service": params.service, "adds": params.adds}
        return (Standing("service-quotas", "quota", place.standby, facts, why),)

    def readiness(self, params: QuotaParams, context: StepContext) -> tuple[Finding, ...]:
        """One finding about the quota."""
        where = context.place.standby
        try:
            quota = _quota(params, context)
        except NotFound:
            said = f"Service Quotas knows no quota {params.quota} of {params.service} in {where}."
            return (Finding(Severity.ERROR, "quota", said, "Correct service and quota in the plan."),)
        named, value = f"{quota.get('QuotaName', params.quota)} in {where}", float(quota["Value"])
        fix = f"Have {params.quota} of {params.service} raised in {where} now; that can take days."
        try:
            used = _used(quota.get("UsageMetric") or {}, context)
        except AwsError as error:
            said = f"How much of {named} is used was not read: {error.sentence}."
            return (Finding(Severity.WARNING, "quota", said, "Look again when it answers."),)
        if (used or 0) + params.adds > value:
            said = f"{named} is {value:g}, {used or 0:g} are used, and a recovery adds {params.adds:g}."
            return (Finding(Severity.ERROR, "quota", said, fix),)
        if used is None:
            said = f"{named} is {value:g}, enough for {params.adds:g} more if little is used; how much is, nobody says."
            return (Finding(Severity.WARNING, "quota", said, "Compare it with what runs there."),)
        said = f"{named} is {value:g}, {used:g} are used, and a recovery adds {params.adds:g}."
        return (Finding(Severity.FINE, "quota", said),)


def _quota(params: QuotaParams, context: StepContext) -> Mapping[str, Any]:
    """The applied quota, or the default where none was applied; raises `NotFound` where there is neither."""
    asked = {"ServiceCode": params.service, "QuotaCode": params.quota}
    for operation in ("GetServiceQuota", "GetAWSDefaultServiceQuota"):
        try:
            quota: Mapping[str, Any] = context.aws.call("service-quotas", operation, context.place.standby, **asked)
            return quota["Quota"]  # type: ignore[no-any-return]  # JSON
        except NotFound as error:
            missing = error
    raise missing


def _used(metric: Mapping[str, Any], context: StepContext) -> float | None:
    """The largest use of the last hour; None where the quota has no metric, or the metric no datapoint."""
    if not metric:
        return None
    named = [{"Name": name, "Value": value} for name, value in metric["MetricDimensions"].items()]
    stat = {
        "Metric": {
            "Namespace": metric["MetricNamespace"],
            "MetricName": metric["MetricName"],
            "Dimensions": named,
        },
        "Period": 300,
        "Stat": metric.get("MetricStatisticRecommendation", "Maximum"),
    }
    answer = context.aws.call(
        "cloudwatch",
        "GetMetricData",
        context.place.standby,
        MetricDataQueries=[{"Id": "used", "MetricStat": stat}],
        StartTime=context.now - _RECENT,
        EndTime=context.now,
    )
    values = [float(v) for result in answer.get("MetricDataResults", ()) for v in result.get("Values", ())]
    return max(values) if values else None


KIND = QuotaHasRoom()
