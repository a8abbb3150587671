"""The embedded AWS: every AWS call of a rehearsal is answered here, at botocore's `before-send`, or refused by name.

What a service of `rehearsal.services` models is answered by it. A few services keep plain state and are moto's. All
else is refused, and nothing ever reaches a network. A call from a function runs under that function's role.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from unittest.mock import patch
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectTimeoutError
from moto import mock_aws
from moto.core.loaders import Loader, moto_root
from moto.core.models import botocore_stubber
from moto.core.utils import get_service_model

from pilotlight.aws.sdk import CONNECT_TIMEOUT_SECONDS, Clients
from pilotlight.domain.read_only import is_read
from rehearsal import services, wire
from rehearsal.access import CURRENT_ROLE, Role, resource_of
from rehearsal.item_reads import read_directly
from rehearsal.item_writes import write_directly
from rehearsal.service import Service, Spread
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import CURRENT_VPC, World

S = TypeVar("S", bound=Service)

MOTO_ANSWERS = frozenset({"dynamodb", "iam", "kms", "ssm", "secretsmanager", "sns", "sqs", "sts"})
"""Services that only keep state: moto's own models of them stand behind the embedded AWS."""

PLAIN_LATENCY = Spread(0.004, 0.01, 0.06)


class _SharedLoader(Loader):
    """Reads the service models once, for botocore as for moto, with what each of them adds to the models."""

    BUILTIN_EXTRAS_TYPES = ["sdk", "moto"]  # noqa: RUF012  # botocore declares it so

    @property
    def search_paths(self) -> list[str]:
        """Where models are looked for: a copy, because every boto3 session adds boto3's own folder once more."""
        return list(super().search_paths)


_LOADER = _SharedLoader(extra_search_paths=[moto_root, str(Path(boto3.__file__).parent / "data")])
"""One loader for all worlds of a process: reading the service models takes longer than a whole failover."""


class EmbeddedAws:
    """One AWS account in a world. Use it as a context manager: it holds moto and botocore's sleep while it is open."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.random_for("embedded-aws")
        self.services = world.models
        self.services.update({kind.name: kind(world) for kind in service_kinds()})
        self.before_call: list[Callable[[Call, str], None]] = []
        """Told of each call and of the host that it is sent to, answered or not."""
        self.after_call: list[Callable[[Call], None]] = []
        self._open = ExitStack()
        self._session = _session()
        # botocore asks every handler, so moto's own would do each call a second time behind the answer.
        self._session.events.unregister("before-send", botocore_stubber)  # type: ignore[arg-type]  # it answers too
        with _one_loader():
            self._names = {self._hyphenized(name): name for name in {*self.services, *MOTO_ANSWERS}}
            self._plainly_read = {name for name in MOTO_ANSWERS if wire.speaks_json(name)}
        self._session.events.register_first("before-send", self._answer)  # type: ignore[arg-type]  # the stubs know no handler that answers
        self.clients = Clients(self._session)

    def __enter__(self) -> Self:
        self._open.enter_context(_one_loader())
        self._open.enter_context(mock_aws())
        self._open.enter_context(patch("botocore.endpoint.time.sleep", self.world.time.sleep))
        self._open.enter_context(patch("botocore.auth.get_current_datetime", self._now))
        # botocore puts the sender's name together twice for each request, and nobody here reads it.
        self._open.enter_context(patch("botocore.useragent.UserAgentString.to_string", lambda _: "rehearsal"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _now(self) -> datetime:
        """The moment that a request is signed at; botocore takes it without a zone."""
        return self.world.time.now().replace(tzinfo=None)

    def service(self, kind: type[S]) -> S:
        """The model of one service, to set the scene or to look at it from outside."""
        return self.world.model(kind)

    def _hyphenized(self, name: str) -> str:
        return str(get_service_model(name).service_id.hyphenize())

    def _answer(self, event_name: str, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        hyphenized, called = event_name.split(".", 2)[1:]
        operation, service = str(called), self._names.get(str(hyphenized))
        region = _region_of(request)
        if service is None:
            raise NotModelled(Call(hyphenized, operation, region, {}))
        read = wire.read_json if service in self._plainly_read else wire.read
        call = (wire.read_object if service == "s3" else read)(service, operation, region, request)
        for listener in self.before_call:
            listener(call, urlsplit(wire.text_of(request.url)).hostname or "")
        if self.world.is_out_of_reach(region) or _stands_in_a_vpc():
            began = self.world.time.now()
            self.world.time.sleep(CONNECT_TIMEOUT_SECONDS)
            self.world.record(call, resource_of(call, self.world.account), not is_read(operation), "unreachable", began)
            raise ConnectTimeoutError(endpoint_url=request.url)
        return self._answer_in_region(call, request)

    def _answer_in_region(self, call: Call, request: AWSPreparedRequest) -> AWSResponse:
        resource, began = resource_of(call, self.world.account), self.world.time.now()
        role: Role | None = CURRENT_ROLE.get()
        error = ""
        try:
            if role is not None:
                role.must_allow(call, resource)
            response = self._from_model(call, request)
        except ServiceError as refused:
            error = refused.code
            response = wire.refuse(call, request.url, refused)
        if not error and response.status_code >= 400:
            error = str(response.status_code)
        self.world.record(call, resource, not is_read(call.operation), error, began)
        for listener in self.after_call:
            listener(call)
        return response

    def _from_model(self, call: Call, request: AWSPreparedRequest) -> AWSResponse:
        model = self.services.get(call.service)
        if model is not None and model.models(call):
            return wire.answer(call, request.url, model.answer(call))
        if call.service not in MOTO_ANSWERS:
            raise NotModelled(call)
        self.world.time.sleep(PLAIN_LATENCY.draw(self.random))
        for directly in (read_directly, write_directly):
            answer = directly(call, self.world.account, request.url)
            if answer is not None:
                return answer
        answered = botocore_stubber.process_request(request)
        if answered is None:
            raise NotModelled(call)
        status, headers, body = answered
        return wire.response(request.url, status, headers, body)


@contextmanager
def _one_loader() -> Iterator[None]:
    # moto makes a loader for each model that it reads, and its modules make sessions when they are imported.
    with (
        patch("moto.core.utils.create_loader", lambda: _LOADER),
        patch("botocore.session.create_loader", lambda search_path=None: _LOADER),
    ):
        yield


def _session() -> boto3.session.Session:
    core = botocore.session.Session()
    core.register_component("data_loader", _LOADER)
    return boto3.session.Session(
        aws_access_key_id="rehearsal",
        aws_secret_access_key="rehearsal",
        region_name="us-east-1",
        botocore_session=core,
    )


def service_kinds() -> list[type[Service]]:
    """The modelled services: the one `Service` of each module of `rehearsal.services`."""
    kinds: list[type[Service]] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(services.__path__)):
        members = vars(import_module(f"{services.__name__}.{module}")).values()
        kinds += [
            m for m in members if isinstance(m, type) and issubclass(m, Service) and m.__module__.endswith(f".{module}")
        ]
    return kinds


def _stands_in_a_vpc() -> bool:
    """Whether the caller is a function in a VPC: the VPCs of a rehearsal have no endpoint and no way to the internet.

    What a load balancer's application does while it answers such a function is done by no function.
    """
    return bool(CURRENT_VPC.get()) and CURRENT_ROLE.get() is not None


def _region_of(request: AWSPreparedRequest) -> str:
    match = re.search(r"Credential=[^/]+/\d+/([^/]+)/", wire.text_of(request.headers.get("Authorization", "")))
    return match.group(1) if match else "us-east-1"
