"""A plan of two Auto Scaling groups, each behind a target group of its own: web at port 3000, the API at 3001.

The file is made as a user would write it, and read by all the rules of plans.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from pilotlight.domain.plan import Plan
from planfile import load
from tests.builders import ACCOUNT

SEOUL, TOKYO = "ap-northeast-2", "ap-northeast-1"
SEOULS, TOKYOS = "megaticket-1.ap-northeast-2.elb.amazonaws.com", "megaticket-2.ap-northeast-1.elb.amazonaws.com"
NAME = "megaticket.example.com"

Lane = list[dict[str, Any]]


def stopping(name: str) -> Lane:
    params = {"group": f"MegaTicket-{name}-ASG"}
    return [{"step": f"stop-{name.lower()}", "kind": "fence_auto_scaling_group", "params": params}]


def starting(name: str, port: int) -> Lane:
    params = {
        "group": f"MegaTicket-DR-{name}-ASG",
        "minimum": 2,
        "maximum": 3,
        "desired": 2,
        "target_groups": {f"MegaTicket-DR-{name}-TG": port},
        "user_data_marker": "DR_RECOVERY_MODE=true",
    }
    return [{"start": f"scale-{name.lower()}", "kind": "scale_auto_scaling_group", "params": params}]


LISTENER = {
    "step": "close-traffic",
    "kind": "fence_listener",
    "params": {"load_balancer": "megaticket", "ports": [443]},
}
PROMOTE = {
    "step": "promote",
    "kind": "promote_replica",
    "params": {"replica": "megaticket-dr", "source": "megaticket-db"},
}
CHECK = {
    "step": "check-api",
    "kind": "check_http",
    "params": {"url": f"https://{NAME}/api/health", "connect_to": TOKYOS},
}


def the_plan(*, database: bool) -> Plan:
    """The plan as its file has it, read by all the rules of plans."""
    latched = {"databases": ["megaticket-dr"]} if database else {}
    groups = {"web": stopping("Web"), "app": stopping("App")}
    scaled = {"web": starting("Web", 3000), "app": starting("App", 3001)}
    latch = {"step": "latch", "kind": "latch_traffic", "params": latched}
    stages = {
        "fence": {"traffic": [LISTENER], **groups} if database else groups,
        "move": {"database": [PROMOTE], **scaled} if database else scaled,
        "serve": {"application": [{"await": "scale-web"}, {"await": "scale-app"}, CHECK, latch]},
    }
    whole = {
        "application": "megaticket",
        "kind": "failover",
        "account": ACCOUNT,
        "regions": {"primary": SEOUL, "standby": TOKYO, "witness": "ap-southeast-1"},
        "arming": "automatic",
        "objectives": {"rto": "30 min", "rpo": "15 min"},
        "signals": {
            "health_check": {"host": SEOULS, "path": "/api/health"},
            "probe": {"url": f"https://{NAME}/api/health", "connect_to": SEOULS},
        },
        "decision": {"must_last": "3 min"},
        "traffic": {"records": [{"name": NAME, "primary_check": "latch"}], "primary_balancers": [SEOULS]},
        "stages": stages,
    }
    with TemporaryDirectory() as folder:
        path = Path(folder) / "megaticket.yaml"
        path.write_text(yaml.safe_dump(whole, sort_keys=False))
        return load(path)
