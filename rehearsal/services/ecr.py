"""ECR: which digest a tag names in which repository, and what the registry replicates. Nothing is pulled or pushed.

Replication is what the scene says it did. Answers and errors: botocore's model of ECR.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pilotlight.domain.step import Standing
from rehearsal.service import Service, operation
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World


@dataclass(eq=False)
class Image:
    """One image of a repository."""

    digest: str
    tags: set[str]
    status: str = "ACTIVE"


@dataclass(eq=False)
class Repository:
    """One repository in one region."""

    region: str
    name: str
    images: list[Image] = field(default_factory=list)


class Ecr(Service):
    """The registries of the account, one in each region."""

    name = "ecr"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.repositories: list[Repository] = []
        self.rules: dict[str, list[dict[str, Any]]] = {}

    def furnish(self, standing: Standing) -> None:
        """A repository with an image, and the same one where it is replicated to."""
        if standing.what != "replicated repository":
            super().furnish(standing)
        name, tag, replica = (str(standing.facts[key]) for key in ("name", "tag", "replica_in"))
        for region in (standing.region, replica):
            self.push(region, name, tag, f"the first {name}")
        self.replicate(standing.region, replica)

    def push(self, region: str, name: str, tag: str, content: str) -> Image:
        """Set the scene: an image under a tag, which names no other image of the repository any more."""
        repository = self._repository(region, name) or Repository(region, name)
        if repository not in self.repositories:
            self.repositories.append(repository)
        for image in repository.images:
            image.tags.discard(tag)
        image = Image(f"sha256:{sha256(content.encode()).hexdigest()}", {tag})
        repository.images.append(image)
        return image

    def replicate(self, region: str, to: str, *prefixes: str) -> None:
        """Set the scene: a rule; without prefixes it is for all repositories."""
        rule: dict[str, Any] = {"destinations": [{"region": to, "registryId": self.world.account}]}
        if prefixes:
            rule["repositoryFilters"] = [{"filter": each, "filterType": "PREFIX_MATCH"} for each in prefixes]
        rules = self.rules.setdefault(region, [])
        if rule not in rules:
            rules.append(rule)

    @operation("DescribeImages")
    def describe_images(self, call: Call) -> Mapping[str, Any]:
        """The image of a tag or a digest."""
        name = str(call.parameters["repositoryName"])
        repository = self._repository(call.region, name)
        if repository is None:
            raise ServiceError("RepositoryNotFoundException", f"The repository with name '{name}' does not exist.")
        (wanted,) = call.parameters["imageIds"]
        tag, digest = wanted.get("imageTag"), wanted.get("imageDigest")
        found = next((i for i in repository.images if tag in i.tags or i.digest == digest), None)
        if found is None:
            raise ServiceError("ImageNotFoundException", f"The image with imageId {dict(wanted)} does not exist.")
        return {"imageDetails": [{"imageDigest": found.digest, "imageStatus": found.status}]}

    @operation("DescribeRegistry")
    def describe_registry(self, call: Call) -> Mapping[str, Any]:
        """The rules of a region's registry."""
        rules = self.rules.get(call.region, [])
        return {"registryId": self.world.account, "replicationConfiguration": {"rules": rules}}

    def _repository(self, region: str, name: str) -> Repository | None:
        return next((r for r in self.repositories if (r.region, r.name) == (region, name)), None)
