"""The alert at the pager: one an incident, raised, acknowledged from either side, resolved; and its own trouble."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from deployment import names
from pilotlight.domain.canonical import canonical
from pilotlight.domain.records import RecordKind
from rehearsal.pager import HOSTS, FakePager, PagedAlert
from rehearsal.sts import put_sts
from tests.builders import STANDBY, a_plan
from tests.handlers import test_notify
from tests.handlers.conftest import TICK, Desk, a_desk
from tests.handlers.test_close import close
from tests.handlers.test_notify import Newsroom
from tests.handlers.test_open import CONFIRMED, furnish, open_run
from tests.handlers.test_word import say
from tests.people import EVERYBODY, PEOPLE
from tests.report import stories
from tests.report.stories import Story

room = test_notify.room
SECRET = "pilotlight/pager"
LADDER = [
    {"level": "L1", "who": "the on-call", "after": "5 min"},
    {"level": "L2", "who": "the lead", "after": "15 min"},
]
BOTH = pytest.mark.parametrize("service", ["pagerduty", "opsgenie"])


@dataclass
class Wired:
    """A newsroom with a pager; its stories say that their plan has it."""

    room: Newsroom
    pager: FakePager
    service: str = "pagerduty"

    def tell(self, story: Story) -> None:
        """Tell a story whose verdicts and run name the pager."""
        for record in story.records:
            if record.entry.kind in (RecordKind.VERDICT, RecordKind.RUN_OPENED):
                assert "pager" in record.entry.details
        self.room.tell(story, batch=3)

    @property
    def alert(self) -> PagedAlert:
        """The one alert that there is."""
        (alert,) = self.pager.alerts.values()
        return alert

    def actions(self) -> list[str]:
        return [action for _, action, _ in self.alert.sent]


def wire(room: Newsroom, service: str = "pagerduty") -> Wired:
    pager = FakePager(room.world)
    for host in HOSTS:
        room.account.internet.put(host, pager.ask)
    room.call("secretsmanager", "CreateSecret", Name=SECRET, SecretString=pager.secret())
    return Wired(room, pager, service)


def begun(service: str) -> Story:
    at_pager = {"service": service, "secret": SECRET}
    story = Story().signal(104).verdict(105, "start", pager=at_pager).opened(107, pager=at_pager)
    return story.preflight(109).confirmed(300)


class TestTheAlert:
    @BOTH
    def test_an_incident_is_one_alert_from_its_run_to_its_end(self, room: Newsroom, service: str) -> None:
        wired = wire(room, service)

        wired.tell(begun(service).closed(900))

        assert wired.alert.key == "fileflow-2026-11-21T01:04Z"
        assert wired.alert.severity == {"pagerduty": "critical", "opsgenie": "P1"}[service]
        assert wired.alert.status == "resolved"
        assert wired.actions() == ["trigger", "resolve"]

    @BOTH
    def test_a_rung_of_the_ladder_pages(self, room: Newsroom, service: str) -> None:
        wired = wire(room, service)
        story = begun(service)
        sentence = "L2 is called, the lead, because nobody has taken this up for 15 min 00 s: it is dark."

        wired.tell(story.write(RecordKind.REMINDER, 1060, sentence, level="L2"))

        assert wired.actions() == ["trigger", "trigger"]
        assert wired.alert.sent[-1][2].startswith("P1: L2 is called, the lead")

    @BOTH
    def test_a_proven_word_acknowledges_it_and_a_claimed_one_does_not(self, room: Newsroom, service: str) -> None:
        wired = wire(room, service)
        story = begun(service)
        claimed = {"kind": "hold", "person": "somebody", "proven": False}
        wired.tell(story.write(RecordKind.WORD, 310, "It is held.", word=claimed, mark="1"))
        assert wired.alert.status == "triggered"

        story.write(RecordKind.WORD, 320, "It is held.", word={**claimed, "person": "anna", "proven": True}, mark="2")
        wired.tell(story)

        assert wired.alert.status == "acknowledged"
        assert wired.actions() == ["trigger", "acknowledge"]

    def test_a_run_that_failed_stays_open_until_its_primary_is_well(self, room: Newsroom) -> None:
        wired = wire(room)
        story = begun("pagerduty").closed(900, "FAILED", "Step scale failed.")
        wired.tell(story)
        assert wired.alert.status == "triggered"

        wired.tell(story.verdict(5000, "ignore", "Nothing says that it is dark.", pager=None))

        assert wired.alert.status == "triggered", "who takes the pager out of the plan ends its alerts there"
        story.verdict(5060, "ignore", "Nothing says that it is dark.", pager={"service": "pagerduty", "secret": SECRET})
        wired.tell(story)
        assert wired.alert.status == "resolved"

    def test_what_nobody_was_paged_of_is_resolved_by_nobody(self, room: Newsroom) -> None:
        wired = wire(room)
        at_pager = {"service": "pagerduty", "secret": SECRET}

        wired.tell(Story().signal(104).verdict(105, "hold", pager=at_pager).verdict(165, "ignore", pager=at_pager))

        assert wired.pager.alerts == {}
        assert wired.pager.asked == []


class TestItsTrouble:
    @BOTH
    def test_a_pager_that_is_down_holds_up_nothing_and_catches_up(self, room: Newsroom, service: str) -> None:
        wired = wire(room, service)
        wired.pager.go_down()
        wired.tell(begun(service))
        assert "fileflow is failing over" in room.living().text
        assert len(room.pages()) == 1
        assert "did not answer the trigger of an alert within 3 s" in room.outbox()[0]["reason"]

        wired.pager.come_up()
        room.world.time.sleep(60)
        room.inside(lambda: room.invoke(TICK))

        assert wired.actions() == ["trigger"]
        assert room.outbox() == []

    @BOTH
    def test_a_key_that_was_changed_is_read_again(self, room: Newsroom, service: str) -> None:
        wired = wire(room, service)
        story = begun(service)
        wired.tell(story)
        wired.pager.api_key = wired.pager.routing_key = "another-key"
        room.call("secretsmanager", "PutSecretValue", SecretId=SECRET, SecretString=wired.pager.secret())

        wired.tell(story.closed(900))

        assert wired.alert.status == "resolved"

    @pytest.mark.parametrize("text", ["not JSON", "{}", '{"api_key": "x"}', '{"routing_key": "a b"}'])
    def test_a_secret_without_the_key_is_said_without_being_quoted(self, room: Newsroom, text: str) -> None:
        wired = wire(room)
        room.call("secretsmanager", "PutSecretValue", SecretId=SECRET, SecretString=text)

        wired.tell(begun("pagerduty"))

        said = "Secret pilotlight/pager holds no routing_key; store a JSON object with it."
        assert room.outbox()[0]["reason"] == said
        assert wired.pager.asked == []

    @BOTH
    def test_the_keys_stand_in_no_sink(self, room: Newsroom, service: str, caplog: pytest.LogCaptureFixture) -> None:
        wired = wire(room, service)
        story = begun(service)
        wired.tell(story)
        room.inside(lambda: room.invoke(TICK))
        wired.pager.api_key = wired.pager.routing_key = "changed"
        wired.tell(story.closed(900, "FAILED", "It was stopped."))

        kept = json.dumps([*room.inside(lambda: room.control.notes("paged")), *room.outbox(), *room.pages()])
        said = f"{kept} {room.slack.history} {[vars(record) for record in caplog.records]}"
        assert not any(key in said for key in json.loads(FakePager(room.world).secret()).values())


@contextmanager
def desk_with(service: str) -> Iterator[tuple[Desk, FakePager]]:
    """A detector and a notifier of a plan with a ladder and a pager."""
    notifications = {"escalation": LADDER, "pager": {"service": service, "secret": SECRET}}
    with a_desk(a_plan(arming="manual", people=PEOPLE, notifications=notifications)) as desk:
        pager = FakePager(desk.world)
        put_sts(desk.account.internet, desk.world, STANDBY, EVERYBODY)
        furnish(desk)
        for host in HOSTS:
            desk.account.internet.put(host, pager.ask)
        secret = {"Name": SECRET, "SecretString": pager.secret()}
        desk.inside(lambda: desk.account.sdk(STANDBY).call("secretsmanager", "CreateSecret", STANDBY, **secret))
        yield desk, pager


def notify(desk: Desk) -> None:
    """The notifier hears of all that the ledger holds, and then ticks."""
    event: dict[str, Any] = {
        "Records": [
            {
                "eventID": str(record.sequence),
                "dynamodb": {
                    "SequenceNumber": f"{record.sequence:09d}",
                    "NewImage": {"body": {"S": canonical(record.to_item())}},
                },
            }
            for record in desk.records()
        ]
    }
    assert desk.call(names.NOTIFY_FUNCTION, event) == {"batchItemFailures": []}
    desk.call(names.NOTIFY_FUNCTION, TICK)


class TestAcknowledgedAtThePager:
    @BOTH
    def test_it_stops_the_ladder_and_is_written_down_once(self, service: str) -> None:
        with desk_with(service) as (desk, pager):
            desk.darken()
            desk.detect(TICK)
            notify(desk)
            (key,) = pager.alerts

            pager.acknowledge(key, "Anna Kim")
            notify(desk)
            desk.watch(20)
            desk.detect(TICK)
            desk.detect(TICK)

            (taken,) = desk.records(RecordKind.TAKEN_UP)
            where = {"pagerduty": "PagerDuty", "opsgenie": "Opsgenie"}[service]
            assert taken.entry.sentence == f"Anna Kim has taken this up at {where}, so nobody further is called."
            assert desk.records(RecordKind.REMINDER) == []
            notify(desk)
            assert [action for _, action, _ in pager.alerts[key].sent] == ["trigger"], "it is not told what it said"

    def test_it_is_no_word_about_the_run(self) -> None:
        """The cooldown after a failed run ends by a proven person's word, and by no click in a pager."""
        with desk_with("pagerduty") as (desk, pager):
            desk.darken()
            open_run(desk, "by-hand", CONFIRMED)
            close(desk, "by-hand", {"trouble": {"Error": "States.Runtime", "Cause": "it broke"}})
            notify(desk)
            (key,) = pager.alerts

            pager.acknowledge(key, "Anna Kim")
            notify(desk)
            desk.detect(TICK)

            assert desk.records(RecordKind.TAKEN_UP)
            last = desk.inside(lambda: desk.control.last_run("fileflow"))
            assert last is not None
            assert last.acknowledged_by == ""
            assert desk.records(RecordKind.WORD) == []

    def test_our_own_acknowledgement_is_nobodys(self) -> None:
        with desk_with("pagerduty") as (desk, pager):
            desk.darken()
            open_run(desk, "by-hand", CONFIRMED)
            notify(desk)
            (key,) = pager.alerts
            assert say(desk, "hold")["accepted"]

            notify(desk)
            desk.detect(TICK)

            assert pager.alerts[key].status == "acknowledged"
            assert desk.records(RecordKind.TAKEN_UP) == []

    def test_without_a_token_to_read_with_nothing_is_asked(self) -> None:
        with desk_with("pagerduty") as (desk, pager):
            keys = json.dumps({"routing_key": pager.routing_key})
            sdk = desk.account.sdk(STANDBY)
            desk.inside(
                lambda: sdk.call("secretsmanager", "PutSecretValue", STANDBY, SecretId=SECRET, SecretString=keys)
            )
            desk.darken()
            desk.detect(TICK)

            notify(desk)

            assert pager.asked == ["POST events.pagerduty.com"]


def test_a_plan_without_a_pager_asks_none(room: Newsroom) -> None:
    wired = wire(room)

    room.tell(stories.recovered(), batch=10)

    assert wired.pager.asked == []
