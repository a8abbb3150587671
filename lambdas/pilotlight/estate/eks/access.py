"""What a swap in a cluster needs: a way to its API, permissions of Kubernetes, and the objects.

Two things let a role of AWS in: an access entry of the cluster, which maps it to a group, and a Role of Kubernetes
bound to that group. The group is named after the application, and its Role names each object.

Sources: EKS user guide, "Grant IAM users access to Kubernetes with EKS access entries"; Kubernetes documentation,
"Using RBAC Authorization" (a list cannot be narrowed by names).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pilotlight.domain.errors import AccessDenied, NotFound
from pilotlight.domain.place import Place
from pilotlight.domain.step import Access, Failed, Finding, Operation, Severity, Standing, StepContext
from pilotlight.estate.eks import rollouts
from pilotlight.estate.eks.node_group import OwnNodes
from pilotlight.estate.eks.values import Held, Holder, Namespace, look
from pilotlight.estate.secrets import SecretValue, is_there

_RESOURCES = {
    Holder.CONFIG_MAP: ("", "configmaps"),
    Holder.SECRET: ("", "secrets"),
    "Deployment": ("apps", "deployments"),
}
_CHANGING = ["get", "patch"]

OPERATIONS = (
    Operation(
        "eks",
        "DescribeCluster",
        Access.READ,
        {
            "ServerException": "asked again",
            "ServiceUnavailableException": "asked again",
            "ResourceNotFoundException": "said as a missing cluster",
        },
        ("ClientException",),
    ),
)


def standing(
    place: Place,
    kind: str,
    where: Namespace,
    held: Sequence[tuple[Holder, str, tuple[str, ...]]],
    deployments: Sequence[str],
    only_on: OwnNodes | None = None,
) -> tuple[Standing, ...]:
    """The cluster, what it holds and runs, and the access to it; `held` has the names of the values."""
    nodes = {"node_group": only_on.node_group, "tolerates": only_on.taint} if only_on else {}
    region, here = place.standby, {"cluster": where.cluster, "namespace": where.name}
    what = {Holder.CONFIG_MAP: "config_map", Holder.SECRET: "secret"}
    reads = tuple(name for _, name, _ in held)
    rules = [_rule(holder, [name], _CHANGING) for holder, name, _ in held]
    rules += [_rule("Deployment", list(deployments), _CHANGING)]
    rules += [{"group": "", "resource": "pods", "names": [], "verbs": ["list"]}]
    group = f"pilotlight-{place.application}"
    entry = {"cluster": where.cluster, "application": place.application, "kind": kind, "name": group}
    role = {**here, "name": f"{group}-{held[0][1]}", "group": group, "rules": rules}
    api = "Its API has a public endpoint, and it knows access entries (authentication mode API)."
    why = "Its values are written by the run; what nobody made would be what nobody reads."
    let_in = f"The group reads and patches these objects of {where.cluster}, and nothing else there."
    return (
        Standing("eks", "cluster", region, {"name": where.cluster}, api),
        *(Standing("eks", what[h], region, {**here, "name": n, "keys": k}, why) for h, n, k in held),
        *(
            Standing(
                "eks", "deployment", region, {**here, "name": n, "reads": reads, **nodes}, "It is restarted by the run."
            )
            for n in deployments
        ),
        Standing("eks", "access_entry", region, entry, f"The cluster knows the function of {kind} as that group."),
        Standing("eks", "role", region, role, let_in),
    )


def check(
    context: StepContext,
    where: Namespace,
    held: Sequence[tuple[Holder, str]],
    deployments: Sequence[str],
    only_on: OwnNodes | None,
    secrets: Iterable[SecretValue],
) -> tuple[Finding, ...]:
    """Everything that must be true of a swap before an incident."""
    cluster = check_cluster(context, where.cluster)
    if cluster.severity is Severity.IMPOSSIBLE:
        return (cluster,)
    try:
        objects = (*_check_held(context, where, held), *_check_deployments(context, where, deployments, only_on))
    except AccessDenied as denied:
        sentence = f"What stands in {where.cluster} could not be looked at: {denied.sentence}."
        fix = "Make the access entry and the Role that `pilotlight prerequisites` shows, for whoever looks here too."
        objects = (Finding(Severity.ERROR, "cluster-access", sentence, fix),)
    return (cluster, *objects, *_check_secrets(context, secrets))


def check_cluster(context: StepContext, name: str) -> Finding:
    """Whether the cluster is there, and its API can be reached from outside of its VPC."""
    try:
        found = context.aws.call("eks", "DescribeCluster", context.place.standby, name=name)["cluster"]
    except NotFound:
        sentence = f"Cluster {name} is missing in {context.place.standby}."
        return Finding(Severity.IMPOSSIBLE, "cluster", sentence, "Create it, or correct its name in the plan.")
    if found["status"] not in ("ACTIVE", "UPDATING"):
        sentence = f"Cluster {name} cannot be asked because it is {found['status']}."
        return Finding(Severity.IMPOSSIBLE, "cluster", sentence, "Repair it.")
    if not found.get("resourcesVpcConfig", {}).get("endpointPublicAccess"):
        sentence = f"Cluster {name} cannot be asked because its API has no public endpoint, and functions no way in."
        return Finding(Severity.IMPOSSIBLE, "cluster", sentence, "Give it a public endpoint; tokens still guard it.")
    if found.get("accessConfig", {}).get("authenticationMode") == "CONFIG_MAP":
        sentence = f"Cluster {name} knows no access entries, because its authentication mode is CONFIG_MAP."
        fix = "Set it to API_AND_CONFIG_MAP (aws eks update-cluster-config --access-config)."
        return Finding(Severity.ERROR, "cluster", sentence, fix)
    return Finding(Severity.FINE, "cluster", f"Cluster {name} can be asked.")


def unusable(kind: str, name: str, where: Namespace, seen: Held | None) -> Failed:
    """Why an object cannot be written or restarted: it is not there, or nobody may change it."""
    if seen is None:
        reason = f"{kind} {name} is missing in namespace {where.name} of {where.cluster}."
        return Failed(reason, "Create it with the rest of the standby, or correct its name in the plan; then retry.")
    fix = "Make it anew without `immutable`, then retry."
    return Failed(f"{seen.said} cannot be written, because it is immutable.", fix)


def _check_held(context: StepContext, where: Namespace, held: Iterable[tuple[Holder, str]]) -> Iterator[Finding]:
    for holder, name in held:
        seen = look(context, where, holder, name)
        if seen is None or seen.immutable:
            trouble = unusable(holder, name, where, seen)
            yield trouble.foreseen("values")
            continue
        yield _may_patch(context, where, holder, name)
        if seen.owners:
            sentence = f"{seen.said} is kept by {', '.join(seen.owners)}, which would put the old values back."
            fix = "Let it ignore these values, or keep them in another object."
            yield Finding(Severity.WARNING, "values-kept-elsewhere", sentence, fix)


def _check_deployments(
    context: StepContext, where: Namespace, names: Iterable[str], only_on: OwnNodes | None
) -> Iterator[Finding]:
    for name in names:
        seen = rollouts.look(context, where, name)
        if seen is None:
            trouble = unusable("Deployment", name, where, None)
            yield trouble.foreseen("deployment")
            continue
        yield _may_patch(context, where, "Deployment", name)
        elsewhere = seen.starts_elsewhere(where, only_on)
        if elsewhere:
            yield elsewhere.foreseen("nodes")
        if not seen.wanted:
            sentence = f"Deployment {name} wants no pods, so a restart brings nothing up."
            yield Finding(Severity.WARNING, "deployment-empty", sentence, "Give it the pods that are to serve.")


def _may_patch(context: StepContext, where: Namespace, kind: str, name: str) -> Finding:
    group, resource = _RESOURCES[kind]
    asked = {"verb": "patch", "group": group, "resource": resource, "namespace": where.name, "name": name}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": asked},
    }
    answer = context.aws.call("kubernetes", "GetAccess", context.place.standby, Cluster=where.cluster, Body=body)
    if answer.get("status", {}).get("allowed"):
        return Finding(Severity.FINE, "may-patch", f"{kind} {name} can be changed.")
    sentence = f"{kind} {name} can be read by the role that looks, and not changed by it."
    fix = "If that is the step's own role, give its group the Role that `pilotlight prerequisites` shows."
    return Finding(Severity.WARNING, "may-patch", sentence, fix)


def _check_secrets(context: StepContext, secrets: Iterable[SecretValue]) -> Iterator[Finding]:
    for name in dict.fromkeys(source.secret for source in secrets):
        if is_there(context, name):
            yield Finding(Severity.FINE, "secret", f"Secret {name} is there.")
        else:
            sentence = f"Secret {name} is missing in {context.place.standby}, so what it holds cannot be written."
            yield Finding(Severity.IMPOSSIBLE, "secret", sentence, "Create it, or replicate it from the primary.")


def _rule(kind: str, names: list[str], verbs: list[str]) -> dict[str, Any]:
    group, resource = _RESOURCES[kind]
    return {"group": group, "resource": resource, "names": names, "verbs": verbs}
