"""The API server of a cluster over HTTP, as far as steps ask it: get, patch and list, ask what one may do.

Whoever asks shows a token of EKS: a presigned `GetCallerIdentity` of a regional STS with the cluster's name in the
signed header `x-k8s-aws-id`. Its signature and age are checked; who it is follows from the function that runs, as in
all of the embedded AWS. A merge patch that names a resourceVersion is refused if the object has another one.

Sources: github.com/kubernetes-sigs/aws-iam-authenticator (README and pkg/token: prefix, header, age); the Kubernetes
API reference and API concepts ("resource versions", statuses 401, 403, 404, 409, 415, 422).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pilotlight.aws.proof import host_of
from pilotlight.domain.ports import WebAnswer, WebRequest
from rehearsal.access import CURRENT_ROLE
from rehearsal.internet import Internet
from rehearsal.kubernetes.cluster import CONFIG_MAPS, DEPLOYMENTS, SECRETS, Cluster, Kept
from rehearsal.kubernetes.deployments import Deployment, Pod
from rehearsal.sts import Caller, answer_presigned
from rehearsal.wire import Call
from rehearsal.world import World

PREFIX = "Bearer k8s-aws-v1."
_OBJECTS = {CONFIG_MAPS: "ConfigMap", SECRETS: "Secret", DEPLOYMENTS: "Deployment"}
_VERBS = {"GET": "get", "PATCH": "patch"}


class Refused(Exception):
    """The API server says no: a status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = WebAnswer(status, json.dumps({"kind": "Status", "code": status, "message": message}))


@dataclass(frozen=True)
class Asked:
    """What a request is about."""

    verb: str
    resource: str
    namespace: str
    name: str

    def __str__(self) -> str:
        where = f'in API group "" in the namespace "{self.namespace}"'
        return f'cannot {self.verb} resource "{self.resource}" {where}'


def put_api_server(internet: Internet, world: World, cluster: Cluster) -> None:
    """Let the API of a cluster answer as long as its region is not dark."""
    internet.put_in_region(cluster.host, cluster.region, lambda request: _serve(world, cluster, request))


def _serve(world: World, cluster: Cluster, request: WebRequest) -> WebAnswer:
    asked, began = _read(request), world.time.now()
    try:
        _must_be_somebody(world, cluster, request)
        found = _answer(cluster, asked, request)
        answer = WebAnswer(200, json.dumps(found))
    except Refused as refused:
        answer = refused.answer
    call = Call("kubernetes", f"{asked.verb.capitalize()}{asked.resource}", cluster.region, {})
    error = str(answer.status) if answer.status != 200 else ""
    resource = f"{cluster.name}/{asked.namespace}/{asked.resource}/{asked.name}"
    world.record(call, resource, asked.verb == "patch", error, began)
    return answer


def _read(request: WebRequest) -> Asked:
    parts = urlsplit(request.url).path.strip("/").split("/")
    if "namespaces" not in parts:
        return Asked("create" if request.method == "POST" else "list", parts[-1], "", "")
    namespace, resource, *name = parts[parts.index("namespaces") + 1 :]
    verb = _VERBS[request.method] if name else "list"
    return Asked(verb, resource, namespace, name[0] if name else "")


def _must_be_somebody(world: World, cluster: Cluster, request: WebRequest) -> None:
    shown = request.headers.get("Authorization", "")
    if not shown.startswith(PREFIX) or "=" in shown:
        raise Refused(401, "Unauthorized")
    text = shown.removeprefix(PREFIX)
    url = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    if urlsplit(url).hostname != host_of(cluster.region):
        raise Refused(401, "Unauthorized")
    key = dict(parse_qsl(urlsplit(url).query)).get("X-Amz-Credential", "").split("/")[0]
    callers = {key: Caller(f"arn:aws:sts::{cluster.account}:assumed-role/any", "rehearsal", "rehearsal")}
    to_sts = WebRequest("GET", url, headers={"x-k8s-aws-id": cluster.name})
    if "x-k8s-aws-id" not in url or answer_presigned(world, cluster.region, callers, to_sts).status != 200:
        raise Refused(401, "Unauthorized")
    role = CURRENT_ROLE.get()
    if role is not None and role.name not in cluster.entries:
        raise Refused(401, "Unauthorized")


def _may(cluster: Cluster, asked: Asked) -> bool:
    role, wanted = CURRENT_ROLE.get(), (asked.verb, asked.resource, asked.namespace)
    return role is None or any(
        g.group in cluster.entries[role.name]
        and (g.verb, g.resource, g.namespace) == wanted
        and g.name in (asked.name, "*")
        for g in cluster.grants
    )


def _answer(cluster: Cluster, asked: Asked, request: WebRequest) -> dict[str, Any]:
    if asked.verb == "create":
        return _review(cluster, json.loads(request.body or "{}"))
    if not _may(cluster, asked):
        raise Refused(403, f'{asked.resource} "{asked.name}" is forbidden: User {asked}')
    if asked.verb == "list":
        return _listed(cluster, asked, dict(parse_qsl(urlsplit(request.url).query)))
    patch = None
    if asked.verb == "patch":
        if request.headers.get("Content-Type") != "application/merge-patch+json":
            raise Refused(415, "the body of the request was in an unknown format")
        patch = json.loads(request.body or "{}")
    if asked.resource == DEPLOYMENTS:
        return _deployment(cluster, asked, patch)
    kept = cluster.kept.get((asked.resource, asked.namespace, asked.name))
    if kept is None:
        raise Refused(404, f'{asked.resource} "{asked.name}" not found')
    if patch is not None:
        _patch(kept, patch, is_secret=asked.resource == SECRETS)
    return _say(kept, asked.resource)


def _review(cluster: Cluster, body: Mapping[str, Any]) -> dict[str, Any]:
    wanted = body["spec"]["resourceAttributes"]
    asked = Asked(wanted["verb"], wanted["resource"], wanted["namespace"], wanted.get("name", ""))
    return {"kind": "SelfSubjectAccessReview", "status": {"allowed": _may(cluster, asked)}}


def _deployment(cluster: Cluster, asked: Asked, patch: Mapping[str, Any] | None) -> dict[str, Any]:
    found = cluster.deployment(asked.namespace, asked.name)
    if found is None:
        raise Refused(404, f'deployments.apps "{asked.name}" not found')
    if patch is not None:
        found.annotate(patch["spec"]["template"]["metadata"]["annotations"])
    return found.as_answer()


def _patch(kept: Kept, patch: Mapping[str, Any], *, is_secret: bool) -> None:
    metadata = patch.get("metadata", {})
    if metadata.get("resourceVersion", str(kept.version)) != str(kept.version):
        raise Refused(409, f'Operation cannot be fulfilled on "{kept.name}": the object has been modified')
    if kept.immutable:
        raise Refused(422, f'"{kept.name}" is invalid: data: Forbidden: field is immutable when `immutable` is set')
    data = {name: _decoded(value) if is_secret else value for name, value in patch.get("data", {}).items()}
    kept.data = _merged(kept.data, data)
    kept.annotations = _merged(kept.annotations, metadata.get("annotations") or {})
    kept.version += 1


def _merged(before: Mapping[str, str], patch: Mapping[str, str | None]) -> dict[str, str]:
    """RFC 7396: a null takes a member away."""
    return {name: value for name, value in {**before, **patch}.items() if value is not None}


def _decoded(value: str | None) -> str | None:
    return None if value is None else base64.b64decode(value).decode()


def _say(kept: Kept, resource: str) -> dict[str, Any]:
    data = kept.data
    if resource == SECRETS:
        data = {name: base64.b64encode(value.encode()).decode() for name, value in data.items()}
    metadata = {
        "name": kept.name,
        "namespace": kept.namespace,
        "resourceVersion": str(kept.version),
        "annotations": kept.annotations,
    }
    return {"kind": _OBJECTS[resource], "metadata": metadata, "data": data, "immutable": kept.immutable}


def _listed(cluster: Cluster, asked: Asked, query: Mapping[str, str]) -> dict[str, Any]:
    """Pods of one namespace by their labels, or all objects of a kind in the cluster, page by page."""
    match asked.resource:
        case "pods":
            return _pods(cluster, asked, query)
        case "configmaps":
            found = [_say(kept, CONFIG_MAPS) for (kind, _, _), kept in cluster.kept.items() if kind == CONFIG_MAPS]
        case "deployments":
            found = [_with_what_it_reads(cluster, deployment) for deployment in cluster.deployments]
        case _:
            raise Refused(404, "the server could not find the requested resource")
    first, limit = int(query.get("continue", 0)), int(query["limit"])
    more = {"continue": str(first + limit)} if first + limit < len(found) else {}
    return {"metadata": more, "items": found[first : first + limit]}


def _with_what_it_reads(cluster: Cluster, deployment: Deployment) -> dict[str, Any]:
    shown = deployment.as_answer()
    secrets = {name for kind, namespace, name in cluster.kept if (kind, namespace) == (SECRETS, deployment.namespace)}
    read = [{"secretRef" if name in secrets else "configMapRef": {"name": name}} for name in deployment.reads]
    shown["spec"]["template"]["spec"] = {"containers": [{"name": "app", "image": deployment.image, "envFrom": read}]}
    return shown


def _pods(cluster: Cluster, asked: Asked, query: Mapping[str, str]) -> dict[str, Any]:
    deployments = [d for d in cluster.deployments if d.namespace == asked.namespace]
    found = [pod for d in deployments if query["labelSelector"] == f"app={d.name}" for pod in d.pods]
    return {"kind": "PodList", "items": [_say_pod(pod) for pod in found[: int(query["limit"])]]}


def _say_pod(pod: Pod) -> dict[str, Any]:
    reason, message = pod.waiting
    state = {"waiting": {"reason": reason, "message": message}} if reason else {"running": {}}
    placed = {"type": "PodScheduled", "status": "False" if pod.unschedulable else "True"}
    if pod.unschedulable:
        placed |= {"reason": "Unschedulable", "message": pod.unschedulable}
    containers = [] if pod.unschedulable else [{"name": "app", "ready": pod.ready, "state": state}]
    return {
        "metadata": {"name": pod.name, "creationTimestamp": f"{pod.created:%Y-%m-%dT%H:%M:%SZ}"},
        "status": {"conditions": [placed], "containerStatuses": containers},
    }
