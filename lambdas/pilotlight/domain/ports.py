"""The ways out of the domain: AWS, the web, the two tables. Adapters live in `pilotlight.aws`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

Item = Mapping[str, Any]


class Withheld(bytes):
    """Bytes that hold a secret: they are sent, and are never written down, in no ledger and no log."""

    def __repr__(self) -> str:
        return "(withheld)"

    __str__ = __repr__


class Aws(Protocol):
    """The one way to call AWS."""

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        """Call `operation` (as botocore's model spells it, e.g. `PromoteReadReplica`) of `service` in `region`.

        The Kubernetes API of a cluster of EKS is called the same way, as service `kubernetes` with the operations of
        `pilotlight.aws.kubernetes`: it is guarded, recorded and refused like all else.

        A mutating call first proves that the run still holds its lease and records its intent, then its outcome.
        Raises the subclass of `AwsError` that says what the caller can do; `StaleActor` when the lease is lost.
        """
        ...


@dataclass(frozen=True)
class WebRequest:
    """One HTTP request, sent to `connect_to` with the URL's host name as Host header and SNI.

    `trust` is the certificate authority (PEM) of a server that no public one vouches for; of the body at most
    `body_limit_bytes` are read.
    """

    method: str
    url: str
    connect_to: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    timeout_seconds: float = 5.0
    trust: str | None = None
    body_limit_bytes: int = 65536


class Silence(StrEnum):
    """Why a request got no answer. The first four are what a dark region looks like; the others are not."""

    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    BROKEN_OFF = "broken_off"
    NO_SUCH_NAME = "no_such_name"
    CERTIFICATE = "certificate"
    TLS = "tls"
    MALFORMED = "malformed"
    UNREADABLE = "unreadable"
    OTHER = "other"


@dataclass(frozen=True)
class WebAnswer:
    """What came back: a status, the first part of the body, and headers by lower-case name; or why nothing did.

    Where nothing came back, `trouble` says why to people, and `silence` to who has to decide.
    """

    status: int | None
    body: str
    trouble: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    silence: Silence | None = None


class Web(Protocol):
    """The one way to ask over HTTP. It never raises for the other side's trouble: that is an answer too."""

    def ask(self, request: WebRequest) -> WebAnswer:
        """Send the request, verifying TLS against the URL's host name."""
        ...

    def ask_all(self, requests: Sequence[WebRequest]) -> Sequence[WebAnswer]:
        """Send many requests side by side; the answers are in the order of the requests."""
        ...


@dataclass(frozen=True)
class Put:
    """One item of several that are written together: new where `version` is 0, else in place of that version."""

    partition: str
    sort: str
    item: Item
    version: int


class Table(Protocol):
    """A partition-and-sort-key table with strongly consistent reads and conditional writes.

    Each item is a JSON object; `version` in it is kept by `insert` (1) and `replace` (+1).
    """

    def read(self, partition: str, sort: str) -> Item | None:
        """The item, or None."""
        ...

    def insert(self, partition: str, sort: str, item: Item) -> None:
        """Write a new item; raises `AlreadyThere` if there is one."""
        ...

    def replace(self, partition: str, sort: str, item: Item, *, version: int) -> None:
        """Write over the item of that version; raises `Changed` if it is another one or gone."""
        ...

    def put_all(self, puts: Sequence[Put]) -> None:
        """Write all of these items or none; raises `Changed` if one of them is not at the version it was read at."""
        ...

    def remove(self, partition: str, sort: str, *, version: int) -> None:
        """Delete the item of that version; raises `Changed` if it is another one or gone."""
        ...

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        after: str = "",
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Sequence[Item]:
        """The items of a partition in sort-key order: with the prefix, or those after a key, or the newest few."""
        ...
