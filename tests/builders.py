"""Plans and events for tests, built from as little as a test has to say."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pilotlight.domain.plan import Plan

ACCOUNT = "123456789012"
PRIMARY, STANDBY = "ap-northeast-2", "ap-northeast-1"
PRIMARY_HOST = "primary.example.com"
STANDBY_HOST = "standby.example.com"
ALARM = "pilotlight-fileflow-primary-health"
ALARM_ARN = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{ALARM}"


def a_plan(**differences: Any) -> Plan:
    """A small failover plan: one replica is promoted, and the standby is asked whether it answers."""
    whole = {
        "application": "fileflow",
        "account": ACCOUNT,
        "regions": {"primary": PRIMARY, "standby": STANDBY},
        "arming": "automatic",
        "objectives": {"rto": "2 h", "rpo": "15 min"},
        "signals": {
            "health_check": {"id": "00000000-0000-4000-8000-000000000001", "host": PRIMARY_HOST, "path": "/health"},
            "probe": {"url": f"https://{PRIMARY_HOST}/health"},
        },
        "decision": {"must_last": "3 min"},
        "stages": {
            "move": {
                "database": [
                    {
                        "step": "promote",
                        "kind": "promote_replica",
                        "params": {"replica": "the-replica", "source": "the-source"},
                    }
                ]
            },
        },
    }
    return Plan.model_validate({**whole, **differences})


def an_alarm_event(at: datetime, *, state: str = "ALARM", **differences: Any) -> dict[str, Any]:
    """The published event of a metric alarm that went off at `at`; `state__x=...` changes a field of its state."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    reason = json.dumps(
        {"version": "1.0", "queryDate": stamp, "startDate": stamp, "recentDatapoints": [0.0], "threshold": 1.0}
    )
    new_state = {"value": state, "reason": "Threshold Crossed", "reasonData": reason, "timestamp": stamp}
    new_state |= {
        name.removeprefix("state__"): value for name, value in differences.items() if name.startswith("state__")
    }
    event = {
        "version": "0",
        "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": ACCOUNT,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": [ALARM_ARN],
        "detail": {
            "alarmName": ALARM,
            "configuration": {"description": "The primary's health check fails.", "metrics": []},
            "previousState": {"value": "OK", "reason": "was well", "timestamp": stamp},
            "state": new_state,
        },
    }
    return {**event, **{name: value for name, value in differences.items() if not name.startswith("state__")}}
