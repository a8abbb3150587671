"""A failover from what was synthesized, loaded and read back: the deployed thing recovers the application."""

from __future__ import annotations

from functools import cache

import pytest
from moto import mock_aws

from deployment.resources import Stack
from pilotlight.domain.plan import Plan
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome
from rehearsal.play import play
from rehearsal.scenarios import Scenario, scenario
from rehearsal.scene import Scene
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.events import Events
from tests.builders import ALARM, an_alarm_event
from tests.stacks.described import plans, synthesized
from tests.stacks.loader import load
from tests.stacks.read_back import read_back

pytestmark = pytest.mark.full


@cache
def standing() -> tuple[Stack, ...]:
    """What stands in the account once FileFlow is deployed."""
    synthesis = synthesized("fileflow-automatic")
    with mock_aws():
        load(synthesis)
        return read_back("123456789012", synthesis.deployment.regions)


def fileflow() -> Plan:
    (plan,) = [plan for plan in plans() if plan.application == "fileflow"]
    return plan


def the_sample_event_arrives(scene: Scene) -> None:
    """The primary goes dark, and the published event of its alarm is put on the bus in place of the alarm's own.

    By then the health check fails, or is about to, so the alarm stays as it is, and the primary's heartbeat has been
    missed: before that nothing would start, since a bad deployment is no dead region.
    """
    scene.world.time.sleep(10)
    scene.world.darken(scene.plan.regions.primary)
    scene.world.time.sleep(120)
    now = scene.world.time.now()
    alarm = scene.account.aws.service(CloudWatch).alarms["us-east-1", ALARM]
    alarm.state, alarm.updated = "ALARM", now
    scene.account.aws.service(Events).put("us-east-1", "default", an_alarm_event(now))


def test_what_stands_in_the_account_recovers_the_application():
    played = play(fileflow(), scenario("outage"), seed=1, stacks=standing())

    assert played.result.outcome == "RECOVERED"
    assert any("crosses from us-east-1" in sentence for _, sentence in played.notes)


def test_the_published_event_of_the_alarm_recovers_the_application():
    event = Scenario("sample-event", "The alarm's event arrives.", Outcome.RECOVERED, the_sample_event_arrives)

    played = play(fileflow(), event, seed=1, stacks=standing())

    verdicts = [r.entry.details for r in played.records if r.entry.kind is RecordKind.VERDICT]
    heard = [said["event_id"] for said in verdicts if said["event_id"]]
    (started,) = [said["event_id"] for said in verdicts if said["verdict"] == "start"]
    published = an_alarm_event(played.onset)["id"]
    assert played.result.outcome == "RECOVERED", played.result.reason
    assert heard[0] == published
    assert started in (published, ""), "the look that it began, or that of a tick beside it"
    assert sum(r.entry.kind is RecordKind.RUN_OPENED for r in played.records) == 1
