"""sync_user: in the primary region, copies each user who signs up into the standby's own user pool.

Cognito calls it as the trigger "post confirmation" of the primary's pool, and may call it as "post authentication" too,
so that users from before it was there are copied when they next sign in. It waits 5 seconds for the answer, and a
trigger that fails keeps the user out (Cognito developer guide, "Customizing user pool workflows with Lambda triggers").
So the event is returned in any case, and in time: trouble is told in the log and as the metric `UserSyncFailed`. A cold
start may take longer than that together with a standby that is silent; Cognito asks three times.

No password is copied, because Cognito gives none away. A user whom AdminCreateUser leaves in FORCE_CHANGE_PASSWORD can
neither sign in nor reset it ("User password cannot be reset in the current state", amazon-cognito-identity-js issue
532), so the copy gets a password that nobody knows: its user resets it by mail, once, when the standby serves. Who
signs in with another provider needs no copy. Of a user only the `sub` is logged.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pilotlight.domain.errors import AlreadyExists, PilotlightError, Unavailable
from pilotlight.domain.plan import Arming
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry, measure

TRIGGERS = ("PostConfirmation_ConfirmSignUp", "PostAuthentication_Authentication")
CALLS_BEGIN_WITHIN = timedelta(milliseconds=800)
"""A call abroad ends within 4 s, so one that begins by then is over before Cognito stops waiting."""
UNFINISHED = "FORCE_CHANGE_PASSWORD"
_NOT_COPIED = ("sub", "identities")
_NOT_COPIED_PREFIX = "cognito:"
_SYMBOLS = "!@#$%^*_-+="


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The trigger of one application, from its environment and the ways out."""
    runtime, application = Runtime(environ, outside, "sync_user"), environ.get("PILOTLIGHT_APPLICATION", "unknown")

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        began = runtime.now()
        try:
            _copy(runtime, event, began)
        except PilotlightError as error:
            _tell(runtime, application, event, error.sentence)
        except Exception as error:
            # Whatever it is, the user must get in.
            _tell(runtime, application, event, f"{type(error).__name__} was not expected")
        return event

    return handle


handler = entry(build)


def _copy(runtime: Runtime, event: Mapping[str, Any], began: datetime) -> None:
    attributes: Mapping[str, str] = event["request"]["userAttributes"]
    if event["triggerSource"] not in TRIGGERS or "identities" in attributes:
        return
    # An armed 'observe' may change nothing; the trigger stays in place all the same.
    if runtime.variable("PILOTLIGHT_ARMING") == Arming.OBSERVE.value:
        return
    name = attributes.get(runtime.variable("PILOTLIGHT_NAMED_BY")) or str(event["userName"])
    user = {"UserPoolId": runtime.variable("PILOTLIGHT_STANDBY_POOL"), "Username": name}
    region = runtime.variable("PILOTLIGHT_STANDBY")
    copied = [
        {"Name": attribute, "Value": value}
        for attribute, value in attributes.items()
        if attribute not in _NOT_COPIED and not attribute.startswith(_NOT_COPIED_PREFIX)
    ]
    made = {**user, "UserAttributes": copied, "MessageAction": "SUPPRESS"}
    try:
        runtime.aws.call("cognito-idp", "AdminCreateUser", region, **made)
    except AlreadyExists:
        _must_be_in_time(runtime, began)
        found = runtime.aws.call("cognito-idp", "AdminGetUser", region, **user)
        if found["UserStatus"] != UNFINISHED:
            return
    _must_be_in_time(runtime, began)
    runtime.aws.call("cognito-idp", "AdminSetUserPassword", region, **user, Password=_password(), Permanent=True)


def _must_be_in_time(runtime: Runtime, began: datetime) -> None:
    if runtime.now() - began > CALLS_BEGIN_WITHIN:
        text = "the standby took too long, and the user waits; the copy is finished at the next sign-in"
        raise Unavailable("cognito-idp", "AdminCreateUser", runtime.variable("PILOTLIGHT_STANDBY"), "Slow", text)


def _password() -> str:
    """A password that nobody knows, with a character of each class that a policy may ask for."""
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SYMBOLS)
    every = "".join(classes)
    return "".join([*(secrets.choice(one) for one in classes), *(secrets.choice(every) for _ in range(40))])


def _tell(runtime: Runtime, application: str, event: Mapping[str, Any], why: str) -> None:
    request = event.get("request") or {}
    who = (request.get("userAttributes") or {}).get("sub", "unknown")
    runtime.logger.error("User %s was not copied to the standby: %s.", who, why)
    measure(runtime.outside.log, "UserSyncFailed", 1, MetricUnit.Count, application=application)
