"""The part of the embedded ElastiCache that knows serverless caches: creating, and deleting.

No endpoint before a cache is available; tags that cannot be read unless it is; a creation that may fail. Codes and
shapes: botocore's model. Times: aws-facts section 11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Any

from rehearsal.service import Spread, operation
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

CREATION = Spread(60.0, 120.0, 300.0)
DELETION = Spread(30.0, 60.0, 180.0)
"""An estimate."""
_BUSY = ("creating", "modifying", "deleting")


@dataclass(eq=False)
class ServerlessCache:
    """One serverless cache: `order` is what was asked for, in the API's spelling."""

    region: str
    name: str
    account: str
    order: dict[str, Any]
    status: str = "available"

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:elasticache:{self.region}:{self.account}:serverlesscache:{self.name}"

    def shown(self) -> dict[str, Any]:
        """As DescribeServerlessCaches shows it."""
        said = {name: value for name, value in self.order.items() if name not in ("Tags", "SnapshotArnsToRestore")}
        shown = {**said, "Status": self.status, "ARN": self.arn}
        if self.status in ("creating", "create-failed"):
            return shown
        part = sha256(self.arn.encode()).hexdigest()[:6]
        address = f"{self.name}-{part}.serverless.{self.region}.cache.amazonaws.com"
        return shown | {"Endpoint": {"Address": address, "Port": 6379}}


class ServerlessCaches:
    """The serverless caches of all regions."""

    world: World
    random: Random
    serverless: dict[tuple[str, str], ServerlessCache]
    serverless_failure: str

    def add_serverless(self, region: str, order: Mapping[str, Any], status: str = "available") -> ServerlessCache:
        """Set the scene: a serverless cache that was ordered so."""
        name = str(order["ServerlessCacheName"]).lower()
        self.serverless[region, name] = ServerlessCache(region, name, self.world.account, dict(order), status)
        return self.serverless[region, name]

    @operation("CreateServerlessCache")
    def create_serverless_cache(self, call: Call) -> Mapping[str, Any]:
        """Begin a creation; `serverless_failure` is the status that the next one ends in instead."""
        if (call.region, str(call.parameters["ServerlessCacheName"]).lower()) in self.serverless:
            raise ServiceError("ServerlessCacheAlreadyExistsFault", "The serverless cache exists already.")
        made = self.add_serverless(call.region, call.parameters, "creating")
        ends, self.serverless_failure = self.serverless_failure or "available", ""
        self._become_in(CREATION.draw(self.random), made, ends)
        return {"ServerlessCache": made.shown()}

    @operation("DescribeServerlessCaches")
    def describe_serverless_caches(self, call: Call) -> Mapping[str, Any]:
        """One cache; all of a region are not asked for."""
        if "ServerlessCacheName" not in call.parameters:
            raise NotModelled(call)
        return {"ServerlessCaches": [self._serverless(call).shown()]}

    @operation("DeleteServerlessCache")
    def delete_serverless_cache(self, call: Call) -> Mapping[str, Any]:
        """Begin a deletion, without a snapshot."""
        if call.parameters.get("FinalSnapshotName"):
            raise NotModelled(call)
        cache = self._serverless(call)
        if cache.status in _BUSY:
            raise ServiceError("InvalidServerlessCacheStateFault", f"Serverless cache {cache.name} is {cache.status}.")
        cache.status = "deleting"
        seconds = DELETION.draw(self.random)
        self.world.time.spawn(
            lambda: self.serverless.pop((cache.region, cache.name)), name="a cache is gone", delay_seconds=seconds
        )
        return {"ServerlessCache": cache.shown()}

    def tags_of_serverless(self, arn: str) -> Mapping[str, Any]:
        """Its tags, as ListTagsForResource gives them."""
        cache = next((cache for cache in self.serverless.values() if cache.arn == arn), None)
        if cache is None:
            raise ServiceError("ServerlessCacheNotFoundFault", f"{arn} was not found.", 404)
        if cache.status != "available":
            raise ServiceError("InvalidServerlessCacheStateFault", f"Serverless cache {cache.name} is {cache.status}.")
        return {"TagList": list(cache.order.get("Tags", ()))}

    def _serverless(self, call: Call) -> ServerlessCache:
        name = str(call.parameters["ServerlessCacheName"]).lower()
        if (call.region, name) not in self.serverless:
            raise ServiceError("ServerlessCacheNotFoundFault", f"Serverless cache {name} was not found.", 404)
        return self.serverless[call.region, name]

    def _become_in(self, seconds: float, cache: ServerlessCache, status: str) -> None:
        self.world.begin_effect(cache.arn, seconds)
        self.world.time.spawn(
            lambda: setattr(cache, "status", status), name=f"{cache.name} is {status}", delay_seconds=seconds
        )
