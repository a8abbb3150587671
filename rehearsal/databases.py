"""The databases of a rehearsal, at the border of the drivers: who reaches one, who is let in, and what it answers.

It understands the statements that Pilotlight sends, and the plan's question as the scene has it answered; any other is
refused by name. Statements change nothing but the rows of runs. A database is reached from a function that stands in
the VPC of its region, in a security group that it lets in; all others hear nothing until they give up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pilotlight.aws.databases import TIMEOUT_SECONDS
from pilotlight.domain.databases import Login, Session, Trouble, trouble
from pilotlight.estate.databases.looking import BEGIN, END, ROLE, insert, quoted
from pilotlight.estate.rds.instance import SERVING
from rehearsal.service import Spread
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.rds import Rds
from rehearsal.services.rds_contents import Contents
from rehearsal.services.rds_instance import Instance
from rehearsal.world import CURRENT_FUNCTION, CURRENT_REGION, World

OPENING = Spread(0.03, 0.08, 0.4)
"""A connection with TLS and a login, within a region: an estimate."""
STATEMENT = Spread(0.001, 0.003, 0.05)


class EmbeddedDatabases:
    """Opens sessions with the databases that the embedded RDS knows."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random_for("databases")

    def open(self, login: Login) -> Session:
        """Open a session; raises `DatabaseTrouble` as a driver does."""
        rds = self._world.model(Rds)
        instance = rds.found_at(login.address)
        if instance is None:
            raise trouble(Trouble.UNREACHABLE, f"the name {login.address} is not known")
        contents = rds.contents.get((instance.region, instance.identifier))
        if contents is None or not self._reaches(instance, contents):
            self._world.time.sleep(TIMEOUT_SECONDS)
            raise trouble(Trouble.UNREACHABLE, "timed out")
        self._world.time.sleep(OPENING.draw(self._random))
        _let_in(login, instance, contents)
        return _Session(self._world, instance, contents)

    def _reaches(self, instance: Instance, contents: Contents) -> bool:
        if self._world.is_private_out_of_reach(instance.region):
            return False
        function = self._world.model(LambdaFunctions).deployed[CURRENT_REGION.get(), CURRENT_FUNCTION.get()].function
        return bool(function.foothold and set(function.foothold.security_groups) & contents.lets_in)


def _let_in(login: Login, instance: Instance, contents: Contents) -> None:
    if instance.status not in SERVING or login.port != instance.port:
        raise trouble(Trouble.UNREACHABLE, "the connection was refused")
    if login.engine is not contents.engine:
        raise trouble(Trouble.OTHER, f"this is no server of {login.engine.value}")
    if not contents.trusted:
        raise trouble(Trouble.CERTIFICATE, "self-signed certificate in certificate chain")
    if contents.logins.get(login.user) != login.password:
        raise trouble(Trouble.LOGIN, f"password authentication failed for user {login.user}")
    if login.database != contents.database:
        raise trouble(Trouble.OTHER, f"database {login.database} does not exist")


class _Session:
    def __init__(self, world: World, instance: Instance, contents: Contents) -> None:
        self._world = world
        self._instance = instance
        self._contents = contents
        self._random = world.random_for(f"session of {instance.identifier}")

    def rows(self, statement: str, **values: str) -> Sequence[Sequence[Any]]:
        """Answer one statement."""
        self._world.time.sleep(STATEMENT.draw(self._random))
        reads_only = self._instance.source is not None
        if statement == ROLE[self._contents.engine]:
            return [[reads_only, 0]]
        if statement.startswith("SET ") or statement in (BEGIN, END):
            return []
        if values:
            return self._row(statement, values["run_id"], reads_only=reads_only)
        answer = self._contents.answer(statement)
        return [] if answer is None else [[answer]]

    def close(self) -> None:
        """Nothing is held open."""

    def _row(self, statement: str, run_id: str, *, reads_only: bool) -> Sequence[Sequence[Any]]:
        engine, tables = self._contents.engine, self._contents.tables
        named = re.search(r"(?:INTO|FROM) (\S+)", statement)
        name = next((each for each in tables if named and quoted(engine, each) == named.group(1)), None)
        if name is None:
            raise trouble(Trouble.NO_TABLE, f"relation {named.group(1) if named else statement} does not exist")
        if statement != insert(engine, name):
            written = tables[name].get(run_id)
            return [[written]] if written else []
        if reads_only:
            raise trouble(Trouble.READ_ONLY, "cannot execute INSERT in a read-only transaction")
        tables[name].setdefault(run_id, self._world.time.now().isoformat())
        return []
