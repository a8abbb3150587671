"""What stands behind `./pilotlight rehearse`: plays a scenario, shows it, writes the report and the trace."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile

from cli.exit_codes import MISCONFIGURED, NOT_AS_EXPECTED, OK
from cli.printing import print_json
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.run import Outcome
from pilotlight.domain.runbook import Runbook
from planfile import PlanFileRefused, load_any
from rehearsal.by_hand import BY_HAND, play_runbook
from rehearsal.drilling import DRILL_SCENARIOS, DrillScenario, play_drill
from rehearsal.invariants import InvariantBroken
from rehearsal.live import show
from rehearsal.play import AnyPlayed, play
from rehearsal.report import write_report
from rehearsal.scenarios import SCENARIOS, Scenario, scenario

_STARTS_NOTHING = (Arming.OBSERVE, Arming.MANUAL)


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line."""

    plan: Path
    scenario: str
    seed: int
    reports: Path
    as_json: bool
    trace: Path | None
    as_armed: bool
    at: timedelta | None = None


def list_scenarios() -> int:
    """Say what can happen, and what a plan in order comes to."""
    width = max(map(len, SCENARIOS))
    of_drills: list[Scenario | DrillScenario] = [*SCENARIOS.values(), *DRILL_SCENARIOS.values()]
    for known in of_drills:
        print(f"{known.name:<{width}}  {known.summary} (expected: {known.expected.value})")
    return OK


def rehearse(wanted: Wanted) -> int:
    """Play the scenario; 0 if it came out as expected, 1 if not, 2 if the plan, the scenario or a path is wrong."""
    try:
        plan = load_any(wanted.plan)
    except PlanFileRefused as refusal:
        print(refusal.rendered, file=sys.stderr)
        return MISCONFIGURED
    chosen = _chosen(plan, wanted)
    unusable = chosen if isinstance(chosen, str) else _unwritable(wanted)
    if isinstance(chosen, str) or unusable:
        print(f"pilotlight: {unusable}", file=sys.stderr)
        return MISCONFIGURED
    try:
        played = chosen.play()
    except InvariantBroken as broken:
        print(f"pilotlight: What must never happen happened in {chosen.name}. {broken}", file=sys.stderr)
        return NOT_AS_EXPECTED
    report = write_report(played, wanted.reports)
    result = replace(played.result, report=str(report) if report else None)
    if wanted.trace:
        wanted.trace.write_text("".join(_trace_lines(played)))
    if wanted.as_json:
        print_json(result.to_json())
    else:
        show(played, result)
    if result.outcome != chosen.expected.value:
        print(f"pilotlight: {chosen.name} was expected to end {chosen.expected.value}.", file=sys.stderr)
        return NOT_AS_EXPECTED
    return OK


@dataclass(frozen=True)
class _Chosen:
    """What is played: a scenario of a failover plan, or the start of a run-book; and how it should end."""

    name: str
    expected: Outcome
    play: Callable[[], AnyPlayed]


def _chosen(plan: Plan | Runbook, wanted: Wanted) -> _Chosen | str:
    """What is to be played; or why it cannot be. Raises `PlanRefused` for a moment that a scenario does not take."""
    seed, as_armed = wanted.seed, wanted.as_armed
    if isinstance(plan, Plan) and wanted.scenario in DRILL_SCENARIOS:
        drill = DRILL_SCENARIOS[wanted.scenario]
        return _Chosen(drill.name, drill.expected, lambda: play_drill(plan, drill, seed, as_armed=as_armed))
    if isinstance(plan, Plan) and wanted.scenario and wanted.scenario not in SCENARIOS:
        return f"There is no scenario '{wanted.scenario}'; there are {', '.join([*SCENARIOS, *DRILL_SCENARIOS])}."
    if isinstance(plan, Plan):
        known = scenario(wanted.scenario or "outage", wanted.at)
        expected = Outcome.BLOCKED if as_armed and plan.arming in _STARTS_NOTHING else known.expected
        return _Chosen(known.name, expected, lambda: play(plan, known, seed, as_armed=as_armed))
    if wanted.scenario not in ("", BY_HAND) or wanted.at is not None:
        return f"{plan.name} is a run-book and has one scenario, {BY_HAND}; leave --scenario and --at out."
    expected = Outcome.BLOCKED if as_armed and plan.arming is Arming.OBSERVE else Outcome.RECOVERED
    return _Chosen(BY_HAND, expected, lambda: play_runbook(plan, seed, as_armed=as_armed))


def _unwritable(wanted: Wanted) -> str:
    """Why the report or the trace cannot be written, before anything is played; empty if both can."""
    try:
        wanted.reports.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=wanted.reports):
            pass
    except OSError as error:
        return f"The report cannot be written to {wanted.reports}: {error.strerror}. Name a folder with --report."
    try:
        if wanted.trace:
            with wanted.trace.open("a"):
                pass
    except OSError as error:
        return f"The trace cannot be written to {wanted.trace}: {error.strerror}. Name a file with --trace."
    return ""


def _trace_lines(played: AnyPlayed) -> Iterable[str]:
    for line in played.scene.world.trace:
        known = {
            "time": line.time.isoformat(),
            "service": line.service,
            "operation": line.operation,
            "region": line.region,
            "resource": line.resource,
            "mutating": line.mutating,
        }
        yield json.dumps(known) + "\n"
