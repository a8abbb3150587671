"""The pager of a plan: which service wakes people, and what an incident asks of it.

An incident has one alert there, known by a key of its own, however often it is sent: it is triggered, acknowledged once
a person has taken the incident up, and resolved when the incident is over.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from pilotlight.domain.part import Part


class PagerService(StrEnum):
    """A service that wakes people; `jira` is Jira Service Management, which follows Opsgenie."""

    PAGERDUTY = "pagerduty"
    PAGERDUTY_EU = "pagerduty_eu"
    OPSGENIE = "opsgenie"
    OPSGENIE_EU = "opsgenie_eu"
    JIRA = "jira"


class PagerAction(StrEnum):
    """What an incident asks of its alert."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


class Pager(Part):
    """Who wakes people. Its keys stand in a secret, never here."""

    service: PagerService
    secret: str = Field(
        pattern=r"^pilotlight/[\w/+=.@-]{1,200}$",
        description=(
            "The name of the secret, in the standby region, that holds the keys as a JSON object: for PagerDuty "
            "`routing_key` and, so that acknowledgements there are heard, a read-only `api_token`; for Opsgenie and "
            "Jira `api_key`. It begins with pilotlight/ because the notifier's role reads nothing else."
        ),
        examples=["pilotlight/pagerduty"],
    )
