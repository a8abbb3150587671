"""Requests and answers of AWS services as they stand on the wire, read and written by their botocore models.

botocore serialises a call and checks its parameters; this module reads the request back into parameters, and writes a
model's answer so that botocore's own parser reads it. Both directions are moto's, which follow the service models.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.datastructures import Headers, MultiDict


class ServiceError(Exception):
    """An error that a modelled service answers with: its wire `code`, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Call:
    """One AWS call as it reached the wire."""

    service: str
    operation: str
    region: str
    parameters: Mapping[str, Any]


class NotModelled(AssertionError):
    """The embedded AWS was asked for something that it does not know: a gap in the model, never an answer of AWS."""

    def __init__(self, call: Call) -> None:
        super().__init__(f"The embedded AWS does not model {call.service} {call.operation} (asked in {call.region}).")


class RawBody(BytesIO):
    """A response body that botocore can stream."""

    def stream(self, **_: Any) -> Any:
        """Give the body in one piece."""
        yield self.read()


@cache
def _model(service: str) -> ServiceModel:
    return get_service_model(service)


@cache
def operation_model(service: str, operation: str) -> OperationModel:
    """botocore's model of an operation, in moto's reading of it."""
    return _model(service).operation_model(operation)  # type: ignore[no-any-return]


def _protocol(service: str) -> str:
    # botocore prefers CBOR for some services; moto's parser does not read it, so the client is told to speak JSON or
    # query (see `embedded_aws`), which those services accept as well.
    protocols = [p for p in _model(service).metadata.get("protocols", ()) if p in PROTOCOL_PARSERS]
    return str(protocols[0] if protocols else _model(service).metadata["protocol"])


def _path_parameters(template: str, path: str) -> dict[str, str]:
    pattern = re.sub(
        r"\\\{(\w+)(\\\+)?\\\}",
        lambda m: f"(?P<{m[1]}>{'.+' if m[2] else '[^/]+'})",
        re.escape(template.split("?", maxsplit=1)[0]),
    )
    match = re.fullmatch(pattern, path)
    return {name: unquote(value) for name, value in match.groupdict().items()} if match else {}


def read(
    service: str, operation: str, region: str, request: AWSPreparedRequest, named: dict[str, Any] | None = None
) -> Call:
    """Read the parameters of a prepared request back; `named` are those of its path, where its host holds one."""
    model = operation_model(service, operation)
    url = urlsplit(request.url)
    raw = text_of(request.body or "").encode("utf-8", "surrogateescape")
    values = MultiDict(
        [
            *((k, v) for k, vs in parse_qs(url.query, keep_blank_values=True).items() for v in vs),
            *((k, v) for k, vs in parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True).items() for v in vs),
        ]
    )
    headers = Headers([(str(name), text_of(value)) for name, value in request.headers.items()])
    parser = PROTOCOL_PARSERS[_protocol(service)](model)
    parsed = parser.parse(
        {
            "method": request.method,
            "values": values,
            "headers": headers,
            "body": raw,
            "url_path": url.path,
            "url_params": named or _path_parameters(model.http.get("requestUri", "/"), url.path),
        }
    )
    return Call(service, operation, region, parsed or {})


def speaks_json(service: str) -> bool:
    """Whether the body of a request to the service is one JSON object of its parameters."""
    return _protocol(service) == "json"


def read_json(service: str, operation: str, region: str, request: AWSPreparedRequest) -> Call:
    """Read a request to a service that speaks JSON as it was sent: moments are numbers, and blobs are base64.

    It is for requests that moto answers, because moto parses them by the model once more.
    """
    return Call(service, operation, region, json.loads(text_of(request.body or "{}")))


def read_object(service: str, operation: str, region: str, request: AWSPreparedRequest) -> Call:
    """Read a request of S3: the bucket is in the host, the key is the path, the body of an object comes in chunks.

    A chunk is its length in hexadecimal, a line's end, and so many bytes; checksums follow after one of length 0 (S3
    User Guide, "Signature calculations: transferring payload in multiple chunks").
    """
    url = urlsplit(request.url)
    named = {"Bucket": url.netloc.split(".s3.")[0], "Key": unquote(url.path.removeprefix("/"))}
    if operation != "PutObject":
        return read(service, operation, region, request, named)
    body: Any = request.body or b""
    raw = text_of(body.read() if hasattr(body, "read") else body).encode("utf-8", "surrogateescape")
    if "aws-chunked" in text_of(request.headers.get("Content-Encoding", "")):
        raw = _unchunked(raw)
    return Call(service, operation, region, {**named, "Body": raw.decode("utf-8", "replace")})


def _unchunked(raw: bytes) -> bytes:
    whole = b""
    while raw:
        length, _, rest = raw.partition(b"\r\n")
        size = int(length.split(b";")[0], 16)
        if size == 0:
            break
        whole, raw = whole + rest[:size], rest[size + 2 :]
    return whole


def answer(call: Call, url: str, result: Mapping[str, Any]) -> AWSResponse:
    """Write a result so that botocore reads it as the service's own answer."""
    serializer = get_serializer_class(call.service, _protocol(call.service))(
        operation_model(call.service, call.operation)
    )
    return _response(url, serializer.serialize(result))


def refuse(call: Call, url: str, error: ServiceError) -> AWSResponse:
    """Write an error so that botocore raises it as the service's own."""
    serializer = get_serializer_class(call.service, _protocol(call.service))(
        operation_model(call.service, call.operation)
    )
    with warnings.catch_warnings():
        # Codes that every service may answer (AccessDenied, Throttling) stand in no service's own model.
        warnings.simplefilter("ignore")
        written = _response(url, serializer.serialize(error))
    written.status_code = error.status
    return written


def _response(url: str, written: Mapping[str, Any]) -> AWSResponse:
    return response(url, written["status_code"], written["headers"], written["body"])


def response(url: str, status: int, headers: Any, body: Any) -> AWSResponse:
    """A response as botocore's own HTTP session would give it."""
    return AWSResponse(url, status, headers, RawBody(text_of(body).encode("utf-8", "surrogateescape")))


def text_of(value: Any) -> str:
    """Text that the wire may hold as bytes."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes | bytearray) else str(value)
