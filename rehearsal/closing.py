"""The last lines of a rehearsal: how it ended, the five clocks, what was promised, and where the report lies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pilotlight.domain.durations import say_duration, say_elapsed
from pilotlight.domain.plan import Clock
from pilotlight.domain.run import Outcome
from pilotlight.report.times import stopwatch
from rehearsal.result import RehearsalResult


def closing_lines(result: RehearsalResult) -> Iterator[str]:
    """The lines, in plain text; times are simulated, and counted from the moment the outage began."""
    yield f"{result.outcome or 'NO OUTCOME'}  {result.reason}"
    clocks = (f"{clock.value} {_at(result.clocks.get(clock.value))}" for clock in Clock)
    yield f"Clocks   {'   '.join(clocks)}"
    recovered = result.outcome == Outcome.RECOVERED
    yield f"RTO      {_against(result.rto_seconds, result.objectives.get('rto_seconds'), recovered)}"
    if "rpo_seconds" in result.objectives:
        yield f"RPO      {_against(result.rpo_seconds, result.objectives.get('rpo_seconds'), recovered)}"
    if result.critical_path_seconds is not None and result.overhead_ratio is not None:
        path = say_elapsed(result.critical_path_seconds)
        yield f"Path     AWS itself needed {path}; the run took {result.overhead_ratio:.3f} times that"
    if result.exposure_seconds:
        exposed = say_elapsed(result.exposure_seconds)
        yield f"Exposed  The old primary came back and took writes beside the new one for {exposed}"
    if result.report:
        yield f"Report   {result.report}"


def _at(seconds: float | None) -> str:
    return "—" if seconds is None else stopwatch(seconds)


def _against(needed: float | None, promised: float | None, recovered: bool) -> str:
    if needed is None:
        return "not reached"
    if promised is None:
        return say_elapsed(needed)
    kept = (": kept" if needed <= promised else ": missed") if recovered else ""
    return f"{say_elapsed(needed)} of {say_duration(timedelta(seconds=promised))}{kept}"
