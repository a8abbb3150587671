"""The commands that start runs and say how they stand; what they do stands in `cli.starting` and `cli.telling`.

They stand beside the others without a name of their own, as in `./pilotlight status`.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.options import Form, Output, PlanFile, Reason

app = typer.Typer(rich_markup_mode=None)


class DrillKind(StrEnum):
    """What a drill touches: stand-ins only, or the application itself."""

    ISOLATED = "isolated"
    FULL = "full"


Run = Annotated[str, typer.Option(help="The name that the execution is to have; made of the moment unless given.")]
Yes = Annotated[bool, typer.Option("--yes", help="Start it without typing the application's name first.")]
Detach = Annotated[bool, typer.Option("--detach", help="Start it, and do not follow it.")]


@app.command(epilog="Example: ./pilotlight status plans/fileflow.yaml --watch")
def status(
    plan: Annotated[Path | None, typer.Argument(help="The plan file; a line for each of plans/ unless given.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the run at work, or the next one.")] = False,
    drill: Annotated[bool, typer.Option("--drill", help="Of the plan's drill, and not of its failover.")] = False,
    output: Output = Form.TEXT,
) -> None:
    """Say how an application and its run stand, what comes next, and what is needed from whom; only reads."""
    from cli import telling

    if (watch or drill) and plan is None:
        raise typer.BadParameter("name the plan that is to be looked at", param_hint="PLAN")
    raise typer.Exit(telling.status(telling.Wanted(plan, watch, output is Form.JSON, drill)))


@app.command(epilog="Example: ./pilotlight failover plans/fileflow.yaml --planned --reason 'a move'")
def failover(  # each option of the command is an argument
    plan: PlanFile,
    reason: Reason = "",
    planned: Annotated[bool, typer.Option("--planned", help="Lose nothing, or move nothing.")] = False,
    run: Run = "",
    yes: Yes = False,
    detach: Detach = False,
    output: Output = Form.TEXT,
) -> None:
    """Start a plan under your proven name and follow it: fail its application over, or carry out the run-book."""
    from cli import starting

    as_json = output is Form.JSON
    raise typer.Exit(starting.failover(starting.Wanted(plan, reason, run, planned, yes, detach, as_json)))


@app.command(epilog="Example: ./pilotlight drill plans/fileflow.yaml --reason 'the quarterly drill'")
def drill(  # each option of the command is an argument
    plan: PlanFile,
    kind: Annotated[
        DrillKind, typer.Argument(help="Stand-ins only, or a planned failover of the application itself.")
    ] = DrillKind.ISOLATED,
    reason: Reason = "",
    run: Run = "",
    yes: Yes = False,
    detach: Detach = False,
    output: Output = Form.TEXT,
) -> None:
    """Start a drill under your proven name and follow it."""
    from cli import starting

    wanted = starting.Wanted(plan, reason, run, yes=yes, detach=detach, as_json=output is Form.JSON)
    raise typer.Exit(starting.drill(wanted, full=kind is DrillKind.FULL))
