"""What stands behind `./pilotlight backtest`: reads a history, plays it to the policy, shows and records the outcome.

Exit codes: 0 whatever the policy would have done; 1 if CloudWatch cannot be read; 2 if plan or history is wrong.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import wrap
from typing import Any

from backtest.cloudwatch import fetch
from backtest.history import Past
from backtest.reading import HistoryRefused, read_history
from backtest.record import write_record
from backtest.replay import ACTING, BackTest, Coverage, Episode, Firing, replay
from cli.caller import CallerAws
from cli.exit_codes import MISCONFIGURED, OK
from cli.planning import load_failover_or_report
from cli.printing import print_json, print_lines
from pilotlight.domain.durations import say_elapsed
from pilotlight.domain.plan import Arming, Plan
from planfile.drawing import Line, Piece, Tone

WIDTH = 96
INDENT = " " * 4


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line; no files mean CloudWatch."""

    plan: Path
    files: Sequence[Path]
    days: int
    as_json: bool
    record: bool


def backtest(wanted: Wanted) -> int:
    """Play a history to the plan's policy."""
    plan = load_failover_or_report(wanted.plan)
    if plan is None:
        return MISCONFIGURED
    now = datetime.now(UTC)
    came = replay(plan, _past(plan, wanted, now))
    if wanted.as_json:
        print_json(json_of(came, now))
    else:
        print_lines(lines_of(came), sys.stdout)
    return _record(plan, wanted, json_of(came, now)) if wanted.record else OK


def _past(plan: Plan, wanted: Wanted, now: datetime) -> Past:
    if wanted.files:
        return read_history(plan, {str(path): _document(path) for path in wanted.files})
    return read_history(plan, fetch(plan, CallerAws(), now - timedelta(days=wanted.days), now))


def _document(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise HistoryRefused(f"The history {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise HistoryRefused(f"The history {path} is not JSON: {error}.") from error


def _record(plan: Plan, wanted: Wanted, record: dict[str, Any]) -> int:
    try:
        path = write_record(plan, wanted.plan.parent, record)
    except OSError as error:
        print(f"pilotlight: The record cannot be written to {error.filename}: {error.strerror}.", file=sys.stderr)
        return MISCONFIGURED
    print(f"{path} is written; keep it beside the plan, in the same commit.", file=sys.stderr)
    return OK


def json_of(came: BackTest, now: datetime) -> dict[str, Any]:
    """What came of a back-test as JSON values: what `--output json` prints, and what the record holds."""
    return {
        "application": came.application,
        "hash": came.hash,
        "when": now.isoformat(timespec="seconds"),
        "from": came.start.isoformat(),
        "to": came.end.isoformat(),
        "minutes": came.minutes,
        "observers": [
            {"observer": c.observer.id, "name": c.observer.name, "region": c.observer.vantage.region,
             "minutes_held": c.minutes}
            for c in came.coverage
        ],
        "episodes": [_json_of_episode(episode) for episode in came.episodes],
    }  # fmt: skip


def _json_of_episode(episode: Episode) -> dict[str, Any]:
    return {
        "began": episode.began.isoformat(),
        "ended": None if episode.goes_on else episode.ended.isoformat(),
        "lasted_seconds": (episode.ended - episode.began).total_seconds(),
        "would_have_started": [
            {
                "armed": firing.arming.value,
                "at": firing.at.isoformat(),
                "after_seconds": (firing.at - episode.began).total_seconds(),
                "is_upper_bound": bool(firing.assumed),
                "had_these_agreed": list(firing.assumed),
                "sentence": firing.sentence,
            }
            for firing in episode.firings
        ],
        "held": {arming.value: sentence for arming, sentence in episode.held.items()},
    }


def lines_of(came: BackTest) -> Iterator[Line]:
    """What came of a back-test, to be read on a terminal or in a pipe."""
    span = say_elapsed((came.end - came.start).total_seconds())
    yield (
        Piece(came.application, Tone.HEADING),
        Piece(f": what its policy would have done, {_moment(came.start)} to {_moment(came.end)} UTC ({span})"),
    )
    yield ()
    yield (Piece("observers", Tone.HEADING),)
    yield from (_covered(each, came.minutes) for each in came.coverage)
    for episode in came.episodes:
        yield ()
        yield from _episode(episode)
    yield ()
    yield from _paragraph(_summary(came), "", Tone.HEADING)
    yield from _paragraph(
        "Each darkness is judged by itself, as if no run had gone before; times are exact to the minute. Where nobody "
        "would have wanted a failover, raise decision.must_last or decision.quorum, and play it again.",
        "",
        Tone.FAINT,
    )


def _covered(each: Coverage, minutes: int) -> Line:
    share = f"held at {each.minutes} of {minutes} minutes" if each.minutes else "not in the history: unknown"
    tone = Tone.PLAIN if each.minutes == minutes else Tone.MISSED
    return (Piece(f"  {each.observer.name}, from {each.observer.vantage.region}: "), Piece(share, tone))


def _episode(episode: Episode) -> Iterator[Line]:
    lasted = say_elapsed((episode.ended - episode.began).total_seconds())
    until = "the end of the history" if episode.goes_on else f"{_moment(episode.ended)} UTC"
    yield (
        Piece(f"{_moment(episode.began)} UTC", Tone.HEADING),
        Piece(f" until {until}: somebody saw it dark for {lasted}"),
    )
    for arming in ACTING:
        firing = next((f for f in episode.firings if f.arming is arming), None)
        yield from _concluded(episode, arming, firing)


def _concluded(episode: Episode, arming: Arming, firing: Firing | None) -> Iterator[Line]:
    held = episode.held.get(arming, "")
    if firing is None or firing.assumed:
        yield (Piece(f"  armed '{arming.value}': would not have started", Tone.MET),)
        yield from _paragraph(held, INDENT, Tone.FAINT)
    if firing is None:
        return
    after = say_elapsed((firing.at - episode.began).total_seconds())
    said = f"would have started at {_moment(firing.at)} UTC, after {after}"
    if firing.assumed:
        agreed = f"upper bound: {said}, had these agreed: {', '.join(firing.assumed)}"
        yield from _paragraph(agreed, INDENT, Tone.DISRUPTIVE)
        return
    yield (Piece(f"  armed '{arming.value}': {said}", Tone.MISSED),)
    yield from _paragraph(firing.sentence, INDENT, Tone.FAINT)


def _summary(came: BackTest) -> str:
    count = len(came.episodes)
    said = []
    for arming in ACTING:
        firings = [f for episode in came.episodes for f in episode.firings if f.arming is arming]
        surely = sum(not f.assumed for f in firings)
        at_most = f" (at most {len(firings)})" if len(firings) > surely else ""
        said.append(f"armed '{arming.value}' {surely}{at_most}")
    dark = f"{count} {'time' if count == 1 else 'times'} somebody saw the primary dark"
    return f"{dark}. Failovers that would have started: {', '.join(said)}."


def _paragraph(text: str, indent: str, tone: Tone) -> Iterator[Line]:
    yield from (
        (Piece(line, tone),) for line in wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent,
                                              break_long_words=False, break_on_hyphens=False)
    )  # fmt: skip


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
