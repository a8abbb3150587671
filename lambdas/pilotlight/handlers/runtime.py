"""What every handler starts from: its environment as a typed object, the ways out, and the observability of Powertools.

A handler module offers `build(environ, outside)`, which makes the function, and `handler = entry(build)`, which is what
Lambda calls: it builds once, at the cold start. What only some handlers keep is imported when it is asked for: whoever
answers Slack has three seconds, and reading the models of a plan takes a good part of one.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from pilotlight.aws.beside import Beside, in_a_thread
from pilotlight.aws.databases import Drivers
from pilotlight.aws.kubernetes import AwsAndKubernetes
from pilotlight.aws.ledger import Ledger
from pilotlight.aws.private_web import PrivateWeb
from pilotlight.aws.sdk import Clients, ClientSource, Sdk
from pilotlight.aws.tables import DynamoTable
from pilotlight.aws.web import HttpWeb
from pilotlight.domain.databases import Databases
from pilotlight.domain.errors import Misconfigured
from pilotlight.domain.ports import Aws, Web

if TYPE_CHECKING:
    from pilotlight.aws.control import Control
    from pilotlight.aws.leases import Leases
    from pilotlight.domain.plan import AnyPlan, Plan

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Outside:
    """The ways out of a function: SDK clients, the web, the clock, the pause, the log, how something is done beside,
    and databases; the real ones unless given."""

    clients: ClientSource
    web: Web
    now: Callable[[], datetime] = _now
    pause: Callable[[float], None] = time.sleep
    log: TextIO = sys.stdout
    beside: Beside = in_a_thread
    databases: Databases = field(default_factory=Drivers)


def real_outside() -> Outside:
    """The ways out in Lambda."""
    return Outside(Clients(), HttpWeb())


class Runtime:
    """A function's environment, read once; raises `Misconfigured` naming the variable that is missing."""

    def __init__(self, environ: Mapping[str, str], outside: Outside, service: str) -> None:
        self._environ = environ
        self.outside = outside
        self.region = self.variable("AWS_REGION")
        self.logger = Logger(service=service)
        # Powertools keeps one handler for each service name in a process; it writes to where this function's log goes.
        self.logger.registered_handler.setStream(outside.log)  # type: ignore[attr-defined]  # it is a StreamHandler
        self.aws: Aws = AwsAndKubernetes(Sdk(outside.clients, self.region), outside.web, outside.clients)

    def variable(self, name: str) -> str:
        """The value of an environment variable that must be there."""
        value = self._environ.get(name, "")
        if not value:
            raise Misconfigured(f"The environment variable {name} is not set; deploy the stack again.")
        return value

    @cached_property
    def control(self) -> Control:
        """The control table."""
        from pilotlight.aws.control import Control

        return Control(DynamoTable(self.aws, self.region, self.variable("PILOTLIGHT_CONTROL_TABLE")))

    @cached_property
    def leases(self) -> Leases:
        """The leases in the control table."""
        from pilotlight.aws.leases import Leases

        return Leases(DynamoTable(self.aws, self.region, self.variable("PILOTLIGHT_CONTROL_TABLE")))

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger."""
        return Ledger(
            DynamoTable(self.aws, self.region, self.variable("PILOTLIGHT_LEDGER_TABLE")),
            self._pause_after_conflict,
        )

    @property
    def failover(self) -> Plan:
        """The same of a function that only a failover plan has."""
        from pilotlight.domain.plan import Plan

        assert isinstance(self.plan, Plan), f"{self.plan.name} is no failover plan."
        return self.plan

    def signals(self, region: str) -> DynamoTable:
        """The table of signals in a region, where probes and heartbeats keep what they have to say."""
        return DynamoTable(self.aws, region, self.variable("PILOTLIGHT_SIGNALS_TABLE"))

    def inside(self, function: str) -> PrivateWeb:
        """The way to ask through a function in a VPC of this region."""
        return PrivateWeb(self.aws, self.region, function, self.outside.beside)

    @cached_property
    def plan(self) -> AnyPlan:
        """The plan that was deployed with this function's version."""
        from pilotlight.domain.snapshots import read_snapshot

        path = Path(self.variable("PILOTLIGHT_PLAN_FILE"))
        try:
            return read_snapshot(path.read_text())
        except OSError as error:
            raise Misconfigured(
                f"The plan {path} is not in the function's layers; deploy the application's stack again."
            ) from error

    def now(self) -> datetime:
        """The present."""
        return self.outside.now()

    def _pause_after_conflict(self, lost: int) -> None:
        # Full jitter: writers that met once should not meet again.
        self.outside.pause(random.uniform(0.005, min(0.02 * 2**lost, 0.5)))


def entry(build: Callable[[Mapping[str, str], Outside], Handler]) -> Handler:
    """The callable that Lambda is pointed at.

    At its first call it builds the function from the real environment, and wraps it with Powertools: the invocation's
    context in every log line, a trace with one subsegment, and the cold start as a metric.
    """
    built: list[Handler] = []

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        if not built:
            service = build.__module__.rsplit(".", 1)[-1]
            built.append(_observed(build(os.environ, real_outside()), service))
            measure(sys.stdout, "ColdStart", 1, MetricUnit.Count, function=service)
        return built[0](event, context)

    return handler


def _observed(function: Handler, service: str) -> Handler:
    # Imported here: X-Ray's library takes longer to import than all the rest of a function.
    from aws_lambda_powertools import Tracer

    logged = Logger(service=service).inject_lambda_context(function)
    observed: Handler = Tracer(service=service, auto_patch=False).capture_lambda_handler(logged, capture_response=False)
    return observed


def measure(log: TextIO, name: str, value: float, unit: MetricUnit, **dimensions: str) -> None:
    """Publish a metric of the controller, in the namespace Pilotlight: CloudWatch reads it from the function's log."""
    with redirect_stdout(log), single_metric(name=name, unit=unit, value=value, namespace="Pilotlight") as metric:
        for dimension, of in dimensions.items():
            metric.add_dimension(name=dimension, value=of)
