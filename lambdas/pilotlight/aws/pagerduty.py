"""PagerDuty: the Events API v2, which raises, acknowledges and resolves an alert, and its incidents, which are read.

The alert of an incident has one `dedup_key`, so whatever is sent twice is one alert. Who acknowledged is read from the
REST API with a read-only token; only a person counts, because our own acknowledgement comes back as one of the service
(https://developer.pagerduty.com/docs/events-api-v2-overview, https://developer.pagerduty.com/api-reference, List
incidents).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from pilotlight.aws.alerting import Alert, cut
from pilotlight.domain.paging import PagerAction, PagerService
from pilotlight.domain.ports import WebRequest
from pilotlight.domain.severity import IncidentSeverity

EVENTS = {
    PagerService.PAGERDUTY: "https://events.pagerduty.com/v2/enqueue",
    PagerService.PAGERDUTY_EU: "https://events.eu.pagerduty.com/v2/enqueue",
}
REST = {
    PagerService.PAGERDUTY: "https://api.pagerduty.com/incidents",
    PagerService.PAGERDUTY_EU: "https://api.eu.pagerduty.com/incidents",
}
SEVERITIES = {
    IncidentSeverity.P1: "critical",
    IncidentSeverity.P2: "error",
    IncidentSeverity.P3: "warning",
    IncidentSeverity.P4: "info",
}
SUMMARY_LIMIT = 1024
DETAILS_LIMIT = 20_000
"""An event may have 512 KB; nobody reads so much at night."""


def event(service: PagerService, keys: Mapping[str, str], action: PagerAction, alert: Alert) -> WebRequest:
    """The event that asks for an action on the incident's alert."""
    body: dict[str, Any] = {"routing_key": keys["routing_key"], "event_action": action.value, "dedup_key": alert.key}
    if action is PagerAction.TRIGGER:
        body |= {
            "client": "Pilotlight",
            "payload": {
                "summary": cut(alert.summary, SUMMARY_LIMIT),
                "source": alert.source,
                "severity": SEVERITIES[alert.severity],
                "timestamp": alert.time.isoformat(),
                "component": alert.application,
                "class": alert.severity.value,
                "custom_details": {"incident": alert.key, "message": cut(alert.details, DETAILS_LIMIT)},
            },
        }
    return WebRequest("POST", EVENTS[service], headers={"Content-Type": "application/json"}, body=json.dumps(body))


def question(service: PagerService, keys: Mapping[str, str], key: str) -> WebRequest | None:
    """The question who acknowledged the alert of that key; None without a token to ask with."""
    if not keys.get("api_token"):
        return None
    wanted = urlencode({"incident_key": key, "statuses[]": ["acknowledged", "resolved"]}, doseq=True)
    headers = {
        "Authorization": f"Token token={keys['api_token']}",
        "Accept": "application/vnd.pagerduty+json;version=2",
    }
    return WebRequest("GET", f"{REST[service]}?{wanted}", headers=headers)


def acknowledged_by(said: Mapping[str, Any], key: str) -> tuple[str, datetime] | None:
    """The first person who acknowledged or resolved it, and when, by the answer; None where nobody has.

    Raises KeyError for what is no list of incidents.
    """
    for incident in said["incidents"]:
        if incident.get("incident_key") not in (key, None, ""):
            continue
        acts = [(each["acknowledger"], each["at"]) for each in incident.get("acknowledgements", ())]
        if incident.get("status") == "resolved" and incident.get("last_status_change_by"):
            acts.append((incident["last_status_change_by"], incident["last_status_change_at"]))
        for who, at in acts:
            if str(who.get("type", "")).startswith("user"):
                return str(who.get("summary") or who.get("id") or "somebody"), datetime.fromisoformat(at)
    return None
