"""The Kubernetes API of a cluster of EKS, behind the same port as AWS.

Ten operations over HTTPS need no client library. Where the API is and which authority vouches for it stands in
DescribeCluster; who asks is shown by a token: a presigned `GetCallerIdentity` of the *regional* STS, good for this one
cluster, because its name is in a signed header. A patch is a JSON merge patch (RFC 7396), so a null takes a member away
and what is not named stays; one that names a resourceVersion is refused (409) if the object is another by now.

An answer is translated into the errors of AWS, so that whoever calls need not know two sorts: 401 and 403 are
`AccessDenied`, 404 `NotFound`, 409 `InvalidState`, 429 `Throttled`. A write that got no answer, or a 5xx, is
`Ambiguous`, unless no connection came about.

Sources: github.com/kubernetes-sigs/aws-iam-authenticator (README, "API Authorization from Outside a Cluster");
Kubernetes API reference and API concepts; aws-facts section 4.3.
"""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from botocore.credentials import ReadOnlyCredentials

from pilotlight.aws.signing import presign
from pilotlight.domain.errors import (
    AccessDenied,
    Ambiguous,
    AwsError,
    InvalidRequest,
    InvalidState,
    NotFound,
    Throttled,
    Unavailable,
)
from pilotlight.domain.ports import Aws, Silence, Web, WebAnswer, WebRequest
from pilotlight.domain.read_only import is_read

KUBERNETES = "kubernetes"
TIMEOUT_SECONDS = 5.0
LARGEST_ANSWER_BYTES = 4 * 1024 * 1024
"""An object of Kubernetes is below 1.5 MiB, etcd's limit of a request; of pods a few are asked for."""

_CORE, _APPS = "/api/v1/namespaces/{Namespace}", "/apis/apps/v1/namespaces/{Namespace}"
_PATHS: Mapping[str, tuple[str, str]] = {
    "GetConfigMap": ("GET", f"{_CORE}/configmaps/{{Name}}"),
    "PatchConfigMap": ("PATCH", f"{_CORE}/configmaps/{{Name}}"),
    "GetSecret": ("GET", f"{_CORE}/secrets/{{Name}}"),
    "PatchSecret": ("PATCH", f"{_CORE}/secrets/{{Name}}"),
    "GetDeployment": ("GET", f"{_APPS}/deployments/{{Name}}"),
    "PatchDeployment": ("PATCH", f"{_APPS}/deployments/{{Name}}"),
    "ListPods": ("GET", f"{_CORE}/pods"),
    "ListConfigMaps": ("GET", "/api/v1/configmaps"),
    "ListDeployments": ("GET", "/apis/apps/v1/deployments"),
    # A question, though Kubernetes asks it with a POST: nothing is kept.
    "GetAccess": ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
}
_NOTHING_SENT = frozenset(
    {Silence.REFUSED, Silence.UNREACHABLE, Silence.NO_SUCH_NAME, Silence.CERTIFICATE, Silence.TLS, Silence.MALFORMED}
)
_MEANING: Mapping[int, type[AwsError]] = {
    401: AccessDenied,
    403: AccessDenied,
    404: NotFound,
    409: InvalidState,
    429: Throttled,
}


@dataclass(frozen=True)
class _Api:
    """Where a cluster's API is, and the authority (PEM) that vouches for it."""

    endpoint: str
    authority: str


class Signer(Protocol):
    """Who has credentials."""

    def credentials(self) -> ReadOnlyCredentials:
        """The credentials of this moment."""
        ...


class AwsAndKubernetes:
    """The AWS port, which passes service `kubernetes` on to the clusters of EKS.

    Parameters: `aws` answers all else; `signer` has the credentials to sign a token with, as they are at that moment.
    """

    def __init__(self, aws: Aws, web: Web, signer: Signer) -> None:
        self._aws = aws
        self._web = web
        self._signer = signer
        self._apis: dict[tuple[str, str], _Api] = {}

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        """Call AWS, or the API of the cluster that `Cluster` names; raises the subclass of `AwsError` that fits."""
        if service != KUBERNETES:
            return self._aws.call(service, operation, region, **parameters)
        cluster = str(parameters["Cluster"])
        api = self._apis.get((region, cluster)) or self._look_up(region, cluster)
        answer = self._web.ask(self._request(operation, region, cluster, api, parameters))
        if answer.status is not None and 200 <= answer.status < 300:
            return _read(operation, region, answer)
        if answer.status is None:
            # A cluster that was made anew is elsewhere, and has another authority.
            del self._apis[region, cluster]
        raise _translate(operation, region, cluster, answer)

    def _look_up(self, region: str, cluster: str) -> _Api:
        found = self._aws.call("eks", "DescribeCluster", region, name=cluster)["cluster"]
        if not found.get("endpoint"):
            text = f"cluster {cluster} is {found.get('status')} and has no API yet"
            raise InvalidState("eks", "DescribeCluster", region, "NoEndpoint", text)
        authority = b64decode(found["certificateAuthority"]["data"]).decode()
        self._apis[region, cluster] = _Api(str(found["endpoint"]), authority)
        return self._apis[region, cluster]

    def _request(
        self, operation: str, region: str, cluster: str, api: _Api, parameters: Mapping[str, Any]
    ) -> WebRequest:
        method, path = _PATHS[operation]
        body = parameters.get("Patch") or parameters.get("SecretPatch") or parameters.get("Body")
        query = f"?{urlencode(parameters['Query'])}" if "Query" in parameters else ""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        return WebRequest(
            method,
            api.endpoint + path.format(**parameters) + query,
            headers={
                "Authorization": f"Bearer {token(self._signer.credentials(), region, cluster)}",
                "Accept": "application/json",
                "Content-Type": kind,
            },
            body=json.dumps(body) if body is not None else None,
            timeout_seconds=TIMEOUT_SECONDS,
            trust=api.authority,
            body_limit_bytes=LARGEST_ANSWER_BYTES,
        )


def token(credentials: ReadOnlyCredentials, region: str, cluster: str) -> str:
    """What shows a cluster who asks: the presigned request itself, which the cluster puts to STS."""
    url = presign(credentials, region, {"x-k8s-aws-id": cluster})
    return "k8s-aws-v1." + urlsafe_b64encode(url.encode()).decode().rstrip("=")


def _read(operation: str, region: str, answer: WebAnswer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError as error:
        meaning = Unavailable if is_read(operation) else Ambiguous
        raise meaning(KUBERNETES, operation, region, str(answer.status), "its answer is no JSON") from error
    return dict(found)


def _translate(operation: str, region: str, cluster: str, answer: WebAnswer) -> AwsError:
    where = f"the API of cluster {cluster}"
    if answer.status is None:
        certain = is_read(operation) or answer.silence in _NOTHING_SENT
        silent = Unavailable if certain else Ambiguous
        code = answer.silence.value if answer.silence else "silence"
        return silent(KUBERNETES, operation, region, code, f"{where} gave no answer ({answer.trouble})")
    meaning = _MEANING.get(answer.status)
    if meaning is None and answer.status >= 500:
        meaning = Unavailable if is_read(operation) else Ambiguous
    said = _message(answer)
    return (meaning or InvalidRequest)(KUBERNETES, operation, region, str(answer.status), f"{where} said '{said}'")


def _message(answer: WebAnswer) -> str:
    """What the API says of a refusal; never what it may echo of a request."""
    try:
        return str(json.loads(answer.body)["message"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status}"
