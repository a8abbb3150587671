"""The way out to a database itself: a session with a login, over TLS, in which statements are sent.

Only a function that stands in the database's network has it. The adapter with the drivers lives in `pilotlight.aws`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from pilotlight.domain.errors import DatabaseTrouble


class Engine(StrEnum):
    """The engines that are spoken, as RDS names them."""

    MYSQL = "mysql"
    POSTGRES = "postgres"


class Trouble(StrEnum):
    """What a database, or the way to it, said no to. The first three may pass by themselves."""

    UNREACHABLE = "unreachable"
    READ_ONLY = "read_only"
    SLOW = "slow"
    CERTIFICATE = "certificate"
    LOGIN = "login"
    NO_TABLE = "no_table"
    FORBIDDEN = "forbidden"
    NO_KEY = "no_key"
    OTHER = "other"


@dataclass(frozen=True)
class Login:
    """Which database is opened, where it answers, and as whom."""

    engine: Engine
    address: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)


class Session(Protocol):
    """An open session. It raises `DatabaseTrouble` for all that the other side says no to."""

    def rows(self, statement: str, **values: str) -> Sequence[Sequence[Any]]:
        """Send one statement, with values in its places; the rows that came back."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Databases(Protocol):
    """Whoever opens sessions."""

    def open(self, login: Login) -> Session:
        """Open a session over TLS that trusts the authorities of RDS alone; raises `DatabaseTrouble`."""
        ...


def trouble(what: Trouble, said: str) -> DatabaseTrouble:
    """The error of that kind, in the other side's words."""
    return DatabaseTrouble(what.value, said)
