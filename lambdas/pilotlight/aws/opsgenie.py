"""Opsgenie, and Jira Service Management that follows it: alerts by alias, which is the incident's own key.

Opsgenie itself ends on 5 April 2027; Jira takes the same requests at another address. An integration key of Opsgenie
may also read an alert, one of Jira may not, so an acknowledgement in Jira is not heard here
(https://docs.opsgenie.com/docs/alert-api, https://developer.atlassian.com/cloud/jira/service-desk-ops, Integration
events).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from pilotlight.aws.alerting import Alert, cut
from pilotlight.domain.paging import PagerAction, PagerService
from pilotlight.domain.ports import WebRequest

ALERTS = {
    PagerService.OPSGENIE: "https://api.opsgenie.com/v2/alerts",
    PagerService.OPSGENIE_EU: "https://api.eu.opsgenie.com/v2/alerts",
    PagerService.JIRA: "https://api.atlassian.com/jsm/ops/integration/v2/alerts",
}
MESSAGE_LIMIT = 130
DESCRIPTION_LIMIT = 15_000
_VERBS = {PagerAction.ACKNOWLEDGE: "acknowledge", PagerAction.RESOLVE: "close"}


def event(service: PagerService, keys: Mapping[str, str], action: PagerAction, alert: Alert) -> WebRequest:
    """The request that asks for an action on the incident's alert."""
    headers = {"Content-Type": "application/json", "Authorization": f"GenieKey {keys['api_key']}"}
    if action is PagerAction.TRIGGER:
        body: dict[str, Any] = {
            "message": cut(alert.summary, MESSAGE_LIMIT),
            "alias": alert.key,
            "description": cut(alert.details, DESCRIPTION_LIMIT),
            "priority": alert.severity.value,
            "source": alert.source,
            "entity": alert.application,
            "tags": ["pilotlight"],
        }
        return WebRequest("POST", ALERTS[service], headers=headers, body=json.dumps(body))
    url = f"{ALERTS[service]}/{quote(alert.key, safe='')}/{_VERBS[action]}?identifierType=alias"
    said = {"source": alert.source, "note": cut(alert.summary, MESSAGE_LIMIT)}
    return WebRequest("POST", url, headers=headers, body=json.dumps(said))


def question(service: PagerService, keys: Mapping[str, str], key: str) -> WebRequest | None:
    """The question who acknowledged the alert of that key; None where nobody may ask."""
    if service is PagerService.JIRA:
        return None
    url = f"{ALERTS[service]}/{quote(key, safe='')}?identifierType=alias"
    return WebRequest("GET", url, headers={"Authorization": f"GenieKey {keys['api_key']}"})


def acknowledged_by(said: Mapping[str, Any], key: str) -> tuple[str, datetime] | None:
    """Who acknowledged or closed it, and when, by the answer; None where nobody has.

    Raises KeyError for what is no alert.
    """
    alert = said["data"]
    if alert.get("alias") != key:
        return None
    report = alert.get("report") or {}
    raised = datetime.fromisoformat(alert["createdAt"])
    for done, by, took in (
        (alert.get("acknowledged") is True, "acknowledgedBy", "ackTime"),
        (alert.get("status") == "closed", "closedBy", "closeTime"),
    ):
        if done:
            after = timedelta(milliseconds=float(report.get(took) or 0))
            return str(report.get(by) or alert.get("owner") or "somebody"), raised + after
    return None
