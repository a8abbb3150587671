"""How a person scales a node group of EKS, and swaps what stands in a cluster.

`kubectl` asks the cluster under the person's own access entry, not under that of the controller: whether there is one
is to be seen beforehand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pilotlight.domain.handwork import Command, Handwork, aws, held_in, keep, quoted
from pilotlight.estate.eks.node_group import Sizes
from pilotlight.estate.eks.values import Namespace
from pilotlight.estate.secrets import SecretValue


def scaling(cluster: str, name: str, sizes: Sizes, region: str) -> Handwork:
    """Bring a node group up."""

    def ask(query: str) -> str:
        group = f"nodegroup.{query}"
        return aws("eks", "DescribeNodegroup", region, query=group, clusterName=cluster, nodegroupName=name)

    def resize(scaling_config: Mapping[str, object]) -> str:
        named = {"clusterName": cluster, "nodegroupName": name}
        return aws("eks", "UpdateNodegroupConfig", region, query="update.id", **named, scalingConfig=scaling_config)

    noted = "scalingConfig.[minSize,maxSize,desiredSize]"
    group = ask("resources.autoScalingGroups[0].name")
    states = _states_of_nodes(region)
    wanted = {"minSize": sizes.minimum, "maxSize": sizes.maximum, "desiredSize": sizes.desired}
    before = "MINIMUM_BEFORE MAXIMUM_BEFORE DESIRED_BEFORE"
    # Numbers in JSON cannot be strings, so what was typed is not put in quotes.
    shorthand = "minSize=$MINIMUM_BEFORE,maxSize=$MAXIMUM_BEFORE,desiredSize=$DESIRED_BEFORE"
    back = resize({}).replace("--scaling-config '{}'", f"--scaling-config {shorthand}")
    return Handwork(
        do=(
            Command("Write its sizes down.", ask(noted), "least, most, wanted"),
            Command(f"Ask for {sizes.desired} nodes.", resize(wanted), "the id of an update"),
            Command("Keep the group of its instances.", keep("NODES", group)),
        ),
        check=(
            Command("Repeat until enough serve.", states, f"InService and Healthy, {sizes.desired} times or more"),
            Command("If they do not come: what EKS names.", ask("[status,health.issues]"), "ACTIVE and no issue"),
        ),
        stop_if="more nodes are wanted already: ask for as many as there are, and lower no size.",
        undo=(
            Command("Type the sizes that were written down, in one line.", f"read -r {before}"),
            Command("Give them back.", back),
        ),
        gives={"nodes": ask("scalingConfig.desiredSize")},
    )


def _states_of_nodes(region: str) -> str:
    """What shows the instances of the group that was kept."""
    return aws(
        "autoscaling",
        "DescribeAutoScalingGroups",
        region,
        query="AutoScalingGroups[0].Instances[].[InstanceId,LifecycleState,HealthStatus]",
        AutoScalingGroupNames=[held_in("NODES")],
    )


def swapping(
    where: Namespace,
    config_map: str,
    values: Mapping[str, str],
    secret: tuple[str, Mapping[str, SecretValue]] | None,
    restart: Sequence[str],
    region: str,
) -> Handwork:
    """Swap values of a ConfigMap and of a Secret, and restart what reads them."""
    kubectl = f"kubectl --namespace {quoted(where.name)}"
    kept = f"{config_map}-before.json"
    deployments = " ".join(quoted(f"deployment/{name}") for name in restart)
    return Handwork(
        do=(
            Command("Let kubectl find the cluster.",
                    f"aws eks update-kubeconfig --region {region} --name {quoted(where.cluster)}", "Updated context"),
            Command("Keep what stands there.",
                    f"{kubectl} get configmap {quoted(config_map)} --output json | jq '{{data}}' > {quoted(kept)}"),
            Command("Write the new values.", f"{kubectl} patch configmap {quoted(config_map)} --type merge --patch "
                    f"{quoted(json.dumps({'data': dict(values)}, ensure_ascii=False))}", "patched"),
            *(_secret(kubectl, secret, region) if secret else ()),
            Command("Restart what reads them.", f"{kubectl} rollout restart {deployments}", "restarted"),
        ),
        check=(
            Command("Read the values back.", f"{kubectl} get configmap {quoted(config_map)} --output "
                    "jsonpath='{.data}'", "the new values"),
            *(Command(f"Follow {name} to the end of its rollout.",
                      f"{kubectl} rollout status {quoted(f'deployment/{name}')} --timeout=10m",
                      "successfully rolled out") for name in restart),
        ),
        stop_if="an object is missing, or something puts the old values back (a deployment, Git): stop that first.",
        undo=(
            Command("Write what was kept.", f"{kubectl} patch configmap {quoted(config_map)} --type merge --patch-file "
                    f"{quoted(kept)}"),
            Command("Restart what reads it.", f"{kubectl} rollout restart {deployments}"),
        ),
    )  # fmt: skip


def _secret(kubectl: str, secret: tuple[str, Mapping[str, SecretValue]], region: str) -> tuple[Command, ...]:
    """Values go from Secrets Manager into the Secret without being printed."""
    name, values = secret
    commands = []
    for number, (key, source) in enumerate(values.items(), start=1):
        variable = f"SECRET_{number}"
        read = aws("secretsmanager", "GetSecretValue", region, query="SecretString", SecretId=source.secret)
        member = f" | jq --raw-output {quoted(f'.[{json.dumps(source.key)}]')}" if source.key else ""
        patch = quoted(json.dumps({"stringData": {key: held_in(variable)}}, ensure_ascii=False))
        commands += [
            Command(f"Keep the value of {key}, which is not printed.", keep(variable, f"{read}{member}")),
            Command(f"Write it into {name}.", f"{kubectl} patch secret {quoted(name)} --type merge --patch {patch}"),
        ]
    return tuple(commands)
