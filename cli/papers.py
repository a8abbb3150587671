"""The commands that write something for people to hold, copy or paste; they stand beside the others without a name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import PlanFile

app = typer.Typer(rich_markup_mode=None)


@app.command(epilog="Example: ./pilotlight runbook plans/fileflow.yaml -o fileflow-by-hand.html")
def runbook(
    plan: PlanFile,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="reports/NAME-by-hand.html by default.")] = None,
) -> None:
    """Write one offline page with every step and gate as commands, for when the controller itself is gone."""
    from cli import handing

    raise typer.Exit(handing.runbook(plan, output))


@app.command(epilog="Example: ./pilotlight drafts plans/fileflow.yaml")
def drafts(
    plan: PlanFile,
    incident: Annotated[str, typer.Argument(help="The incident; the newest unless given.")] = "",
) -> None:
    """Print drafts of a case with AWS Support and of a notice to customers, to copy; nothing is sent."""
    from cli import drafting

    raise typer.Exit(drafting.draft(drafting.Wanted(plan, incident)))
