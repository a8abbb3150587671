"""A schedule starts its machine at the moment that it names, in its zone, and not before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from deployment.resources import MachineSchedule, StateMachine
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.scheduler import Scheduler
from rehearsal.services.step_functions import StepFunctions
from rehearsal.virtual_time import VirtualTime
from rehearsal.world import World

TOKYO, ACCOUNT = "ap-northeast-1", "123456789012"
ARN = f"arn:aws:states:{TOKYO}:{ACCOUNT}:stateMachine:fileflow-drill"
FIRST_WEDNESDAY = datetime(2026, 12, 2, 1, 0, tzinfo=UTC)
"""10:00 in Seoul."""
MACHINE = StateMachine("fileflow-drill", '{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}', ())
SCHEDULE = MachineSchedule("a-schedule", "", "cron(0 10 ? * WED#1 *)", "Asia/Seoul", ARN, '{"confirm": "it"}')


def test_the_first_wednesday_at_ten_in_seoul_and_again_a_month_later() -> None:
    world = World(VirtualTime(datetime(2026, 11, 21, tzinfo=UTC)), 1, ACCOUNT)
    with EmbeddedAws(world) as aws:
        machines, scheduler = aws.service(StepFunctions), aws.service(Scheduler)
        scheduler.machines = machines
        machines.deploy(MACHINE, TOKYO)
        scheduler.deploy(SCHEDULE)

        world.time.run(limit_seconds=(FIRST_WEDNESDAY - timedelta(seconds=1) - world.time.now()).total_seconds())
        assert machines.executions == {}

        world.time.run(limit_seconds=2)
        (begun,) = machines.executions.values()
        assert (begun.name, begun.input) == ("a-schedule-20261202T010000", {"confirm": "it"})

        world.time.run(limit_seconds=timedelta(days=36).total_seconds())
        assert [e.name for e in machines.executions.values()][1:] == ["a-schedule-20270106T010000"]
