"""The commands of `./pilotlight`. Each imports what it needs when it runs, so that `--help` is quick.

Exit codes of every command: 0 as expected, 1 not, 2 usage or configuration, 3 refused by a guard, 130 interrupted.
"""

from __future__ import annotations

import gc
import sys
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli import papers, runs, words
from cli.options import Form, Output, PlanFile, PlanForm, PrerequisitesForm

app = typer.Typer(
    name="pilotlight",
    help="Failover of an application between two AWS regions: rehearse it here, then deploy what was rehearsed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Start with: ./pilotlight rehearse plans/fileflow.yaml",
)
app.add_typer(runs.app)
app.add_typer(words.app)
app.add_typer(papers.app)
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


class HistorySource(StrEnum):
    """Where a history comes from, if not from files."""

    CLOUDWATCH = "cloudwatch"


@app.command(epilog="Example: ./pilotlight rehearse plans/fileflow.yaml --scenario blip --seed 7")
def rehearse(  # noqa: PLR0913, PLR0917  # each option of the command is an argument
    plan: Annotated[Path | None, typer.Argument(help="The plan file.")] = None,
    scenario: Annotated[str, typer.Option(help="What happens; 'outage' unless given. See --list-scenarios.")] = "",
    seed: Annotated[int, typer.Option(help="Draws the latencies; the same seed gives the same run.")] = 1,
    list_scenarios: Annotated[bool, typer.Option("--list-scenarios", help="Say what can happen, and end.")] = False,
    report: Annotated[Path | None, typer.Option(help="The folder for the report; ./reports unless given.")] = None,
    output: Output = Form.TEXT,
    trace: Annotated[Path | None, typer.Option(help="Write one JSON line per AWS call to this file.")] = None,
    as_armed: Annotated[
        bool, typer.Option("--as-armed", help="Play the plan as it is armed, not as automatic.")
    ] = False,
    at: Annotated[str, typer.Option(help="When it happens, for scenarios with a moment to choose: '4 min'.")] = "",
) -> None:
    """Play a whole regional outage, or a run-book, with the real handlers and state machine on an embedded AWS."""
    # A rehearsal builds one world and ends: collecting garbage would cost a fifth of its time to free 7 MB.
    gc.disable()
    from cli import rehearsing

    if list_scenarios:
        raise typer.Exit(rehearsing.list_scenarios())
    if plan is None:
        raise typer.BadParameter("name a plan file, as in ./pilotlight rehearse plans/fileflow.yaml", param_hint="PLAN")
    wanted = rehearsing.Wanted(
        plan, scenario, seed, report or Path("reports"), output is Form.JSON, trace, as_armed, duration_of(at)
    )
    raise typer.Exit(rehearsing.rehearse(wanted))


def duration_of(text: str) -> timedelta | None:
    """The span that an option says, None for one that says nothing; a bad one is the user's mistake."""
    from pilotlight.domain.durations import parse_duration

    try:
        return parse_duration(text) if text else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--at") from error


@app.command(epilog="Example: ./pilotlight init shop --primary eu-west-1 --standby eu-central-1 --also orders-db")
def init(  # noqa: PLR0913, PLR0917  # each option of the command is an argument
    application: Annotated[str, typer.Argument(metavar="APP", help="Its name, as its resources bear it.")],
    primary: Annotated[str, typer.Option(help="The region that it lives in.")],
    standby: Annotated[str, typer.Option(help="The region that takes over.")],
    also: Annotated[
        list[str] | None, typer.Option(help="Part of a name that belongs to it too; several times for several.")
    ] = None,
    terraform_state: Annotated[
        list[Path] | None, typer.Option(help="A state, as `terraform state pull` prints it; all of it belongs to APP.")
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="The file, - for stdout; plans/APP.yaml unless given.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    rehearsal: Annotated[
        Path | None,
        typer.Option(metavar="PLAN", help="Look at an embedded AWS furnished from this plan; needs no account."),
    ] = None,
) -> None:
    """Write a plan from what stands in two regions, and only read; what you must decide is a TODO."""
    from cli import initialising

    named = tuple(also or ()), tuple(terraform_state or ())
    wanted = initialising.Wanted(application, primary, standby, *named, output, force, rehearsal)
    raise typer.Exit(initialising.initialise(wanted))


@app.command(epilog="Example: ./pilotlight validate plans/fileflow.yaml")
def validate(plans: Annotated[list[Path], typer.Argument(help="The plan files.")]) -> None:
    """Check plans; every fault is shown with its line and column."""
    from cli import planning

    raise typer.Exit(planning.validate(plans))


@app.command(epilog="Example: ./pilotlight show plans/fileflow.yaml --output mermaid")
def show(
    plan: PlanFile,
    output: Annotated[PlanForm, typer.Option(help="Text, a Mermaid flowchart, or JSON.")] = PlanForm.TEXT,
) -> None:
    """Show what a plan does: stages, lanes, harm, the critical path and the time it will take."""
    from cli import planning

    raise typer.Exit(planning.show(plan, output))


@app.command(epilog="Example: ./pilotlight backtest plans/fileflow.yaml --from cloudwatch --days 14 --record")
def backtest(  # each option of the command is an argument
    plan: PlanFile,
    history: Annotated[
        list[Path] | None,
        typer.Option(
            help="A history as JSON, several times for several files: what `aws cloudwatch get-metric-data`, "
            "`describe-alarm-history` and `describe-alarms` print, or the shape of docs/backtest.md."
        ),
    ] = None,
    source: Annotated[
        HistorySource | None, typer.Option("--from", help="Read the history with your credentials; changes nothing.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=30, help="How far back; minutes are kept for 15 days.")] = 14,
    output: Annotated[Form, typer.Option(help="Text, or one JSON document.")] = Form.TEXT,
    record: Annotated[
        bool, typer.Option("--record", help="Write APPLICATION.backtest.json beside the plan, which arming asks for.")
    ] = False,
) -> None:
    """Say when a plan's policy would have failed over, from the history of its alarms and observers."""
    from cli import backtesting

    if bool(history) is bool(source):
        raise typer.BadParameter("give either --history FILE or --from cloudwatch", param_hint="--history")
    wanted = backtesting.Wanted(plan, history or [], days, output is Form.JSON, record)
    raise typer.Exit(backtesting.backtest(wanted))


@app.command(epilog="Example: ./pilotlight permissions plans/fileflow.yaml --output json")
def permissions(
    plan: PlanFile,
    output: Annotated[Form, typer.Option(help="Text, or one JSON document.")] = Form.TEXT,
) -> None:
    """Print what each deployed role may do at each arming level, and what a level adds to the one before it."""
    from cli import permitting

    raise typer.Exit(permitting.permissions(plan, as_json=output is Form.JSON))


@app.command(epilog="Example: ./pilotlight readiness plans/fileflow.yaml --rehearsal")
def readiness(
    plan: PlanFile,
    rehearsal: Annotated[
        bool, typer.Option("--rehearsal", help="Look at an embedded AWS furnished from the plan; needs no account.")
    ] = False,
    output: Annotated[Form, typer.Option(help="Text, or one JSON document.")] = Form.TEXT,
) -> None:
    """Look at all that must be true before an incident, with your credentials; only reads. 1 if something is not."""
    from cli import readying

    wanted = readying.Wanted(plan, rehearsal, output is Form.JSON)
    raise typer.Exit(readying.readiness(wanted))


@app.command(epilog="Example: ./pilotlight prerequisites plans/fileflow.yaml --format terraform > standby.tf")
def prerequisites(
    plan: PlanFile,
    written_as: Annotated[PrerequisitesForm, typer.Option("--format", help="Terraform, CDK for Python, or bash.")],
) -> None:
    """Print what your own infrastructure code must hold for a plan, with the reason for each thing."""
    from cli import requiring

    raise typer.Exit(requiring.prerequisites(plan, written_as))


@app.command()
def schema(
    check: Annotated[bool, typer.Option("--check", help="Only say whether the files are stale.")] = False,
) -> None:
    """Write the generated files anew: the plan schema, the pages of step and requirement kinds."""
    from cli import planning

    raise typer.Exit(planning.schema(check=check))


@app.command(context_settings=PASSED_ON, epilog="Example: ./pilotlight test -k lease")
def test(
    context: typer.Context,
    full: Annotated[bool, typer.Option("--full", help="All of CI, with foreign engines and synthesis.")] = False,  # noqa: PT028  # a command, not a test
) -> None:
    """Run the checks and the developer's tests; further arguments go to pytest."""
    from cli import testing

    raise typer.Exit(testing.run_tests(testing.Tier.FULL if full else testing.Tier.DEVELOPER, context.args))


@app.command(context_settings=PASSED_ON)
def nightly(context: typer.Context) -> None:
    """Run every test there is, however long it takes; further arguments go to pytest."""
    from cli import testing

    raise typer.Exit(testing.run_tests(testing.Tier.NIGHTLY, context.args))


@app.command(context_settings=PASSED_ON, epilog="Example: ./pilotlight synth -c plan=plans/fileflow.yaml")
def synth(context: typer.Context) -> None:
    """Render the stacks to cdk.out; needs no credentials. Further arguments go to CDK."""
    from cli import deploying

    raise typer.Exit(deploying.synth(context.args))


@app.command(context_settings=PASSED_ON, epilog="Example: ./pilotlight deploy --all")
def deploy(context: typer.Context) -> None:
    """Deploy the stacks with your AWS credentials. Further arguments go to the CDK command line."""
    from cli import deploying

    raise typer.Exit(deploying.deploy(context.args))


@app.command(context_settings=PASSED_ON, epilog="Example: ./pilotlight cdk diff --all")
def cdk(context: typer.Context) -> None:
    """Run any command of the pinned CDK command line."""
    from cli import deploying

    raise typer.Exit(deploying.cdk(context.args))


def main() -> None:
    """Run a command; an interruption ends with 130, a refusal with its sentence and the exit code of its kind."""
    from pilotlight.domain.errors import PilotlightError, PlanRefused, Refused

    try:
        app(prog_name="pilotlight")
    except KeyboardInterrupt:
        sys.exit(130)
    except PlanRefused as refused:
        print(f"pilotlight: {refused.sentence}", file=sys.stderr)
        sys.exit(2)
    except Refused as refused:
        print(f"pilotlight: {refused.sentence}", file=sys.stderr)
        sys.exit(3)
    except PilotlightError as error:
        print(f"pilotlight: {error.sentence}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lambdas"))
    main()
