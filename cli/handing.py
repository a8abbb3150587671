"""What stands behind `./pilotlight runbook`, and what keeps its page of the plan that is deployed.

The page is a file on the machine of whoever writes it, and of everybody whom they give it to: nothing that AWS keeps is
needed to read it. `readiness` and `deploy` write it anew, and readiness says where the one that was kept was of another
plan, because then the copies that people hold are too. Exit codes: 0, or 2 if the plan is wrong or the file cannot be
written.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cli.by_hand.html import html_of
from cli.by_hand.order import page_of
from cli.exit_codes import MISCONFIGURED, OK
from cli.planning import load_or_report
from pilotlight.domain.kind import Finding, Severity
from pilotlight.domain.plan import Plan
from pilotlight.domain.runbook import Runbook

KEPT_IN = Path("reports")
_CODE = "page-by-hand"
_DIGEST = re.compile(r'data-digest="([0-9a-f]{64})"')


def runbook(plan_file: Path, output: Path | None) -> int:
    """Write the page of a plan, and say where."""
    plan = load_or_report(plan_file)
    if plan is None:
        return MISCONFIGURED
    path = output or kept_at(plan)
    try:
        write(plan, path)
    except OSError as error:
        print(f"pilotlight: The page was not written: {error}. Name another file with -o.", file=sys.stderr)
        return MISCONFIGURED
    print(f"{path} is written, of plan {plan.digest()[:12]}. Give it to everybody who may need it, and print it once.")
    return OK


def kept_at(plan: Plan | Runbook, folder: Path = KEPT_IN) -> Path:
    """Where the page of a plan is kept, unless it is asked for elsewhere."""
    return folder / f"{plan.name}-by-hand.html"


def write(plan: Plan | Runbook, path: Path) -> None:
    """Write the page of a plan."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html_of(page_of(plan)), encoding="utf-8")


def kept_anew(plan: Plan | Runbook, folder: Path = KEPT_IN) -> Finding:
    """Whether the page that was kept is of this plan; it is written anew in any case."""
    path, now = kept_at(plan, folder), html_of(page_of(plan))
    try:
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        write(plan, path)
    except OSError as error:
        said = f"The page by hand of {plan.name} was not written: {error}."
        return Finding(Severity.WARNING, _CODE, said, "Write it elsewhere: ./pilotlight runbook PLAN -o FILE.")
    digest = plan.digest()
    if before == now:
        return Finding(Severity.FINE, _CODE, f"The page by hand {path} is of this plan, {digest[:12]}.")
    written = f"{path} is written now, of plan {digest[:12]}."
    if not before:
        said = f"There was no page by hand of {plan.name}: {written}"
        return Finding(Severity.WARNING, _CODE, said, "Give it to everybody who may need it.")
    found = _DIGEST.search(before)
    other = f"plan {found[1][:12]}" if found and found[1] != digest else "another version of Pilotlight"
    said = f"The page by hand of {plan.name} was of {other}: {written}"
    return Finding(Severity.WARNING, _CODE, said, "Replace every copy that people hold.")
