"""The pagers in a rehearsal, answering at the HTTP border as PagerDuty and Opsgenie do, with all that they were sent.

It refuses what they would refuse: an unknown key, an event without what it must have, a text that is too long. It can
be made silent or contrary, and a person can acknowledge an alert there. It does not know who is on call, nor does it
escalate.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pilotlight.aws import opsgenie, pagerduty
from pilotlight.domain.ports import WebAnswer, WebRequest
from rehearsal.world import World

HOSTS = tuple(
    dict.fromkeys(
        urlsplit(url).hostname or ""
        for url in (*pagerduty.EVENTS.values(), *pagerduty.REST.values(), *opsgenie.ALERTS.values())
    )
)
_LATENCY_SECONDS = 0.2
_SEVERITIES = ("critical", "error", "warning", "info")
_ACCEPTED = WebAnswer(202, json.dumps({"status": "success", "result": "Request will be processed"}))
_UNKNOWN_KEY = WebAnswer(403, json.dumps({"message": "Could not authenticate"}))


@dataclass(frozen=True)
class PagedAlert:
    """An alert as it stands: `sent` are the actions that were asked for, with their moments and texts."""

    key: str
    severity: str
    summary: str
    raised: datetime
    status: str = "triggered"
    acknowledged_by: str = ""
    acknowledged: datetime | None = None
    sent: tuple[tuple[datetime, str, str], ...] = ()


@dataclass
class FakePager:
    """A pager in a world, whichever service a plan names."""

    world: World
    routing_key: str = "0123456789abcdef0123456789abcdef"
    api_token: str = "y_NbAkKc66ryYTWUXYEu"
    api_key: str = "eb243592-faa2-4ba2-a551-1afdf565c889"
    alerts: dict[str, PagedAlert] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    _silent: bool = False

    def secret(self) -> str:
        """What the secret with its keys holds, for either service."""
        keys = {"routing_key": self.routing_key, "api_token": self.api_token, "api_key": self.api_key}
        return json.dumps(keys)

    def go_down(self) -> None:
        """Answer nobody from now on."""
        self._silent = True

    def come_up(self) -> None:
        """Answer again."""
        self._silent = False

    def acknowledge(self, key: str, who: str) -> None:
        """A person acknowledges an alert in the pager itself."""
        now = self.world.time.now()
        self.alerts[key] = replace(self.alerts[key], status="acknowledged", acknowledged_by=who, acknowledged=now)

    def ask(self, request: WebRequest) -> WebAnswer:
        """Answer one request of either service."""
        url = urlsplit(request.url)
        self.asked.append(f"{request.method} {url.hostname}")
        if self._silent:
            self.world.time.sleep(request.timeout_seconds)
            return WebAnswer(None, "", f"ReadTimeoutError: no answer within {request.timeout_seconds:g} s")
        self.world.time.sleep(_LATENCY_SECONDS)
        if "pagerduty" in (url.hostname or ""):
            return self._incidents(request) if request.method == "GET" else self._event(request)
        if request.headers.get("Authorization") != f"GenieKey {self.api_key}":
            return _UNKNOWN_KEY
        key = unquote(url.path.partition("/v2/alerts")[2].lstrip("/").partition("/")[0])
        return self._read(key) if request.method == "GET" else self._opsgenie(url.path, key, request)

    # PagerDuty

    def _event(self, request: WebRequest) -> WebAnswer:
        said = json.loads(request.body or "{}")
        payload = said.get("payload") or {}
        if said.get("routing_key") != self.routing_key:
            return WebAnswer(400, json.dumps({"status": "invalid event", "message": "Event object is invalid"}))
        lacks = said["event_action"] == "trigger" and not all(payload.get(n) for n in ("summary", "source", "severity"))
        unfit = payload.get("severity", "info") not in _SEVERITIES or len(payload.get("summary", "")) > 1024
        if lacks or unfit or not said.get("dedup_key") or len(said["dedup_key"]) > 255:
            return WebAnswer(400, json.dumps({"status": "invalid event", "message": "Event object is invalid"}))
        return self._act(
            said["dedup_key"], said["event_action"], payload.get("severity", ""), payload.get("summary", "")
        )

    def _incidents(self, request: WebRequest) -> WebAnswer:
        if request.headers.get("Authorization") != f"Token token={self.api_token}":
            return WebAnswer(401, json.dumps({"error": {"message": "Unauthorized", "code": 2006}}))
        wanted = parse_qs(urlsplit(request.url).query)
        found = [
            self._incident(alert)
            for alert in self.alerts.values()
            if alert.key in wanted["incident_key"] and alert.status in wanted["statuses[]"]
        ]
        return WebAnswer(200, json.dumps({"incidents": found, "limit": 25, "offset": 0, "more": False}))

    @staticmethod
    def _incident(alert: PagedAlert) -> dict[str, Any]:
        by_person = {"type": "user_reference", "id": "PXPGF42", "summary": alert.acknowledged_by}
        by_service = {"type": "service_reference", "id": "PIJ90N7", "summary": "Pilotlight"}
        who, at = (by_person if alert.acknowledged_by else by_service), alert.acknowledged
        acknowledgements = [{"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "acknowledger": who}] if at else []
        return {"incident_key": alert.key, "status": alert.status, "acknowledgements": acknowledgements}

    # Opsgenie

    def _opsgenie(self, path: str, key: str, request: WebRequest) -> WebAnswer:
        said = json.loads(request.body or "{}")
        verb = path.rpartition("/")[2]
        if verb in ("acknowledge", "close"):
            return self._act(key, {"close": "resolve"}.get(verb, verb), "", said.get("note", ""))
        fits = 0 < len(said.get("message", "")) <= 130 and len(said.get("description", "")) <= 15_000
        if not fits or said.get("priority") not in ("P1", "P2", "P3", "P4", "P5"):
            return WebAnswer(422, json.dumps({"message": "Request body is not processable."}))
        return self._act(said["alias"], "trigger", said["priority"], said["message"])

    def _read(self, key: str) -> WebAnswer:
        alert = self.alerts.get(key)
        if alert is None:
            return WebAnswer(404, json.dumps({"message": "Alert not found"}))
        took = (alert.acknowledged - alert.raised).total_seconds() * 1000 if alert.acknowledged else 0
        data = {
            "alias": key,
            "status": "closed" if alert.status == "resolved" else "open",
            "acknowledged": alert.status == "acknowledged",
            "createdAt": alert.raised.isoformat().replace("+00:00", "Z"),
            "report": {"ackTime": int(took), "acknowledgedBy": alert.acknowledged_by},
        }
        return WebAnswer(200, json.dumps({"data": data, "took": 0.01, "requestId": "1"}))

    # Both

    def _act(self, key: str, action: str, severity: str, summary: str) -> WebAnswer:
        now, held = self.world.time.now(), self.alerts.get(key)
        if action == "trigger" and (held is None or held.status == "resolved"):
            held = PagedAlert(key, severity, summary, now, sent=held.sent if held else ())
        if held is None:
            # Both take what is about an alert that they do not know, and nothing comes of it.
            return _ACCEPTED
        if action == "acknowledge":
            held = replace(held, status="acknowledged", acknowledged=now)
        if action == "resolve":
            held = replace(held, status="resolved")
        self.alerts[key] = replace(held, sent=(*held.sent, (now, action, summary)))
        return _ACCEPTED
