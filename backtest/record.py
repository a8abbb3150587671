"""The record of a back-test, beside the plan: which observers and which policy it was of, what it covered and found.

A plan that is to act by itself needs one that fits. It fits while observers, policy and regions are what they were; the
arming is no part of that, because a back-test is looked at before the arming is raised.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from pilotlight.domain.canonical import digest
from pilotlight.domain.plan import Arming, Plan

ACTS_BY_ITSELF = (Arming.STAGED, Arming.AUTOMATIC)


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    application: str
    hash: str


def fingerprint(plan: Plan) -> str:
    """SHA-256 of the plan's observers, policy and regions, without its arming."""
    parts = {"regions": plan.regions, "signals": plan.signals, "decision": plan.decision}
    asked_from = [role for role in ("primary", "standby", "witness") if plan.network.foothold(role)]
    inside = {"asked_from": asked_from} if plan.network.private else {}
    return digest({name: part.model_dump(mode="json") for name, part in parts.items()} | inside)


def record_path(plan: Plan, folder: Path) -> Path:
    """Where the record of a plan stands: in the folder of the plan."""
    return folder / f"{plan.application}.backtest.json"


def write_record(plan: Plan, folder: Path, record: dict[str, Any]) -> Path:
    """Write a record; raises OSError where the folder cannot be written."""
    path = record_path(plan, folder)
    path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def missing_record(plan: Plan, folder: Path) -> str:
    """Why a plan may not be deployed as it is armed for want of a record; empty where it may."""
    if plan.arming not in ACTS_BY_ITSELF:
        return ""
    path = record_path(plan, folder)
    try:
        record = _Record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        trouble = "is missing"
    except (OSError, ValidationError):
        trouble = "cannot be read"
    else:
        if (record.application, record.hash) == (plan.application, fingerprint(plan)):
            return ""
        trouble = "is of other observers or another policy than the plan's"
    return (
        f"{plan.application} is armed `{plan.arming.value}`, and its back-test record {path.name} {trouble}; run "
        "`./pilotlight backtest PLAN --from cloudwatch --record` and read what it says, or arm it `manual`."
    )
