"""slack: what people type and press in Slack arrives here, over a public URL whose only door is Slack's signature.

It verifies, records, starts and answers, within the three seconds that Slack waits. It decides nothing: each word goes,
as the mark of its record, to the function of its application, which knows the plan and the people, and answers the
person later. What only reads is answered at once. Whoever Slack did not vouch for gets 401 and no word; a copy of what
was heard gets 409. This role may record, read, and call those functions: it can change no application and no run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pilotlight.aws import functions
from pilotlight.aws.slack_requests import SlackRequests
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.errors import AlreadyThere, AwsError, InputRefused, Misconfigured
from pilotlight.domain.slack_command import READS, USAGE, understand
from pilotlight.domain.slack_request import Asked, Command, Listening, Press, Recorded, Voice, read
from pilotlight.domain.slack_signature import Signed, secret_in, verified
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry
from pilotlight.messages.private_answer import JSON, in_private, pressed, to_person

SECRET_HELD_FOR = timedelta(minutes=5)
"""A secret that was changed is read again after so long; a forger makes us read nothing."""

ANSWER_TIMEOUT_SECONDS = 1.5
Response = dict[str, Any]


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The function, from its environment and the ways out."""
    door = Door(Runtime(environ, outside, "slack"))

    def handle(event: dict[str, Any], context: Any) -> Response:
        return door.answer(event)

    return handle


handler = entry(build)


class Door:
    """What stands between Slack and the functions that take words, for as long as the function's instance lives."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        control = DynamoTable(runtime.aws, runtime.region, runtime.variable("PILOTLIGHT_CONTROL_TABLE"))
        self._requests = SlackRequests(control)
        self._secret = ""
        self._read: datetime | None = None
        self._secret_name = runtime.variable("PILOTLIGHT_SIGNING_SECRET")
        self._path = runtime.variable("PILOTLIGHT_SLACK_PATH")
        self._word_function = runtime.variable("PILOTLIGHT_WORD_FUNCTION")

    def answer(self, event: Mapping[str, Any]) -> Response:
        """Answer one HTTP request; raises what the tables and the secret raise, and Slack shows that it failed."""
        try:
            signed = verified(event, self._signing_secret(), self._runtime.now())
        except InputRefused as forged:
            self._runtime.logger.warning(forged.sentence)
            return {"statusCode": 401}
        try:
            said = read(signed.body)
        except InputRefused as refused:
            return _at_once(in_private(refused.sentence))
        try:
            content = self._heard(said, signed)
        except InputRefused as refused:
            self._runtime.logger.warning(refused.sentence)
            content = in_private(refused.sentence)
        except AlreadyThere:
            self._runtime.logger.warning("A copy of a request that was heard already was refused.")
            return {"statusCode": 409}
        if isinstance(said, Command):
            return _at_once(content)
        # What answers a press is not shown to anybody, so a refusal is sent to the person.
        if content:
            self._send(said.voice, pressed(content))
        return {"statusCode": 200}

    def _heard(self, said: Command | Press, signed: Signed) -> dict[str, Any]:
        """The answer to a request that Slack signed; raises `InputRefused` with what the person is told instead."""
        spoken_of = self._spoken_of(said.voice)
        if isinstance(said, Command):
            asked = understand(said.text, spoken_of)
        else:
            asked = self._stands_for(said, spoken_of)
        self._requests.record(Recorded(signed.mark, said.voice, asked, self._runtime.now()))
        if asked.do in READS:
            # The models behind a reading take longer to import than all the rest, so the words do without them.
            from pilotlight.handlers.slack_reading import look_up

            return look_up(self._runtime, asked, spoken_of)
        self._hand_on(asked, signed.mark)
        if isinstance(said, Press):
            return {}
        return in_private(f"'{asked.do}' of {asked.application} is heard; what comes of it is said here in a moment.")

    def _spoken_of(self, voice: Voice) -> list[str]:
        """The applications that are spoken of in a channel; raises `InputRefused` for one where none is."""
        found = [
            each.application for each in self._listening() if (each.team, each.channel) == (voice.team, voice.channel)
        ]
        if not found:
            raise InputRefused(
                f"No plan that is deployed in {self._runtime.region} is spoken of in this channel; a plan names its "
                "channel and its workspace under notifications.slack."
            )
        return found

    def _listening(self) -> list[Listening]:
        found: list[Listening] = []
        more: dict[str, str] = {}
        while True:
            answer = self._runtime.aws.call("ssm", "GetParametersByPath", self._runtime.region, Path=self._path, **more)
            for parameter in answer["Parameters"]:
                try:
                    found.append(Listening.from_json(parameter["Value"]))
                except ValueError:
                    name = parameter["Name"]
                    self._runtime.logger.warning(f"The parameter {name} cannot be read; deploy its stack again.")
            if not answer.get("NextToken"):
                return found
            more = {"NextToken": answer["NextToken"]}

    def _stands_for(self, press: Press, spoken_of: list[str]) -> Asked:
        button = self._requests.button(press.button)
        if button is None or button.asked.application not in spoken_of:
            raise InputRefused(f"This button is of no incident that is told here; say it: {USAGE}.")
        if self._runtime.now() >= button.expires:
            raise InputRefused(f"This button is older than a day; say it: {USAGE}.")
        return button.asked

    def _hand_on(self, asked: Asked, mark: str) -> None:
        name = self._word_function.replace("APPLICATION", asked.application)
        try:
            functions.tell(self._runtime.aws, self._runtime.region, name, {"slack": mark})
        except AwsError as error:
            self._runtime.logger.error(error.sentence)
            raise InputRefused(
                f"'{asked.do}' of {asked.application} could not be handed on ({error.code}); say it again, or with "
                "./pilotlight or in the console of Step Functions."
            ) from error

    def _send(self, voice: Voice, content: dict[str, Any]) -> None:
        if voice.response_url:
            self._runtime.outside.web.ask(to_person(voice.response_url, content, ANSWER_TIMEOUT_SECONDS))

    def _signing_secret(self) -> str:
        now = self._runtime.now()
        if self._read is None or now - self._read > SECRET_HELD_FOR:
            try:
                held = self._runtime.aws.call(
                    "secretsmanager", "GetSecretValue", self._runtime.region, SecretId=self._secret_name
                )
            except AwsError as error:
                raise Misconfigured(
                    f"Slack's signing secret could not be read from {self._secret_name}: {error.code}."
                ) from error
            self._secret, self._read = secret_in(held.get("SecretString", "")), now
        return self._secret


def _at_once(content: dict[str, Any]) -> Response:
    return {"statusCode": 200, "headers": JSON, "body": json.dumps(content)}
