"""How CloudWatch tells of an alarm's change of state: the event on the bus, and the item of the alarm's history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from deployment.resources import MetricAlarm


@dataclass
class WatchedAlarm:
    """An alarm and its state."""

    alarm: MetricAlarm
    region: str
    changed: datetime
    state: str = "INSUFFICIENT_DATA"
    reason: str = "Unchecked: Initial alarm creation"
    reason_data: str = ""
    updated: datetime | None = None
    recent: list[tuple[datetime, float]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)

    def arn(self, account: str) -> str:
        """Its ARN."""
        return f"arn:aws:cloudwatch:{self.region}:{account}:alarm:{self.alarm.name}"


def event_of(
    watched: WatchedAlarm, previous: Mapping[str, Any], account: str, identity: str, now: datetime
) -> dict[str, Any]:
    """The event of a change, in the documented shape."""
    alarm = watched.alarm
    metric = {"namespace": alarm.namespace, "name": alarm.metric, "dimensions": dict(alarm.dimensions)}
    stat = {"metric": metric, "period": int(alarm.period.total_seconds()), "stat": alarm.statistic}
    return {
        "version": "0",
        "id": identity,
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": account,
        "time": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "region": watched.region,
        "resources": [watched.arn(account)],
        "detail": {
            "alarmName": alarm.name,
            "configuration": {
                "description": alarm.description,
                "metrics": [{"id": "m1", "metricStat": stat, "returnData": True}],
            },
            "previousState": dict(previous),
            "state": {
                "value": watched.state,
                "reason": watched.reason,
                "reasonData": watched.reason_data,
                "timestamp": stamp(now),
            },
        },
    }


def history_item(watched: WatchedAlarm, before: str) -> dict[str, Any]:
    """A change of state as DescribeAlarmHistory shows it: the data of both states is JSON inside a text."""
    reason_data = json.loads(watched.reason_data)
    after = {"stateValue": watched.state, "stateReason": watched.reason, "stateReasonData": reason_data}
    states = {"version": "1.0", "oldState": {"stateValue": before}, "newState": after}
    return {
        "AlarmName": watched.alarm.name,
        "AlarmType": "MetricAlarm",
        "Timestamp": watched.updated,
        "HistoryItemType": "StateUpdate",
        "HistorySummary": f"Alarm updated from {before} to {watched.state}",
        "HistoryData": json.dumps(states),
    }


def stamp(moment: datetime) -> str:
    """A moment as CloudWatch writes it: with milliseconds, and `+0000`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
