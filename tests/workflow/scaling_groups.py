"""A plan of MegaTicket's two Auto Scaling groups, each behind a target group of its own: web at 3000, the API at 3001.

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
from tests.ticketing import REAL_STAGES

SEOUL, TOKYO = "ap-northeast-2", "ap-northeast-1"
SEOULS, TOKYOS = "megaticket-1.ap-northeast-2.elb.amazonaws.com", "megaticket-2.ap-northeast-1.elb.amazonaws.com"
NAME = "megaticket.example.com"

Lane = list[dict[str, Any]]


def starting(name: str) -> Lane:
    return [step for step in REAL_STAGES["serve"]["application"] if step.get("start") == name]


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
    groups = {lane: REAL_STAGES["fence"][lane] for lane in ("web", "app")}
    scaled = {lane: starting(f"scale-{lane}") for lane in ("web", "app")}
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
