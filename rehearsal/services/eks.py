"""EKS: clusters, their node groups, and one update of a node group at a time.

A node group stands on an Auto Scaling group. What that cannot launch becomes a health issue after a while, and stays
one until the scene takes it away. States, answers and errors: botocore's model of EKS; how long an update and an issue
take are estimates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pilotlight.domain.step import Standing
from rehearsal.kubernetes.cluster import Cluster
from rehearsal.kubernetes.nodes import Nodes
from rehearsal.service import Service, Spread, operation
from rehearsal.services.autoscaling import AutoScaling
from rehearsal.services.autoscaling_groups import AutoScalingGroup
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ec2_images import Image
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

UPDATING = Spread(5.0, 20.0, 60.0)
ISSUE_SHOWS = Spread(60.0, 120.0, 240.0)
LAUNCH_FAILURES = "AsgInstanceLaunchFailures"
IMAGE_OWNER = "amazon"
"""Nodes are launched from images that are not the account's own."""
INSTANCE_TYPE = "t3.medium"
"""The default of a managed node group: EKS user guide, \"Create a managed node group\"."""


@dataclass(eq=False)
class Update:
    """One change of a node group's sizes, with the errors that EKS names once it has failed."""

    id: str
    token: str
    status: str = "InProgress"
    errors: list[tuple[str, str]] = field(default_factory=list)


@dataclass(eq=False)
class AddOn:
    """One add-on of a cluster; `issues` are what EKS names, by code."""

    cluster: Cluster
    name: str
    status: str = "ACTIVE"
    issues: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class NodeGroup:
    """One managed node group."""

    cluster: Cluster
    name: str
    group: AutoScalingGroup
    status: str = "ACTIVE"
    issues: dict[str, str] = field(default_factory=dict)
    updates: list[Update] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    taint: str = ""
    """As `key=value`; its effect is NO_SCHEDULE."""

    @property
    def arn(self) -> str:
        """Its ARN, with an id that EKS makes."""
        place = f"{self.cluster.region}:{self.cluster.account}"
        return f"arn:aws:eks:{place}:nodegroup/{self.cluster.name}/{self.name}/0ec1a2b3-0000-4000-8000-000000000000"


class Eks(Service):
    """The clusters of the account."""

    name = "eks"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.clusters: list[Cluster] = []
        self.node_groups: list[NodeGroup] = []
        self.add_ons: list[AddOn] = []
        self.next_update_fails: list[tuple[str, str]] = []

    def furnish(self, standing: Standing) -> None:
        """A node group without nodes, a cluster, or what one holds, runs and lets in."""
        facts = standing.facts
        match standing.what:
            case "node_group":
                cluster = self.add_cluster(standing.region, str(facts["cluster"]))
                self.add_node_group(cluster, str(facts["name"]), taint=str(facts.get("taint", "")))
            case "add_on":
                self.add_ons.append(AddOn(self.add_cluster(standing.region, str(facts["cluster"])), str(facts["name"])))
            case "cluster":
                self.add_cluster(standing.region, str(facts["name"]))
            case "config_map" | "secret" | "deployment" | "access_entry" | "role":
                self.add_cluster(standing.region, str(facts["cluster"])).furnish(standing.what, facts)
            case _:
                super().furnish(standing)

    def add_cluster(self, region: str, name: str) -> Cluster:
        """Set the scene: a cluster, the one of that name if it is there."""
        known = next((c for c in self.clusters if (c.region, c.name) == (region, name)), None)
        if known is None:
            known = Cluster(self.world, self.random, region, name, self.world.account)
            self.clusters.append(known)
        return known

    def add_node_group(
        self, cluster: Cluster, name: str, *, nodes: int = 0, maximum: int = 1, taint: str = ""
    ) -> NodeGroup:
        """Set the scene: a node group of that many nodes; a taint, as `key=value`, keeps other pods off."""
        ec2, region, named = self.world.model(Ec2), cluster.region, f"eks-{name}-0ec1a2b3"
        template = ec2.add_template(region, named, self._add_image(ec2, region), instance_type=INSTANCE_TYPE)
        subnets = tuple(ec2.add_subnet(region, f"{region}{zone}") for zone in "ac")
        sizes = (0, max(maximum, nodes), nodes)
        group = self.world.model(AutoScaling).add_group(region, named, template, subnets, sizes=sizes)
        made = NodeGroup(cluster, name, group, taint=taint)
        group.on_failure.append(lambda message: self._show_issue(made, message))
        cluster.nodes.append(Nodes(name, group, taint))
        self.node_groups.append(made)
        return made

    def _add_image(self, ec2: Ec2, region: str) -> Image:
        image = ec2.add_image(region)
        image.owner, image.public = IMAGE_OWNER, True
        return image

    @operation("ListClusters")
    def list_clusters(self, call: Call) -> Mapping[str, Any]:
        """The names of all clusters of the region."""
        return {"clusters": [c.name for c in self.clusters if c.region == call.region]}

    @operation("ListNodegroups")
    def list_node_groups(self, call: Call) -> Mapping[str, Any]:
        """The names of all node groups of a cluster."""
        here = (call.region, call.parameters["clusterName"])
        return {"nodegroups": [g.name for g in self.node_groups if (g.cluster.region, g.cluster.name) == here]}

    @operation("ListAddons")
    def list_add_ons(self, call: Call) -> Mapping[str, Any]:
        """The names of all add-ons of a cluster."""
        here = (call.region, call.parameters["clusterName"])
        return {"addons": [a.name for a in self.add_ons if (a.cluster.region, a.cluster.name) == here]}

    @operation("DescribeCluster")
    def describe_cluster(self, call: Call) -> Mapping[str, Any]:
        """One cluster."""
        name = str(call.parameters["name"])
        found = next((c for c in self.clusters if (c.region, c.name) == (call.region, name)), None)
        if found is None:
            raise ServiceError("ResourceNotFoundException", f"No cluster found for name: {name}.", 404)
        return {"cluster": found.as_answer()}

    @operation("DescribeAddon")
    def describe_add_on(self, call: Call) -> Mapping[str, Any]:
        """One add-on."""
        cluster, name = call.parameters["clusterName"], call.parameters["addonName"]
        for each in self.add_ons:
            if (each.cluster.region, each.cluster.name, each.name) == (call.region, cluster, name):
                issues = [{"code": code, "message": said} for code, said in each.issues.items()]
                return {"addon": {"addonName": name, "status": each.status, "health": {"issues": issues}}}
        raise ServiceError("ResourceNotFoundException", f"No addon: {name} found in cluster: {cluster}", 404)

    @operation("DescribeNodegroup")
    def describe_node_group(self, call: Call) -> Mapping[str, Any]:
        """One node group."""
        return {"nodegroup": _say(self._find(call, "clusterName"))}

    @operation("DescribeUpdate")
    def describe_update(self, call: Call) -> Mapping[str, Any]:
        """One update of a node group."""
        if "nodegroupName" not in call.parameters:
            raise NotModelled(call)
        group, wanted = self._find(call, "name"), call.parameters["updateId"]
        update = next((u for u in group.updates if u.id == wanted), None)
        if update is None:
            raise ServiceError("ResourceNotFoundException", f"No update found for ID: {wanted}", 404)
        return {"update": _say_update(update)}

    @operation("UpdateNodegroupConfig")
    def update_node_group(self, call: Call) -> Mapping[str, Any]:
        """Take new sizes in the background; a token that was seen is the update that it began."""
        if call.parameters.keys() - {"clusterName", "nodegroupName", "scalingConfig", "clientRequestToken"}:
            raise NotModelled(call)
        group, token = self._find(call, "clusterName"), str(call.parameters["clientRequestToken"])
        known = next((u for u in group.updates if u.token == token), None)
        if known is not None:
            return {"update": _say_update(known)}
        if group.status not in ("ACTIVE", "DEGRADED"):
            text = "Nodegroup cannot be updated as it is currently not in Active State"
            raise ServiceError("ResourceInUseException", text, 409)
        sizes = _sizes(group, call.parameters["scalingConfig"])
        update = Update(f"update-{len(group.updates) + 1}", token)
        group.updates.append(update)
        group.status = "UPDATING"
        seconds = UPDATING.draw(self.random)
        self.world.begin_effect(group.arn, seconds)
        self.world.time.spawn(lambda: self._finish(group, update, sizes), name=update.id, delay_seconds=seconds)
        if not self.next_update_fails:
            self.world.begin_effect(group.group.arn, group.group.resize(*sizes))
        return {"update": _say_update(update)}

    @operation("TagResource")
    def tag(self, call: Call) -> Mapping[str, Any]:
        """Set tags of a node group, beside those that it has."""
        self._find_by_arn(call).tags |= call.parameters["tags"]
        return {}

    @operation("UntagResource")
    def untag(self, call: Call) -> Mapping[str, Any]:
        """Take tags of a node group away."""
        group = self._find_by_arn(call)
        group.tags = {key: value for key, value in group.tags.items() if key not in call.parameters["tagKeys"]}
        return {}

    def begin_update(self, group: NodeGroup, seconds: float) -> None:
        """Set the scene: an update of somebody else's that takes so long."""
        group.status = "UPDATING"

        def end() -> None:
            group.status = "ACTIVE"

        self.world.time.spawn(end, name="another update", delay_seconds=seconds)

    def _finish(self, group: NodeGroup, update: Update, sizes: tuple[int, int, int]) -> None:
        update.errors, self.next_update_fails = self.next_update_fails, []
        update.status = "Failed" if update.errors else "Successful"
        group.status = "DEGRADED" if group.issues else "ACTIVE"

    def _show_issue(self, group: NodeGroup, message: str) -> None:
        def show() -> None:
            if len(group.group.staying) < group.group.desired:
                group.issues[LAUNCH_FAILURES] = f"Could not launch On-Demand Instances. {message}"
                group.status = "DEGRADED" if group.status == "ACTIVE" else group.status

        delay = ISSUE_SHOWS.draw(self.random)
        self.world.time.spawn(show, name=f"issue of {group.name}", delay_seconds=delay)

    def _find(self, call: Call, cluster_in: str) -> NodeGroup:
        cluster, name = call.parameters[cluster_in], call.parameters["nodegroupName"]
        for group in self.node_groups:
            if (group.cluster.region, group.cluster.name, group.name) == (call.region, cluster, name):
                return group
        raise ServiceError("ResourceNotFoundException", f"No node group found for name: {name}.", 404)

    def _find_by_arn(self, call: Call) -> NodeGroup:
        arn = str(call.parameters["resourceArn"])
        if ":nodegroup/" not in arn:
            raise NotModelled(call)
        for group in self.node_groups:
            if group.arn == arn:
                return group
        raise ServiceError("NotFoundException", f"Resource {arn} not found.", 404)


def _sizes(group: NodeGroup, given: Mapping[str, int]) -> tuple[int, int, int]:
    now = group.group
    minimum, maximum = given.get("minSize", now.minimum), given.get("maxSize", now.maximum)
    desired = given.get("desiredSize", now.desired)
    if minimum > desired:
        text = f"Minimum capacity {minimum} can't be greater than desired size {desired}"
        raise ServiceError("InvalidParameterException", text)
    if desired > maximum:
        text = f"desired capacity {desired} can't be greater than max size {maximum}"
        raise ServiceError("InvalidParameterException", text)
    return minimum, maximum, desired


def _say(group: NodeGroup) -> dict[str, Any]:
    sizes = group.group
    key, _, value = group.taint.partition("=")
    issues = [{"code": code, "message": said, "resourceIds": [sizes.name]} for code, said in group.issues.items()]
    return {
        "nodegroupName": group.name,
        "nodegroupArn": group.arn,
        "clusterName": group.cluster.name,
        "status": group.status,
        "scalingConfig": {"minSize": sizes.minimum, "maxSize": sizes.maximum, "desiredSize": sizes.desired},
        "resources": {"autoScalingGroups": [{"name": sizes.name}]},
        "health": {"issues": issues},
        "tags": dict(group.tags),
        **({"taints": [{"key": key, "value": value, "effect": "NO_SCHEDULE"}]} if key else {}),
    }


def _say_update(update: Update) -> dict[str, Any]:
    errors = [{"errorCode": code, "errorMessage": said} for code, said in update.errors]
    return {"id": update.id, "status": update.status, "type": "ConfigUpdate", "params": [], "errors": errors}
