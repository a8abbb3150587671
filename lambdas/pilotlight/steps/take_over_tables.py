"""Take over the writing of global tables: nothing is called on DynamoDB, and from here on the standby is the writer.

Both regions of a global table take writes at any time, so there is nothing to promote. What moves is who may write: the
step declares one writer for each table, so that lease, fence and tombstone surround it as they do a promotion, and the
committed tombstone *is* the move. It stands in the stage move: before the first write capacity of the standby, and
before the latch. It looks first whether each table stands in the standby, is a replica of the primary's and takes
writes; legacy global tables (2017.11.29) are recognised.

It settles with one sentence for each table: in which window the old primary may have written what the standby does not
know (`pilotlight.estate.dynamodb.conflicts`).

It fails where a table is missing, is no replica of the primary's, or takes no writes.

Sources: botocore's model of DynamoDB; DynamoDB Developer Guide, "How DynamoDB global tables work".
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator

from pilotlight.domain.data_loss import DataAtRisk, LossWindow
from pilotlight.domain.errors import AwsError
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place, Writer
from pilotlight.domain.plan import Plan
from pilotlight.domain.standing_in import Isolation, LeftOut
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    Params,
    Pending,
    Receipt,
    Settled,
    Severity,
    Standing,
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)
from pilotlight.estate.dynamodb.by_hand import taking_over
from pilotlight.estate.dynamodb.conflicts import ConflictWindow, no_conflict
from pilotlight.estate.dynamodb.readiness import COMPARING, findings_of
from pilotlight.estate.dynamodb.replication import last_replicated, loss_of_table, reading_statement
from pilotlight.estate.dynamodb.table import LEGACY, LOOKING, Table, find_replica
from pilotlight.estate.dynamodb.taken import is_taken_over, note_statement, writer_of

TableName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]


class TakeOverTablesParams(Params):
    """Which global tables the standby writes to from now on.

    ```yaml
    step: take-over-tables
    kind: take_over_tables
    params:
      tables: [KDT-Msp4-PLDR-performances, KDT-Msp4-PLDR-reservations]
    ```
    """

    tables: tuple[TableName, ...] = Field(
        min_length=1, description="Their names, which are the same in both regions; 10 in a plan at most."
    )

    @field_validator("tables")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        twice = next((name for index, name in enumerate(value) if name in value[:index]), None)
        if twice:
            raise ValueError(f"table {twice} is named twice; name each table once")
        return value


class TakeOverTables(StepKind[TakeOverTablesParams]):
    """Makes the standby the one writer of global tables."""

    name = "take_over_tables"
    params = TakeOverTablesParams
    harm = Harm.IRREVERSIBLE
    outputs = ("tables", "conflicts")
    timing = Timing(
        shortest=timedelta(0),
        typical=timedelta(seconds=2),
        longest=timedelta(seconds=30),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=5),
    )
    operations: ClassVar[tuple[Operation, ...]] = (
        *LOOKING,
        *COMPARING,
        Operation(
            "dynamodb",
            "GetItem",
            Access.READ,
            dict.fromkeys(
                (
                    "InternalServerError",
                    "ProvisionedThroughputExceededException",
                    "RequestLimitExceeded",
                    "ThrottlingException",
                ),
                "asks again",
            ),
            ("ResourceNotFoundException",),
        ),
        Operation("cloudwatch", "GetMetricData", Access.READ, {}, ("InvalidNextToken",)),
    )

    def title(self, params: TakeOverTablesParams) -> str:
        first, more = params.tables[0], len(params.tables) - 1
        return f"Take over {first}" if not more else f"Take over {first} and {more} more"

    def statements(self, params: TakeOverTablesParams, place: Place) -> tuple[Statement, ...]:
        regions = (place.standby, place.primary)
        tables = tuple(place.arn("dynamodb", f"table/{name}", region=r) for r in regions for name in params.tables)
        groups = tuple(f"arn:aws:dynamodb::{place.account}:global-table/{name}" for name in params.tables)
        looks = ("DescribeTable", "DescribeContinuousBackups", "DescribeTimeToLive", "GetResourcePolicy")
        return (
            Statement(Access.READ, tuple(f"dynamodb:{look}" for look in looks), tables),
            Statement(Access.READ, ("dynamodb:DescribeGlobalTable",), groups),
            note_statement(params.tables, place),
            reading_statement(),
            Statement(Access.READ, ("application-autoscaling:DescribeScalableTargets",), ("*",)),
        )

    def standing(self, params: TakeOverTablesParams, place: Place) -> tuple[Standing, ...]:
        why = f"A replica of the table in {place.primary}; the standby's application writes to it after a failover."
        return tuple(
            Standing("dynamodb", "global table", place.standby, {"name": name, "primary": place.primary}, why)
            for name in params.tables
        )

    def readiness(self, params: TakeOverTablesParams, context: StepContext) -> tuple[Finding, ...]:
        found: list[Finding] = []
        for name in params.tables:
            table = find_replica(name, context)
            found.append(_role(name, table))
            found += findings_of(table, context) if isinstance(table, Table) else ()
        return tuple(found)

    def preflight(self, params: TakeOverTablesParams, context: StepContext) -> tuple[Finding, ...]:
        return tuple(_role(name, find_replica(name, context)) for name in params.tables)

    def execute(self, params: TakeOverTablesParams, context: StepContext) -> Receipt | NotYet | Failed:
        replicated: dict[str, str | None] = {}
        for name in params.tables:
            found = find_replica(name, context)
            if not isinstance(found, Table):
                return found
            if not found.strong:
                replicated[name] = _last_replicated(name, context)
        said = f"{_say(params)} can be written to in {context.place.standby}, and nothing had to be changed for it."
        return Receipt(said, False, {"replicated": replicated})

    def verify(
        self, params: TakeOverTablesParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        place, legacy = context.place, []
        for name in params.tables:
            found = find_replica(name, context)
            if not isinstance(found, Table):
                return Pending(found.reason) if isinstance(found, NotYet) else found
            legacy += [name] if found.version == LEGACY else []
        windows = [_window(name, receipt, context) for name in params.tables]
        old = f" {', '.join(legacy)}: global table of version {LEGACY} (legacy)." if legacy else ""
        said = f"{_say(params)} is written to in {place.standby} from now on.{old}"
        outputs = {"tables": ", ".join(params.tables), "conflicts": "\n".join(windows)}
        return Settled(" ".join((said, *windows)), outputs)

    def undo(self, params: TakeOverTablesParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        if not is_taken_over(params.tables, context):
            return Undone(f"{_say(params)} was not changed in DynamoDB, so there is nothing to take back.")
        return CannotUndo(
            f"{_say(params)} stays with {context.place.standby}, because a committed tombstone says so and it may have "
            f"been written to there since; give it back to {context.place.primary} with the failback plan."
        )

    def writers(self, params: TakeOverTablesParams, place: Place) -> tuple[Writer, ...]:
        return tuple(writer_of(name, place) for name in params.tables)

    def moved(self, params: TakeOverTablesParams, context: StepContext) -> bool:
        return is_taken_over(params.tables, context)

    def data_at_risk(self, params: TakeOverTablesParams, context: StepContext, onset: datetime) -> DataAtRisk:
        return _worst([_loss(name, context, onset) for name in params.tables])

    def left_to_drain(self, params: TakeOverTablesParams, context: StepContext, closed: datetime) -> DataAtRisk | None:
        found = [find_replica(name, context) for name in params.tables]
        if not all(isinstance(table, Table) and table.strong for table in found):
            # A table that nobody writes to any more reports no latency, so nothing shows that it is drained.
            return None
        sentence = f"Nothing is lost: {_say(params)} is strongly consistent."
        return DataAtRisk(sentence, _nothing(closed), context.now)

    def stand_in(self, params: TakeOverTablesParams, isolation: Isolation) -> LeftOut:
        return LeftOut(
            f"{_say(params)} is not taken over in a drill, because the writer would move; a drill writes to a table "
            "that is restored from a backup instead."
        )

    def by_hand(self, params: TakeOverTablesParams, place: Place) -> Handwork:
        return taking_over(params.tables, place)


def tables_of(plan: Plan) -> tuple[str, ...]:
    """The global tables that a plan takes over, each once."""
    steps = (step.params for step in plan.steps().values() if step.kind == TakeOverTables.name)
    return tuple(dict.fromkeys(name for params in steps for name in TakeOverTablesParams.model_validate(params).tables))


def _say(params: TakeOverTablesParams) -> str:
    """The tables, as sentences begin with them."""
    if len(params.tables) == 1:
        return f"Table {params.tables[0]}"
    return f"Each of the tables {', '.join(params.tables)}"


def _role(name: str, found: Table | NotYet | Failed) -> Finding:
    match found:
        case Failed():
            return found.foreseen("table")
        case NotYet():
            return Finding(Severity.WARNING, "table", found.reason, "Nothing, if that is soon over: the step waits.")
        case _:
            return Finding(Severity.FINE, "table", f"Table {name} can be taken over by {found.region}.")


def _last_replicated(name: str, context: StepContext) -> str | None:
    """Up to when the standby holds the primary's writes; what cannot be read is not known, and holds nobody up."""
    try:
        moment = last_replicated(context.aws, context.place, name, context.now)
    except AwsError:
        return None
    return moment.isoformat() if moment else None


def _window(name: str, receipt: Receipt, context: StepContext) -> str:
    replicated: dict[str, Any] = receipt.data["replicated"]
    if name not in replicated:
        return no_conflict(name, context.place)
    began = datetime.fromisoformat(replicated[name]) if replicated[name] else None
    return ConflictWindow(name, began, context.closed).sentence(context.place)


def _loss(name: str, context: StepContext, onset: datetime) -> DataAtRisk:
    if is_taken_over((name,), context):
        return DataAtRisk(f"Table {name} was taken over already, so this run loses nothing more.", _nothing(onset))
    found = find_replica(name, context)
    if not isinstance(found, Table):
        return DataAtRisk(f"How far table {name} was behind is unknown: {found.reason}")
    if found.strong:
        said = f"Table {name} is strongly consistent, so {context.place.standby} lacks no write that was answered."
        return DataAtRisk(said, _nothing(onset))
    return loss_of_table(context.aws, context.place, name, onset)


def _nothing(onset: datetime) -> LossWindow:
    return LossWindow(onset, onset)


def _worst(risks: list[DataAtRisk]) -> DataAtRisk:
    """The greatest loss of several tables; all that is unknown is said."""
    unknown = [risk.sentence for risk in risks if risk.seconds is None]
    if unknown:
        return DataAtRisk(" ".join(unknown))
    return max(risks, key=lambda risk: risk.seconds or 0.0)


KIND = TakeOverTables()
