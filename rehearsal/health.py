"""AWS Health in a rehearsal: what it says of a region comes on the default buses where AWS delivers it.

A public event comes in its own region and in the backup region at the same time, one about the account in its own
region alone. A region that is dark hears nothing. There is no API of it here: nothing that is deployed asks it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pilotlight.domain.health_event import HEALTH_EVENT, backup_of
from rehearsal.services.events import Events
from rehearsal.world import World


def say(world: World, events: Events, region: str, service: str, words: str, *, status: str = "open") -> None:
    """Let AWS say publicly that a service has an operational issue in a region."""
    now = world.time.now()
    for delivered_in in (region, backup_of(region)):
        event = _event(world.account, delivered_in, region, service, words, status, now)
        events.put(delivered_in, "default", {**event, "id": f"health-{delivered_in}-{now:%H%M%S}"})


def _event(
    account: str, delivered_in: str, region: str, service: str, words: str, status: str, now: datetime
) -> dict[str, Any]:
    code, moment = f"AWS_{service}_OPERATIONAL_ISSUE", f"{now:%a, %d %b %Y %H:%M:%S} GMT"
    name = f"{code}_{region.upper()}_{now:%Y%m%d}"
    ended = {"endTime": moment} if status == "closed" else {}
    return {
        "version": "0",
        "detail-type": HEALTH_EVENT,
        "source": "aws.health",
        "account": account,
        "time": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "region": delivered_in,
        "resources": [],
        "detail": {
            "eventArn": f"arn:aws:health:{region}::event/{service}/{code}/{name}",
            "service": service,
            "eventTypeCode": code,
            "eventTypeCategory": "issue",
            "eventScopeCode": "PUBLIC",
            "communicationId": f"{name}-{moment}",
            "startTime": moment,
            "lastUpdatedTime": moment,
            **ended,
            "statusCode": status,
            "eventRegion": region,
            "eventDescription": [{"language": "en_US", "latestDescription": words}],
            "affectedEntities": [],
            "affectedAccount": account,
            "page": "1",
            "totalPages": "1",
            "backupEvent": delivered_in != region,
        },
    }
