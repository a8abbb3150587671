"""A world small enough to be copied before each event: real handlers, tables in memory, and a border that answers.

The detector, the opening and the closing of runs, the leases, the control table and the ledger are the real ones. AWS
is the few answers that they ask for; executions follow the rules of Step Functions (Step Functions API Reference,
StartExecution: the same name and input while it runs is the same execution, and afterwards the name is refused for 90
days; RedriveExecution: one that ended without success runs again under its name). The primary is dark, and its region.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from pilotlight.aws.control import Control
from pilotlight.aws.leases import Leases
from pilotlight.aws.ledger import Ledger
from pilotlight.aws.listening import PROBE
from pilotlight.domain.errors import AlreadyExists, NotFound
from pilotlight.domain.plan import Plan
from pilotlight.domain.records import Entry
from pilotlight.domain.run import EXECUTION_STATUS, Outcome, Phase
from pilotlight.domain.signals import Sight
from pilotlight.domain.watching import Seen, kept, probe_in, region_look_from, shelf_of
from pilotlight.handlers.close import close
from pilotlight.handlers.detect import Detector
from pilotlight.handlers.holding import subjects_of
from pilotlight.handlers.looking import see
from pilotlight.handlers.opening import open_run
from pilotlight.handlers.runtime import Outside, Runtime
from tests.builders import PRIMARY, STANDBY, a_plan, an_alarm_event
from tests.handlers.starting_border import Border, CopiedTable, DarkWeb, Execution, Fork

T = TypeVar("T")

MORNING = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
BETWEEN_EVENTS = timedelta(seconds=20)
DARK_BEFORE = timedelta(minutes=4)
TICK = {"detail-type": "Scheduled Event", "source": "aws.events", "id": "tick", "detail": {}}
MACHINE = f"arn:aws:states:{STANDBY}:123456789012:stateMachine:fileflow-failover"
ENVIRON = {
    "AWS_REGION": STANDBY,
    "PILOTLIGHT_MACHINE_ARN": MACHINE,
    "PILOTLIGHT_SWITCH_PARAMETER": "/pilotlight/automatic-failovers",
    "PILOTLIGHT_CLOSE_FUNCTION": "close",
    "PILOTLIGHT_STEP_FUNCTION_PREFIX": "step-",
    "PILOTLIGHT_TOMBSTONES_TABLE": "tombstones",
}
PROMPT, LATE = 0, 1
"""How many events later a machine comes to its next state."""


@cache
def the_plan() -> Plan:
    """A plan that moves one writer, so that a run needs two leases."""
    return a_plan()


@dataclass(frozen=True)
class Moment:
    """All that a world holds, to come back to."""

    now: datetime
    events: int
    executions: Mapping[str, Execution]
    gone: tuple[tuple[str, int], ...]
    tables: tuple[Fork, Fork, Fork]


@dataclass
class StartingWorld:
    """The world: what befalls it is an event, and between two of them time goes on and the machines go on."""

    pace: int = PROMPT
    now: datetime = MORNING
    events: int = 0
    executions: dict[str, Execution] = field(default_factory=dict)
    gone: list[tuple[str, int]] = field(default_factory=list)
    """Each run that was answered go, with the epoch of the lease that it held."""
    on_switch: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.control_table, self.ledger_table, self.signals_table = (CopiedTable(self.switch) for _ in range(3))
        self.dark_since = MORNING
        no_clients: Any = None  # the border answers
        outside = Outside(no_clients, DarkWeb(), lambda: self.now, log=io.StringIO(), beside=lambda work: work)
        runtime = Runtime(ENVIRON, outside, "test")
        runtime.logger.setLevel(logging.CRITICAL)
        runtime.aws, runtime.plan = Border(self), the_plan()
        runtime.control, runtime.leases = Control(self.control_table), Leases(self.control_table)
        runtime.signals = lambda region: self.signals_table  # type: ignore[method-assign,assignment,return-value]  # in memory
        self.runtime = runtime
        self._open_ledger()
        self._wait_in_the_dark()

    def switch(self) -> None:
        """Something is about to be asked of a table or of AWS: here something else can come between."""
        self.on_switch()

    def interrupt(self, at: int, befalls: Callable[[StartingWorld], object]) -> list[int]:
        """Let something happen whole at a switch point, counted from now; the list grows by each point that is passed.

        Who comes between is another copy of the function, with a ledger of its own.
        """
        passed: list[int] = []

        def come_between() -> None:
            passed.append(len(passed))
            if passed[-1] == at:
                self.on_switch, own = (lambda: None), self.runtime.ledger
                self._open_ledger()
                befalls(self)
                self.runtime.ledger = own

        self.on_switch = come_between
        return passed

    # What comes back

    def moment(self) -> Moment:
        tables = (self.control_table.copied(), self.ledger_table.copied(), self.signals_table.copied())
        return Moment(self.now, self.events, dict(self.executions), tuple(self.gone), tables)

    def come_back(self, moment: Moment) -> None:
        self.now, self.events = moment.now, moment.events
        self.executions, self.gone = dict(moment.executions), list(moment.gone)
        for table, fork in zip((self.control_table, self.ledger_table, self.signals_table), moment.tables, strict=True):
            table.set_back(fork)
        self._open_ledger()

    # What befalls it

    def event(self, befalls: Callable[[StartingWorld], object]) -> None:
        """One thing happens; the machines go on before it or after it, as their pace is."""
        self.events += 1
        self._pass_time()
        befalls(self)
        self.let_machines_go_on(self.events - self.pace)

    def settle(self) -> None:
        """Let every machine come to rest."""
        self.let_machines_go_on(self.events)

    def detect(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The detector takes an event; each has an instance of its own."""
        return Detector(self.runtime).take(event)

    def start_by_hand(self) -> None:
        given = {"confirm": "fileflow", "requested_by": "somebody", "reason": "it is dark"}
        name = f"by-hand-{len(self.executions) + 1}"
        self.start_execution(name, json.dumps(given))
        self._keep(self.executions[name], by_hand=True)

    def redrive(self) -> None:
        """The last execution runs again from where it ended; if it runs, its opening is asked a second time."""
        if not self.executions:
            return
        last = next(reversed(self.executions.values()))
        if last.status in ("FAILED", "ABORTED", "TIMED_OUT"):
            self._keep(last, status="RUNNING", through=False, born=self.events, by_hand=True)
        elif last.lives and last.through:
            self._go_on(last)

    def abort(self) -> None:
        """Somebody stops every execution that runs."""
        for execution in list(self.executions.values()):
            if execution.lives:
                self._keep(execution, status="ABORTED")

    # What AWS does

    def start_execution(self, name: str, given: str) -> dict[str, Any]:
        arn = f"{MACHINE.replace(':stateMachine:', ':execution:')}:{name}"
        held = self.executions.get(name)
        if held is None:
            self.executions[name] = Execution(name, "RUNNING", given, self.events)
        elif not held.lives or held.given != given:
            raise AlreadyExists("stepfunctions", "StartExecution", STANDBY, "ExecutionAlreadyExists", name)
        return {"executionArn": arn}

    def execution(self, arn: str) -> Execution:
        found = self.executions.get(arn.rsplit(":", 1)[1])
        if found is None:
            raise NotFound("stepfunctions", "DescribeExecution", STANDBY, "ExecutionDoesNotExist", arn)
        return found

    def invoke(self, name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        if name == "close":
            close(self.runtime, payload["run_id"], payload["state"])
        return {"StatusCode": 202}

    def let_machines_go_on(self, born_until: int) -> None:
        for execution in list(self.executions.values()):
            while (now := self.executions[execution.name]).lives and not now.through and now.born <= born_until:
                self._go_on(now)

    def _go_on(self, execution: Execution) -> None:
        arn = f"{MACHINE.replace(':stateMachine:', ':execution:')}:{execution.name}"
        event = {"run_id": execution.name, "execution_arn": arn, "input": json.loads(execution.given)}
        answer = open_run(self.runtime, event, "step-")
        execution = self.executions[execution.name]
        if not execution.lives:
            # It was stopped while its function was at work: nobody takes the answer.
            return
        match answer.next:
            case "go":
                self.gone.append((execution.name, self.seen_quietly(self._epoch)))
                self._keep(execution, through=True)
            case "look_again":
                self.now += answer.wait
            case _:
                told = close(self.runtime, execution.name, {"open": {"sentence": answer.sentence}})
                self._keep(execution, status=EXECUTION_STATUS[Outcome(told["outcome"])])

    def _keep(self, execution: Execution, **changes: Any) -> None:
        self.executions[execution.name] = replace(execution, **changes)

    # What is seen of it from outside

    def seen_quietly(self, look: Callable[[], T]) -> T:
        """Look without anything coming between."""
        held, self.on_switch = self.on_switch, lambda: None
        seen = look()
        self.on_switch = held
        return seen

    def _epoch(self) -> int:
        return self.runtime.leases.of("fileflow").epoch

    def lease_holders(self) -> set[str]:
        return {lease.holder for lease in self.runtime.leases.seen(subjects_of(the_plan()))}

    def at_work(self) -> list[str]:
        """The runs that were let through and may act: they live, and were not concluded."""
        through = [e.name for e in self.executions.values() if e.lives and e.through]
        return [name for name in through if self.runtime.control.run(name).phase is not Phase.CLOSED]

    def records(self, *, since: int = 1) -> list[Entry]:
        return [record.entry for record in self.runtime.ledger.records("fileflow", since=since)]

    def records_written(self) -> int:
        last = self.runtime.ledger.last("fileflow")
        return last.sequence if last else 0

    # Time

    def _pass_time(self) -> None:
        self.now += BETWEEN_EVENTS
        self._probe()

    def _probe(self) -> None:
        """The probe keeps what it sees: the application and its region are dark."""
        table, shelf = self.signals_table, shelf_of("fileflow")
        before = table.read(shelf, PROBE)
        looks = {
            "application": (probe_in("standby"), "gets no answer"),
            "region": (region_look_from("standby", PRIMARY), "gets no answer from its API"),
        }
        item = {
            subject: kept(name, Seen(Sight.DARK, words), before[subject] if before else None, self.now, self.now)
            for subject, (name, words) in looks.items()
        }
        if before:
            table.replace(shelf, PROBE, item, version=before["version"])
        else:
            table.insert(shelf, PROBE, item)

    def _wait_in_the_dark(self) -> None:
        """The darkness has lasted; the detector has heard of it, and has concluded nothing yet."""
        while self.now - self.dark_since < DARK_BEFORE:
            self._pass_time()
            see(self.runtime, the_plan(), self.now)

    def _open_ledger(self) -> None:
        self.runtime.ledger = Ledger(self.ledger_table, pause=lambda lost: None)


def alarm_event(state: str = "ALARM", *, id: str = "alarm", age: timedelta = timedelta(0)) -> dict[str, Any]:
    """An event about the alarm, from the moment after the world was made, or `age` before it."""
    return an_alarm_event(MORNING + DARK_BEFORE - age, state=state, id=id)
