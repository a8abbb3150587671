"""Telling one incident: the alert at the pager, the living message, its thread, and the page over SNS.

Each incident is told by one invocation at a time, and each record once: how far the telling came is kept in the control
table, and moved on by conditional writes. A record is told again only if an invocation died between sending and
keeping. Trouble with Slack, SNS or the pager is kept in the outbox and never raised; trouble with the tables is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pilotlight.aws.slack import MESSAGE_GONE, TOKEN_REFUSED, BotTokens, Delivered, NotDelivered, SlackApi
from pilotlight.aws.slack_requests import BUTTON_LASTS, Button, SlackRequests
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.canonical import digest
from pilotlight.domain.errors import AwsError, Changed
from pilotlight.domain.records import Record
from pilotlight.handlers.outbox import Outbox
from pilotlight.handlers.paging import Paging
from pilotlight.handlers.runtime import Runtime
from pilotlight.messages.drafts import draft_blocks
from pilotlight.messages.page import page_of
from pilotlight.messages.slack import Message, living_message, thread_reply
from pilotlight.messages.slack_buttons import Offer, identity_of, offers
from pilotlight.messages.told import Told, Untold
from pilotlight.report.incident import IncidentState, IncidentView
from pilotlight.report.noteworthy import urgent, weighty
from pilotlight.report.standing import graded
from pilotlight.report.view import view

CLAIM = timedelta(seconds=45)
SPACING = timedelta(seconds=1.2)
"""Between two calls for one channel: Slack allows about one message a second, and fifty rewritings a minute."""

LOOK_BACK_RECORDS = 200
MOST_RECORDS = 2000
_SLACK, _PAGER = "", "pager"
"""The sinks by their names in the outbox; a page over SNS goes with Slack's, whose trouble it tells."""


@dataclass(frozen=True)
class Channel:
    """Where an incident is told in Slack, as its plan says, and whether people may answer there."""

    id: str
    token_secret: str
    hears: bool = False


class Teller:
    """Tells incidents, for as long as the function's instance lives."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._slack = SlackApi(runtime.outside.web)
        self._tokens = BotTokens(runtime.aws, runtime.region)
        self._topic = runtime.variable("PILOTLIGHT_ALERTS_TOPIC")
        self._last_call: dict[str, datetime] = {}
        self._outbox = Outbox(runtime)
        self._paging = Paging(runtime)
        table = DynamoTable(runtime.aws, runtime.region, runtime.variable("PILOTLIGHT_CONTROL_TABLE"))
        self._requests = SlackRequests(table)
        self._kept: set[str] = set()

    def is_known(self, application: str, incident: str) -> bool:
        """Whether anyone was told of the incident already."""
        return self._runtime.control.note(_messages(application), incident) is not None

    def waiting(self) -> list[Untold]:
        """What the outbox holds, and may be tried again by now."""
        return self._outbox.due()

    def hear(self) -> None:
        """Hear who took an incident up at a pager."""
        self._paging.hear()

    def tell(self, application: str, incident: str, newest: int) -> None:
        """Tell what is new, up to `newest` and beyond; raises `Changed` while another invocation is telling."""
        told, claimed = self._claim(application, incident, newest)
        try:
            since = max(told.first, max(newest, told.newest) - MOST_RECORDS)
            seen = view(self._runtime.ledger.records(application, since=since), incident)
            told = replace(told, first=seen.records[0].sequence)
            if seen.standing is not IncidentState.QUIET:
                told = self._deliver(seen, told)
        finally:
            self._runtime.control.keep_note(
                _messages(application), incident, replace(told, claimed_until=None).to_item(), claimed
            )

    def _claim(self, application: str, incident: str, newest: int) -> tuple[Told, Mapping[str, Any]]:
        control, now = self._runtime.control, self._runtime.now()
        note = control.note(_messages(application), incident)
        told = Told.from_item(note) if note else Told(application, incident, max(1, newest - LOOK_BACK_RECORDS))
        if told.is_claimed(now):
            raise Changed(f"Incident {incident} is being told by another invocation.")
        control.keep_note(_messages(application), incident, replace(told, claimed_until=now + CLAIM).to_item(), note)
        return told, {"version": note["version"] + 1 if note else 1}

    def _deliver(self, seen: IncidentView, told: Told) -> Told:
        """By the pager first, which wakes people; each sink by itself, whatever becomes of the others."""
        held = self._outbox.held(seen.incident, _PAGER)
        unrung = self._outbox.too_early(held)
        if unrung is None:
            told, unrung = self._paging.page(seen, told)
        self._outbox.keep(seen, held, unrung)
        held, channel = self._outbox.held(seen.incident, _SLACK), _channel(seen.records)
        trouble = self._outbox.too_early(held) if channel else None
        if channel and trouble is None:
            # A post that got no answer may stand there all the same, so who failed asks before it posts again.
            asked = self._call(channel, self._slack.ask) if held.note else None
            if isinstance(asked, NotDelivered):
                trouble = asked
            else:
                told, trouble = self._tell_slack(seen, told, channel)
        told, unpaged = self._page(seen, told, trouble, by_slack=channel is not None, already_said=bool(held.note))
        self._outbox.keep(seen, held, trouble or unpaged)
        return told

    # Slack

    def _tell_slack(self, seen: IncidentView, told: Told, channel: Channel) -> tuple[Told, NotDelivered | None]:
        message = living_message(seen, self._offer(seen) if channel.hears else ())
        shown = digest(message.blocks)
        if told.shown != shown:
            sent = self._send(channel, told, message)
            if isinstance(sent, NotDelivered):
                return told, sent
            told = replace(told, channel=sent.channel, ts=sent.ts, shown=shown)
        new = [record for record in seen.told if record.sequence > told.in_thread]
        if new:
            reply = thread_reply(seen, new)
            # In one message with the lines: two could be told apart by a failure in between.
            reply = replace(reply, blocks=[*reply.blocks, *draft_blocks(seen, new)])
            answered = self._post(channel, told.channel, reply, thread_ts=told.ts)
            if isinstance(answered, NotDelivered):
                return told, answered
        return replace(told, in_thread=seen.records[-1].sequence), None

    def _offer(self, seen: IncidentView) -> list[Offer]:
        """What is offered to be said, once what each button stands for is kept: one that nobody knows answers badly."""
        offered = offers(seen)
        expires = self._runtime.now() + BUTTON_LASTS
        for asked in (each for offer in offered for each in offer.asked()):
            identity = identity_of(asked)
            if identity not in self._kept:
                self._requests.keep_button(identity, Button(asked, expires))
                self._kept.add(identity)
        return offered

    def _send(self, channel: Channel, told: Told, message: Message) -> Delivered | NotDelivered:
        """Rewrite the living message; post it anew where there is none, or where a person deleted it."""
        if told.ts:

            def rewrite(token: str) -> Delivered | NotDelivered:
                self._keep_distance(told.channel)
                return self._slack.update(token, told.channel, told.ts, message.content())

            sent = self._call(channel, rewrite)
            if isinstance(sent, Delivered) or sent.code not in MESSAGE_GONE:
                return sent
        return self._post(channel, channel.id, message)

    def _post(self, channel: Channel, to: str, message: Message, *, thread_ts: str = "") -> Delivered | NotDelivered:
        def post(token: str) -> Delivered | NotDelivered:
            self._keep_distance(to)
            return self._slack.post(token, to, message.content(), thread_ts=thread_ts)

        return self._call(channel, post)

    def _call(self, channel: Channel, ask: Callable[[str], Delivered | NotDelivered]) -> Delivered | NotDelivered:
        """One call; where Slack refuses the token, the secret is read again and the call made once more."""
        for last_try in (False, True):
            token = self._tokens.token(channel.token_secret)
            if isinstance(token, NotDelivered):
                return token
            sent = ask(token)
            if isinstance(sent, Delivered) or sent.code not in TOKEN_REFUSED or last_try:
                return sent
            self._tokens.forget(channel.token_secret)
        raise AssertionError("the second try returns")

    def _keep_distance(self, channel: str) -> None:
        now = self._runtime.now()
        early = self._last_call.get(channel, now - SPACING) + SPACING - now
        if early > timedelta(0):
            self._runtime.outside.pause(early.total_seconds())
        self._last_call[channel] = self._runtime.now()

    # SNS

    def _page(
        self, seen: IncidentView, told: Told, trouble: NotDelivered | None, *, by_slack: bool, already_said: bool
    ) -> tuple[Told, NotDelivered | None]:
        fresh = [record for record in seen.told if record.sequence > told.paged]
        first_trouble = trouble is not None and not already_said
        counts = urgent if by_slack and trouble is None else weighty
        if first_trouble or any(counts(record) for record in fresh):
            said = fresh if first_trouble else [record for record in fresh if counts(record)]
            page = page_of(seen, said, trouble.sentence if trouble else "")
            try:
                self._runtime.aws.call(
                    "sns",
                    "Publish",
                    self._runtime.region,
                    TopicArn=self._topic,
                    Subject=page.subject,
                    Message=page.body,
                    MessageAttributes=_attributes(seen),
                )
            except AwsError as error:
                return told, NotDelivered("sns", f"The page could not be sent: {error.sentence}")
        return replace(told, paged=seen.records[-1].sequence), None


def _channel(records: Sequence[Record]) -> Channel | None:
    """Where the newest record that says so wants it told; None for a plan without Slack."""
    for record in reversed(records):
        if "notify" in record.entry.details:
            notify = record.entry.details["notify"]
            return Channel(notify["channel"], notify["token_secret"], "team" in notify) if notify else None
    return None


def _attributes(seen: IncidentView) -> dict[str, dict[str, str]]:
    """What a subscription to the topic can choose by, so that an on-call's phone hears of P1 of one application."""
    said = {"application": seen.application, "incident": seen.incident, "severity": graded(seen).severity.value}
    return {name: {"DataType": "String", "StringValue": value} for name, value in said.items()}


def _messages(application: str) -> str:
    return f"message#{application}"
