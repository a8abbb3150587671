"""What ECS lists of a region: its clusters, and the services of one, by their ARNs.

A page holds at most a hundred; where more follow, its token says from where. Answers: botocore's model of ECS.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rehearsal.service import operation
from rehearsal.services.ecs_answers import arn
from rehearsal.services.ecs_scheduler import EcsService
from rehearsal.wire import Call

if TYPE_CHECKING:
    from rehearsal.services.ecs import Cluster

MOST_LISTED = 100
_SERVICES_UNASKED = 10


class Lists:
    """The part of ECS that lists."""

    clusters: list[Cluster]
    ecs_services: list[EcsService]

    @operation("ListClusters")
    def list_clusters(self, call: Call) -> dict[str, Any]:
        """The clusters of the region."""
        return _page(call, "clusterArns", [c.arn for c in self.clusters if c.region == call.region], MOST_LISTED)

    @operation("ListServices")
    def list_services(self, call: Call) -> dict[str, Any]:
        """The services of a cluster, ten in a page unless more are asked for."""
        cluster = str(call.parameters.get("cluster", "default")).rsplit("/", 1)[-1]
        found = [s for s in self.ecs_services if (s.region, s.cluster) == (call.region, cluster)]
        # A service that is being deleted is described, and no longer listed.
        here = [s for s in found if s.status == "ACTIVE"]
        return _page(call, "serviceArns", [arn(s, f"service/{s.cluster}/{s.name}") for s in here], _SERVICES_UNASKED)


def _page(call: Call, member: str, everything: Sequence[str], unasked: int) -> dict[str, Any]:
    first, size = int(call.parameters.get("nextToken", 0)), int(call.parameters.get("maxResults", unasked))
    page: dict[str, Any] = {member: everything[first : first + size]}
    return page | ({"nextToken": str(first + size)} if len(everything) > first + size else {})
