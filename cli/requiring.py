"""What stands behind `./pilotlight prerequisites`: prints what the owner's infrastructure code must hold for a plan.

It is a start to be taken over into one's own code, and looks at nothing in an account. Exit codes: 0, or 2 if the plan
is wrong.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import assert_never

from cli.exit_codes import MISCONFIGURED, OK
from cli.options import PrerequisitesForm
from cli.planning import load_failover_or_report
from cli.prerequisites.cdk import cdk
from cli.prerequisites.commands import commands
from cli.prerequisites.terraform import terraform
from pilotlight.domain.plan import Plan


def prerequisites(path: Path, wanted: PrerequisitesForm) -> int:
    """Print what must stand before an incident."""
    plan = load_failover_or_report(path)
    if plan is None:
        return MISCONFIGURED
    sys.stdout.write(written(plan, wanted))
    return OK


def written(plan: Plan, wanted: PrerequisitesForm) -> str:
    """The text in a format."""
    match wanted:
        case PrerequisitesForm.TERRAFORM:
            return terraform(plan)
        case PrerequisitesForm.CDK:
            return cdk(plan)
        case PrerequisitesForm.CLI:
            return commands(plan)
        case _:
            assert_never(wanted)
