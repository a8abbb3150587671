"""Whether a request comes from Slack: its signature, over the very bytes that arrived, and its age.

Slack signs `v0:TIMESTAMP:BODY` with a secret that only it and the account know, HMAC-SHA256
(https://docs.slack.dev/authentication/verifying-requests-from-slack/). Nothing of a request is parsed before it was
verified, and the body is never written anew: it is decoded from base64, where Lambda encoded it, and from nothing else.
Whoever is refused is not told why; the sentence is for the log.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pilotlight.domain.errors import InputRefused, Misconfigured

WINDOW = timedelta(minutes=5)
"""How old, or how far ahead of our clock, a request may be; within that, each signature is taken once."""

_TIMESTAMP = re.compile(r"[0-9]{10}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_SECRET = re.compile(r"[A-Za-z0-9]{16,128}")


@dataclass(frozen=True)
class Signed:
    """A request that Slack signed: its body, and the mark that no other request has."""

    body: bytes
    mark: str


def signature_of(secret: str, timestamp: str, body: bytes) -> str:
    """What Slack writes into X-Slack-Signature."""
    signed = b"v0:" + timestamp.encode() + b":" + body
    return f"v0={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def secret_in(text: str) -> str:
    """The signing secret in a secret's text; raises `Misconfigured` for what is none, so that none is never empty."""
    secret = text.strip()
    if _SECRET.fullmatch(secret) is None:
        raise Misconfigured(
            "The secret holds no signing secret of Slack; store the one of the app's Basic Information page, as it is."
        )
    return secret


def verified(event: Mapping[str, Any], secret: str, now: datetime) -> Signed:
    """The request in an event of a function URL; raises `InputRefused` for one that Slack did not sign just now."""
    body, headers = _body(event), _headers(event)
    timestamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if _TIMESTAMP.fullmatch(timestamp) is None or _SIGNATURE.fullmatch(signature) is None:
        raise InputRefused("A request without Slack's signature was refused.")
    if abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise InputRefused("A request that was signed more than five minutes ago, or ahead of time, was refused.")
    if not hmac.compare_digest(signature_of(secret, timestamp, body), signature):
        raise InputRefused("A request with a signature that is not of its body and this app's secret was refused.")
    return Signed(body, hashlib.sha256(f"{timestamp}:{signature}".encode()).hexdigest())


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    """The headers by lower-case name; one that stands there twice has both values, and is none of Slack's."""
    found: dict[str, str] = {}
    for name, value in (event.get("headers") or {}).items():
        key = str(name).lower()
        found[key] = f"{found[key]},{value}" if key in found else str(value)
    return found


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body")
    if not isinstance(body, str):
        raise InputRefused("A request without a body was refused.")
    try:
        # Half a surrogate pair has no bytes, so nobody can have signed it.
        return b64decode(body, validate=True) if event.get("isBase64Encoded") is True else body.encode()
    except ValueError as error:
        raise InputRefused("A request whose body cannot be decoded was refused.") from error
