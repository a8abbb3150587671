"""Kubernetes behind the AWS port: where a request goes, how it shows who asks, and what its refusals mean."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.credentials import ReadOnlyCredentials

from pilotlight.aws.kubernetes import AwsAndKubernetes
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
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest

TOKYO = "ap-northeast-1"
AUTHORITY = "-----BEGIN CERTIFICATE-----\nof the cluster\n-----END CERTIFICATE-----\n"
NAMED = {"Cluster": "portforge-dr-cluster", "Namespace": "portforge", "Name": "auth-config"}


@dataclass
class Eks:
    """AWS that knows one cluster."""

    endpoint: str = "https://0123.gr7.ap-northeast-1.eks.amazonaws.com"
    calls: list[str] = field(default_factory=list)

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        self.calls.append(f"{service}:{operation}")
        authority = {"data": b64encode(AUTHORITY.encode()).decode()}
        return {"cluster": {"endpoint": self.endpoint, "certificateAuthority": authority, "status": "ACTIVE"}}


class Somebody:
    """Who signs."""

    def credentials(self) -> ReadOnlyCredentials:
        return ReadOnlyCredentials("AKIAEXAMPLE", "a secret", "a token")


@dataclass
class Api:
    """A web that keeps what it was asked, and gives one answer."""

    answer: WebAnswer = field(default_factory=lambda: WebAnswer(200, '{"data": {}}'))
    asked: list[WebRequest] = field(default_factory=list)

    def ask(self, request: WebRequest) -> WebAnswer:
        self.asked.append(request)
        return self.answer

    def ask_all(self, requests: Sequence[WebRequest]) -> list[WebAnswer]:
        return [self.ask(request) for request in requests]


@pytest.fixture
def eks() -> Eks:
    return Eks()


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def port(eks: Eks, api: Api) -> AwsAndKubernetes:
    return AwsAndKubernetes(eks, api, Somebody())


class TestAsking:
    def test_all_else_is_passed_on(self, port: AwsAndKubernetes, eks: Eks) -> None:
        port.call("rds", "DescribeDBInstances", TOKYO)

        assert eks.calls == ["rds:DescribeDBInstances"]

    def test_a_patch_goes_to_the_cluster_and_trusts_its_authority_alone(self, port: AwsAndKubernetes, api: Api) -> None:
        port.call("kubernetes", "PatchConfigMap", TOKYO, **NAMED, Patch={"data": {"A": "b"}})

        (request,) = api.asked
        assert request.method == "PATCH"
        assert request.url == (
            "https://0123.gr7.ap-northeast-1.eks.amazonaws.com/api/v1/namespaces/portforge/configmaps/auth-config"
        )
        assert request.trust == AUTHORITY
        assert request.headers["Content-Type"] == "application/merge-patch+json"
        assert json.loads(request.body or "") == {"data": {"A": "b"}}

    def test_the_cluster_is_looked_up_once(self, port: AwsAndKubernetes, eks: Eks) -> None:
        port.call("kubernetes", "GetConfigMap", TOKYO, **NAMED)
        port.call("kubernetes", "GetDeployment", TOKYO, **NAMED)

        assert eks.calls == ["eks:DescribeCluster"]

    def test_a_cluster_that_was_made_anew_is_found_again(self, port: AwsAndKubernetes, eks: Eks, api: Api) -> None:
        port.call("kubernetes", "GetConfigMap", TOKYO, **NAMED)
        eks.endpoint, api.answer = "https://4567.example", WebAnswer(None, "", "unknown", silence=Silence.NO_SUCH_NAME)
        with pytest.raises(Unavailable):
            port.call("kubernetes", "GetConfigMap", TOKYO, **NAMED)
        api.answer = WebAnswer(200, "{}")

        port.call("kubernetes", "GetConfigMap", TOKYO, **NAMED)

        assert api.asked[-1].url.startswith("https://4567.example/")


class TestToken:
    def test_it_is_a_request_to_the_regional_sts_for_this_cluster(self, port: AwsAndKubernetes, api: Api) -> None:
        port.call("kubernetes", "GetConfigMap", TOKYO, **NAMED)

        scheme, _, token = api.asked[0].headers["Authorization"].partition(" k8s-aws-v1.")
        url = urlsplit(urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
        query = dict(parse_qsl(url.query))
        assert scheme == "Bearer"
        assert "=" not in token
        assert (url.scheme, url.hostname) == ("https", "sts.ap-northeast-1.amazonaws.com")
        assert query["Action"] == "GetCallerIdentity"
        assert query["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
        assert query["X-Amz-Expires"] == "60"
        assert query["X-Amz-Security-Token"] == "a token"


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "operation", "meaning"),
        [
            (401, "GetConfigMap", AccessDenied),
            (403, "PatchConfigMap", AccessDenied),
            (404, "GetConfigMap", NotFound),
            (409, "PatchConfigMap", InvalidState),
            (422, "PatchConfigMap", InvalidRequest),
            (429, "PatchConfigMap", Throttled),
            (500, "GetConfigMap", Unavailable),
            (500, "PatchConfigMap", Ambiguous),
        ],
    )
    def test_a_status_means_what_the_caller_can_do(
        self, port: AwsAndKubernetes, api: Api, status: int, operation: str, meaning: type[AwsError]
    ) -> None:
        api.answer = WebAnswer(status, '{"message": "as Kubernetes says it"}')

        with pytest.raises(meaning) as refused:
            port.call("kubernetes", operation, TOKYO, **NAMED, Patch={})

        assert type(refused.value) is meaning
        assert "the API of cluster portforge-dr-cluster said 'as Kubernetes says it'" in refused.value.sentence

    @pytest.mark.parametrize(
        ("silence", "operation", "meaning"),
        [
            (Silence.REFUSED, "PatchSecret", Unavailable),
            (Silence.CERTIFICATE, "PatchSecret", Unavailable),
            (Silence.TIMED_OUT, "PatchSecret", Ambiguous),
            (Silence.BROKEN_OFF, "PatchSecret", Ambiguous),
            (Silence.TIMED_OUT, "GetSecret", Unavailable),
        ],
    )
    def test_only_a_write_that_may_have_arrived_is_ambiguous(
        self, port: AwsAndKubernetes, api: Api, silence: Silence, operation: str, meaning: type[AwsError]
    ) -> None:
        api.answer = WebAnswer(None, "", "nothing came", silence=silence)

        with pytest.raises(meaning):
            port.call("kubernetes", operation, TOKYO, **NAMED, SecretPatch={})

    def test_an_answer_that_is_cut_is_no_answer(self, port: AwsAndKubernetes, api: Api) -> None:
        api.answer = WebAnswer(200, '{"data": {"A"')

        with pytest.raises(Unavailable):
            port.call("kubernetes", "GetConfigMap", TOKYO, **NAMED)

    def test_a_cluster_without_an_api_yet_is_said(self, port: AwsAndKubernetes, eks: Eks) -> None:
        eks.endpoint = ""

        with pytest.raises(InvalidState) as refused:
            port.call("kubernetes", "GetConfigMap", TOKYO, **NAMED)

        assert "is ACTIVE and has no API yet" in refused.value.sentence
