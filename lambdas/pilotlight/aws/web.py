"""Questions over HTTP, asked of a named load balancer while the public name stays Host and SNI.

DNS of the public name is never used when `connect_to` is given: a failover must see the standby before the world
does. TLS is verified against the public name. The timeout bounds the whole call: looking up the name, every address
that it has, and an answer that drips in. Nothing is followed and nothing is repeated: a redirect is an answer.

Trouble on the way is an answer too: what kind of silence it is, and a few words that hold no header, no query and no
memory address. What this machine could not do for itself (no socket left, not permitted) is never said to be the other
side's silence.
"""

from __future__ import annotations

import errno
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import SplitResult, urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from pilotlight.aws.beside import in_a_thread, side_by_side
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest

_PIECE_BYTES = 8192
_LATE = "no whole answer came in time"

# The first that fits: some of these errors are kinds of a later one.
_KINDS: tuple[tuple[type[Exception], Silence, str], ...] = (
    (SSLError, Silence.TLS, "TLS failed"),
    (NameResolutionError, Silence.NO_SUCH_NAME, "its name is not known"),
    (NewConnectionError, Silence.OTHER, "the connection failed"),
    (ConnectTimeoutError, Silence.TIMED_OUT, "no connection came about in time"),
    (ReadTimeoutError, Silence.TIMED_OUT, _LATE),
    (TimeoutError, Silence.TIMED_OUT, _LATE),
    (ProtocolError, Silence.BROKEN_OFF, "the connection broke off"),
    (ValueError, Silence.MALFORMED, "the request is malformed"),
    (DecodeError, Silence.UNREADABLE, "the answer cannot be read"),
)
_BY_NUMBER = {
    errno.ECONNREFUSED: Silence.REFUSED,
    errno.ETIMEDOUT: Silence.TIMED_OUT,
    errno.EHOSTUNREACH: Silence.UNREACHABLE,
    errno.ENETUNREACH: Silence.UNREACHABLE,
    errno.EHOSTDOWN: Silence.UNREACHABLE,
    errno.ECONNRESET: Silence.BROKEN_OFF,
    errno.ECONNABORTED: Silence.BROKEN_OFF,
}


class HttpWeb:
    """The web port over urllib3."""

    def ask(self, request: WebRequest) -> WebAnswer:
        """Send one request; trouble on the way is an answer without a status."""
        answers: SimpleQueue[WebAnswer] = SimpleQueue()
        deadline = time.monotonic() + request.timeout_seconds
        # A thread, because neither the lookup of a name nor the number of its addresses has a timeout of its own.
        Thread(target=lambda: answers.put(_exchange(request, deadline)), daemon=True).start()
        try:
            return answers.get(timeout=request.timeout_seconds)
        except Empty:
            return WebAnswer(None, "", trouble=_LATE, silence=Silence.TIMED_OUT)

    def ask_all(self, requests: Sequence[WebRequest]) -> Sequence[WebAnswer]:
        """Send many requests side by side."""
        return side_by_side(in_a_thread, [partial(self.ask, request) for request in requests])


def _exchange(request: WebRequest, deadline: float) -> WebAnswer:
    try:
        parts = urlsplit(request.url)
        with _pool(parts, request) as pool:
            answer = pool.urlopen(
                request.method,
                (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
                request.body,
                _headers(parts, request.headers),
                timeout=urllib3.Timeout(total=request.timeout_seconds),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            with closing(answer):
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return WebAnswer(answer.status, _beginning(answer, deadline, request.body_limit_bytes), headers=headers)
    except (HTTPError, OSError, ValueError) as error:
        return _no_answer(error)


def _pool(parts: SplitResult, request: WebRequest) -> urllib3.HTTPConnectionPool:
    host = parts.hostname or ""
    if parts.scheme != "https":
        return urllib3.HTTPConnectionPool(request.connect_to or host, parts.port or 80)
    return urllib3.HTTPSConnectionPool(
        request.connect_to or host,
        parts.port or 443,
        server_hostname=host,
        cert_reqs="CERT_REQUIRED",
        ssl_context=_trusting(request.trust) if request.trust else None,
    )


def _trusting(authority: str) -> ssl.SSLContext:
    """Trusts that authority alone.

    Chain, name and dates are verified; only the strictness that Python 3.13 added is off, because the authority of a
    cluster of EKS may lack a key identifier (github.com/kubernetes-client/python/issues/2394).
    """
    context = ssl.create_default_context(cadata=authority)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _headers(parts: SplitResult, given: Mapping[str, str]) -> dict[str, str]:
    host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    return {"User-Agent": "pilotlight", **given, "Host": host}


def _beginning(answer: urllib3.BaseHTTPResponse, deadline: float, limit: int) -> str:
    """The body up to the limit; raises `TimeoutError` when it is not over by the deadline."""
    read = b""
    while len(read) < limit:
        if time.monotonic() > deadline:
            raise TimeoutError
        piece = answer.read1(_PIECE_BYTES)
        if not piece:
            break
        read += piece
    return read[:limit].decode("utf-8", "replace")


def _no_answer(error: Exception) -> WebAnswer:
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        trouble = f"its certificate was not accepted: {cause.verify_message}"
        return WebAnswer(None, "", trouble, silence=Silence.CERTIFICATE)
    unknown = (Silence.OTHER, type(error).__name__)
    silence, words = next(((silence, said) for kind, silence, said in _KINDS if isinstance(error, kind)), unknown)
    if isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        silence = Silence.BROKEN_OFF
    elif isinstance(cause, HTTPException) and not isinstance(cause, (RemoteDisconnected, IncompleteRead)):
        silence, words = Silence.UNREADABLE, "what answers does not speak HTTP"
    elif silence is Silence.OTHER:
        silence = _BY_NUMBER.get(getattr(cause or error, "errno", None) or 0, Silence.OTHER)
    why = getattr(cause, "reason", None) or getattr(cause, "strerror", None)
    return WebAnswer(None, "", f"{words}: {why}" if why else words, silence=silence)


def _cause(error: Exception) -> object:
    """What lies under an error of urllib3, which keeps it as an argument when it did not raise from it."""
    if isinstance(error, (SSLError, ProtocolError)):
        return next((inner for inner in reversed(error.args) if isinstance(inner, Exception)), error.__cause__)
    return error.__cause__
