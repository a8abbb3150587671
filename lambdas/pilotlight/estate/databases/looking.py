"""What is asked of a database, in the words of its engine: its role, a question of the plan, and one row.

The question of the plan is asked within a transaction that the server keeps read-only. The row is written into a table
that was made for it, once for a run: its key is the run's id. A name of a table stands in quotes, and is one that the
plan could only give if it is made of small letters, digits and underscores; the run's id is a value, and never a part
of a statement. A statement that takes longer than two seconds is given up by the server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self

from pilotlight.domain.databases import Databases, Engine, Login, Session, Trouble
from pilotlight.domain.errors import DatabaseTrouble

TABLE = r"^[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?$"

ROLE = {
    Engine.MYSQL: "SELECT @@global.read_only, @@global.innodb_read_only",
    Engine.POSTGRES: "SELECT pg_is_in_recovery()",
}
BEGIN = "START TRANSACTION READ ONLY"
END = "ROLLBACK"
_LIMITS = {
    Engine.MYSQL: (
        "SET SESSION max_execution_time = 2000",
        "SET SESSION innodb_lock_wait_timeout = 2",
        "SET SESSION lock_wait_timeout = 2",
    ),
    Engine.POSTGRES: ("SET statement_timeout = 2000", "SET lock_timeout = 2000"),
}
_QUOTE = {Engine.MYSQL: "`", Engine.POSTGRES: '"'}
_PLACE = {Engine.MYSQL: "%(run_id)s", Engine.POSTGRES: ":run_id"}
_UNLESS_THERE = {
    Engine.MYSQL: "ON DUPLICATE KEY UPDATE run_id = run_id",
    Engine.POSTGRES: "ON CONFLICT (run_id) DO NOTHING",
}


@dataclass(frozen=True)
class Seen:
    """What a look at a database, or a write, came to: a trouble, or its role, the answer and whether the row is there.

    `answer` is the first value of the first row that the plan's question brought, as text; None where it brought none.
    """

    trouble: str = ""
    said: str = ""
    writes: bool = False
    answer: str | None = None
    row: bool = False

    @property
    def passes(self) -> bool:
        """Whether the trouble may pass by itself."""
        return self.trouble in (Trouble.UNREACHABLE, Trouble.READ_ONLY, Trouble.SLOW)

    def to_item(self) -> dict[str, Any]:
        """As the function hands it back."""
        return asdict(self)

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> Self:
        """As its caller reads it."""
        return cls(**item)


def look(databases: Databases, login: Login, query: str | None, table: str | None, run_id: str) -> Seen:
    """Ask for the role, for what the plan asks, and for the run's row; changes nothing."""

    def within(session: Session) -> Seen:
        writes = _takes_writes(session, login.engine)
        session.rows(BEGIN)
        found = session.rows(query) if query else ()
        row = bool(session.rows(_row_of(login.engine, table), run_id=run_id)) if table else False
        session.rows(END)
        value = found[0][0] if found and found[0] else None
        return Seen(writes=writes, answer=None if value is None else str(value), row=row)

    return _opened(databases, login, within)


def write(databases: Databases, login: Login, table: str, run_id: str) -> Seen:
    """Write the run's row, if the database takes writes and the row is not there."""

    def within(session: Session) -> Seen:
        if not _takes_writes(session, login.engine):
            return Seen()
        session.rows(insert(login.engine, table), run_id=run_id)
        return Seen(writes=True, row=True)

    return _opened(databases, login, within)


def insert(engine: Engine, table: str) -> str:
    """The statement that writes the row of a run, once."""
    values = f"VALUES ({_PLACE[engine]}, CURRENT_TIMESTAMP)"
    return f"INSERT INTO {quoted(engine, table)} (run_id, written) {values} {_UNLESS_THERE[engine]}"


def quoted(engine: Engine, table: str) -> str:
    """The name of a table as the engine takes any name."""
    mark = _QUOTE[engine]
    return ".".join(f"{mark}{part}{mark}" for part in table.split("."))


def _row_of(engine: Engine, table: str) -> str:
    return f"SELECT written FROM {quoted(engine, table)} WHERE run_id = {_PLACE[engine]}"


def _takes_writes(session: Session, engine: Engine) -> bool:
    for limit in _LIMITS[engine]:
        session.rows(limit)
    return not any(bool(value) for value in session.rows(ROLE[engine])[0])


def _opened(databases: Databases, login: Login, within: Callable[[Session], Seen]) -> Seen:
    try:
        session = databases.open(login)
        try:
            return within(session)
        finally:
            session.close()
    except DatabaseTrouble as trouble:
        return Seen(trouble=trouble.what, said=trouble.sentence)
