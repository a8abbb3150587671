"""The standby's cluster has an add-on of EKS, and it is active.

What watches the cluster, or what its pods need of a node, stands in an add-on that is installed once in each cluster. A
cluster without it runs, and nobody sees how: that shows in the incident at the latest.

Source: botocore's model of EKS (DescribeAddon; AddonStatus; AddonHealth, whose issues say why one is degraded).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

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
from pilotlight.estate.eks.node_group import ClusterName

AddOnName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")]

_ON_ITS_WAY = ("CREATING", "UPDATING")


class AddOnParams(Params):
    """The cluster, and the name of the add-on.

    ```yaml
    requirement: container-insights
    kind: cluster_add_on
    params:
      cluster: portforge-dr-cluster
      add_on: amazon-cloudwatch-observability
    ```
    """

    cluster: ClusterName
    add_on: AddOnName = Field(description="Its name, as `aws eks list-addons` says it.")


class ClusterAddOn(RequirementKind[AddOnParams]):
    """Looks at the state of the add-on, and at what EKS says is wrong with it."""

    name = "cluster_add_on"
    params = AddOnParams
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation(
            "eks",
            "DescribeAddon",
            Access.READ,
            {
                "ResourceNotFoundException": "says that the add-on, or the cluster, is not there",
                "ServerException": "said as not looked at",
            },
            ("ClientException", "InvalidParameterException", "InvalidRequestException"),
        ),
    )

    def title(self, params: AddOnParams) -> str:
        """What has to be active."""
        return f"Add-on {params.add_on} of {params.cluster}"

    def statements(self, params: AddOnParams, place: Place) -> tuple[Statement, ...]:
        """The one add-on; EKS ends its ARN with an id of its own."""
        arn = place.arn("eks", f"addon/{params.cluster}/{params.add_on}/*")
        return (Statement(Access.READ, ("eks:DescribeAddon",), (arn,)),)

    def standing(self, params: AddOnParams, place: Place) -> tuple[Standing, ...]:
        """The add-on, active."""
        why = "The cluster of the standby is to be what the primary's is, before anybody has to rely on it."
        facts = {"cluster": params.cluster, "name": params.add_on}
        return (Standing("eks", "add_on", place.standby, facts, why),)

    def readiness(self, params: AddOnParams, context: StepContext) -> tuple[Finding, ...]:
        """One finding."""
        region, said = context.place.standby, f"Add-on {params.add_on} of {params.cluster}"
        try:
            answer = context.aws.call(
                "eks", "DescribeAddon", region, clusterName=params.cluster, addonName=params.add_on
            )
        except NotFound as error:
            fix = f"Install it: aws eks create-addon --cluster-name {params.cluster} --addon-name {params.add_on}."
            return (_error(f"{said} is not there in {region}: {error.message}", fix),)
        found = answer["addon"]
        status, issues = str(found["status"]), _issues(found)
        if status == "ACTIVE" and not issues:
            return (Finding(Severity.FINE, "add-on", f"{said} is ACTIVE in {region}."),)
        if status in _ON_ITS_WAY:
            return (Finding(Severity.WARNING, "add-on", f"{said} is {status} in {region}{issues}.", "Look again."),)
        return (_error(f"{said} is {status} in {region}{issues}.", "Mend what EKS names, or install it anew."),)


def _issues(add_on: dict[str, Any]) -> str:
    """What EKS says is wrong, to end a sentence; empty where nothing is."""
    issues = (add_on.get("health") or {}).get("issues") or ()
    said = " and ".join(f"'{issue.get('code', 'Unknown')}: {issue.get('message', '')}'" for issue in issues)
    return f", and EKS names {said}" if said else ""


def _error(said: str, fix: str) -> Finding:
    return Finding(Severity.ERROR, "add-on", said, fix)


KIND = ClusterAddOn()
