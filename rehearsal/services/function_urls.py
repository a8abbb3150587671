"""The URL of a function: its host, and the event that an HTTP request to it becomes.

After the AWS Lambda Developer Guide, "Invoking Lambda function URLs": payload format 2.0, header names in lower case,
and a body in base64 unless its type is text, JSON, XML or JavaScript; a form, as Slack sends it, is none of these.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from pilotlight.domain.ports import WebRequest

_PLAIN = ("text/", "application/json", "application/javascript", "application/xml", "application/vnd.api+json")


def host_of_url(region: str, function: str) -> str:
    """Where a function is called; AWS makes a name of its own that says nothing of the function."""
    identity = hashlib.sha256(f"{region}/{function}".encode()).hexdigest()[:32]
    return f"{identity}.lambda-url.{region}.on.aws"


def event_of(request: WebRequest, now: datetime) -> dict[str, Any]:
    """What the function is called with."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    body, url = request.body or "", urlsplit(request.url)
    encoded = not headers.get("content-type", "").startswith(_PLAIN)
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": url.path or "/",
        "rawQueryString": url.query,
        "headers": {**headers, "host": url.hostname},
        "requestContext": {
            "domainName": url.hostname,
            "http": {"method": request.method, "path": url.path or "/", "protocol": "HTTP/1.1"},
            "stage": "$default",
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "body": b64encode(body.encode()).decode() if encoded else body,
        "isBase64Encoded": encoded,
    }
