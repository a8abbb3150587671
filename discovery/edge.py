"""What stands in front of everything: distributions of CloudFront, with their origins and groups of origins.

Operations and shapes: botocore's model of CloudFront, which lists with a marker inside of the list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from discovery.reading import GLOBAL, Reading
from discovery.resource import Kind, Resource
from discovery.serving import plain


def distributions(reading: Reading) -> Iterator[Resource]:
    """The distributions of the account, each with the domain names of its origins."""
    more: dict[str, str] = {}
    while True:
        listed = (reading.ask("cloudfront", "ListDistributions", GLOBAL, **more) or {}).get("DistributionList", {})
        for shown in listed.get("Items", ()):
            facts = {
                "host": plain(str(shown.get("DomainName", ""))),
                "origins": {str(o["Id"]): plain(str(o["DomainName"])) for o in shown["Origins"].get("Items", ())},
                "called": [str(alias) for alias in shown.get("Aliases", {}).get("Items", ())],
            }
            yield Resource(Kind.DISTRIBUTION, "", str(shown["Id"]), str(shown.get("ARN", "")), facts)
        if not listed.get("IsTruncated"):
            return
        more = {"Marker": str(listed["NextMarker"])}


def fails_over_to(reading: Reading, distribution: Resource) -> list[str]:
    """The domain names of the origins that a distribution asks where another one fails."""
    answer = reading.ask("cloudfront", "GetDistribution", GLOBAL, Id=distribution.name) or {}
    configured: Any = answer.get("Distribution", {}).get("DistributionConfig", {})
    groups = configured.get("OriginGroups", {}).get("Items", ())
    seconds = [str(member["OriginId"]) for group in groups for member in group["Members"]["Items"][1:]]
    return [distribution.facts["origins"][origin] for origin in seconds if origin in distribution.facts["origins"]]
