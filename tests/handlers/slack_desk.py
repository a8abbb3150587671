"""A desk that hears Slack: a plan with people who speak there, and their hands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from deployment import names
from pilotlight.aws.slack_requests import SlackRequests
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.canonical import canonical
from pilotlight.domain.ports import WebAnswer
from rehearsal.slack import FakeSlack, SlackMessage
from rehearsal.slack_people import Hand, Member, furnish_slack
from rehearsal.sts import put_sts
from tests.builders import STANDBY, a_plan
from tests.handlers.conftest import Desk, a_desk
from tests.people import ANNA as ANNA_AT_THE_SHELL
from tests.people import EVERYBODY

TEAM, CHANNEL, ELSEWHERE = "T0123456789", "C0123456789", "C9876543210"
ANNA, BORIS, DORA = Member("U0ANNA0001"), Member("U0BORIS001"), Member("U0DORA0001")
MALLORY = Member("U0MALLORY1")
ABROAD = Member(ANNA.user, "T9876543210")
PEOPLE = {
    "approvers": [ANNA.name, BORIS.name, ANNA_AT_THE_SHELL.arn],
    "overriders": [ANNA.name],
    "drillers": [ANNA.name, DORA.name],
    "starters": [ANNA.name],
    "same": [[ANNA.name, ANNA_AT_THE_SHELL.arn]],
}
SLACK = {"channel": CHANNEL, "token_secret": "pilotlight/slack-bot-token", "team": TEAM}
DRILLED = {"security_groups": ["sg-0d1e2f3a4b5c60720"], "usd_per_hour": 0.5, "usd_at_most": 3}
HEARING: dict[str, Any] = {"people": PEOPLE, "notifications": {"slack": SLACK}, "drill": DRILLED}


@dataclass
class SlackDesk:
    """A desk, its Slack, and the hands of those who spoke."""

    desk: Desk
    slack: FakeSlack
    _hands: dict[tuple[Member, str], Hand] = field(default_factory=dict)

    @property
    def requests(self) -> SlackRequests:
        return SlackRequests(DynamoTable(self.desk.account.sdk(STANDBY), STANDBY, names.CONTROL_TABLE))

    def hand(self, member: Member, channel: str = CHANNEL) -> Hand:
        """The hand of a person in a channel, one and the same each time."""
        fresh = Hand(self.slack, self.desk.account.internet, STANDBY, member, channel)
        return self._hands.setdefault((member, channel), fresh)

    def types(self, member: Member, text: str, channel: str = CHANNEL) -> WebAnswer:
        """Let somebody type, and let what follows of it happen."""
        answer: WebAnswer = self.desk.inside(lambda: self.hand(member, channel).types(text))
        self.settle()
        return answer

    def settle(self, seconds: float = 12.0) -> None:
        """Let a word be carried on, and be answered."""
        self.desk.world.time.run(limit_seconds=seconds)

    def words(self, run_id: str = "by-hand") -> list[tuple[str, str]]:
        """What was said of a run and by whom."""
        return [(word.kind.value, word.person) for word in self.desk.inside(lambda: self.desk.control.words(run_id))]

    def tell(self) -> SlackMessage:
        """Let the notifier tell what the ledger holds; gives the living message."""
        events = [
            {
                "eventID": record.hash[:8],
                "dynamodb": {
                    "SequenceNumber": f"1000{record.sequence:05d}",
                    "NewImage": {"body": {"S": canonical(record.to_item())}},
                },
            }
            for record in self.desk.records()
        ]
        self.desk.call(names.NOTIFY_FUNCTION, {"Records": events})
        (message,) = self.slack.living()
        return message


@contextmanager
def a_slack_desk(**differences: Any) -> Iterator[SlackDesk]:
    """A desk for a plan that hears people in Slack."""
    with a_desk(a_plan(**{**HEARING, **differences})) as desk:
        slack = FakeSlack(desk.world)
        desk.inside(lambda: furnish_slack(desk.plan, desk.account, slack))
        put_sts(desk.account.internet, desk.world, STANDBY, EVERYBODY)
        yield SlackDesk(desk, slack)
