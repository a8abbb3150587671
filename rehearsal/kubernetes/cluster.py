"""One cluster of EKS: where its API answers, whom it lets in, and the objects that it keeps."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from deployment import names
from rehearsal.kubernetes.deployments import Deployment, Ground
from rehearsal.kubernetes.nodes import Nodes
from rehearsal.world import World

AUTHORITY = "-----BEGIN CERTIFICATE-----\nthe authority of a rehearsal\n-----END CERTIFICATE-----\n"
VALUE_BEFORE = "what stood here before the incident"
CONFIG_MAPS, SECRETS, DEPLOYMENTS = "configmaps", "secrets", "deployments"


@dataclass(eq=False)
class Kept:
    """One ConfigMap or Secret; the values of a Secret are kept as they are read, not as they are sent."""

    namespace: str
    name: str
    data: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    version: int = 1
    immutable: bool = False


@dataclass(frozen=True)
class Grant:
    """What a group may do to one object, or with `*` to all objects of a kind in a namespace."""

    group: str
    verb: str
    resource: str
    namespace: str
    name: str


@dataclass(eq=False)
class Cluster:
    """One cluster; a scene is set, and trouble caused, by changing it."""

    world: World
    random: Random
    region: str
    name: str
    account: str
    status: str = "ACTIVE"
    public: bool = True
    kept: dict[tuple[str, str, str], Kept] = field(default_factory=dict)
    deployments: list[Deployment] = field(default_factory=list)
    nodes: list[Nodes] = field(default_factory=list)
    entries: dict[str, set[str]] = field(default_factory=dict)
    """The groups of each role of AWS that has an access entry."""
    grants: list[Grant] = field(default_factory=list)
    missing_images: set[str] = field(default_factory=set)

    @property
    def host(self) -> str:
        """Where its API answers."""
        return f"{self.name.lower().replace('_', '-')}.gr7.{self.region}.eks.amazonaws.com"

    def as_answer(self) -> dict[str, Any]:
        """The cluster in DescribeCluster."""
        return {
            "name": self.name,
            "arn": f"arn:aws:eks:{self.region}:{self.account}:cluster/{self.name}",
            "status": self.status,
            "endpoint": f"https://{self.host}",
            "certificateAuthority": {"data": base64.b64encode(AUTHORITY.encode()).decode()},
            "resourcesVpcConfig": {
                "endpointPublicAccess": self.public,
                "endpointPrivateAccess": True,
                "publicAccessCidrs": ["0.0.0.0/0"] if self.public else [],
            },
            "accessConfig": {"authenticationMode": "API"},
        }

    def furnish(self, what: str, facts: Mapping[str, Any]) -> None:
        """Put in what stands before an incident: values under these keys, a deployment, an access entry, a Role."""
        name, namespace = str(facts["name"]), str(facts.get("namespace", ""))
        match what:
            case "deployment":
                nodes = {key: str(facts.get(key, "")) for key in ("node_group", "tolerates")}
                self.add_deployment(namespace, name, reads=tuple(facts["reads"]), **nodes)
            case "access_entry":
                role = f"{names.step_function(str(facts['application']), str(facts['kind']))}-role"
                self.entries.setdefault(role, set()).add(name)
            case "role":
                self._grant(str(facts["group"]), namespace, facts["rules"])
            case _:
                kind = CONFIG_MAPS if what == "config_map" else SECRETS
                self.keep(kind, namespace, name, **dict.fromkeys(facts["keys"], VALUE_BEFORE))

    def _grant(self, group: str, namespace: str, rules: list[Mapping[str, Any]]) -> None:
        for rule in rules:
            for verb in rule["verbs"]:
                for name in rule["names"] or ("*",):
                    self.grants.append(Grant(group, verb, rule["resource"], namespace, name))

    def keep(self, kind: str, namespace: str, name: str, /, **data: str) -> Kept:
        """Set the scene: a ConfigMap or a Secret that holds these values, beside those that it holds."""
        kept = self.kept.setdefault((kind, namespace, name), Kept(namespace, name))
        kept.data |= data
        return kept

    def add_deployment(self, namespace: str, name: str, **settings: Any) -> Deployment:
        """Set the scene: a deployment, the one of that name if it is there."""
        known = self.deployment(namespace, name)
        if known is None:
            image = f"{self.account}.dkr.ecr.{self.region}.amazonaws.com/{name}:latest"
            ground = Ground(self._has_node, lambda wanted: wanted not in self.missing_images, self._values)
            known = Deployment(self.world, self.random, ground, namespace, name, image, **settings)
            self.deployments.append(known)
        return known

    def deployment(self, namespace: str, name: str) -> Deployment | None:
        """The deployment of that name."""
        return next((d for d in self.deployments if (d.namespace, d.name) == (namespace, name)), None)

    def ready_pods(self) -> int:
        """How many pods serve."""
        return sum(len(deployment.ready) for deployment in self.deployments)

    def stale(self) -> list[str]:
        """The deployments that have a pod which started with a value from before the incident."""
        return [d.name for d in self.deployments if any(VALUE_BEFORE in pod.values.values() for pod in d.ready)]

    def _has_node(self, deployment: Deployment) -> bool:
        # A cluster of which no node group is known runs its pods elsewhere, on Fargate for example.
        return not self.nodes or any(nodes.ready for nodes in self.nodes if nodes.take(deployment))

    def _values(self, namespace: str, names_of_kept: tuple[str, ...]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for (_, where, name), kept in self.kept.items():
            if where == namespace and name in names_of_kept:
                found |= kept.data
        return found
