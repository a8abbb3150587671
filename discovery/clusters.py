"""What runs in EKS: clusters, their node groups and add-ons, and what their ConfigMaps are called.

ConfigMaps and deployments are listed through the cluster's own API, where it can be reached and lets the caller in. Of
a ConfigMap the names of its values are taken and never the values; Secrets are not listed at all, because whoever lists
them is shown what they hold. Operations and shapes: botocore's model of EKS; the Kubernetes API reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from discovery.reading import Listing, Reading
from discovery.resource import Kind, Resource

_CLUSTERS = Listing("eks", "ListClusters", "clusters", "nextToken", "nextToken")
_GROUPS = Listing("eks", "ListNodegroups", "nodegroups", "nextToken", "nextToken")
_ADD_ONS = Listing("eks", "ListAddons", "addons", "nextToken", "nextToken")
_PAGE = 100
_OF_KUBERNETES = ("kube-", "amazon-", "aws-")
"""How the namespaces begin in which nothing of an application runs."""


def clusters(reading: Reading, region: str) -> Iterator[Resource]:
    """The clusters of a region, and their node groups."""
    for listed in list(reading.every(_CLUSTERS, region)):
        name = str(listed)
        shown = (reading.ask("eks", "DescribeCluster", region, name=name) or {}).get("cluster", {})
        yield Resource(Kind.CLUSTER, region, name, str(shown.get("arn", "")), {}, dict(shown.get("tags") or {}))
        for group in list(reading.every(_GROUPS, region, clusterName=name)):
            asked = {"clusterName": name, "nodegroupName": str(group)}
            answer = reading.ask("eks", "DescribeNodegroup", region, **asked)
            if answer is not None:
                yield _node_group(region, name, answer["nodegroup"])


def _node_group(region: str, cluster: str, shown: Mapping[str, Any]) -> Resource:
    sizes = shown.get("scalingConfig", {})
    facts = {
        "cluster": cluster,
        "desired": int(sizes.get("desiredSize", 0)),
        "maximum": int(sizes.get("maxSize", 0)),
        "scaled_by": [str(group["name"]) for group in shown.get("resources", {}).get("autoScalingGroups", ())],
    }
    name, arn = str(shown["nodegroupName"]), str(shown["nodegroupArn"])
    return Resource(Kind.NODES, region, name, arn, facts, dict(shown.get("tags") or {}))


def add_ons_of(reading: Reading, cluster: Resource) -> list[str]:
    """The names of a cluster's add-ons."""
    return [str(name) for name in reading.every(_ADD_ONS, cluster.region, clusterName=cluster.name)]


def config_maps(reading: Reading, cluster: Resource) -> Iterator[Resource]:
    """The ConfigMaps of a cluster that deployments read, each with the names of its values and its readers."""
    readers: dict[tuple[str, str], list[str]] = {}
    for deployment in _objects(reading, cluster, "ListDeployments"):
        namespace, name = _named(deployment)
        for read in sorted(_read_by(deployment)):
            readers.setdefault((namespace, read), []).append(name)
    for shown in _objects(reading, cluster, "ListConfigMaps"):
        namespace, name = _named(shown)
        if (namespace, name) not in readers or namespace.startswith(_OF_KUBERNETES):
            continue
        facts = {
            "cluster": cluster.name,
            "namespace": namespace,
            "keys": list(shown.get("data") or {}),
            "readers": readers[namespace, name],
        }
        arn = f"{cluster.arn}/{namespace}/{name}"
        yield Resource(Kind.CONFIG_MAP, cluster.region, name, arn, facts, because=f"pods of {cluster.name} read it")


def _objects(reading: Reading, cluster: Resource, operation: str) -> Iterator[Mapping[str, Any]]:
    """All objects of a kind in a cluster, page by page."""
    query: dict[str, str] = {"limit": str(_PAGE)}
    while True:
        answer = reading.ask("kubernetes", operation, cluster.region, Cluster=cluster.name, Query=query) or {}
        yield from answer.get("items") or ()
        following = (answer.get("metadata") or {}).get("continue")
        if not following:
            return
        query = {**query, "continue": str(following)}


def _named(shown: Mapping[str, Any]) -> tuple[str, str]:
    return str(shown["metadata"].get("namespace", "default")), str(shown["metadata"]["name"])


def _read_by(deployment: Mapping[str, Any]) -> set[str]:
    """The names of the ConfigMaps that a deployment's pods read: as a whole, value by value, or as files."""
    spec = deployment["spec"]["template"].get("spec") or {}
    found = {str(v["configMap"]["name"]) for v in spec.get("volumes") or () if v.get("configMap", {}).get("name")}
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        whole = [source.get("configMapRef") for source in container.get("envFrom") or ()]
        single = [(pair.get("valueFrom") or {}).get("configMapKeyRef") for pair in container.get("env") or ()]
        found |= {str(ref["name"]) for ref in (*whole, *single) if ref and ref.get("name")}
    return found
