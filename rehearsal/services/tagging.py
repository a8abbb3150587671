"""The Resource Groups Tagging API: which resources of a region bear a tag.

It knows of the tags that the other models keep: database instances, ECS services and caches. A resource without any tag
is not listed. Answers: botocore's model of the Resource Groups Tagging API.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.service import Service, operation
from rehearsal.services.ecs import Ecs
from rehearsal.services.ecs_answers import arn
from rehearsal.services.elasticache import ElastiCache
from rehearsal.services.rds import Rds
from rehearsal.wire import Call, NotModelled

_SIZE = 50
"""Resources in a page, where nobody asks for another number (botocore's text on GetResources)."""


class Tagging(Service):
    """Tags of all services."""

    name = "resourcegroupstaggingapi"

    @operation("GetResources")
    def get_resources(self, call: Call) -> Mapping[str, Any]:
        """Those that bear every asked tag with one of its values."""
        if call.parameters.keys() - {"TagFilters", "PaginationToken"}:
            raise NotModelled(call)
        filters = call.parameters.get("TagFilters", ())
        found = [(its, tags) for its, tags in self._tagged(call.region) if all(_meets(tags, f) for f in filters)]
        first = int(call.parameters.get("PaginationToken") or 0)
        more = len(found) > first + _SIZE
        return {
            "PaginationToken": str(first + _SIZE) if more else "",
            "ResourceTagMappingList": [
                {"ResourceARN": its, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
                for its, tags in found[first : first + _SIZE]
            ],
        }

    def _tagged(self, region: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        services = self.world.model(Ecs).ecs_services
        for its, tags in (
            *((each.arn, each.tags) for each in self.world.model(Rds).instances_in(region)),
            *((arn(s, f"service/{s.cluster}/{s.name}"), s.tags) for s in services if s.region == region),
            *((each.arn, each.tags) for each in self.world.model(ElastiCache).groups_in(region)),
        ):
            if tags:
                yield its, tags


def _meets(tags: Mapping[str, str], asked: Mapping[str, Any]) -> bool:
    values = asked.get("Values", ())
    return asked["Key"] in tags and (not values or tags[asked["Key"]] in values)
