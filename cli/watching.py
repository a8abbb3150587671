"""Follows a run: a picture that is drawn anew on a terminal, one line for each event in a pipe.

It reads every two seconds and changes nothing, so that an interruption leaves the run to itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from cli.standing import Standing, read, text_of
from pilotlight.domain.errors import Ambiguous, NotFound, Throttled, Unavailable
from pilotlight.domain.plan import AnyPlan
from pilotlight.domain.ports import Aws
from pilotlight.domain.run import EXECUTION_STATUS
from pilotlight.report.foreign import tame
from pilotlight.report.incident import Tone
from pilotlight.report.text import needed, record_line
from pilotlight.report.times import since_onset
from rehearsal.live import is_played

LOOK_EVERY_SECONDS = 2.0
_STYLES = {Tone.CALM: "", Tone.AT_WORK: "cyan", Tone.ASKING: "yellow", Tone.BAD: "red", Tone.GOOD: "green"}


class Screen(Protocol):
    """What a run is shown on."""

    def show(self, standing: Standing) -> None:
        """Show how it stands now."""
        ...

    def trouble(self, sentence: str) -> None:
        """Say that it could not be read this time."""
        ...


class Lines:
    """One line for each event that people are told, and for each new thing that is needed from them."""

    def __init__(self, out: TextIO, run_id: str = "") -> None:
        self._out = out
        self._run_id = run_id
        self._told = 0
        self._needed = ""
        self._trouble = ""

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *error: object) -> None:
        self._out.flush()

    def show(self, standing: Standing) -> None:
        """Print what is new."""
        seen = standing.seen
        self._trouble = ""
        if seen is None or (self._run_id and not standing.is_of(self._run_id)):
            return
        if standing.is_over and not (self._told or self._run_id):
            return  # What is over was told when it happened; the next one is waited for.
        for record in seen.told:
            if record.sequence > self._told:
                self._out.write(f"{since_onset(seen, record.entry.time):>8}  {record_line(record)}\n")
                self._told = record.sequence
        said = "\n".join(needed(seen)) if seen.outlook.need else ""
        if said != self._needed:
            self._out.write(f"{said}\n" if said else "")
            self._needed = said
        self._out.flush()

    def trouble(self, sentence: str) -> None:
        """Say it once for as long as it lasts."""
        if sentence != self._trouble:
            self._out.write(f"          could not be read just now: {tame(sentence)}\n")
        self._trouble = sentence


class Picture:
    """The state as it is now, drawn over what was drawn before."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._lines: list[Text] = []

    def __enter__(self) -> Picture:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, standing: Standing) -> None:
        """Draw it."""
        first, *rest = text_of(standing)
        tone = standing.seen.outlook.tone if standing.seen else Tone.CALM
        self._lines = [Text(first, style=f"bold {_STYLES[tone]}".strip()), *map(Text, rest)]
        self._draw(Text(f"looked at {standing.now:%H:%M:%S} UTC; Ctrl-C ends the looking, not the run", style="dim"))

    def trouble(self, sentence: str) -> None:
        """Leave what was seen last, and say that it is old."""
        self._draw(Text(f"could not be read just now: {tame(sentence)}", style="red"))

    def _draw(self, last: Text) -> None:
        self._live.update(Group(*self._lines, Text(""), last), refresh=True)


def screen_for(out: TextIO, environ: Mapping[str, str], run_id: str = "") -> AbstractContextManager[Any]:
    """The picture on a terminal that a person sits at, lines anywhere else. Rich itself heeds NO_COLOR."""
    console = Console(file=out, highlight=False)
    return Picture(console) if is_played(console, environ) else Lines(out, run_id)


@dataclass(frozen=True)
class Watch:
    """What is followed, and how time passes meanwhile; without `execution_arn` it may be a run that is yet to come."""

    plan: AnyPlan
    aws: Aws
    run_id: str = ""
    execution_arn: str = ""
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def follow(watch: Watch, screen: Screen) -> Standing:
    """Look until the run is over, or its execution has ended without opening one; how it stood then.

    Where no run is named, the one at work is followed, or the next one that comes to be. Raises an `AwsError` that no
    waiting helps against, as where credentials expired.
    """
    run_id = watch.run_id
    while True:
        try:
            ended = bool(watch.execution_arn) and not _is_running(watch)
            standing = read(watch.plan, watch.aws, watch.now(), run_id)
            run_id = run_id or standing.holder
            screen.show(standing)
            has_run = standing.is_of(run_id)
            if (has_run and standing.is_over) or (ended and not has_run):
                return standing
        except (Throttled, Unavailable, Ambiguous) as error:
            screen.trouble(error.sentence)
        watch.sleep(LOOK_EVERY_SECONDS)


def _is_running(watch: Watch) -> bool:
    region = watch.plan.place.standby
    try:
        found = watch.aws.call("stepfunctions", "DescribeExecution", region, executionArn=watch.execution_arn)
    except NotFound:
        return False
    return bool(found["status"] == "RUNNING")


def went_well(standing: Standing) -> bool:
    """Whether the run ended as its execution is called a success."""
    outcome = standing.seen.outcome if standing.seen else None
    return outcome is not None and EXECUTION_STATUS[outcome] == "SUCCEEDED"
