"""What stands behind `./pilotlight rehearse`: plays a scenario, shows it, writes the report and the trace."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile

from pilotlight.domain.plan import Arming
from pilotlight.domain.run import Outcome
from planfile import PlanFileRefused, load
from rehearsal.invariants import InvariantBroken
from rehearsal.live import show
from rehearsal.play import Played, play
from rehearsal.report import write_report
from rehearsal.scenarios import SCENARIOS, scenario

OK, NOT_AS_EXPECTED, MISCONFIGURED = 0, 1, 2
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
    for known in SCENARIOS.values():
        print(f"{known.name:<{width}}  {known.summary} (expected: {known.expected.value})")
    return OK


def rehearse(wanted: Wanted) -> int:
    """Play the scenario; 0 if it came out as expected, 1 if not, 2 if the plan, the scenario or a path is wrong."""
    try:
        plan = load(wanted.plan)
    except PlanFileRefused as refusal:
        print(refusal.rendered, file=sys.stderr)
        return MISCONFIGURED
    chosen = scenario(wanted.scenario, wanted.at)
    unwritable = _unwritable(wanted)
    if unwritable:
        print(f"pilotlight: {unwritable}", file=sys.stderr)
        return MISCONFIGURED
    try:
        played = play(plan, chosen, wanted.seed, as_armed=wanted.as_armed)
    except InvariantBroken as broken:
        print(f"pilotlight: What must never happen happened in {chosen.name}. {broken}", file=sys.stderr)
        return NOT_AS_EXPECTED
    report = write_report(played, wanted.reports)
    result = replace(played.result, report=str(report) if report else None)
    if wanted.trace:
        wanted.trace.write_text("".join(_trace_lines(played)))
    if wanted.as_json:
        print(json.dumps(result.to_json(), ensure_ascii=False, indent=2))
    else:
        show(played, result)
    expected = Outcome.BLOCKED if wanted.as_armed and plan.arming in _STARTS_NOTHING else chosen.expected
    if result.outcome != expected.value:
        print(f"pilotlight: {chosen.name} was expected to end {expected.value}.", file=sys.stderr)
        return NOT_AS_EXPECTED
    return OK


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


def _trace_lines(played: Played) -> Iterable[str]:
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
