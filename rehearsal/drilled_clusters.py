"""What stands in the clusters of a region, so that a drill can be seen to leave them as they were.

In a namespace of the drill's own a restart leaves its stamp and its numbers, which nobody can take back; there it is
the values, and the pods that are wanted, that have to be as before. Of every other namespace it is all that a call
could change. Pods that wait or start do so by themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pilotlight.domain.plan import AnyPlan
from pilotlight.steps import kind_and_params
from pilotlight.steps.swap_config_map import SwapConfigMapParams
from rehearsal.services.eks import Eks
from rehearsal.world import World


def own_namespaces(drill: AnyPlan) -> set[str]:
    """The namespaces in which a drill swaps values."""
    read = (kind_and_params(step)[1] for step in drill.steps().values())
    return {params.namespace for params in read if isinstance(params, SwapConfigMapParams)}


def clusters_of(world: World, region: str, own: Collection[str]) -> Iterator[str]:
    """A line for each object of each cluster, and for each node group."""
    model = world.model(Eks)
    for group in model.node_groups:
        if group.cluster.region == region:
            sizes, tags = group.group, sorted(group.tags.items())
            numbers = (sizes.minimum, sizes.maximum, sizes.desired, len(sizes.instances))
            yield f"node group {group.name} of {group.cluster.name}: {numbers} {group.status} {tags}"
    for cluster in model.clusters:
        if cluster.region != region:
            continue
        for (kind, namespace, name), kept in cluster.kept.items():
            told = (sorted(kept.data.items()), sorted(kept.annotations.items()), kept.immutable)
            version = 0 if namespace in own else kept.version
            yield f"{kind} {namespace}/{name} of {cluster.name}: {told} {version}"
        for each in cluster.deployments:
            changed = () if each.namespace in own else (sorted(each.annotations.items()), each.generation)
            yield f"deployment {each.namespace}/{each.name} of {cluster.name}: {each.image} {each.replicas} {changed}"
