"""A drill of FileFlow that is soon over: its cache and its database, and where they are written down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from pilotlight.domain.plan import Plan
from planfile import parse

FILEFLOW = Path(__file__).parents[1] / "plans" / "fileflow.yaml"
GROUP = "sg-0d1115a0000000001"
COPY = "drill-ryuqqq-shared-rds"
RESTORED = {
    "kind": "restore_to_moment",
    "params": {
        "source": "ryuqqq-shared-rds-replica",
        "back": "10 min",
        "instance": COPY,
        "keep": False,
        "instance_class": "db.t4g.medium",
        "subnet_group": "ryuqqq-dr",
        "security_groups": [GROUP],
        "parameter_group": "ryuqqq-dr-mysql8",
    },
}


def written(**differences: Any) -> str:
    """The plan as text: FileFlow's without what serves, and a drill with these differences."""
    plan = yaml.safe_load(FILEFLOW.read_text())
    serving = plan["stages"]["serve"]["application"]
    plan["stages"]["serve"]["application"] = [s for s in serving if s["step"] in ("swap-endpoints", "latch-traffic")]
    plan["objectives"]["resources"] = [r for r in plan["objectives"]["resources"] if r.get("step") != "scale-service"]
    drill = {
        "security_groups": [GROUP],
        "stand_ins": {"promote": RESTORED},
        "time_to_live": "6 h",
        "usd_per_hour": 0.4,
        "usd_at_most": 3,
    }
    plan["drill"] = {**drill, **differences}
    return yaml.safe_dump(plan, sort_keys=False)


def a_drilled_plan(**differences: Any) -> Plan:
    """The plan; raises `PlanFileRefused` where the differences are not sound."""
    return parse(written(**differences), "fileflow.yaml")
