"""What stands behind `./pilotlight prerequisites`: prints what the owner's infrastructure code must hold for a plan.

It is a start to be taken over into one's own code, and looks at nothing in an account. Exit codes: 0, or 2 if the plan
is wrong.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from cli.planning import load_failover_or_report
from cli.prerequisites.cdk import cdk
from cli.prerequisites.commands import commands
from cli.prerequisites.terraform import terraform
from pilotlight.domain.plan import Plan

OK, MISCONFIGURED = 0, 2


class Format(StrEnum):
    """How prerequisites are written."""

    TERRAFORM = "terraform"
    CDK = "cdk"
    CLI = "cli"


def prerequisites(path: Path, wanted: Format) -> int:
    """Print what must stand before an incident."""
    plan = load_failover_or_report(path)
    if plan is None:
        return MISCONFIGURED
    sys.stdout.write(written(plan, wanted))
    return OK


def written(plan: Plan, wanted: Format) -> str:
    """The text in a format."""
    match wanted:
        case Format.TERRAFORM:
            return terraform(plan)
        case Format.CDK:
            return cdk(plan)
        case Format.CLI:
            return commands(plan)
        case _:
            assert_never(wanted)
