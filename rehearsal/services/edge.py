"""The ways to an application that go round its records: distributions of CloudFront, and no accelerator.

CloudFront and Global Accelerator are looked at by readiness and by nothing else. Nothing is served from an origin here.
Answers and errors: botocore's models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilotlight.domain.step import Standing
from rehearsal.service import Service, operation
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World


class CloudFront(Service):
    """The distributions of the account."""

    name = "cloudfront"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.distributions: list[dict[str, Any]] = []
        """Each as GetDistribution answers it."""

    def furnish(self, standing: Standing) -> None:
        """A distribution whose default behaviour fails over from an origin to another."""
        if standing.what != "distribution":
            super().furnish(standing)
        self.add(str(standing.facts["id"]), "front.example.com", str(standing.facts["origin"]))

    def add(self, identity: str, first: str, second: str) -> dict[str, Any]:
        """Set the scene: a distribution with a group of two origins, named by their domain names."""
        codes, members = [500, 502, 503, 504], [{"OriginId": "first"}, {"OriginId": "second"}]
        group = {"Id": "both", "FailoverCriteria": {"StatusCodes": _counted(codes)}, "Members": _counted(members)}
        behaviour = {"TargetOriginId": "both", "ViewerProtocolPolicy": "redirect-to-https"}
        origins = [{"Id": "first", "DomainName": first}, {"Id": "second", "DomainName": second}]
        self.distributions.append(
            {
                "Id": identity,
                "ARN": f"arn:aws:cloudfront::{self.world.account}:distribution/{identity}",
                "Status": "Deployed",
                "LastModifiedTime": self.world.time.now(),
                "InProgressInvalidationBatches": 0,
                "DomainName": f"{identity.lower()}.cloudfront.net",
                "DistributionConfig": {
                    "CallerReference": identity,
                    "Comment": "",
                    "Enabled": True,
                    "Origins": _counted(origins),
                    "OriginGroups": _counted([group]),
                    "DefaultCacheBehavior": behaviour,
                },
            }
        )
        return self.distributions[-1]

    @operation("ListDistributions")
    def list_distributions(self, call: Call) -> Mapping[str, Any]:
        """All distributions in one page, each with its origins."""
        listed = [
            {"Id": each["Id"], "DomainName": each["DomainName"], "Origins": each["DistributionConfig"]["Origins"]}
            for each in self.distributions
        ]
        return {"DistributionList": {"Marker": "", "MaxItems": 100, "IsTruncated": False, **_counted(listed)}}

    @operation("GetDistribution")
    def get_distribution(self, call: Call) -> Mapping[str, Any]:
        """One distribution."""
        wanted = call.parameters["Id"]
        found = next((each for each in self.distributions if each["Id"] == wanted), None)
        if found is None:
            raise ServiceError("NoSuchDistribution", "The specified distribution does not exist.", 404)
        return {"Distribution": found}


def _counted(items: list[Any]) -> dict[str, Any]:
    """A list as CloudFront writes it; an empty one has no items."""
    return {"Quantity": len(items), **({"Items": items} if items else {})}


class GlobalAccelerator(Service):
    """No accelerator."""

    name = "globalaccelerator"

    @operation("ListAccelerators")
    def list_accelerators(self, call: Call) -> Mapping[str, Any]:
        """An empty list."""
        return {"Accelerators": []}
