"""notify: one message per incident, each record once, and no trouble of Slack's that becomes the run's."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from deployment import names
from deployment.foundation import foundation
from deployment.resources import Rule, StreamSource
from pilotlight.aws.control import Control
from pilotlight.aws.ledger import sort_key
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.canonical import canonical
from pilotlight.domain.records import Entry, Record, RecordKind
from pilotlight.handlers.outbox import OUTBOX
from pilotlight.handlers.paging import OPEN
from pilotlight.handlers.telling import CLAIM
from pilotlight.messages.told import Told, Untold
from rehearsal.apply import Account
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.internet import Internet
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.slack import FakeSlack, SlackMessage
from rehearsal.slack_blocks import lines_of
from rehearsal.virtual_time import VirtualTime
from rehearsal.wire import Call
from rehearsal.world import World
from tests.builders import ACCOUNT, STANDBY
from tests.handlers.conftest import TICK
from tests.report import stories
from tests.report.stories import NOTIFY, Story

TOPIC = f"arn:aws:sns:{STANDBY}:{ACCOUNT}:{names.ALERTS_TOPIC}"
REPOSITORY = Path(__file__).parents[2]


@dataclass
class Newsroom:
    """The notifier as it is deployed, with a ledger, a workspace and a pager around it."""

    account: Account
    slack: FakeSlack
    written: dict[str, int] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.account.aws.world

    def inside(self, work: Callable[[], Any]) -> Any:
        task = self.world.time.spawn(work, name="test")
        self.world.time.run(until=lambda: task.done)
        return task.result()

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        return self.inside(lambda: self.account.sdk(STANDBY).call(service, operation, STANDBY, **parameters))

    @property
    def control(self) -> Control:
        return Control(DynamoTable(self.account.sdk(STANDBY), STANDBY, names.CONTROL_TABLE))

    def write(self, story: Story, most: int = 100_000) -> list[Record]:
        """Let the ledger hold a story; gives the records that it did not hold before."""
        table = DynamoTable(self.account.sdk(STANDBY), STANDBY, names.LEDGER_TABLE)
        begin = self.written.get(story.application, 0)
        new = story.records[begin : begin + most]

        def insert() -> None:
            for record in new:
                table.insert(record.entry.application, sort_key(record.sequence), record.to_item())

        self.inside(insert)
        self.written[story.application] = begin + len(new)
        return new

    def event(self, records: Iterable[Record]) -> dict[str, Any]:
        return {
            "Records": [
                {
                    "eventID": record.hash[:8],
                    "dynamodb": {
                        "SequenceNumber": f"1000{record.sequence:05d}",
                        "NewImage": {"body": {"S": canonical(record.to_item())}},
                    },
                }
                for record in records
            ]
        }

    def invoke(self, event: dict[str, Any]) -> Any:
        return self.account.aws.service(LambdaFunctions).run(STANDBY, names.NOTIFY_FUNCTION, event)

    def deliver(self, records: Sequence[Record]) -> list[str]:
        """Deliver a batch when its last record was written; gives the items that are to come back."""
        wait = (records[-1].entry.time - self.world.time.now()).total_seconds()
        self.world.time.sleep(max(wait, 0.0))
        answer = self.inside(lambda: self.invoke(self.event(records)))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def tell(self, story: Story, *, batch: int = 1) -> None:
        """Write a story, and deliver it in batches as it happens."""
        while records := self.write(story, batch):
            assert self.deliver(records) == []

    def living(self) -> SlackMessage:
        """The one message that stands in the channel."""
        (message,) = self.slack.living()
        return message

    def thread_lines(self) -> list[str]:
        return [line for reply in self.slack.thread(self.living().ts) for line in lines_of(reply.blocks)]

    def pages(self) -> list[dict[str, str]]:
        """What the pager got since it was looked at last."""
        url = f"https://sqs.{STANDBY}.amazonaws.com/{ACCOUNT}/pager"
        found: list[dict[str, str]] = []
        while got := self.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in got]
            for message in got:
                self.call("sqs", "DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return sorted(found, key=lambda page: page["Timestamp"])

    def outbox(self) -> list[Any]:
        return list(self.inside(lambda: self.control.notes(OUTBOX)))

    def store_token(self, text: str) -> None:
        self.call("secretsmanager", "PutSecretValue", SecretId=NOTIFY["token_secret"], SecretString=text)


@pytest.fixture
def room() -> Iterator[Newsroom]:
    random.seed(1)
    world = World(VirtualTime(datetime(2026, 11, 21, 1, 0, tzinfo=UTC)), 1, ACCOUNT)
    with EmbeddedAws(world) as aws:
        made = Newsroom(Account(aws, Internet(world)), FakeSlack(world))

        def set_up() -> None:
            stack = foundation(ACCOUNT, STANDBY)
            by_hand = tuple(r for r in stack.resources if not isinstance(r, StreamSource | Rule))
            made.account.apply([replace(stack, resources=by_hand)])
            made.account.internet.put("slack.com", made.slack.ask)

        made.inside(set_up)
        made.call("secretsmanager", "CreateSecret", Name=NOTIFY["token_secret"], SecretString=made.slack.token)
        made.call("sqs", "CreateQueue", QueueName="pager")
        made.call("sns", "Subscribe", TopicArn=TOPIC, Protocol="sqs", Endpoint=f"arn:aws:sqs:{STANDBY}:{ACCOUNT}:pager")
        yield made


class TestTelling:
    def test_an_incident_is_one_message_that_is_rewritten_to_its_end(self, room: Newsroom) -> None:
        room.tell(stories.recovered(), batch=4)

        message = room.living()
        assert message.channel == NOTIFY["channel"]
        assert message.edits >= 10
        assert lines_of(message.blocks)[0] == "*✅ fileflow is served again after 14 min 51 s, from ap-northeast-1*"
        assert room.outbox() == []

    def test_the_thread_holds_each_noteworthy_record_once_and_in_order(self, room: Newsroom) -> None:
        room.tell(stories.recovered(), batch=3)

        lines = room.thread_lines()
        assert len(lines) == len(set(lines)) == 30
        assert lines == sorted(lines, key=lambda line: line[:6])
        assert not any("about to call" in line for line in lines)

    def test_a_batch_is_told_with_one_message_and_one_reply(self, room: Newsroom) -> None:
        records = room.write(stories.moving())

        room.deliver(records)

        assert room.slack.asked == ["chat.postMessage", "chat.postMessage"]
        assert len(room.slack.thread(room.living().ts)) == 1

    def test_a_batch_that_comes_twice_is_told_once(self, room: Newsroom) -> None:
        records = room.write(stories.moving())
        room.deliver(records)
        room.pages()
        before = list(room.slack.messages)

        assert room.deliver(records) == []

        assert room.slack.messages == before
        assert room.pages() == []

    def test_records_that_change_nothing_for_a_reader_cost_no_call(self, room: Newsroom) -> None:
        story = stories.dark()
        room.tell(story, batch=50)
        asked = len(room.slack.asked)
        story.started(302, "start-cache").called(303, "start-cache", "elasticache", "CreateReplicationGroup")
        started, *calls = room.write(story)
        room.deliver([started])

        room.deliver(calls)

        assert len(room.slack.asked) == asked + 2

    def test_what_the_observers_saw_before_anything_was_announced_is_in_the_thread(self, room: Newsroom) -> None:
        signal, verdict = room.write(Story().signal(104).verdict(105, "block"))
        room.deliver([signal])
        assert room.slack.asked == []

        room.deliver([verdict])

        assert room.thread_lines()[0] == "+01:44 signal: The health check sees the primary of fileflow dark."

    @pytest.mark.parametrize("verdict", ["hold", "ignore", "join"])
    def test_a_verdict_that_asks_nothing_of_anyone_is_not_announced(self, room: Newsroom, verdict: str) -> None:
        room.tell(Story().signal(104).verdict(105, verdict))

        assert room.slack.asked == []
        assert room.pages() == []
        assert room.inside(lambda: room.control.notes("message#fileflow")) == []

    def test_two_incidents_of_an_application_are_two_messages(self, room: Newsroom) -> None:
        first = stories.not_needed()
        second = Story(incident="fileflow-2026-11-21T02:30Z", after=first.records)
        second.run_id = "fileflow-e8"
        second.signal(5200).verdict(5201, "start").opened(5203)

        room.tell(second, batch=4)

        headings = [lines_of(message.blocks)[0] for message in room.slack.living()]
        assert headings[0] == "*⚪ fileflow needed no failover*"
        assert headings[1].startswith("*⏳ fileflow seems dark in ap-northeast-2")

    def test_calls_for_a_channel_keep_the_distance_that_slack_asks_for(self, room: Newsroom) -> None:
        records = room.write(stories.dark().started(302, "start-cache").waiting(303, "start-cache", "It is creating."))

        room.inside(lambda: [room.invoke(room.event([record])) for record in records])

        moments = [message.changed for message in room.slack.history]
        assert all(later - earlier >= timedelta(seconds=1) for earlier, later in pairwise(moments))
        assert room.outbox() == []


class TestPaging:
    def test_a_person_who_must_decide_is_paged_and_told_how_to_start(self, room: Newsroom) -> None:
        room.tell(stories.blocked_by_arming())

        (page,) = room.pages()
        assert page["Subject"] == "Pilotlight P1: fileflow is dark in ap-northeast-2, and waits for a person to decide"
        assert "the state machine fileflow-failover in ap-northeast-1" in " ".join(page["Message"].split())
        assert '{"confirm":"fileflow","reason":"why it is needed"}' in page["Message"]
        assert any('"confirm":"fileflow"' in line for line in lines_of(room.living().blocks))

    def test_the_same_verdict_minute_after_minute_pages_once(self, room: Newsroom) -> None:
        story = stories.blocked_by_arming()
        for minute in range(3, 10):
            story.verdict(minute * 60, "block", f"fileflow is armed 'manual'; it has been dark for {minute} minutes.")

        room.tell(story)

        assert len(room.pages()) == 1
        assert len(room.thread_lines()) == 3
        assert "dark for 9 minutes" in lines_of(room.living().blocks)[1]

    def test_a_run_pages_when_it_opens_and_when_it_closes(self, room: Newsroom) -> None:
        room.tell(stories.recovered(), batch=3)

        opened, closed = room.pages()
        assert "run opened" in opened["Message"]
        assert closed["Subject"] == "Pilotlight P1: fileflow is served again after 14 min 51 s, from ap-northeast-1"

    def test_a_plan_without_slack_is_paged_at_every_turn_of_the_run(self, room: Newsroom) -> None:
        story = (
            Story()
            .signal(104)
            .verdict(105, "start", notify=None)
            .opened(107, notify=None)
            .preflight(109)
            .confirmed(300)
        )
        story.started(302, "scale").failed(361, "scale", "No task starts.", "Copy the image.")
        story.closed(363, "FAILED", "Step scale failed.")

        room.tell(story)

        assert [page["Subject"] for page in room.pages()] == [
            "Pilotlight P1: fileflow seems dark in ap-northeast-2: looking again before a failover",
            "Pilotlight P1: fileflow is failing over to ap-northeast-1: stage prepare, 1 of 4",
            "Pilotlight P1: fileflow is failing over to ap-northeast-1, and a step has failed",
            "Pilotlight P1: fileflow could not be failed over to ap-northeast-1",
        ]
        assert room.slack.asked == []
        assert room.outbox() == []

    def test_a_page_that_cannot_be_sent_is_sent_by_the_next_invocation(self, room: Newsroom) -> None:
        records = room.write(stories.dark())
        room.call("sns", "DeleteTopic", TopicArn=TOPIC)
        assert room.deliver(records[:4]) == []
        assert room.outbox()[0]["reason"].startswith("The page could not be sent")
        room.call("sns", "CreateTopic", Name=names.ALERTS_TOPIC)
        room.call("sns", "Subscribe", TopicArn=TOPIC, Protocol="sqs", Endpoint=f"arn:aws:sqs:{STANDBY}:{ACCOUNT}:pager")

        room.deliver(records[4:])

        assert len(room.pages()) == 1
        assert room.outbox() == []


class TestTrouble:
    def test_slack_that_does_not_answer_is_made_up_for_when_it_does(self, room: Newsroom) -> None:
        story = stories.moving()
        room.slack.go_down()
        room.tell(story, batch=5)
        assert room.slack.messages == []
        assert room.slack.asked.count("chat.postMessage") == 1
        assert "Slack did not answer auth.test within 3 s" in room.outbox()[0]["reason"]
        room.slack.come_up()

        room.tell(story.settled(702, "promote", "The replica is a writer of its own."))

        assert len(room.thread_lines()) == len(set(room.thread_lines())) == 15
        assert room.outbox() == []

    def test_while_slack_is_out_the_pager_tells_every_turn_and_why(self, room: Newsroom) -> None:
        room.slack.go_down()

        room.tell(stories.moving())

        pages = room.pages()
        assert ["verdict" in pages[0]["Message"], "run opened" in pages[1]["Message"]] == [True, True]
        assert "Slack was not told: Slack did not answer chat.postMessage within 3 s" in pages[0]["Message"]
        assert "run confirmed" in pages[2]["Message"]
        assert "gate passed" in pages[3]["Message"]
        assert len(pages) == 4

    def test_slack_that_is_slow_costs_three_seconds_a_call_at_most(self, room: Newsroom) -> None:
        room.slack.be_slow(20.0)
        records = room.write(stories.moving())
        room.world.time.sleep(600)
        began = room.world.time.now()

        room.inside(lambda: room.invoke(room.event(records)))

        assert room.world.time.now() - began < timedelta(seconds=6)
        assert len(room.outbox()) == 1

    def test_slack_that_wants_to_be_left_alone_is_left_alone(self, room: Newsroom) -> None:
        story = stories.dark()
        room.slack.limit_until(stories.moment(600))
        room.tell(story)
        refused = len(room.slack.asked)

        story.started(302, "start-cache").waiting(303, "start-cache", "It is creating.").waiting(
            304, "start-cache", "It is modifying."
        )
        room.tell(story)

        assert len(room.slack.asked) <= refused + 1
        assert room.slack.messages == []

    def test_an_application_without_news_is_caught_up_by_the_schedule(self, room: Newsroom) -> None:
        room.slack.go_down()
        room.tell(stories.not_needed())
        room.slack.come_up()
        room.world.time.sleep(60)

        room.inside(lambda: room.invoke(TICK))

        assert lines_of(room.living().blocks)[0] == "*⚪ fileflow needed no failover*"
        assert len(room.thread_lines()) == 7
        assert room.outbox() == []

    def test_what_cannot_be_told_for_a_day_is_given_up(self, room: Newsroom, caplog: pytest.LogCaptureFixture) -> None:
        room.slack.go_down()
        room.tell(stories.blocked_by_arming())
        room.world.time.sleep(25 * 3600)

        room.inside(lambda: room.invoke(TICK))

        assert room.outbox() == []
        assert "An incident was not told within a day, and is given up." in caplog.text

    def test_another_applications_news_do_not_wait_behind_what_is_stuck(self, room: Newsroom) -> None:
        room.slack.refuse_next("channel_not_found")
        room.tell(stories.blocked_by_arming())
        other = Story("portforge").signal(200).verdict(201, "block")

        room.tell(other)

        assert any("portforge" in message.text for message in room.slack.living())

    def test_a_message_that_a_person_deleted_is_posted_anew(self, room: Newsroom) -> None:
        story = stories.dark()
        room.tell(story)
        room.slack.delete(room.living().ts)

        room.tell(story.started(302, "start-cache"))

        assert "Create fileflow-dr-redis" in " ".join(lines_of(room.living().blocks))

    @pytest.mark.parametrize("code", ["channel_not_found", "not_in_channel", "invalid_blocks", "fatal_error"])
    def test_a_refusal_is_kept_with_its_code_and_is_no_failure(self, room: Newsroom, code: str) -> None:
        room.slack.refuse_next(code)

        room.tell(stories.blocked_by_arming())

        assert room.outbox()[0]["reason"] == f"Slack refused chat.postMessage: {code}."


class TestToken:
    def test_a_token_in_json_is_found(self, room: Newsroom) -> None:
        room.store_token(json.dumps({"bot_token": room.slack.token, "signing_secret": "x"}))

        room.tell(stories.blocked_by_arming())

        assert room.living().text

    def test_a_token_that_was_changed_is_read_again(self, room: Newsroom) -> None:
        story = stories.dark()
        room.tell(story)
        room.slack.token = "xoxb-rotated-token"
        room.store_token("xoxb-rotated-token\n")

        room.tell(story.started(302, "start-cache"))

        assert "Create fileflow-dr-redis" in room.living().blocks[1]["text"]["text"]
        assert room.outbox() == []

    @pytest.mark.parametrize("code", ["invalid_auth", "token_revoked"])
    def test_a_token_that_is_refused_is_tried_twice_and_kept_for_later(self, room: Newsroom, code: str) -> None:
        room.slack.refuse_next(code, code)

        room.tell(stories.blocked_by_arming())

        assert len(room.slack.asked) == 2
        assert room.outbox()[0]["reason"] == f"Slack refused chat.postMessage: {code}."

    @pytest.mark.parametrize("text", ["", "{}", '{"bot_token": 7}', "xoxb-one\nxoxb-two", "a password"])
    def test_a_secret_that_holds_no_token_is_said_without_being_quoted(self, room: Newsroom, text: str) -> None:
        room.store_token(text or " ")

        room.tell(stories.blocked_by_arming())

        assert room.outbox()[0]["reason"].startswith("Secret pilotlight/slack holds no bot token; store")
        assert room.slack.asked == []

    def test_a_secret_that_is_not_there_is_named(self, room: Newsroom) -> None:
        room.call("secretsmanager", "DeleteSecret", SecretId=NOTIFY["token_secret"], ForceDeleteWithoutRecovery=True)

        room.tell(stories.blocked_by_arming())

        assert (
            room.outbox()[0]["reason"]
            == "The Slack token could not be read from secret pilotlight/slack: ResourceNotFoundException."
        )

    def test_the_token_stands_in_no_sink(self, room: Newsroom, caplog: pytest.LogCaptureFixture) -> None:
        story = stories.moving()
        room.tell(story)
        room.slack.refuse_next("invalid_auth", "token_revoked")
        room.tell(story.settled(702, "promote", "It is a writer."))
        room.slack.go_down()
        room.tell(story.closed(710, "FAILED", "It was stopped."))

        kept = json.dumps([*room.inside(lambda: room.control.notes("message#fileflow")), *room.outbox()])
        logged = " ".join(str(vars(record)) for record in caplog.records)
        paged = json.dumps(room.pages())
        assert "'code': 'token_revoked'" in logged
        assert not any("xoxb" in text for text in (kept, logged, paged, str(room.slack.history)))


class TestItsOwnFailures:
    def test_what_it_cannot_tell_comes_back_and_the_rest_is_told(self, room: Newsroom) -> None:
        good = stories.blocked_by_arming()
        bad = Story("portforge").signal(110).verdict(111, "panic")
        room.write(good)
        _, *broken = room.write(bad)
        opened = Story("portforge", after=bad.records).opened(112)
        broken += room.write(opened)
        room.world.time.sleep(300)

        answer = room.inside(lambda: room.invoke(room.event([*good.records, *broken])))

        assert answer == {"batchItemFailures": [{"itemIdentifier": "100000002"}]}
        assert "fileflow" in room.living().text

    def test_a_record_that_cannot_be_read_holds_up_nothing(
        self, room: Newsroom, caplog: pytest.LogCaptureFixture
    ) -> None:
        records = room.write(stories.blocked_by_arming())
        event = room.event(records)
        event["Records"].insert(
            0, {"eventID": "odd", "dynamodb": {"SequenceNumber": "1", "NewImage": {"body": {"S": '{"kind": "song"}'}}}}
        )
        event["Records"].insert(0, {"eventID": "gone", "dynamodb": {"SequenceNumber": "2"}})

        answer = room.inside(lambda: room.invoke(event))

        assert answer == {"batchItemFailures": []}
        assert room.living().edits == 0
        assert "A record of the ledger cannot be read" in caplog.text

    def test_a_pager_that_cannot_be_heard_keeps_nobody_from_being_told(
        self, room: Newsroom, caplog: pytest.LogCaptureFixture
    ) -> None:
        room.slack.go_down()
        room.tell(stories.not_needed())
        room.slack.come_up()
        odd = {"application": "portforge", "incident": "odd", "service": "smoke signals", "secret": "pilotlight/pager"}
        room.inside(lambda: room.control.keep_note(OPEN, "odd", odd, None))
        room.world.time.sleep(60)

        room.inside(lambda: room.invoke(TICK))

        assert room.outbox() == []
        assert lines_of(room.living().blocks)[0] == "*⚪ fileflow needed no failover*"
        assert "Who took incidents up at the pager could not be heard." in caplog.text
        assert "'smoke signals' is not a valid PagerService" in caplog.text
        assert '"NotTold":[1.0]' in room.account.log.getvalue()

    def test_what_still_cannot_be_told_stays_in_the_outbox_and_holds_nothing_up(
        self, room: Newsroom, caplog: pytest.LogCaptureFixture
    ) -> None:
        bad = Story("atlas").signal(110).verdict(111, "panic")
        room.write(bad)
        now = stories.moment(112)
        waiting = Untold("atlas", bad.incident, 1, "Slack did not answer.", now, 1, now)
        room.inside(lambda: room.control.keep_note(OUTBOX, bad.incident, waiting.to_item(), None))
        room.slack.go_down()
        room.tell(stories.not_needed())
        room.slack.come_up()
        room.world.time.sleep(60)

        room.inside(lambda: room.invoke(TICK))

        assert [note["application"] for note in room.outbox()] == ["atlas"]
        assert lines_of(room.living().blocks)[0] == "*⚪ fileflow needed no failover*"
        assert "What waits in the outbox could not be told." in caplog.text
        assert "'panic' is not a valid VerdictKind" in caplog.text
        assert '"NotTold":[1.0]' in room.account.log.getvalue()

    def test_a_table_that_is_gone_makes_the_batch_come_back(self, room: Newsroom) -> None:
        records = room.write(stories.blocked_by_arming())
        room.call("dynamodb", "DeleteTable", TableName=names.LEDGER_TABLE)

        assert room.deliver(records) == ["100000001"]

    def test_of_two_at_once_one_tells_and_the_other_comes_back(self, room: Newsroom) -> None:
        records = room.write(stories.moving())
        room.world.time.sleep(600)
        tasks = [
            room.world.time.spawn(lambda: room.invoke(room.event(records)), name=f"delivery {number}")
            for number in (1, 2)
        ]
        room.world.time.run(until=lambda: all(task.done for task in tasks))

        answers = [task.result()["batchItemFailures"] for task in tasks]

        assert sorted(map(len, answers)) == [0, 1]
        assert len(room.thread_lines()) == len(set(room.thread_lines())) == 14
        assert room.deliver(records) == []
        assert len(room.slack.messages) == 2

    def test_what_an_invocation_left_behind_when_it_died_is_taken_over(self, room: Newsroom) -> None:
        records = room.write(stories.blocked_by_arming())
        now = stories.moment(110)
        dead = Told("fileflow", "fileflow-2026-11-21T01:04Z", 1, claimed_until=now + CLAIM)
        room.inside(lambda: room.control.keep_note("message#fileflow", dead.incident, dead.to_item(), None))
        assert room.deliver(records) == ["100000001"]

        room.world.time.sleep(60)

        assert room.deliver(records) == []
        assert room.living().edits == 0

    def test_a_long_incident_is_read_in_a_bounded_way(self, room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pilotlight.handlers.telling.MOST_RECORDS", 20)
        story = stories.blocked_by_arming()
        room.tell(story, batch=50)
        for second in range(60):
            story.signal(200 + second, "probe", "dark" if second % 2 else "unknown")
        *_, last = room.write(story)
        asked: list[Call] = []
        room.account.aws.after_call.append(lambda call: asked.append(call) if call.operation == "Query" else None)

        assert room.deliver([last]) == []

        queried = [
            call.parameters["ExpressionAttributeValues"][":s"]["S"]
            for call in asked
            if ":s" in call.parameters["ExpressionAttributeValues"]
        ]
        assert sort_key(last.sequence - 21) in queried

    def test_it_starts_without_what_it_does_not_need(self) -> None:
        heavy = ["aws_xray_sdk", "slack_sdk", "rich", "yaml", "moto", "pilotlight.report.html", "pilotlight.steps"]
        check = f"import sys, pilotlight.handlers.notify; print([m for m in {heavy!r} if m in sys.modules])"

        done = subprocess.run(
            [sys.executable, "-c", check],
            capture_output=True,
            text=True,
            check=True,
            cwd=REPOSITORY,
            env={"PYTHONPATH": "lambdas"},
        )

        assert done.stdout.strip() == "[]"


def test_every_kind_of_record_can_be_told() -> None:
    """So that a new kind of record is not forgotten in the stories that all these tests are made of."""
    scenes = (
        stories.recovered(),
        stories.failed(),
        stories.overridden(),
        stories.approved(),
        stories.waiting_at_a_failure(),
        stories.given_back(),
        stories.reminded(),
        stories.taken_up(),
        stories.cleaned(),
    )
    told = {record.entry.kind for story in scenes for record in story.records}

    # News of readiness belong to no story.
    assert told | {RecordKind.READINESS} == set(RecordKind)


class TestDrafts:
    """Drafts for people stand in the thread where the plan asks for them, and nowhere else."""

    @staticmethod
    def drafted(room: Newsroom) -> list[str]:
        return [
            line for line in room.thread_lines() if "A draft, to copy and complete; nothing of it was sent." in line
        ]

    def test_a_case_at_the_beginning_and_a_notice_at_each_turn(self, room: Newsroom) -> None:
        story = Story().signal(104).verdict(161, "start", drafts=True).opened(163, drafts=True).confirmed(300)
        story.write(RecordKind.REMINDER, 1900, "Not over after 30 min 00 s: it is moving.", level="")
        room.tell(story)

        assert [line.partition(".")[0] for line in self.drafted(room)] == [
            "*Case with AWS Support",
            "*Notice to customers (begin)",
            "*Notice to customers (update)",
        ]
        assert "```Subject: fileflow" in str([reply.blocks for reply in room.slack.thread(room.living().ts)])

    def test_none_where_the_plan_asks_for_none(self, room: Newsroom) -> None:
        room.tell(stories.recovered(), batch=5)

        assert self.drafted(room) == []


class TestReadiness:
    """News of readiness belong to no incident: each record is told once."""

    @staticmethod
    def write(room: Newsroom, *, notify: dict[str, str] | None = NOTIFY) -> Record:
        finding = {
            "severity": "error",
            "about": "promote",
            "code": "replica",
            "sentence": "There is no <replica>.",
            "fix": "Create it.",
        }
        details = {"findings": [finding], "notify": notify}
        entry = Entry("fileflow", RecordKind.READINESS, room.world.time.now(), "promote: ...", details=details)
        return Record.after(None, entry)

    def test_it_is_a_message_of_its_own(self, room: Newsroom) -> None:
        assert room.deliver([self.write(room)]) == []

        lines = lines_of(room.living().blocks)
        assert lines[0] == "*fileflow is not ready: 1 new finding*"
        assert "There is no &lt;replica&gt;." in str(room.living().blocks)
        assert room.pages() == []

    def test_it_is_told_once_though_the_batch_comes_again(self, room: Newsroom) -> None:
        record = self.write(room)

        room.deliver([record])
        room.deliver([record])

        assert room.slack.asked == ["chat.postMessage"]

    def test_where_slack_does_not_work_it_is_paged(self, room: Newsroom) -> None:
        room.store_token("xoxb-not-the-token")

        assert room.deliver([self.write(room)]) == []

        (page,) = room.pages()
        assert page["Subject"] == "Pilotlight: fileflow is not ready: 1 new finding"
        assert "- promote: There is no <replica>.\n  -> Create it." in page["Message"]

    def test_without_a_channel_it_is_paged(self, room: Newsroom) -> None:
        room.deliver([self.write(room, notify=None)])

        assert len(room.pages()) == 1
        assert room.slack.asked == []

    def test_where_nobody_can_be_told_it_comes_back(self, room: Newsroom) -> None:
        room.call("sns", "DeleteTopic", TopicArn=TOPIC)
        record = self.write(room, notify=None)

        assert room.deliver([record]) == [f"1000{record.sequence:05d}"]
