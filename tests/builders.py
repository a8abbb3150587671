"""Plans and events for tests, built from as little as a test has to say."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from pilotlight.domain.plan import Plan
from pilotlight.domain.runbook import Runbook
from pilotlight.domain.standing_in import Isolation, StandIn
from pilotlight.domain.step import (
    Params,
    StepKind,
)

ACCOUNT = "123456789012"
PRIMARY, STANDBY, WITNESS = "ap-northeast-2", "ap-northeast-1", "ap-southeast-1"
PRIMARY_HOST = "primary.example.com"
STANDBY_HOST = "standby.example.com"
ALARM = "pilotlight-fileflow-primary-health"
ALARM_ARN = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{ALARM}"
ISOLATION = Isolation(
    "fileflow-drill", ("sg-0a5011a7ed0000000",), "arn:aws:iam::123456789012:role/pilotlight-fileflow-drill-task"
)
SAMPLE_EVENTS = Path(__file__).parent / "events"


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


def a_private_plan(**differences: Any) -> Plan:
    """The same for an application that only its VPCs reach, watched by a third region."""
    footholds = {
        role: {"subnets": [f"subnet-{number}"], "security_groups": [f"sg-{number}"]}
        for number, role in enumerate(("primary", "standby"))
    }
    private = {
        "regions": {"primary": PRIMARY, "standby": STANDBY, "witness": WITNESS},
        "network": {"private": True, **footholds},
        "signals": {"probe": {"url": f"https://{PRIMARY_HOST}/health"}},
    }
    return a_plan(**{**private, **differences})


def a_runbook(*steps: dict[str, Any], **differences: Any) -> Runbook:
    """A run-book of one application: its steps serve, one after the other."""
    whole = {
        "application": "triflow",
        "kind": "runbook",
        "runbook": "mend",
        "account": ACCOUNT,
        "region": PRIMARY,
        "arming": "manual",
        "objectives": {"rto": "30 min"},
        "stages": {"serve": {"steps": list(steps)}},
    }
    return Runbook.model_validate({**whole, **differences})


_TRIFLOW = {"cluster": "triflow-ai-production-cluster", "service": "triflow-ai-production-backend-service"}
IN_REGION_STEPS: dict[str, dict[str, Any]] = {
    "force_multi_az_failover": {"instance": "triflow-ai-production-db"},
    "redeploy_ecs_service": _TRIFLOW,
    "stop_ecs_task": _TRIFLOW,
    "replace_nat_gateway": {
        "gateway": "nat-0123456789abcdef0",
        "subnet": "subnet-0123456789abcdef1",
        "route_tables": ["rtb-0123456789abcdef0"],
    },
    "restore_object_versions": {
        "bucket": "triflow-ai-prod",
        "prefix": "tenants/uuid-123/",
        "deleted_within": "6 h",
        "at_most": 50,
    },
    "restore_to_moment": {
        "source": "triflow-ai-production-db",
        "back": "30 min",
        "instance": "triflow-ai-production-db-pitr",
        "instance_class": "db.t4g.medium",
        "subnet_group": "triflow-db",
        "security_groups": ["sg-0d1e2f3a4b5c60718"],
        "parameter_group": "triflow-postgres16",
    },
}
"""Parameters of the step kinds that mend an application in its region, by kind."""


def a_whole_runbook(**differences: Any) -> Runbook:
    """A run-book with a step of each kind that mends an application in its region."""
    steps = [
        {"step": kind.replace("_", "-"), "kind": kind, "params": params} for kind, params in IN_REGION_STEPS.items()
    ]
    return a_runbook(*steps, failover_region=STANDBY, **differences)


def a_sample_event(name: str) -> dict[str, Any]:
    """An event as AWS publishes it: `metric-alarm`, `composite-alarm` or `configuration-change`."""
    event: dict[str, Any] = json.loads((SAMPLE_EVENTS / f"{name}.json").read_text())
    return event


def an_alarm_event(at: datetime, *, state: str = "ALARM", **differences: Any) -> dict[str, Any]:
    """The published event of a metric alarm that went off at `at`; `state__x=...` changes a field of its state."""
    event = a_sample_event("metric-alarm")
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    new_state = event["detail"]["state"]
    reason = {**json.loads(new_state["reasonData"]), "queryDate": stamp, "startDate": stamp}
    new_state |= {"value": state, "reasonData": json.dumps(reason), "timestamp": stamp}
    new_state |= {
        name.removeprefix("state__"): value for name, value in differences.items() if name.startswith("state__")
    }
    event["time"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    event["detail"]["previousState"]["timestamp"] = stamp
    return {**event, **{name: value for name, value in differences.items() if not name.startswith("state__")}}


def drilled(kind: StepKind[Any], params: Params) -> Any:
    """The parameters of a step's stand-in, for a kind that stands in for itself."""
    stand_in = kind.stand_in(params, ISOLATION)
    assert isinstance(stand_in, StandIn), stand_in.sentence
    assert stand_in.kind == kind.name
    return stand_in.params
