"""What a plan costs while nothing happens, and what one failover costs: counted from the description, at list prices.

The tables of docs/cost.md are made here; `PYTHONPATH=lambdas python -m tests.stacks.costs` writes them anew, and a test
compares them. Counts are facts of `deployment` and of the step kinds; prices and sizes below are assumptions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from backtest.observers import observers_of
from deployment.drill import SWEPT_EVERY, drill
from deployment.resources import (
    CalculatedHealthCheck,
    Function,
    FunctionTarget,
    HealthCheck,
    HealthCheckAlarm,
    MetricAlarm,
    MetricHealthCheck,
    PublicObject,
    Resource,
    Rule,
    Table,
    Topic,
)
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.step import Timing
from pilotlight.steps import kind
from planfile import load
from tests.stacks.described import CHECKOUT, Deployment, deployment_of

PAGE = CHECKOUT / "docs" / "cost.md"
PLAN = CHECKOUT / "plans" / "fileflow.yaml"

MINUTES_IN_A_MONTH = 730 * 60
TICK_SECONDS = 0.5
TURN_SECONDS = 0.4
BYTES_LOGGED_PER_CALL = 2_000
READS_PER_TICK = 6
WRITES_PER_TICK = 1
READINESS_SECONDS = 20
"""How long one look at all that must be true takes: some sixty calls, one after the other."""

PROBE_SECONDS = 46.0
"""Four looks, 15 s apart: the probe waits for most of each minute, and waiting is what it costs."""

RECORDS_PER_TURN = 2

# USD, ap-northeast-1, from memory of the public price lists and without free tiers: to be checked before they are used.
ALARM = 0.10
HEALTH_CHECK = 0.50 + 1.00
HEALTH_CHECK_OF_TEXT = 0.50 + 1.00 + 1.00
HEALTH_CHECK_OF_CHECKS = 0.50
METRIC = 0.30
OBJECT_READ = 0.37 / 1e6
CHECKERS = 16
KEY = 1.00
LAMBDA_GB_SECOND = 0.0000133334
LAMBDA_CALL = 0.20 / 1e6
LOG_GB = 0.76
API_CALL = 0.01 / 1e3
TRACE = 5.00 / 1e6
READ_UNIT = 0.1425 / 1e6
WRITE_UNIT = 0.715 / 1e6
TRANSITION = 0.025 / 1e3


@dataclass(frozen=True)
class CostLine:
    """So many of something, at a price each."""

    what: str
    quantity: float
    unit_price: float

    @property
    def price(self) -> float:
        """What it comes to."""
        return self.quantity * self.unit_price


def idle_month(deployment: Deployment, plan: Plan) -> list[CostLine]:
    """A month in which nothing happens: things that stand there, and a tick each minute."""
    resources = [resource for stack in deployment.stacks for resource in stack.resources]
    probes = [r for r in resources if isinstance(r, Function) and r.handler.endswith(".probe")]
    beats = [r for r in resources if isinstance(r, Function) and r.handler.endswith(".heartbeat")]
    alarms = [r for r in resources if isinstance(r, MetricAlarm | HealthCheckAlarm)]
    detector = next(r for r in resources if isinstance(r, Function) and r.handler.endswith(".detect"))
    short = [r for r in resources if isinstance(r, Function) and r not in (*probes, *beats)]
    ticks = MINUTES_IN_A_MONTH * sum(_is_called_each_minute(resources, function) for function in short)
    # Of those that tick only the detector looks at alarms and at many items.
    looks = MINUTES_IN_A_MONTH
    latches = _count(resources, PublicObject)
    plain = [r for r in resources if isinstance(r, HealthCheck) and r.search is None]
    watching = [*probes, *beats]
    watched = MINUTES_IN_A_MONTH * len(watching)
    probe_seconds = MINUTES_IN_A_MONTH * PROBE_SECONDS * sum(r.memory_megabytes for r in probes) / 1024
    beat_seconds = MINUTES_IN_A_MONTH * TICK_SECONDS * sum(r.memory_megabytes for r in beats) / 1024
    lookers = [r for r in resources if isinstance(r, Function) and r.handler.endswith(".readiness")]
    hourly = MINUTES_IN_A_MONTH / 60 * READINESS_SECONDS * sum(r.memory_megabytes for r in lookers) / 1024
    return [
        CostLine("alarms", len(alarms), ALARM),
        CostLine("metrics of what was seen (one for each observer that is no alarm)", _looking(plan), METRIC),
        CostLine("health checks (HTTPS, 30 s, an endpoint in AWS)", len(plain), HEALTH_CHECK),
        CostLine("health checks of the latch's object (HTTPS, text)", latches, HEALTH_CHECK_OF_TEXT),
        CostLine(
            "health checks of the latch's metric, and of both",
            _count(resources, MetricHealthCheck) + _count(resources, CalculatedHealthCheck),
            HEALTH_CHECK_OF_CHECKS,
        ),
        CostLine("metrics of the latch", latches, METRIC),
        CostLine("datapoints of the latch (PutMetricData)", MINUTES_IN_A_MONTH * latches, API_CALL),
        CostLine("looks of 16 checkers at its object", MINUTES_IN_A_MONTH * 2 * CHECKERS * latches, OBJECT_READ),
        CostLine("keys (one for each topic)", _count(resources, Topic), KEY),
        CostLine("calls of the functions that tick", ticks, LAMBDA_CALL),
        CostLine(
            "GB-seconds of these functions", ticks * TICK_SECONDS * detector.memory_megabytes / 1024, LAMBDA_GB_SECOND
        ),
        CostLine("calls of the probes and the heartbeat", watched, LAMBDA_CALL),
        CostLine("GB-seconds of the probes, shared by all applications", probe_seconds, LAMBDA_GB_SECOND),
        CostLine("GB-seconds of the heartbeat, shared as well", beat_seconds, LAMBDA_GB_SECOND),
        CostLine("GB-seconds of the hourly look of readiness", hourly, LAMBDA_GB_SECOND),
        CostLine("GB of logs", (ticks + watched) * BYTES_LOGGED_PER_CALL / 1e9, LOG_GB),
        CostLine("traces", ticks + watched, TRACE),
        CostLine("looks at alarms (DescribeAlarms)", looks, API_CALL),
        CostLine("read units of the tables", looks * READS_PER_TICK + ticks + watched, READ_UNIT),
        CostLine("write units of the tables", looks * WRITES_PER_TICK + watched, WRITE_UNIT),
        CostLine("tables (their storage is a few MB)", _count(resources, Table), 0.0),
    ]


def drills_month(plan: Plan) -> list[CostLine]:
    """What the drills of a plan add to a month in which none is started: alarms, and the janitor's looks."""
    resources = [resource for stack in drill(plan) for resource in stack.resources]
    janitor = next(r for r in resources if isinstance(r, Function) and r.handler.endswith(".janitor"))
    sweeps = MINUTES_IN_A_MONTH / (SWEPT_EVERY.total_seconds() / 60)
    seconds = sweeps * TICK_SECONDS * janitor.memory_megabytes / 1024
    return [
        CostLine("alarms", _count(resources, MetricAlarm), ALARM),
        CostLine("looks of the janitor", sweeps, LAMBDA_CALL),
        CostLine("GB-seconds of the janitor", seconds, LAMBDA_GB_SECOND),
        CostLine("GB of its logs", sweeps * BYTES_LOGGED_PER_CALL / 1e9, LOG_GB),
        CostLine("its traces", sweeps, TRACE),
        CostLine("read units of the tables", sweeps, READ_UNIT),
    ]


def one_failover(plan: Plan) -> list[CostLine]:
    """The controller's own cost of one run; what the run starts (tasks, nodes) is on the application's bill."""
    looks = plan.decision.must_last // plan.decision.look_every + 1
    turns = sum(turns_of(kind(step.kind).timing) for step in plan.steps().values())
    calls = turns + looks
    # A turn is a task, a choice and a wait; so is a look. A stage adds three states, opening and closing a dozen.
    transitions = 3 * calls + 3 * len({stage for stage, _, _ in plan.entries()}) + 12
    return [
        CostLine("state transitions", transitions, TRANSITION),
        CostLine("calls of functions", calls, LAMBDA_CALL),
        CostLine("GB-seconds", calls * TURN_SECONDS * 0.5, LAMBDA_GB_SECOND),
        CostLine("write units of the tables", calls * RECORDS_PER_TURN, WRITE_UNIT),
        CostLine("GB of logs", (calls + transitions) * BYTES_LOGGED_PER_CALL / 1e9, LOG_GB),
    ]


def turns_of(timing: Timing) -> int:
    """How often a step is looked at when it takes as long as usual: the first turn, and one after each wait."""
    turns, waited = 1, timedelta(0)
    while waited < timing.typical:
        waited += timing.look_again_in(waited)
        turns += 1
    return turns


def _looking(plan: Plan) -> int:
    return sum(not observer.alarm for observer in observers_of(plan))


def _is_called_each_minute(resources: Sequence[Resource], function: Function) -> bool:
    """Whether a rule with a schedule calls the function."""
    targets = [r.target for r in resources if isinstance(r, Rule) and r.schedule == "rate(1 minute)"]
    return any(isinstance(t, FunctionTarget) and f":function:{function.name}:" in t.function_arn for t in targets)


def _count(resources: Sequence[Resource], of: type) -> int:
    return sum(isinstance(resource, of) for resource in resources)


def table(lines: Sequence[CostLine]) -> str:
    """The lines as Markdown, with their sum."""
    rows = "\n".join(f"| {line.what} | {quantity(line.quantity)} | {line.price:.3f} |" for line in lines)
    total = sum(line.price for line in lines)
    return f"| what | how many | USD |\n|---|---:|---:|\n{rows}\n| **together** | | **{total:.2f}** |"


def quantity(number: float) -> str:
    """A number as people write it: whole where it is one, three decimals where it is small."""
    return f"{number:,.0f}" if number >= 100 or number == int(number) else f"{number:.3f}"


def tables() -> Iterator[tuple[str, str]]:
    """Each table of the page with the name of its place."""
    plan = load(PLAN)
    yield "idle", table(idle_month(deployment_of(plan, Arming.MANUAL), plan))
    yield "drills", table(drills_month(plan))
    yield "failover", table(one_failover(plan))


def written(page: str) -> str:
    """The page with its tables as they are counted today."""
    for name, counted in tables():
        place = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.DOTALL)
        page = place.sub(rf"\g<1>{counted}\g<2>", page)
    return page


if __name__ == "__main__":
    Path(PAGE).write_text(written(PAGE.read_text()))
