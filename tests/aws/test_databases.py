"""The drivers against servers on the loopback: who is believed, what is sent, and what each refusal means."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pilotlight.aws.databases import Drivers
from pilotlight.domain.databases import Engine, Login
from pilotlight.domain.errors import DatabaseTrouble
from pilotlight.estate.databases.authorities import AUTHORITIES, vouched_for
from pilotlight.estate.databases.looking import insert

PASSWORD = "a-word-that-nobody-may-read"


def certificate(folder: Path, name: str, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None) -> Path:
    """A certificate for a name, with its key in one file; without an issuer an authority of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    made = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    plain = serialization.NoEncryption()
    path = folder / f"{name}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


def of(path: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return x509.load_pem_x509_certificate(path.read_bytes()), key


class Pki:
    """An authority, and a server that it vouches for under the name `localhost`."""

    def __init__(self, folder: Path) -> None:
        self.authority = certificate(folder, "authority", None)
        self.server = certificate(folder, "localhost", of(self.authority))
        self.another = certificate(folder, "another", None)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack(">i", len(body) + 4) + body


READY = message(b"Z", b"I")


def error(code: str, said: str) -> bytes:
    fields = {"S": "ERROR", "C": code, "M": said}
    return message(b"E", "".join(f"{kind}{value}\0" for kind, value in fields.items()).encode() + b"\0")


def one_row(value: str) -> bytes:
    column = b"answer\0" + struct.pack(">ihihih", 0, 0, 25, -1, -1, 0)
    row = struct.pack(">hi", 1, len(value)) + value.encode()
    return message(b"T", struct.pack(">h", 1) + column) + message(b"D", row) + message(b"C", b"SELECT 1\0") + READY


def postgres(answers: Callable[[str], bytes], *, password: str = PASSWORD) -> Callable[[socket.socket, Path], None]:
    """A server that speaks as much of PostgreSQL's protocol as a simple query takes, after a password over TLS."""

    def serve(plain: socket.socket, pem: Path) -> None:
        assert plain.recv(8) == struct.pack(">ii", 8, 80877103)
        plain.sendall(b"S")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        with context.wrap_socket(plain, server_side=True) as secured:
            secured.recv(4096)
            secured.sendall(message(b"R", struct.pack(">i", 3)))
            if secured.recv(4096)[5:-1].decode() != password:
                secured.sendall(error("28P01", 'password authentication failed for user "someone"'))
                return
            secured.sendall(message(b"R", struct.pack(">i", 0)) + READY)
            while (asked := secured.recv(4096)) and asked[:1] == b"Q":
                secured.sendall(answers(asked[5:-1].decode()))

    return serve


@contextmanager
def served(speak: Callable[[socket.socket, Path], None], pem: Path) -> Iterator[int]:
    """A server for one session; gives its port. What a client breaks off ends it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def once() -> None:
            connection, _ = listening.accept()
            with connection:
                try:
                    speak(connection, pem)
                except OSError:
                    return

        thread = Thread(target=once, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(5)


def login(port: int, engine: Engine = Engine.POSTGRES, address: str = "localhost") -> Login:
    return Login(engine, address, port, "files", "someone", PASSWORD)


def refused(work: Callable[[], object]) -> DatabaseTrouble:
    with pytest.raises(DatabaseTrouble) as told:
        work()
    assert PASSWORD not in str(told.value)
    return told.value


class TestPostgres:
    def test_a_statement_is_sent_over_tls_and_its_rows_come_back(self, pki: Pki) -> None:
        with served(postgres(lambda asked: one_row(f"you said: {asked}")), pki.server) as port:
            session = Drivers(pki.authority).open(login(port))
            answer = session.rows("SELECT pg_is_in_recovery()")
            session.close()

        assert list(answer) == [["you said: SELECT pg_is_in_recovery()"]]

    def test_a_server_that_nobody_vouches_for_gets_no_password(self, pki: Pki) -> None:
        with served(postgres(one_row), pki.another) as port:
            told = refused(lambda: Drivers(pki.authority).open(login(port)))

        assert told.what == "certificate"

    def test_a_server_under_another_name_gets_no_password(self, pki: Pki) -> None:
        with served(postgres(one_row), pki.server) as port:
            told = refused(lambda: Drivers(pki.authority).open(login(port, address="127.0.0.1")))

        assert told.what == "certificate"

    def test_a_server_without_tls_gets_no_password(self, pki: Pki) -> None:
        def plainly(plain: socket.socket, pem: Path) -> None:
            plain.recv(8)
            plain.sendall(b"N")
            assert plain.recv(4096) == b""

        with served(plainly, pki.server) as port:
            told = refused(lambda: Drivers(pki.authority).open(login(port)))

        assert (told.what, told.sentence) == ("unreachable", "Server refuses SSL")

    def test_a_login_that_is_refused_is_no_silence(self, pki: Pki) -> None:
        with served(postgres(one_row, password="another"), pki.server) as port:
            told = refused(lambda: Drivers(pki.authority).open(login(port)))

        assert told.what == "login"

    @pytest.mark.parametrize(
        ("code", "what"),
        [("42P01", "no_table"), ("42501", "forbidden"), ("25006", "read_only"), ("57014", "slow"), ("42703", "other")],
    )
    def test_what_a_statement_is_told_has_its_meaning(self, pki: Pki, code: str, what: str) -> None:
        with served(postgres(lambda asked: error(code, "no") + READY), pki.server) as port:
            session = Drivers(pki.authority).open(login(port))
            told = refused(lambda: session.rows("SELECT 1"))
            session.close()

        assert (told.what, told.sentence) == (what, f"no (SQLSTATE {code})")


class TestMysql:
    GREETING = (
        b"\x0a8.0.40\0" + struct.pack("<I", 7) + b"12345678\0" + struct.pack("<HBHH", 0xF7FF, 45, 2, 0x001F)
        + bytes([21]) + b"\0" * 10 + b"123456789012\0" + b"caching_sha2_password\0"
    )  # fmt: skip

    def greet(self, capabilities: int = 0xF7FF | 0x0800) -> Callable[[socket.socket, Path], None]:
        def speak(plain: socket.socket, pem: Path) -> None:
            greeting = self.GREETING.replace(struct.pack("<H", 0xF7FF), struct.pack("<H", capabilities & 0xFFFF), 1)
            plain.sendall(struct.pack("<I", len(greeting))[:3] + b"\0" + greeting)
            asked = plain.recv(36)
            if len(asked) < 36:
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
            with context.wrap_socket(plain, server_side=True) as secured:
                secured.recv(4096)
                said = b"\xff" + struct.pack("<H", 1045) + b"#28000Access denied for user 'someone'"
                secured.sendall(struct.pack("<I", len(said))[:3] + b"\x03" + said)

        return speak

    def test_a_login_goes_over_tls_and_its_refusal_is_told(self, pki: Pki) -> None:
        with served(self.greet(), pki.server) as port:
            told = refused(lambda: Drivers(pki.authority).open(login(port, Engine.MYSQL)))

        assert (told.what, told.sentence) == ("login", "Access denied for user 'someone' (1045)")

    def test_a_server_that_nobody_vouches_for_gets_no_login(self, pki: Pki) -> None:
        with served(self.greet(), pki.another) as port:
            told = refused(lambda: Drivers(pki.authority).open(login(port, Engine.MYSQL)))

        assert told.what == "certificate"

    def test_a_server_without_tls_gets_no_login(self, pki: Pki) -> None:
        with served(self.greet(0xF7FF & ~0x0800), pki.server) as port:
            told = refused(lambda: Drivers(pki.authority).open(login(port, Engine.MYSQL)))

        assert told.what == "other"
        assert "SSL" in told.sentence


@pytest.mark.parametrize("engine", Engine)
def test_nobody_there_is_a_silence(pki: Pki, engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    assert refused(lambda: Drivers(pki.authority).open(login(port, engine))).what == "unreachable"


class TestTheAuthorities:
    """Amazon's own, as they come with the code."""

    def all_of_them(self) -> list[x509.Certificate]:
        return x509.load_pem_x509_certificates(AUTHORITIES.read_bytes())

    def names(self) -> list[str]:
        names = [each.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value for each in self.all_of_them()]
        return [name if isinstance(name, str) else name.decode() for name in names]

    def test_each_stands_under_its_name(self) -> None:
        text = AUTHORITIES.read_text()

        assert all(name.startswith("Amazon RDS ") and f"# {name}\n" in text for name in self.names())

    def test_each_is_a_root_of_rds_that_signed_itself_and_holds_for_long(self) -> None:
        for each in self.all_of_them():
            each.verify_directly_issued_by(each)
            assert each.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
            assert each.not_valid_after_utc > datetime(2060, 1, 1, tzinfo=UTC)

    def test_each_region_has_one_for_each_kind_of_key(self) -> None:
        assert len(self.all_of_them()) == 3 * len(vouched_for())
        assert {"ap-northeast-1", "ap-northeast-2", "us-east-1", "eu-central-1"} <= vouched_for()


def test_a_name_of_a_table_stands_in_quotes_and_a_run_in_none() -> None:
    assert insert(Engine.POSTGRES, "ops.pilotlight_check") == (
        'INSERT INTO "ops"."pilotlight_check" (run_id, written) VALUES (:run_id, CURRENT_TIMESTAMP) '
        "ON CONFLICT (run_id) DO NOTHING"
    )
    assert insert(Engine.MYSQL, "pilotlight_check") == (
        "INSERT INTO `pilotlight_check` (run_id, written) VALUES (%(run_id)s, CURRENT_TIMESTAMP) "
        "ON DUPLICATE KEY UPDATE run_id = run_id"
    )
