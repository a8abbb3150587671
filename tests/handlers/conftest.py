"""A desk for handlers: the embedded AWS with a plan deployed in it, and its functions called as Lambda calls them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deployment import names
from deployment.application import application
from deployment.foundation import foundation
from deployment.observing import observers
from deployment.resources import HealthCheck, Rule, StreamSource
from deployment.signals import signals
from deployment.slack import hears_slack
from pilotlight.aws.control import Control
from pilotlight.aws.leases import Lease, Leases
from pilotlight.aws.ledger import Ledger
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.plan import Plan
from pilotlight.domain.ports import Silence, WebAnswer
from pilotlight.domain.records import Record, RecordKind
from pilotlight.handlers.holding import subjects_of
from pilotlight.handlers.looking import see
from pilotlight.handlers.runtime import Runtime
from rehearsal.apply import Account
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.internet import Internet
from rehearsal.services.alarm_changes import WatchedAlarm
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.step_functions import StepFunctions
from rehearsal.virtual_time import VirtualTime
from rehearsal.world import World
from tests.builders import ALARM, PRIMARY, PRIMARY_HOST, STANDBY, a_plan

MORNING = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
ACTIVE = (Rule, HealthCheck, StreamSource)
TICK = {"detail-type": "Scheduled Event", "source": "aws.events", "id": "tick", "detail": {}}


@dataclass
class Desk:
    """One plan, deployed; what happens to it is decided by the test."""

    plan: Plan
    account: Account

    @property
    def world(self) -> World:
        return self.account.aws.world

    @property
    def now(self) -> datetime:
        return self.world.time.now()

    @property
    def alarm(self) -> WatchedAlarm:
        return self.account.aws.service(CloudWatch).alarms["us-east-1", ALARM]

    @property
    def control(self) -> Control:
        return Control(DynamoTable(self.account.sdk(STANDBY), STANDBY, names.CONTROL_TABLE))

    @property
    def leases(self) -> Leases:
        return Leases(DynamoTable(self.account.sdk(STANDBY), STANDBY, names.CONTROL_TABLE))

    def lease(self, subject: str = "fileflow") -> Lease:
        return self.inside(lambda: self.leases.of(subject))

    def grant(self, holder: str) -> None:
        """Give the leases that a run of the plan needs to somebody, whoever holds them."""
        arn = f"arn:aws:states:{STANDBY}:{self.plan.account}:execution:fileflow-failover:{holder}"
        subjects = subjects_of(self.plan)
        self.inside(lambda: self.leases.grant(self.leases.seen(subjects), holder, arn, self.now))

    def inside(self, work: Callable[[], Any]) -> Any:
        """Do something as a task of the world, to its end."""
        task = self.world.time.spawn(work, name="test")
        self.world.time.run(until=lambda: task.done)
        return task.result()

    def call(self, function: str, event: Any) -> Any:
        """Call a function as Lambda does, under its role; raises what it raised, as its caller sees it."""
        return self.inside(lambda: self.account.aws.service(LambdaFunctions).run(STANDBY, function, event))

    def detect(self, event: Any) -> Any:
        return self.call(names.detect_function("fileflow"), event)

    def records(self, *kinds: RecordKind) -> list[Record]:
        ledger = Ledger(DynamoTable(self.account.sdk(STANDBY), STANDBY, names.LEDGER_TABLE), pause=lambda lost: None)
        return [r for r in self.inside(lambda: ledger.records("fileflow")) if not kinds or r.entry.kind in kinds]

    def executions(self) -> list[str]:
        return [e.name for e in self.account.aws.service(StepFunctions).executions.values()]

    def probe(self) -> None:
        """The shared probe looks for a minute, as its own tick would let it."""
        self.call(names.PROBE_FUNCTION, TICK)

    def darken(self, *, minutes: int = 4) -> None:
        """The primary region stops answering, its alarm says so, and the probe has seen it for some minutes."""
        dark = WebAnswer(None, "", "no connection came about in time", silence=Silence.TIMED_OUT)
        self.account.internet.put(PRIMARY_HOST, lambda request: dark)
        self.world.darken(PRIMARY)
        self.alarm.state = "ALARM"
        self.alarm.updated = self.now
        self.watch(minutes)

    def watch(self, minutes: int) -> None:
        """Let the probe look for so long, and the detector hear of it without concluding anything."""
        environ = {
            "AWS_REGION": STANDBY,
            "PILOTLIGHT_CONTROL_TABLE": names.CONTROL_TABLE,
            "PILOTLIGHT_SIGNALS_TABLE": names.SIGNALS_TABLE,
        }
        runtime = Runtime(environ, self.account.outside(), "test")
        for _ in range(minutes):
            self.probe()
            self.inside(lambda: see(runtime, self.plan, self.now))

    def recover(self) -> None:
        """The primary answers again, and the probe sees it; its alarm is slower."""
        self.answer_again()
        self.probe()

    def answer_again(self) -> None:
        """The primary answers again, and nobody has looked yet."""
        self.world.relight(PRIMARY)
        if self.plan.network.private:
            self.world.peer(PRIMARY, STANDBY)
            self.account.internet.put_private(PRIMARY_HOST, PRIMARY, lambda request: WebAnswer(200, "UP"))
        else:
            self.account.internet.put(PRIMARY_HOST, lambda request: WebAnswer(200, "UP"))


@contextmanager
def a_desk(plan: Plan) -> Iterator[Desk]:
    """A desk for a plan: deployed, but without the rules, the stream and the checkers that would act by themselves."""
    random.seed(1)
    world = World(VirtualTime(MORNING), 1, plan.account)
    with EmbeddedAws(world) as aws:
        desk = Desk(plan, Account(aws, Internet(world)))
        desk.answer_again()

        def deploy() -> None:
            home = foundation(plan.account, STANDBY, hears=hears_slack(plan))
            stacks = [home, *observers([plan]), application(plan), *signals(plan)]
            desk.account.apply(
                replace(s, resources=tuple(r for r in s.resources if not isinstance(r, ACTIVE))) for s in stacks
            )
            desk.account.aws.service(CloudWatch).settle(timedelta(days=30))

        desk.inside(deploy)
        # The detector has to hear the probe before it believes it.
        desk.probe()
        desk.detect(TICK)
        yield desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk(a_plan()) as made:
        yield made
