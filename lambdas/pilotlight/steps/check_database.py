"""Look into the database itself: its role with a driver, a question of the plan, and one row in a table made for it.

What RDS says of an instance is what its control plane knows. This asks the database: whether it takes writes, in its
own words; if the plan wants it, a question whose answer has to be the one that is expected; and, if the plan names a
table, one row for the run, written and read back. Without this step a report says: role read from the API only.

It is asked from inside its network, by a function of its own in the plan's subnets. The login is read from a secret of
the standby and handed to that function in the body of one call, which is recorded without it. The server has to show a
certificate that an authority of RDS vouches for.

What may pass by itself is waited for, as long as `within` says: no connection, a replica still, a statement that took
too long, a function that Lambda wakes. A login that is refused, a certificate that nobody vouches for, a table that is
missing, another answer than the one expected fail at once.

The row is a record and stays. The table, and a login that may do this and no more, for PostgreSQL:
    CREATE TABLE pilotlight_check (run_id varchar(64) PRIMARY KEY, written timestamp NOT NULL);
    GRANT SELECT, INSERT ON pilotlight_check TO pilotlight;

and for MySQL the same with `UPDATE` beside `INSERT`, which MySQL asks for where a row is written unless it is there.

Sources: PostgreSQL documentation, "System Administration Functions" (pg_is_in_recovery); MySQL Reference Manual,
`read_only` and `innodb_read_only`; RDS User Guide, "Using SSL/TLS"; AWS Lambda Developer Guide, "Giving Lambda
functions access to resources in an Amazon VPC" (an idle function's interfaces are taken back).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from pilotlight.domain.databases import Engine, Trouble
from pilotlight.domain.durations import Duration, say_duration
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.network import Foothold, SecurityGroup, Subnet
from pilotlight.domain.place import Place
from pilotlight.domain.plan import AnyPlan
from pilotlight.domain.standing_in import Isolation, Refusal
from pilotlight.domain.step import (
    Access,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    Params,
    Pending,
    Receipt,
    Settled,
    Standing,
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)
from pilotlight.estate import secrets
from pilotlight.estate.databases.asking import ask, function_arn
from pilotlight.estate.databases.by_hand import checking
from pilotlight.estate.databases.looking import TABLE, Seen
from pilotlight.estate.databases.readiness import findings, way_out
from pilotlight.estate.own_functions import OPERATIONS as OF_FUNCTIONS
from pilotlight.estate.rds.instance import InstanceIdentifier, look
from pilotlight.estate.secrets import SecretName, SecretValue, read_secrets

_LONGEST = timedelta(minutes=30)
_LOGIN = ("username", "password")
DatabaseName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,62}$", examples=["triflow"])]


class CheckDatabaseParams(Params):
    """Which database is asked, from where, as whom, and what.

    ```yaml
    step: check-database
    kind: check_database
    params:
      instance: triflow-dr-db
      engine: postgres
      database: triflow
      login: triflow/dr/database-check
      subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
      security_groups: [sg-0d1e2f3a4b5c60718]
      query: select extversion from pg_extension where extname = 'vector'
      table: pilotlight_check
    ```
    """

    instance: InstanceIdentifier
    engine: Engine = Field(description="What it speaks: mysql or postgres.")
    database: DatabaseName = Field(description="The database in it that is opened.")
    login: SecretName = Field(description="The standby's secret: a JSON object with username and password.")
    kms_key: str | None = Field(
        None, pattern=r"^(arn:aws:kms:[a-z0-9-]+:\d{12}:key/)?(mrk-[0-9a-f]{32}|[0-9a-f-]{36})$",
        description="The customer's key of the secret: an id or ARN in the standby.",
    )  # fmt: skip
    subnets: tuple[Subnet, ...] = Field(
        min_length=1, max_length=16, description="Where the function stands: subnets of the database's VPC."
    )
    security_groups: tuple[SecurityGroup, ...] = Field(
        min_length=1, max_length=5, description="What the function may reach: the database's port, out."
    )
    query: str | None = Field(
        None, pattern=r"^(?i:select)\s[^;]{1,500}$", description="One SELECT; its first value is the answer."
    )
    expect: str | None = Field(None, description="What the answer has to be, as text; none takes any answer.")
    table: str | None = Field(
        None, pattern=TABLE, description="The table that takes the run's row, if need be with its schema."
    )
    within: Duration = Field(timedelta(minutes=5), description="How long it may take to answer so: 30 min at most.")

    @field_validator("within")
    @classmethod
    def _comes_to_an_end(cls, value: timedelta) -> timedelta:
        if not timedelta(0) < value <= _LONGEST:
            raise ValueError("a database gets more than no time, and 30 min at most")
        return value

    @model_validator(mode="after")
    def _is_of_one_piece(self) -> Self:
        if self.expect is not None and self.query is None:
            raise ValueError("an answer is expected and nothing is asked; add query, or take expect out")
        return self

    @property
    def foothold(self) -> Foothold:
        """Where the function stands that asks."""
        return Foothold(subnets=self.subnets, security_groups=self.security_groups)

    @property
    def parts(self) -> dict[str, SecretValue]:
        """The members of the secret, by what they are."""
        return {part: SecretValue(secret=self.login, key=part, kms_key=self.kms_key) for part in _LOGIN}


def checks_of(plan: AnyPlan) -> Iterator[CheckDatabaseParams]:
    """The looks into databases that a plan has, in its order."""
    for step in plan.steps().values():
        if step.kind == KIND.name:
            yield CheckDatabaseParams.model_validate(step.params)


class CheckDatabase(StepKind[CheckDatabaseParams]):
    """The step kind `check_database`."""

    name = "check_database"
    params = CheckDatabaseParams
    # It writes to the application's database, so it stands behind the gate.
    harm = Harm.DISRUPTIVE
    leaves_nothing = "its row goes with the drill's own database"
    outputs = ("address", "seen")
    verifies_by = ("Invoke",)
    timing = Timing(
        shortest=timedelta(seconds=1),
        typical=timedelta(seconds=20),
        longest=timedelta(minutes=3),
        poll=timedelta(seconds=10),
        give_up=_LONGEST + timedelta(minutes=1),
    )
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation("rds", "DescribeDBInstances", Access.READ, {"DBInstanceNotFound": "fails, with a way out"}),
        *secrets.OPERATIONS,
        *OF_FUNCTIONS,
    )

    def title(self, params: CheckDatabaseParams) -> str:
        return f"Look into {params.instance}"[:63]

    def statements(self, params: CheckDatabaseParams, place: Place) -> tuple[Statement, ...]:
        function = (function_arn(place),)
        return (
            Statement(Access.READ, ("rds:DescribeDBInstances",), (place.arn("rds", f"db:{params.instance}"),)),
            *secrets.statements(params.parts.values(), place),
            Statement(Access.READ, ("lambda:GetFunctionConfiguration",), function),
            Statement(Access.WRITE, ("lambda:InvokeFunction",), function),
        )

    def standing(self, params: CheckDatabaseParams, place: Place) -> tuple[Standing, ...]:
        table = f"; table {params.table} is there, and takes a row from it" if params.table else ""
        groups, asked = ", ".join(params.security_groups), f"database {params.database} of {params.instance}"
        why = f"The login of {params.login} opens {asked}{table}, and its security group lets {groups} in."
        facts = params.model_dump(mode="json", include={"engine", "database", "query", "expect", "table"})
        there = {"identifier": params.instance, "groups": params.security_groups, **facts}
        return (
            *secrets.standing(params.parts.values(), place),
            Standing("rds", "database", place.standby, there, why),
        )

    def prerequisites(self, params: CheckDatabaseParams, place: Place) -> tuple[Standing, ...]:
        why = "The function stands in them, so each has an address to spare; it needs no endpoint and no NAT there."
        stands = Standing("ec2", "subnets", place.standby, {"name": ", ".join(params.subnets)}, why)
        return (*self.standing(params, place), stands)

    def readiness(self, params: CheckDatabaseParams, context: StepContext) -> tuple[Finding, ...]:
        return self.preflight(params, context)

    def preflight(self, params: CheckDatabaseParams, context: StepContext) -> tuple[Finding, ...]:
        """The secret is there, the function can be called, and somebody vouches for the region's databases."""
        return findings(context, params.instance, params.login)

    def execute(self, params: CheckDatabaseParams, context: StepContext) -> Receipt | NotYet | Failed:
        """Write the run's row, if the plan names a table; a replica takes none and is waited for."""
        if params.table is None:
            return Receipt(f"Database {params.instance} is asked, and nothing is written into it.", acted=False)
        seen = _seen("write", params, context)
        if isinstance(seen, Pending):
            return NotYet(seen.reason)
        if isinstance(seen, Failed):
            return seen
        said = f"A row of run {context.run_id} was sent to {params.table} of database {params.instance}."
        return Receipt(said, acted=True, data={"table": params.table})

    def verify(self, params: CheckDatabaseParams, receipt: Receipt, context: StepContext) -> Settled | Pending | Failed:
        """Ask for the role, for what the plan asks, and for the row."""
        seen = _seen("look", params, context)
        if not isinstance(seen, Seen):
            return seen
        wrong = _another_answer(params, seen)
        if wrong:
            return wrong
        if params.table and not seen.row:
            reason = f"The row of run {context.run_id} is not in {params.table} of database {params.instance}."
            return Failed(reason, "See what takes rows out of the table, then retry the step.")
        return _settled(params, seen, context)

    def undo(self, params: CheckDatabaseParams, receipt: Receipt, context: StepContext) -> Undone:
        if not receipt.acted:
            return Undone(f"Nothing was written into database {params.instance}, so nothing is taken back.")
        return Undone(f"The row of run {context.run_id} stays in {params.table}: it is a record that nothing reads.")

    def stand_in(self, params: CheckDatabaseParams, isolation: Isolation) -> Refusal:
        said = f"Database {params.instance} is not written to in a drill, because it is the application's own"
        return Refusal(f"{said}; name the drill's own database in its place.")

    def by_hand(self, params: CheckDatabaseParams, place: Place) -> Handwork:
        return checking(params.instance, params.query or "", params.table or "", place)


def _seen(do: str, params: CheckDatabaseParams, context: StepContext) -> Seen | Pending | Failed:
    """What the database says, of one that takes writes; pending for what may pass, failed for what does not."""
    name = params.instance
    instance = look(context, name)
    if instance is None or instance.broken:
        stands = f"{instance.status}" if instance else f"missing in {context.place.standby}"
        fix = instance.way_out if instance else "See what was to bring it up, or correct its name; then retry the step."
        return Failed(f"Database {name} cannot be asked, because it is {stands}.", fix)
    if instance.address is None or instance.port is None:
        return _wait(
            f"Database {name} is {instance.status} and has no address yet.", Trouble.UNREACHABLE, params, context
        )
    opened = read_secrets(context, params.parts)
    if isinstance(opened, Failed):
        reason = f"Database {name} cannot be asked, because secret {params.login} holds no username and password."
        return Failed(reason, "Put both into the standby's secret, as a JSON object, then retry the step.")
    event = {"do": do, "run_id": context.run_id, "step": context.step}
    way = {"address": instance.address, "port": instance.port}
    seen = ask(context, {**event, **way, "user": opened["username"], "password": opened["password"]})
    if isinstance(seen, Pending):
        return _wait(seen.reason, Trouble.UNREACHABLE, params, context)
    if isinstance(seen, Failed):
        return seen
    if seen.trouble:
        reason = f"Database {name} said no ({seen.trouble.replace('_', ' ')}): {seen.said}"
        passing = _wait(reason, Trouble(seen.trouble), params, context)
        return passing if seen.passes else Failed(reason, way_out(seen.trouble))
    if not seen.writes:
        reason = f"Database {name} was reached and takes no writes: it is a replica still, or is kept read-only."
        return _wait(reason, Trouble.READ_ONLY, params, context)
    return seen


def _wait(reason: str, trouble: Trouble, params: CheckDatabaseParams, context: StepContext) -> Pending | Failed:
    """It may pass by itself, and is waited for as long as the plan says."""
    if context.waited <= params.within:
        return Pending(reason)
    late = f"Database {params.instance} did not answer as a writer within {say_duration(params.within)}: {reason}"
    return Failed(late, way_out(trouble))


def _another_answer(params: CheckDatabaseParams, seen: Seen) -> Failed | None:
    if params.query is None or (seen.answer is not None and params.expect in (None, seen.answer)):
        return None
    answered = "nothing" if seen.answer is None else f"'{seen.answer[:100]}'"
    wanted = "something" if params.expect is None else f"'{params.expect}'"
    reason = f"Database {params.instance} answers {answered} and not {wanted} to: {params.query}"
    return Failed(reason, "Bring the database to what is expected, or correct the plan, then retry the step.")


def _settled(params: CheckDatabaseParams, seen: Seen, context: StepContext) -> Settled:
    instance = look(context, params.instance)
    wrote = f", took a row into {params.table} and gave it back" if params.table else ", and was not written to"
    asked = f"; it answers '{(seen.answer or '')[:100]}' to: {params.query}" if params.query else ""
    said = f"Database {params.instance} was asked from its own network: it takes writes in its own words{wrote}{asked}."
    return Settled(said, {"address": (instance and instance.address) or "", "seen": said})


KIND = CheckDatabase()
