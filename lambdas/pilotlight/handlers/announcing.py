"""Telling what belongs to no incident: news of readiness, each record once, in Slack or else over the topic."""

from __future__ import annotations

from pilotlight.aws.slack import BotTokens, NotDelivered, SlackApi
from pilotlight.domain.records import Record
from pilotlight.handlers.runtime import Runtime
from pilotlight.messages.readiness import readiness_message, readiness_page

_SORT = "told"


class Announcer:
    """Tells such records, for as long as the function's instance lives."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._slack = SlackApi(runtime.outside.web)
        self._tokens = BotTokens(runtime.aws, runtime.region)

    def announce(self, record: Record) -> None:
        """Tell a record, unless it was told; where Slack does not take it the topic does, and its trouble is raised."""
        control, partition = self._runtime.control, f"readiness#{record.entry.application}"
        note = control.note(partition, _SORT)
        if note and int(note["sequence"]) >= record.sequence:
            return
        trouble = self._post(record)
        if trouble:
            self._runtime.logger.warning(trouble)
            page = readiness_page(record)
            topic, region = self._runtime.variable("PILOTLIGHT_ALERTS_TOPIC"), self._runtime.region
            self._runtime.aws.call("sns", "Publish", region, TopicArn=topic, Subject=page.subject, Message=page.body)
        control.keep_note(partition, _SORT, {"sequence": record.sequence}, note)

    def _post(self, record: Record) -> str:
        """Post it in Slack; why that did not work, empty where it did."""
        where = record.entry.details.get("notify")
        if not where:
            return f"{record.entry.application} has no channel in Slack."
        token = self._tokens.token(where["token_secret"])
        if isinstance(token, NotDelivered):
            return token.sentence
        sent = self._slack.post(token, where["channel"], readiness_message(record).content())
        if isinstance(sent, NotDelivered):
            self._tokens.forget(where["token_secret"])
            return sent.sentence
        return ""
