"""What an application's own function does with a request that came through Slack: it is taken like any other word.

The event is the mark of a record in the control table, and nothing of it is believed: who speaks, what and about what
is read there, where only the function that verified Slack's signature puts it. The plan says whether that person may.
Each request is answered once, and the answer is kept with it, so that whoever hands on its mark again changes nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pilotlight.aws.slack_requests import SlackRequests
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.errors import InputRefused
from pilotlight.domain.plan import AnyPlan
from pilotlight.domain.slack_command import STARTS
from pilotlight.domain.slack_request import Recorded
from pilotlight.handlers.runtime import Runtime
from pilotlight.messages.private_answer import in_private, pressed, to_person

GOOD_FOR = timedelta(minutes=5)
"""Lambda hands an event on for some minutes; what comes later was meant for another moment."""


class FromSlack(BaseModel):
    """The event: the mark of a recorded request, a closed schema."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slack: str = Field(pattern=r"^[0-9a-f]{64}$")

    @classmethod
    def parse(cls, event: Any) -> FromSlack:
        """Read an event; raises `InputRefused`."""
        try:
            return cls.model_validate(event)
        except ValidationError as error:
            raise InputRefused("A request through Slack is handed on by its mark and nothing besides.") from error


def find(runtime: Runtime, event: Any) -> Recorded:
    """The request that an event names; raises `InputRefused` for one that is none of this application's, or is old."""
    mark = FromSlack.parse(event).slack
    request = requests(runtime).find(mark)
    if request is None or request.asked.application != runtime.plan.name:
        raise InputRefused(f"No such request about {runtime.plan.name} came through Slack.")
    if not request.answer and runtime.now() - request.received > GOOD_FOR:
        raise InputRefused(f"'{request.asked.do}' came too late to be taken; say it again.")
    return request


def must_be_heard(request: Recorded, plan: AnyPlan) -> None:
    """Raise `InputRefused` for whom the plan does not hear through Slack, whatever is said."""
    slack = plan.notifications.slack
    here = (request.voice.team, request.voice.channel)
    if slack is None or (slack.team, slack.channel) != here:
        raise InputRefused(f"The plan of {plan.name} is not spoken of in this channel of this workspace.")
    if request.person not in plan.people.everybody:
        raise InputRefused(
            f"'{request.asked.do}' by {request.person} is refused, because the plan of {plan.name} names that person "
            "in none of its lists; whoever deploys it can, under people."
        )


def is_start(request: Recorded) -> bool:
    """Whether something is to be started, and no word is said of a run."""
    return request.asked.do in STARTS


def tell(runtime: Runtime, request: Recorded, sentence: str) -> None:
    """Keep the answer with its request, and send it to the person; that it is not delivered is no trouble of a run."""
    requests(runtime).keep_answer(request.mark, sentence)
    if not request.voice.response_url:
        return
    answer = to_person(request.voice.response_url, pressed(in_private(sentence)), timeout_seconds=3.0)
    sent = runtime.outside.web.ask(answer)
    if sent.status != 200:
        runtime.logger.warning("An answer could not be delivered in Slack.", status=sent.status, trouble=sent.trouble)


def requests(runtime: Runtime) -> SlackRequests:
    """Where they are recorded."""
    return SlackRequests(DynamoTable(runtime.aws, runtime.region, runtime.variable("PILOTLIGHT_CONTROL_TABLE")))
