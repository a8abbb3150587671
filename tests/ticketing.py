"""MegaTicket's tables as its plan has them, before a service: closed here, and scaled there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from pilotlight.domain.plan import Plan
from tests.builders import STANDBY_HOST, a_plan

REAL_STAGES: dict[str, Any] = yaml.safe_load((Path(__file__).parents[1] / "plans" / "megaticket.yaml").read_text())[
    "stages"
]
(TAKE_OVER,) = REAL_STAGES["move"]["tables"]
TABLES = tuple(TAKE_OVER["params"]["tables"])
CLOSE = {
    "step": "close-listener",
    "kind": "fence_listener",
    "params": {"load_balancer": "megaticket-alb", "ports": [443]},
}
STOP = {
    "step": "stop-service",
    "kind": "fence_ecs_service",
    "params": {"cluster": "megaticket", "service": "megaticket-app"},
}
SCALE = {
    "step": "scale",
    "kind": "scale_ecs_service",
    "params": {"cluster": "megaticket-dr", "service": "megaticket-dr-app", "tasks": 2, "target_group": "megaticket-dr"},
}
CHECK = {
    "step": "check",
    "kind": "check_http",
    "params": {"url": "https://megaticket.example.com/health", "connect_to": STANDBY_HOST},
}
STAGES: dict[str, Any] = {
    "fence": {"listener": [CLOSE], "service": [STOP]},
    "move": {"tables": [TAKE_OVER]},
    "serve": {"application": [SCALE, CHECK]},
}


def megaticket(**differences: Any) -> Plan:
    """The plan, with other stages or fields where a test needs them."""
    regions = {"primary": "ap-northeast-2", "standby": "ap-northeast-1", "witness": "ap-southeast-1"}
    return a_plan(**{"application": "megaticket", "regions": regions, "stages": STAGES, **differences})
