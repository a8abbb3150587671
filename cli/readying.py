"""What stands behind `./pilotlight readiness`: looks at everything that must be true before an incident, and shows it.

It only reads in AWS, under the caller's own credentials, and writes the plan's page by hand anew on this machine;
`--rehearsal` looks at an embedded AWS furnished from the plan instead, and writes nothing. Exit codes: 0 nothing is
worse than a warning; 1 something is an error or impossible; 2 nothing could be looked at, because the plan is wrong,
there are no credentials, or they are another account's.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from textwrap import wrap
from typing import Any

from cli.caller import CallerAws
from cli.drill_readiness import drill_looks
from cli.exit_codes import MISCONFIGURED, NOT_AS_EXPECTED, OK
from cli.handing import KEPT_IN, kept_anew
from cli.planning import load_failover_or_report
from cli.printing import Progress, print_json, print_lines, progress
from cli.simulating import permission_looks
from pilotlight.aws.web import HttpWeb
from pilotlight.domain.errors import AwsError
from pilotlight.domain.kind import Severity
from pilotlight.domain.plan import Plan
from pilotlight.domain.ports import Aws, Web
from pilotlight.domain.read_only import ReadOnlyAws
from pilotlight.readiness.look import Found, Look, looks, take, worst_first
from planfile.drawing import Line, Piece, Tone

WIDTH = 100
SEVERITY_COLUMN, ABOUT_COLUMN = 12, 22
_BAD = (Severity.ERROR, Severity.IMPOSSIBLE)
_TONES = {
    Severity.FINE: Tone.MET,
    Severity.WARNING: Tone.DISRUPTIVE,
    Severity.ERROR: Tone.IRREVERSIBLE,
    Severity.IMPOSSIBLE: Tone.MISSED,
}


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line."""

    plan: Path
    rehearsal: bool
    as_json: bool
    pages: Path = KEPT_IN


def readiness(wanted: Wanted, aws: Aws | None = None, web: Web | None = None) -> int:
    """Look, and show what was found, the worst first."""
    plan = load_failover_or_report(wanted.plan)
    if plan is None:
        return MISCONFIGURED
    with progress() as say:
        if wanted.rehearsal:
            from rehearsal.readiness import look_in_rehearsal

            found = look_in_rehearsal(plan, lambda ways: look_at_all(plan, ways.now, ways.aws, ways.web, say))
        else:
            aws = aws or CallerAws()
            refusal = _why_nothing_can_be_seen(plan, aws)
            if refusal:
                print(f"pilotlight: {refusal}", file=sys.stderr)
                return MISCONFIGURED
            found = look_at_all(plan, datetime.now(UTC), aws, web or HttpWeb(), say)
            found = worst_first([*found, Found("by-hand", kept_anew(plan, wanted.pages))])
    if wanted.as_json:
        print_json(json_of(plan, found))
    else:
        print_lines(lines_of(plan, found), sys.stdout)
    return NOT_AS_EXPECTED if any(each.finding.severity in _BAD for each in found) else OK


def look_at_all(plan: Plan, now: datetime, aws: Aws, web: Web, say: Progress) -> list[Found]:
    """Take every look of the plan, saying of each which one it is."""
    found: list[Found] = []
    only = ReadOnlyAws(aws)
    every: list[Look] = [*looks(plan, now, aws, web), *permission_looks(plan, only)]
    every += drill_looks(plan, now, only, web)
    for number, look in enumerate(every, start=1):
        say(f"{number} of {len(every)}: {look.title}")
        found += take(look)
    return worst_first(found)


def _why_nothing_can_be_seen(plan: Plan, aws: Aws) -> str:
    """Why there is no use in looking; empty where there is."""
    try:
        answer = aws.call("sts", "GetCallerIdentity", plan.regions.standby)
    except AwsError as error:
        return f"Nothing was looked at, because AWS does not know who asks: {error.sentence}. Log in first."
    account = str(answer["Account"])
    if account == plan.account:
        return ""
    return f"Nothing was looked at: the plan is for account {plan.account}, and you are logged in to {account}."


def json_of(plan: Plan, found: Sequence[Found]) -> dict[str, Any]:
    """The findings as JSON values."""
    count = Counter(each.finding.severity for each in found)
    return {
        "application": plan.application,
        "digest": plan.digest(),
        "ready": not any(each.finding.severity in _BAD for each in found),
        "count": {severity.value: count[severity] for severity in Severity},
        "findings": [
            {
                "severity": each.finding.severity.value,
                "about": each.about,
                "code": each.finding.code,
                "sentence": each.finding.sentence,
                "fix": each.finding.fix,
            }
            for each in found
        ],
    }


def lines_of(plan: Plan, found: Sequence[Found]) -> Iterator[Line]:
    """The findings as a table: how bad, what it is about, and in a sentence what it is and what to do."""
    regions = f"{plan.regions.primary} to {plan.regions.standby}"
    yield (Piece(plan.application, Tone.HEADING), Piece(f": what must be true before an incident, {regions}"))
    yield ()
    for each in found:
        yield from _row(each)
    yield ()
    count = Counter(each.finding.severity for each in found)
    said = ", ".join(f"{count[severity]} {severity.value}" for severity in reversed(Severity) if count[severity])
    ready = not any(count[severity] for severity in _BAD)
    verdict = Piece("Ready", Tone.MET) if ready else Piece("Not ready", Tone.MISSED)
    yield (verdict, Piece(f": {said or 'nothing to look at'}."))


def _row(each: Found) -> Iterator[Line]:
    finding = each.finding
    indent = SEVERITY_COLUMN + ABOUT_COLUMN
    first, *rest = wrap(finding.sentence, WIDTH - indent, break_long_words=False, break_on_hyphens=False)
    about = f"{each.about:<{ABOUT_COLUMN - 1}} "
    yield (Piece(f"{finding.severity.value:<{SEVERITY_COLUMN}}", _TONES[finding.severity]), Piece(about), Piece(first))
    yield from ((Piece(" " * indent + line),) for line in rest)
    if finding.fix:
        fix = wrap(f"-> {finding.fix}", WIDTH - indent, break_long_words=False, break_on_hyphens=False)
        yield from ((Piece(" " * indent + line, Tone.FAINT),) for line in fix)
