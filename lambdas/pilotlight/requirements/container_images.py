"""The standby's registry has the images that the primary's runs: the same digest under the same tag.

Replication of ECR copies what is pushed after its rule was made, and nothing that stood there before: so every
repository is looked at in both regions, and not the rule alone. What is compared is the image that the tag names in the
primary, which is what its next task or pod pulls; a tag that was moved since leaves older ones running there.

Sources: ECR user guide, "Private image replication" (not retroactive; a repository that is missing is made by the
replication); botocore's model of ECR (DescribeImages, DescribeRegistry, filters of type PREFIX_MATCH, imageStatus).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

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

RepositoryName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._/-]{1,255}$", examples=["auth-service"])]
_AGAIN = {"ServerException": "said as not looked at"}
_COPY = "Pull it from the primary and push it to the standby: replication copies only what is pushed after its rule."
_KEPT = "ACTIVE"


class ContainerImagesParams(Params):
    """The repositories, of the same names in both regions, and the tag that is run.

    ```yaml
    requirement: images-in-tokyo
    kind: container_images
    params:
      repositories:
        [auth-service, team-service, project-service, ai-service, support-service, infra-bot, slack-monitoring-bot]
    ```
    """

    repositories: tuple[RepositoryName, ...] = Field(min_length=1)
    tag: str = Field("latest", pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", description="The tag that is run.")


class ContainerImages(RequirementKind[ContainerImagesParams]):
    """Compares digests, and looks for the rule that keeps them alike."""

    name = "container_images"
    params = ContainerImagesParams
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation(
            "ecr",
            "DescribeImages",
            Access.READ,
            {
                **_AGAIN,
                "RepositoryNotFoundException": "said as a missing repository",
                "ImageNotFoundException": "said as a missing image",
            },
            ("InvalidParameterException",),
        ),
        Operation("ecr", "DescribeRegistry", Access.READ, _AGAIN, ("InvalidParameterException", "ValidationException")),
    )

    def title(self, params: ContainerImagesParams) -> str:
        """What has to be there."""
        count = len(params.repositories)
        return f"Images of {params.repositories[0] if count == 1 else f'{count} repositories'}"

    def statements(self, params: ContainerImagesParams, place: Place) -> tuple[Statement, ...]:
        """The repositories of both regions; the registry has no ARN."""
        arns = tuple(
            place.arn("ecr", f"repository/{name}", region=region)
            for region in (place.standby, place.primary)
            for name in params.repositories
        )
        return (
            Statement(Access.READ, ("ecr:DescribeImages",), arns),
            Statement(Access.READ, ("ecr:DescribeRegistry",), ("*",)),
        )

    def standing(self, params: ContainerImagesParams, place: Place) -> tuple[Standing, ...]:
        """Each repository with its image, replicated into the standby."""
        why = "What the standby starts is pulled from its own registry, because the primary's may be what failed."
        return tuple(
            Standing(
                "ecr",
                "replicated repository",
                place.primary,
                {"name": name, "tag": params.tag, "replica_in": place.standby},
                why,
            )
            for name in params.repositories
        )

    def readiness(self, params: ContainerImagesParams, context: StepContext) -> tuple[Finding, ...]:
        """Each repository in both regions, and the rule."""
        found = tuple(_compare(name, params.tag, context) for name in params.repositories)
        return (*found, *_rule(params, context))


def _compare(name: str, tag: str, context: StepContext) -> Finding:
    standby, primary = context.place.standby, context.place.primary
    here = _image(context, name, {"imageTag": tag}, standby)
    if here is not None and here.get("imageStatus", _KEPT) != _KEPT:
        said = f"Image {name}:{tag} in {standby} is {here['imageStatus']}, and cannot be pulled."
        return _error(said, "Restore it from the archive (aws ecr update-image-storage-class).")
    try:
        there = _image(context, name, {"imageTag": tag}, primary)
    except AwsError as error:
        said = f"Image {name}:{tag} was not compared with the one in {primary}: {error.sentence}."
        return _error(said, _COPY) if here is None else Finding(Severity.WARNING, "image-unread", said, "Look again.")
    if there is None:
        return _error(f"There is no image {name}:{tag} in {primary}.", "Correct repositories and tag in the plan.")
    digest = str(there["imageDigest"])
    if here is not None and here["imageDigest"] == digest:
        return Finding(Severity.FINE, "image", f"Image {name}:{tag} is the same in {standby}, {_short(digest)}.")
    if here is None and _image(context, name, {"imageDigest": digest}, standby) is None:
        return _error(f"Image {name}:{tag} of {primary} is missing in {standby}, {_short(digest)}.", _COPY)
    other = f"{_short(str(here['imageDigest']))}" if here else "nothing"
    said = f"The tag {tag} of {name} names {other} in {standby}, and {_short(digest)} in {primary}."
    return _error(said, _COPY)


def _image(context: StepContext, name: str, wanted: Mapping[str, str], region: str) -> Mapping[str, Any] | None:
    try:
        answer = context.aws.call("ecr", "DescribeImages", region, repositoryName=name, imageIds=[wanted])
    except NotFound:
        return None
    return next(iter(answer.get("imageDetails", ())), None)


def _rule(params: ContainerImagesParams, context: StepContext) -> Iterator[Finding]:
    standby, primary = context.place.standby, context.place.primary
    try:
        answer = context.aws.call("ecr", "DescribeRegistry", primary)
    except AwsError as error:
        said = f"Whether the registry in {primary} replicates could not be read: {error.sentence}."
        yield Finding(Severity.WARNING, "image-unread", said, "Look again.")
        return
    rules = answer.get("replicationConfiguration", {}).get("rules", ())
    left_out = [name for name in params.repositories if not any(_copies(rule, name, context.place) for rule in rules)]
    if left_out:
        said = f"No rule of the registry in {primary} replicates {', '.join(left_out)} to {standby}."
        fix = "Add a rule with that destination, then copy by hand what stood there before."
        yield Finding(Severity.ERROR, "image-replication", said, fix)
    else:
        said = f"What is pushed in {primary} is replicated to {standby}."
        yield Finding(Severity.FINE, "image-replication", said)


def _copies(rule: Mapping[str, Any], name: str, place: Place) -> bool:
    """Whether a rule copies a repository; one without a filter copies all."""
    wanted = (place.standby, place.account)
    goes = any((to["region"], to["registryId"]) == wanted for to in rule.get("destinations", ()))
    filters = [each["filter"] for each in rule.get("repositoryFilters") or ()]
    return goes and (not filters or any(name.startswith(prefix) for prefix in filters))


def _short(digest: str) -> str:
    return digest[:19]


def _error(said: str, fix: str) -> Finding:
    return Finding(Severity.ERROR, "image", said, fix)


KIND = ContainerImages()
