"""The pagers of people: an alert is sent to the one that a plan names, and it is asked who acknowledged it.

Nothing here raises for a pager's trouble: what was not sent says why, in a sentence without a key. The keys stand in
Secrets Manager; each secret is read once, and again when the pager refuses what it holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import ModuleType

from pilotlight.aws import opsgenie, pagerduty
from pilotlight.aws.alerting import Alert
from pilotlight.aws.slack import RATE_LIMIT_PAUSE_SECONDS, NotDelivered
from pilotlight.domain.errors import AwsError
from pilotlight.domain.paging import PagerAction, PagerService
from pilotlight.domain.ports import Aws, Web, WebAnswer, WebRequest

TIMEOUT_SECONDS = 3.0
NAMES = {
    PagerService.PAGERDUTY: "PagerDuty",
    PagerService.PAGERDUTY_EU: "PagerDuty",
    PagerService.OPSGENIE: "Opsgenie",
    PagerService.OPSGENIE_EU: "Opsgenie",
    PagerService.JIRA: "Jira Service Management",
}
_REFUSED_KEY = (400, 401, 403)
"""PagerDuty's Events API answers 400 where the key is none of its own."""

_PRINTABLE = range(33, 127)


@dataclass(frozen=True)
class PagerAt:
    """A pager as the ledger names it: its make, and the secret with its keys."""

    service: PagerService
    secret: str

    @property
    def name(self) -> str:
        """What people call it."""
        return NAMES[self.service]

    @property
    def api(self) -> ModuleType:
        """How it is spoken to."""
        return pagerduty if self.service in pagerduty.EVENTS else opsgenie

    @property
    def needed_key(self) -> str:
        """The key without which nothing can be sent."""
        return "routing_key" if self.api is pagerduty else "api_key"


class Pagers:
    """Sends alerts and asks after them; each call takes 3 s at most."""

    def __init__(self, web: Web, aws: Aws, region: str) -> None:
        self._web = web
        self._aws = aws
        self._region = region
        self._held: dict[str, Mapping[str, str]] = {}

    def send(self, pager: PagerAt, action: PagerAction, alert: Alert) -> NotDelivered | None:
        """Ask for an action on the alert of an incident; gives why it was not taken, None where it was.

        A key that is refused is read again, once, because somebody may have changed it.
        """
        for last_try in (False, True):
            keys = self._keys(pager)
            if isinstance(keys, NotDelivered):
                return keys
            request: WebRequest = pager.api.event(pager.service, keys, action, alert)
            answer = self._ask(request)
            if answer.status not in _REFUSED_KEY or last_try:
                return _trouble(pager, f"the {action.value} of an alert", answer)
            self._held.pop(pager.secret, None)
        raise AssertionError("the second try returns")

    def acknowledged_by(self, pager: PagerAt, key: str) -> tuple[str, datetime] | NotDelivered | None:
        """Which person acknowledged the alert there, and when; None where nobody has, or nobody may ask."""
        keys = self._keys(pager)
        if isinstance(keys, NotDelivered):
            return keys
        request: WebRequest | None = pager.api.question(pager.service, keys, key)
        if request is None:
            return None
        answer = self._ask(request)
        if answer.status in _REFUSED_KEY:
            self._held.pop(pager.secret, None)
        if trouble := _trouble(pager, "the question who acknowledged", answer):
            return trouble
        try:
            found: tuple[str, datetime] | None = pager.api.acknowledged_by(json.loads(answer.body), key)
        except (ValueError, KeyError, TypeError, AttributeError):
            return NotDelivered("unreadable", f"{pager.name} answered who acknowledged with nothing that can be read.")
        return found

    def _ask(self, request: WebRequest) -> WebAnswer:
        return self._web.ask(replace(request, timeout_seconds=TIMEOUT_SECONDS))

    def _keys(self, pager: PagerAt) -> Mapping[str, str] | NotDelivered:
        if pager.secret not in self._held:
            try:
                found = self._aws.call("secretsmanager", "GetSecretValue", self._region, SecretId=pager.secret)
            except AwsError as error:
                sentence = f"The keys of {pager.name} could not be read from secret {pager.secret}: {error.code}."
                return NotDelivered("secret", sentence)
            keys = _keys_in(found.get("SecretString", ""))
            if pager.needed_key not in keys:
                sentence = f"Secret {pager.secret} holds no {pager.needed_key}; store a JSON object with it."
                return NotDelivered("secret", sentence)
            self._held[pager.secret] = keys
        return self._held[pager.secret]


def _keys_in(text: str) -> dict[str, str]:
    """The keys in a secret: one with a blank or a line break in it would be an error that quotes it, so it is none."""
    try:
        held = json.loads(text)
    except ValueError:
        return {}
    keys = held if isinstance(held, dict) else {}
    return {
        name: key
        for name, key in keys.items()
        if isinstance(key, str) and key and all(ord(letter) in _PRINTABLE for letter in key)
    }


def _trouble(pager: PagerAt, what: str, answer: WebAnswer) -> NotDelivered | None:
    """Why a pager did not take it; its own words are left out, because they may hold what it was sent."""
    if answer.status is None:
        sentence = f"{pager.name} did not answer {what} within {TIMEOUT_SECONDS:g} s."
        return NotDelivered("unreachable", sentence)
    if 200 <= answer.status < 300:
        return None
    if answer.status == 429:
        said_so = answer.headers.get("retry-after", "")
        pause = float(said_so) if said_so.isdigit() else RATE_LIMIT_PAUSE_SECONDS
        return NotDelivered("ratelimited", f"{pager.name} refused {what}, because too much is sent to it.", pause)
    return NotDelivered(f"http_{answer.status}", f"{pager.name} refused {what} with HTTP {answer.status}.")
