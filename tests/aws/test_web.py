"""The web port against real servers on the loopback, with throwaway certificates."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pilotlight.aws.web import HttpWeb
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest

BODY_LIMIT_BYTES = 65536
LOOPBACK = "127.0.0.1"
PUBLIC = "fileflow.test"


@dataclass
class Seen:
    """One request as it reached the server."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Handler = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """A server that answers as it is told, and keeps what it was asked; `hold` is rung when the test is over."""

    port: int
    seen: list[Seen] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    hold: Event = field(default_factory=Event)
    answer: Handler = lambda handler: answer_with(handler, 200, b"well")


def answer_with(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of one test session, and the certificates that it gives."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def trusted(self) -> Path:
        path = self.folder / "authority.pem"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def context_for(self, name: str) -> ssl.SSLContext:
        """A server's TLS context with a certificate for that name."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(name, self.certificate.subject, key)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        path = self.folder / f"{name}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _builder(name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority")])
    constraint = x509.BasicConstraints(ca=True, path_length=None)
    certificate = (
        _builder("an authority", name, key).add_extension(constraint, critical=True).sign(key, hashes.SHA256())
    )
    return Authority(tmp_path_factory.mktemp("certificates"), key, certificate)


@pytest.fixture
def trusting(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authority is one that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted))


def serve(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    class Requests(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            server.seen.append(Seen(self.command, self.path, dict(self.headers.items()), body))
            server.answer(self)

        do_GET = do_POST = do_HEAD = _take

        def log_message(self, *_: Any) -> None:
            """Say nothing: a client that gives up is what is tested here."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Say nothing, as above."""

    listener = Quiet((LOOPBACK, 0), Requests)
    server = Server(listener.server_address[1])
    if context is not None:
        context.sni_callback = lambda _, name, __: server.names.append(name)
        listener.socket = context.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
    thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.hold.set()
    listener.shutdown()
    listener.server_close()
    thread.join()


@pytest.fixture
def plain() -> Iterator[Server]:
    yield from serve()


@pytest.fixture
def secure(authority: Authority) -> Iterator[Server]:
    yield from serve(authority.context_for(PUBLIC))


def ask(server: Server, path: str = "/", *, scheme: str = "http", **more: Any) -> WebAnswer:
    plain_request = {"method": "GET", "url": f"{scheme}://{PUBLIC}:{server.port}{path}", "connect_to": LOOPBACK}
    return HttpWeb().ask(WebRequest(**(plain_request | more)))


def test_it_connects_where_it_is_told_and_asks_for_the_public_name(plain: Server) -> None:
    answer = ask(plain, "/actuator/health?full=1")

    assert (answer.status, answer.body) == (200, "well")
    assert plain.seen[0].path == "/actuator/health?full=1"
    assert plain.seen[0].headers["Host"] == f"{PUBLIC}:{plain.port}"
    assert plain.seen[0].headers["User-Agent"] == "pilotlight"


def test_the_public_name_is_never_looked_up(plain: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: str, *rest: Any, **more: Any) -> Any:
        looked_up.append(host)
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    ask(plain)

    assert looked_up == [LOOPBACK]


def test_without_a_load_balancer_it_asks_the_host_of_the_url(plain: Server) -> None:
    answer = HttpWeb().ask(WebRequest("GET", f"http://{LOOPBACK}:{plain.port}/"))

    assert answer.status == 200
    assert plain.seen[0].headers["Host"] == f"{LOOPBACK}:{plain.port}"


def test_method_headers_and_body_go_as_given(plain: Server) -> None:
    ask(plain, "/orders", method="POST", headers={"X-Token": "abc"}, body='{"a": "é"}')

    assert plain.seen[0].method == "POST"
    assert plain.seen[0].headers["X-Token"] == "abc"
    assert plain.seen[0].body == '{"a": "é"}'.encode()


def test_a_url_without_a_path_asks_for_the_root(plain: Server) -> None:
    ask(plain, "?a=1")

    assert plain.seen[0].path == "/?a=1"


def test_a_host_header_cannot_be_smuggled_in(plain: Server) -> None:
    ask(plain, headers={"Host": "elsewhere.test"})

    assert plain.seen[0].headers["Host"] == f"{PUBLIC}:{plain.port}"


@pytest.mark.usefixtures("trusting")
def test_the_public_name_is_the_sni_and_what_the_certificate_is_checked_for(secure: Server) -> None:
    answer = ask(secure, scheme="https")

    assert (answer.status, answer.body) == (200, "well")
    assert secure.names == [PUBLIC]


@pytest.mark.usefixtures("trusting")
def test_a_certificate_for_another_name_is_refused_and_named(secure: Server) -> None:
    url = f"https://portforge.test:{secure.port}/"

    answer = HttpWeb().ask(WebRequest("GET", url, LOOPBACK))

    assert answer.status is None
    assert answer.silence is Silence.CERTIFICATE
    assert answer.trouble.startswith("its certificate was not accepted: Hostname mismatch")
    assert "portforge.test" in answer.trouble
    assert secure.seen == []


@pytest.mark.usefixtures("trusting")
def test_the_name_of_the_load_balancer_is_not_good_enough(authority: Authority) -> None:
    for server in serve(authority.context_for("fileflow-dr.elb.test")):
        answer = ask(server, scheme="https")

        assert answer.status is None
        assert answer.silence is Silence.CERTIFICATE


def test_an_authority_that_the_request_names_is_trusted_for_it(
    secure: Server, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an authority without a key identifier, as clusters of EKS have them, and the defaults of Python 3.13.
    trusted, real = authority.trusted.read_text(), ssl.create_default_context

    def strict(**given: Any) -> ssl.SSLContext:
        context = real(**given)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)

    answer = ask(secure, scheme="https", trust=trusted)

    assert (answer.status, answer.body) == (200, "well")


def test_who_names_an_authority_still_has_the_name_verified(secure: Server, authority: Authority) -> None:
    url = f"https://portforge.test:{secure.port}/"

    answer = HttpWeb().ask(WebRequest("GET", url, LOOPBACK, trust=authority.trusted.read_text()))

    assert answer.silence is Silence.CERTIFICATE
    assert secure.seen == []


@pytest.mark.usefixtures("trusting")
def test_who_names_an_authority_trusts_no_other(secure: Server) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "another authority")])
    constraint = x509.BasicConstraints(ca=True, path_length=None)
    other = _builder("another", name, key).add_extension(constraint, critical=True).sign(key, hashes.SHA256())
    trust = other.public_bytes(serialization.Encoding.PEM).decode()

    assert ask(secure, scheme="https", trust=trust).silence is Silence.CERTIFICATE


def test_a_certificate_of_an_unknown_authority_is_refused_and_named(secure: Server) -> None:
    answer = ask(secure, scheme="https")

    assert answer.status is None
    assert answer.silence is Silence.CERTIFICATE
    assert answer.trouble.startswith("its certificate was not accepted: ")
    assert secure.seen == []


def test_a_server_that_does_not_speak_tls_is_said_to(plain: Server) -> None:
    answer = ask(plain, scheme="https")

    assert answer.status is None
    assert answer.silence is Silence.TLS
    assert answer.trouble.startswith("TLS failed: ")


def is_silent(handler: BaseHTTPRequestHandler, hold: Event) -> None:
    hold.wait(5)
    answer_with(handler, 200, b"late")


def drips_its_body(handler: BaseHTTPRequestHandler, hold: Event) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(250):
        handler.wfile.write(b".")
        hold.wait(0.02)
    handler.wfile.write(b"late")


def drips_its_headers(handler: BaseHTTPRequestHandler, hold: Event) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(90):
        handler.wfile.write(b"X: y\r\n")
        hold.wait(0.05)
    handler.wfile.write(b"\r\nlate")


@pytest.mark.parametrize("slow", [is_silent, drips_its_body, drips_its_headers])
def test_the_timeout_bounds_the_whole_call(
    plain: Server, slow: Callable[[BaseHTTPRequestHandler, Event], None]
) -> None:
    plain.answer = lambda handler: slow(handler, plain.hold)

    answer = ask(plain, timeout_seconds=0.3)

    assert answer == WebAnswer(None, "", trouble="no whole answer came in time", silence=Silence.TIMED_OUT)


def test_the_timeout_bounds_the_lookup_of_a_name_too(monkeypatch: pytest.MonkeyPatch) -> None:
    hold = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: hold.wait() and [])

    answer = HttpWeb().ask(WebRequest("GET", "http://fileflow.test/", "balancer.test", timeout_seconds=0.2))
    hold.set()

    assert answer == WebAnswer(None, "", trouble="no whole answer came in time", silence=Silence.TIMED_OUT)


@pytest.mark.parametrize("status", [204, 401, 404, 500, 503])
def test_any_status_is_an_answer(plain: Server, status: int) -> None:
    plain.answer = lambda handler: answer_with(handler, status, b"")

    answer = ask(plain)

    assert (answer.status, answer.body, answer.trouble, answer.silence) == (status, "", "", None)


def test_a_redirect_is_an_answer_and_is_not_followed(plain: Server) -> None:
    plain.answer = lambda handler: answer_with(handler, 302, b"moved", Location="/elsewhere")

    answer = ask(plain)

    assert (answer.status, answer.body, answer.headers["location"]) == (302, "moved", "/elsewhere")
    assert [seen.path for seen in plain.seen] == ["/"]


def test_a_failure_is_not_repeated(plain: Server) -> None:
    plain.answer = lambda handler: answer_with(handler, 503, b"", Retry_After="1")

    ask(plain, method="POST", body="x")

    assert len(plain.seen) == 1


def test_a_huge_body_is_cut(plain: Server) -> None:
    plain.answer = lambda handler: answer_with(handler, 200, b"x" * (4 * BODY_LIMIT_BYTES))

    answer = ask(plain)

    assert answer.status == 200
    assert answer.body == "x" * BODY_LIMIT_BYTES


def test_whoever_needs_more_of_a_body_says_how_much(plain: Server) -> None:
    plain.answer = lambda handler: answer_with(handler, 200, b"x" * (4 * BODY_LIMIT_BYTES))

    assert len(ask(plain, body_limit_bytes=3 * BODY_LIMIT_BYTES).body) == 3 * BODY_LIMIT_BYTES


def test_an_endless_body_is_cut(plain: Server) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not plain.hold.is_set():
            handler.wfile.write(b"x" * 8192)

    plain.answer = endless

    assert ask(plain).body == "x" * BODY_LIMIT_BYTES


def test_a_body_that_is_no_text_is_read_all_the_same(plain: Server) -> None:
    plain.answer = lambda handler: answer_with(handler, 200, b"\xff\xfeok")

    assert ask(plain).body == "\ufffd\ufffdok"


def test_a_refused_connection_is_an_answer_without_a_status() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]

    answer = HttpWeb().ask(WebRequest("GET", f"http://{PUBLIC}:{port}/?token=s3cret", LOOPBACK))

    assert answer == WebAnswer(None, "", trouble="the connection failed: Connection refused", silence=Silence.REFUSED)


def test_an_unknown_name_is_an_answer_without_a_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    answer = HttpWeb().ask(WebRequest("GET", f"http://{PUBLIC}/", "balancer.test"))

    assert answer.status is None
    assert answer.silence is Silence.NO_SUCH_NAME
    assert answer.trouble.startswith("its name is not known")


def test_a_connection_that_breaks_off_is_an_answer_without_a_status(plain: Server) -> None:
    plain.answer = lambda handler: handler.connection.close()

    answer = ask(plain)

    assert answer.status is None
    assert answer.silence is Silence.BROKEN_OFF
    assert answer.trouble == "the connection broke off"


def test_a_connection_that_is_reset_is_named_as_one() -> None:
    def resets(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.recv(65536)
        # Closing with no time to linger sends a reset where a plain close says goodbye.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    with socket.create_server((LOOPBACK, 0)) as listener:
        Thread(target=resets, args=(listener,), daemon=True).start()

        answer = HttpWeb().ask(WebRequest("GET", f"http://{PUBLIC}:{listener.getsockname()[1]}/", LOOPBACK))

    assert answer == WebAnswer(
        None, "", trouble="the connection broke off: Connection reset by peer", silence=Silence.BROKEN_OFF
    )


def test_a_body_that_ends_too_early_broke_off(plain: Server) -> None:
    def stops(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"half")

    plain.answer = stops

    assert ask(plain).silence is Silence.BROKEN_OFF


def test_a_server_that_does_not_speak_http_has_answered_all_the_same(plain: Server) -> None:
    def greets(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")

    plain.answer = greets

    answer = ask(plain)

    assert (answer.status, answer.silence) == (None, Silence.UNREADABLE)
    assert answer.trouble == "what answers does not speak HTTP"


def test_a_server_that_hangs_up_during_the_handshake_broke_off() -> None:
    def hangs_up(listener: socket.socket) -> None:
        listener.accept()[0].close()

    with socket.create_server((LOOPBACK, 0)) as listener:
        Thread(target=hangs_up, args=(listener,), daemon=True).start()

        answer = HttpWeb().ask(WebRequest("GET", f"https://{PUBLIC}:{listener.getsockname()[1]}/", LOOPBACK))

    assert answer.silence is Silence.BROKEN_OFF


@pytest.mark.parametrize(
    ("number", "silence"),
    [
        (errno.EHOSTUNREACH, Silence.UNREACHABLE),
        (errno.ENETUNREACH, Silence.UNREACHABLE),
        (errno.ECONNRESET, Silence.BROKEN_OFF),
        (errno.ETIMEDOUT, Silence.TIMED_OUT),
        (errno.EMFILE, Silence.OTHER),
        (errno.EACCES, Silence.OTHER),
    ],
)
def test_what_this_machine_lacks_is_not_the_silence_of_the_other_side(
    monkeypatch: pytest.MonkeyPatch, number: int, silence: Silence
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "connect", fail)

    answer = HttpWeb().ask(WebRequest("GET", f"http://{PUBLIC}/", LOOPBACK))

    assert (answer.status, answer.silence) == (None, silence)


@pytest.mark.parametrize(
    "more",
    [
        {"headers": {"X-Token": "s3cret\r\nX-Other: y"}},
        {"headers": {"X-Token": "s3cret-\u20ac"}},
        {"url": "http://fileflow.test:99999999/s3cret"},
        {"url": "http://[fileflow/s3cret"},
    ],
)
def test_a_malformed_request_is_an_answer_that_quotes_nothing(plain: Server, more: dict[str, Any]) -> None:
    answer = ask(plain, **more)

    assert answer.status is None
    assert answer.silence is Silence.MALFORMED
    assert answer.trouble.startswith("the request is malformed")
    assert "s3cret" not in answer.trouble
    assert plain.seen == []


def test_many_are_asked_side_by_side_and_answered_in_order(plain: Server) -> None:
    """Given a server that takes 0.3 s for each of twenty questions, then all of them take much less than 6 s."""

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        plain.hold.wait(0.3)
        answer_with(handler, 200, handler.path.encode())

    plain.answer = slowly
    requests = [WebRequest("GET", f"http://{PUBLIC}:{plain.port}/{n}", LOOPBACK) for n in range(20)]

    began = time.monotonic()
    answers = HttpWeb().ask_all(requests)

    assert [answer.body for answer in answers] == [f"/{n}" for n in range(20)]
    assert time.monotonic() - began < 3.0


def test_asking_nobody_is_no_trouble() -> None:
    assert list(HttpWeb().ask_all([])) == []
