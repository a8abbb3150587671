"""What runs in EKS: node groups that are scaled, and ConfigMaps whose values are swapped before pods read them."""

from __future__ import annotations

from typing import Any

from discovery.bringing_up import giver_of, has_a_standby, output_for
from discovery.drafting import Drafting
from discovery.noted import TODO, noted, open_question
from discovery.resource import Kind, Resource

_GUESSED_NODES = 2
_REGION = ("AWS_REGION", "AWS_DEFAULT_REGION")


def scale_nodes(draft: Drafting) -> None:
    """Bring the standby's node groups up, as far as the primary's are now."""
    ready = [pair for pair in draft.found.pairs(Kind.NODES) if has_a_standby(draft, pair)]
    for pair in ready:
        old, new = pair.primary, pair.standby
        assert new is not None
        nodes = old.facts["desired"] if old else 0
        sizes = {"nodes": noted(nodes, f"As {old.name} has now.")} if old and nodes else {}
        params: dict[str, Any] = {
            "cluster": new.facts["cluster"],
            "node_group": new.name,
            "nodes": open_question(_GUESSED_NODES, "how many; none runs in the primary now."),
            "maximum": max(old.facts["maximum"] if old else 0, nodes, _GUESSED_NODES),
            **sizes,
        }
        name = draft.named("scale-nodes", new, len(ready))
        because = f"It takes over from {old.name}: {pair.because}." if old else f"{TODO}from what it takes over."
        step = draft.step(name, "scale_node_group", params)
        draft.put("serve", "application", noted(step, f"{new.name}: {new.because}.", because))
        draft.objective("Nodes (EKS)" if len(ready) == 1 else f"Nodes (EKS): {new.name}", "15 min", name)


def swap_config_maps(draft: Drafting) -> bool:
    """Write what steps give into the ConfigMaps that have a value of such a name; whether there is one."""
    told = False
    for config_map in draft.found.of(Kind.CONFIG_MAP, draft.found.standby):
        values = {key: value for key in config_map.facts["keys"] if (value := _value(draft, key)) is not None}
        if not any(isinstance(value, dict) for value in values.values()):
            continue
        _swap(draft, config_map, values)
        told = True
    clusters = draft.found.of(Kind.CLUSTER, draft.found.standby)
    if clusters and draft.gives and not told:
        draft.open.append(
            f"no ConfigMap that pods of {clusters[0].name} read was seen to name a database, a cache or a user pool; "
            "if one does, add swap_config_map, or the pods go on with what stood there before."
        )
    return told


def _swap(draft: Drafting, config_map: Resource, values: dict[str, Any]) -> None:
    facts = config_map.facts
    params = {
        "cluster": facts["cluster"],
        "namespace": facts["namespace"],
        "config_map": config_map.name,
        "values": {key: open_question(v, "whether this is the value that it holds.") for key, v in values.items()},
        "restart": noted(facts["readers"], "The deployments that read it, each of them once, when its pods start."),
    }
    name = draft.named("swap-config", config_map, 2)
    step = draft.step(name, "swap_config_map", params)
    asked = f"{TODO}whether a Secret of the cluster has to be swapped with it; nobody looked into Secrets."
    draft.put("serve", "application", noted(step, f"{config_map.name}: {config_map.because}.", asked))


def _value(draft: Drafting, key: str) -> Any:
    """What a run would write under a key, judged by its name; None for what no step gives."""
    name, pool = key.upper(), draft.gives.get("user pool")
    if pool and name.endswith("POOL_ID"):
        return {"step": pool, "output": "pool_id"}
    if pool and name.endswith("CLIENT_ID"):
        return {"step": pool, "output": "client_id"}
    if pool and "COGNITO" in name and name.endswith("REGION"):
        return {"step": pool, "output": "region"}
    if name in _REGION:
        return draft.found.standby
    giver = giver_of(draft, key)
    return {"step": giver, "output": output_for(key)} if giver else None
