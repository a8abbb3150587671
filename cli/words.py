"""The commands by which people say something about a run; what they do stands in `cli.saying`.

They stand beside the others without a name of their own, as in `./pilotlight approve`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple, NoReturn

import typer

from cli.options import Form, Output, PlanFile, Reason

app = typer.Typer(rich_markup_mode=None)

RunName = Annotated[str, typer.Argument(help="The run, by the name of its execution; the one at work unless given.")]
Yes = Annotated[bool, typer.Option("--yes", help="Say it without typing the application's name first.")]
OfDrill = Annotated[bool, typer.Option("--drill", help="Say it to the plan's drill, and not to its failover.")]


@app.command(epilog="Example: ./pilotlight approve plans/fileflow.yaml fileflow-e7")
def approve(
    plan: PlanFile,
    run: RunName = "",
    step: Annotated[str, typer.Option(help="The step that asks for it; the gate of the run unless given.")] = "",
    reason: Reason = "",
    yes: Yes = False,
    drill: OfDrill = False,
    output: Output = Form.TEXT,
) -> None:
    """Approve a run that waits at its gate, or a step of it that asks a person."""
    _say("approve", plan, _Said(run, reason, step), output, yes=yes, drill=drill)


@app.command(epilog="Example: ./pilotlight hold plans/fileflow.yaml --reason 'Seoul is coming back'")
def hold(
    plan: PlanFile,
    run: RunName = "",
    reason: Reason = "",
    drill: OfDrill = False,
    output: Output = Form.TEXT,
) -> None:
    """Hold a run before it disrupts anything, until it is released."""
    _say("hold", plan, _Said(run, reason), output, drill=drill)


@app.command(epilog="Example: ./pilotlight release plans/fileflow.yaml fileflow-e7")
def release(
    plan: PlanFile,
    run: RunName = "",
    reason: Reason = "",
    yes: Yes = False,
    drill: OfDrill = False,
    output: Output = Form.TEXT,
) -> None:
    """Release a run that is held."""
    _say("release", plan, _Said(run, reason), output, yes=yes, drill=drill)


@app.command(epilog="Example: ./pilotlight abort plans/fileflow.yaml --reason 'it was a bad deploy'")
def abort(
    plan: PlanFile,
    run: RunName = "",
    reason: Reason = "",
    yes: Yes = False,
    drill: OfDrill = False,
    output: Output = Form.TEXT,
) -> None:
    """End a run: before its writer moves what it did is taken back, at a failed step it ends where it stands."""
    _say("abort", plan, _Said(run, reason), output, yes=yes, drill=drill)


@app.command(
    epilog="Example: ./pilotlight override plans/fileflow.yaml fileflow-e7 --accept '20 min' --reason 'it is replayed'"
)
def override(
    plan: PlanFile,
    run: RunName = "",
    reason: Reason = "",
    accept: Annotated[str, typer.Option(help="The greatest loss that is accepted, as '20 min', or 'unknown'.")] = "",
    yes: Yes = False,
    output: Output = Form.TEXT,
) -> None:
    """Accept, for one run and 30 minutes, that it loses more data than its plan accepts."""
    _say("override", plan, _Said(run, reason, accept), output, yes=yes)


@app.command(epilog="Example: ./pilotlight change plans/fileflow.yaml maintenance-7 --to planned --reason 'a move'")
def change(
    plan: PlanFile,
    run: RunName = "",
    to: Annotated[str, typer.Option(help="'planned': lose nothing, or move nothing. 'unplanned': go without it.")] = "",
    reason: Reason = "",
    yes: Yes = False,
    output: Output = Form.TEXT,
) -> None:
    """Make a run planned or unplanned, until its writer moves; also ahead of its start, by the name it will have."""
    _say("change", plan, _Said(run, reason, to), output, yes=yes)


@app.command(epilog="Example: ./pilotlight retry plans/fileflow.yaml --step scale --reason 'the image is there now'")
def retry(
    plan: PlanFile,
    run: RunName = "",
    step: Annotated[str, typer.Option(help="The failed step that the run asks about.")] = "",
    reason: Reason = "",
    yes: Yes = False,
    output: Output = Form.TEXT,
) -> None:
    """Have a failed step tried anew, while its run waits for a person."""
    _say("retry", plan, _Said(run, reason, step), output, yes=yes)


@app.command(epilog="Example: ./pilotlight skip plans/fileflow.yaml --step jobs --reason 'not needed tonight'")
def skip(
    plan: PlanFile,
    run: RunName = "",
    step: Annotated[str, typer.Option(help="The failed step to go on without; its plan calls it skippable.")] = "",
    reason: Reason = "",
    yes: Yes = False,
    output: Output = Form.TEXT,
) -> None:
    """Let a run go on without a failed step, where its plan allows that."""
    _say("skip", plan, _Said(run, reason, step), output, yes=yes)


@app.command(epilog="Example: ./pilotlight ack plans/fileflow.yaml --reason 'the image is there now'")
def ack(
    plan: PlanFile,
    run: RunName = "",
    reason: Reason = "",
    starts: Annotated[
        bool, typer.Option("--starts", help="Also count the automatic starts of the account anew.")
    ] = False,
    yes: Yes = False,
    output: Output = Form.TEXT,
) -> None:
    """Acknowledge how the last run ended, so that the next may start by itself."""
    _say("acknowledge", plan, _Said(run, reason, "starts" if starts else ""), output, yes=yes)


class _Said(NamedTuple):
    """What is said of which run; of the one at work where none is named."""

    run: str
    reason: str
    accept: str = ""


def _say(kind: str, plan: Path, said: _Said, output: Form, *, yes: bool = False, drill: bool = False) -> NoReturn:
    from cli import saying

    as_json = output is Form.JSON
    raise typer.Exit(saying.say(saying.Wanted(kind, plan, said.run, said.reason, said.accept, yes, as_json, drill)))
