"""The drivers behind the port of databases: pure Python, over TLS, with short timeouts, errors named by what they mean.

A server is believed that one of the authorities of RDS vouches for, under the name that was asked for; no authority of
the internet is.

No error text of a driver holds a password: they say the user at most.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pilotlight.domain.databases import Engine, Login, Session, Trouble, trouble
from pilotlight.domain.errors import DatabaseTrouble
from pilotlight.estate.databases.authorities import AUTHORITIES

TIMEOUT_SECONDS = 2
"""For the connection, and for each answer after it: a call of the function is waited for 8 s."""

# SQLSTATE, PostgreSQL documentation, appendix A; error numbers, MySQL 8.0 Error Message Reference.
_MEANING: Mapping[str, Trouble] = {
    "28000": Trouble.LOGIN,
    "28P01": Trouble.LOGIN,
    "42P01": Trouble.NO_TABLE,
    "3F000": Trouble.NO_TABLE,
    "42501": Trouble.FORBIDDEN,
    "42P10": Trouble.NO_KEY,
    "25006": Trouble.READ_ONLY,
    "57014": Trouble.SLOW,
    "55P03": Trouble.SLOW,
    "53300": Trouble.UNREACHABLE,
    "57P01": Trouble.UNREACHABLE,
    "57P03": Trouble.UNREACHABLE,
    "1045": Trouble.LOGIN,
    "1146": Trouble.NO_TABLE,
    "1044": Trouble.FORBIDDEN,
    "1142": Trouble.FORBIDDEN,
    "1143": Trouble.FORBIDDEN,
    "1290": Trouble.READ_ONLY,
    "1836": Trouble.READ_ONLY,
    "1205": Trouble.SLOW,
    "3024": Trouble.SLOW,
    "1040": Trouble.UNREACHABLE,
    "1053": Trouble.UNREACHABLE,
    "2003": Trouble.UNREACHABLE,
    "2006": Trouble.UNREACHABLE,
    "2013": Trouble.UNREACHABLE,
}


@cache
def trusting_rds(authorities: Path = AUTHORITIES) -> ssl.SSLContext:
    """Trusts the authorities of RDS alone, for the name that is asked for.

    Chain, name and dates are verified; only the strictness that Python 3.13 added is off, because these authorities
    lack a key identifier of their issuer.
    """
    context = ssl.create_default_context(cadata=authorities.read_text())
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


class Drivers:
    """Opens sessions with the driver of the engine."""

    def __init__(self, authorities: Path = AUTHORITIES) -> None:
        self._authorities = authorities

    def open(self, login: Login) -> Session:
        """Open a session; raises `DatabaseTrouble`."""
        context = trusting_rds(self._authorities)
        return _Mysql(login, context) if login.engine is Engine.MYSQL else _Postgres(login, context)


class _Driven:
    """A session of a driver, whose errors are told as what they mean."""

    def __init__(
        self, error: type[Exception], meaning: Callable[[Exception], DatabaseTrouble], connect: Callable[[], Any]
    ) -> None:
        self._error, self._meaning = error, meaning
        self._connection = self._told(connect)

    def close(self) -> None:
        """Let go of it; a session that is broken already is gone."""
        try:
            self._connection.close()
        except (self._error, OSError):
            return

    def _told(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except (self._error, OSError) as error:
            raise self._meaning(error) from None


class _Postgres(_Driven):
    def __init__(self, login: Login, context: ssl.SSLContext) -> None:
        # Imported here: every function has this module in its asset, and one of them speaks to a database.
        from pg8000.exceptions import Error
        from pg8000.native import Connection

        super().__init__(
            Error,
            _of_postgres,
            lambda: Connection(
                login.user,
                host=login.address,
                port=login.port,
                database=login.database,
                password=login.password,
                ssl_context=context,
                timeout=TIMEOUT_SECONDS,
                application_name="pilotlight",
            ),
        )

    def rows(self, statement: str, **values: str) -> Sequence[Sequence[Any]]:
        """Send one statement; its places are `:name`."""
        return self._told(lambda: self._connection.run(statement, **values)) or []


class _Mysql(_Driven):
    def __init__(self, login: Login, context: ssl.SSLContext) -> None:
        from pymysql import Connection, MySQLError

        super().__init__(
            MySQLError,
            _of_mysql,
            lambda: Connection(
                user=login.user,
                password=login.password,
                host=login.address,
                port=login.port,
                database=login.database,
                ssl=context,
                connect_timeout=TIMEOUT_SECONDS,
                read_timeout=TIMEOUT_SECONDS,
                write_timeout=TIMEOUT_SECONDS,
                autocommit=True,
            ),
        )

    def rows(self, statement: str, **values: str) -> Sequence[Sequence[Any]]:
        """Send one statement; its places are `%(name)s`."""

        def send() -> Sequence[Sequence[Any]]:
            with self._connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                found: Sequence[Sequence[Any]] = cursor.fetchall()
                return found

        answer: Sequence[Sequence[Any]] = self._told(send)
        return answer


def _of_postgres(error: Exception) -> DatabaseTrouble:
    told = error.args[0] if error.args else ""
    if isinstance(told, dict):
        code, said = str(told.get("C", "")), str(told.get("M", "no reason"))
        return trouble(_MEANING.get(code, Trouble.OTHER), f"{said} (SQLSTATE {code})")
    return _of_the_way(error, str(told))


def _of_mysql(error: Exception) -> DatabaseTrouble:
    beneath = getattr(error, "original_exception", None)
    code, said = (str(part) for part in (*error.args, "", "")[:2])
    if isinstance(beneath, ssl.SSLError) or code not in _MEANING:
        return _of_the_way(beneath or error, said or code) if beneath else trouble(Trouble.OTHER, f"{said} ({code})")
    return trouble(_MEANING[code], f"{said} ({code})")


def _of_the_way(error: BaseException, said: str) -> DatabaseTrouble:
    """What the way to a database says: its certificate, its name, a silence."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return trouble(Trouble.CERTIFICATE, error.verify_message)
    beneath = f": {error.__cause__}" if error.__cause__ else ""
    return trouble(Trouble.UNREACHABLE, f"{said or type(error).__name__}{beneath}")
