"""The moments of a rehearsal, made of a story: its records, the world's notes, and the messages as Slack got them."""

from __future__ import annotations

from datetime import timedelta

from pilotlight.messages.slack import living_message, thread_reply
from pilotlight.report.incident import IncidentState
from pilotlight.report.view import view
from rehearsal.live import Moment
from rehearsal.slack import SlackMessage
from tests.report.stories import NOTIFY, ONSET, Story, moment

WORLD = (
    (0.0, "It begins: the primary region goes dark and stays dark."),
    (92.0, "The health check of fileflow.ryuqqq.com fails."),
    (102.0, "Alarm pilotlight-fileflow-primary-health in us-east-1 goes to ALARM."),
    (103.0, "The alarm event crosses from us-east-1 to the bus in ap-northeast-1."),
)


def moments_of_story(story: Story) -> list[Moment]:
    """Everything that happened, in order; Slack follows each record half a second later."""
    found = [Moment(moment(seconds), note) for seconds, note in WORLD]
    edits = 0
    for number, record in enumerate(story.records, 1):
        found.append(Moment(record.entry.time, record))
        seen = view(story.records[:number])
        if seen.standing is IncidentState.QUIET or seen.told[-1] != record:
            continue
        at = record.entry.time + timedelta(seconds=0.5)
        message, reply = living_message(seen), thread_reply(seen, [record])
        found.append(
            Moment(at, SlackMessage(NOTIFY["channel"], "1.000001", message.text, message.blocks, ONSET, at, "", edits))
        )
        found.append(
            Moment(at, SlackMessage(NOTIFY["channel"], f"2.{number:06d}", reply.text, reply.blocks, at, at, "1.000001"))
        )
        edits += 1
    return sorted(found, key=lambda happened: happened.at)
