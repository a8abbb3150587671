"""A distribution of CloudFront serves from the standby what it cannot get from the primary.

An origin group names two origins: each request goes to the first, and to the second if the first does not answer or
answers with one of the codes of the group. So nothing is switched in an incident, and nothing has to be switched back.
It holds for GET, HEAD and OPTIONS alone, which is why it is for what is only read, and for each behaviour by itself:
one that names the first origin, and not the group, stays with the primary.

CloudFront is asked where its control plane is, in us-east-1, which is why this is looked at beforehand and in no run.
That the standby's origin lets CloudFront read is not looked at.

Sources: CloudFront Developer Guide, "Optimize high availability with CloudFront origin failover"; botocore's model of
CloudFront (OriginGroup: its members are in order; Distribution: Deployed or InProgress).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from pilotlight.domain.errors import NotFound
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
from pilotlight.estate.traffic.records import GLOBAL, plain

FAILURES = (500, 502, 503, 504)
"""The codes with which an origin says that it cannot serve."""


class DistributionParams(Params):
    """The distribution, and where its content stands in the standby.

    ```yaml
    requirement: front-in-tokyo
    kind: distribution_fails_over
    params:
      distribution: E1A2B3C4D5E6F7
      origin: portforge-front-dr.s3.ap-northeast-1.amazonaws.com
    ```
    """

    distribution: str = Field(pattern=r"^[A-Z0-9]{8,32}$", description="Its id.")
    origin: str = Field(min_length=1, description="The domain name of its origin in the standby.")


class DistributionFailsOver(RequirementKind[DistributionParams]):
    """Looks at the origin group that ends in the standby, and at the behaviours that use it."""

    name = "distribution_fails_over"
    params = DistributionParams
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation(
            "cloudfront",
            "GetDistribution",
            Access.READ,
            {"NoSuchDistribution": "says that the distribution is not there"},
            ("AccessDenied",),
        ),
    )

    def title(self, params: DistributionParams) -> str:
        """What has to fail over."""
        return f"Distribution {params.distribution} fails over to {params.origin}"

    def statements(self, params: DistributionParams, place: Place) -> tuple[Statement, ...]:
        """The one distribution, which belongs to no region."""
        arn = f"arn:aws:cloudfront::{place.account}:distribution/{params.distribution}"
        return (Statement(Access.READ, ("cloudfront:GetDistribution",), (arn,)),)

    def standing(self, params: DistributionParams, place: Place) -> tuple[Standing, ...]:
        """The distribution, with an origin in each region and a group of both."""
        why = "What users only read comes from the standby as soon as the primary does not answer."
        facts = {"id": params.distribution, "origin": params.origin}
        return (Standing("cloudfront", "distribution", GLOBAL, facts, why),)

    def readiness(self, params: DistributionParams, context: StepContext) -> tuple[Finding, ...]:
        """The distribution, its group, and each behaviour that goes round it."""
        try:
            found = context.aws.call("cloudfront", "GetDistribution", GLOBAL, Id=params.distribution)["Distribution"]
        except NotFound:
            said = f"There is no distribution {params.distribution}."
            return (Finding.error("distribution", said, "Correct distribution in the plan."),)
        config = found["DistributionConfig"]
        group = _group_to(plain(params.origin), config)
        if group is None:
            said = f"No origin group of {params.distribution} fails over to {params.origin}, so it goes dark as well."
            return (Finding.error("origin-group", said, "Add an origin group whose second origin that is."),)
        return (*_of_group(group, params), *_of_behaviours(group, config, params), *_of_state(found, params))


def _items(holder: Mapping[str, Any], of: str) -> list[Any]:
    """The items of one of CloudFront's counted lists, which is left out where it is empty."""
    return list((holder.get(of) or {}).get("Items") or ())


def _group_to(origin: str, config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The group whose second member is an origin of that domain name."""
    named = {each["Id"] for each in _items(config, "Origins") if plain(each["DomainName"]) == origin}
    groups = (group for group in _items(config, "OriginGroups") if _members(group)[-1] in named)
    return next(groups, None)


def _members(group: Mapping[str, Any]) -> list[str]:
    return [str(member["OriginId"]) for member in _items(group, "Members")]


def _of_group(group: Mapping[str, Any], params: DistributionParams) -> Iterator[Finding]:
    codes = {int(code) for code in _items(group["FailoverCriteria"], "StatusCodes")}
    missing = [str(code) for code in FAILURES if code not in codes]
    said = f"Origin group {group['Id']} of {params.distribution}"
    if missing:
        fix = "Add them to the failover criteria of the group."
        yield Finding.error("failover-criteria", f"{said} does not fail over on {', '.join(missing)}.", fix)
    else:
        yield Finding(Severity.FINE, "origin-group", f"{said} fails over to {params.origin}.")


def _of_behaviours(
    group: Mapping[str, Any], config: Mapping[str, Any], params: DistributionParams
) -> Iterator[Finding]:
    first = _members(group)[0]
    behaviours = [(config["DefaultCacheBehavior"], "The default behaviour")]
    behaviours += [(each, f"The behaviour for {each['PathPattern']}") for each in _items(config, "CacheBehaviors")]
    if not any(behaviour["TargetOriginId"] == group["Id"] for behaviour, _ in behaviours):
        said = f"No behaviour of {params.distribution} uses origin group {group['Id']}, so nothing fails over."
        yield Finding.error("behaviour", said, "Name the group as the origin of the behaviours that read from it.")
        return
    for behaviour, named in behaviours:
        if behaviour["TargetOriginId"] == first:
            said = f"{named} of {params.distribution} asks {first} alone, and goes dark with it."
            yield Finding.error("behaviour", said, f"Name origin group {group['Id']} as its origin.")


def _of_state(found: Mapping[str, Any], params: DistributionParams) -> Iterator[Finding]:
    if not found["DistributionConfig"]["Enabled"]:
        yield Finding.error("distribution", f"Distribution {params.distribution} is disabled.", "Enable it.")
    elif found["Status"] != "Deployed":
        said = f"Distribution {params.distribution} is {found['Status']}: not every edge has what was changed last."
        yield Finding(Severity.WARNING, "distribution", said, "Look again in some minutes.")


KIND = DistributionFailsOver()
