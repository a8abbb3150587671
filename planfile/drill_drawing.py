"""How a plan is drilled, as lines of text and as JSON values, in the style of `planfile.drawing`."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any
from zoneinfo import ZoneInfo

from pilotlight.domain.durations import say_duration
from planfile.drawing import HEADED, NAME_COLUMN, WIDTH, Line, Piece, Tone
from planfile.drill_overview import ShownDrill, ShownStandIn

_INDENT = NAME_COLUMN + 6


def drill_lines(drill: ShownDrill | None) -> Iterator[Line]:
    """How it is drilled, to be read below the plan."""
    yield ()
    said = when_drilled(drill)
    first, *more = wrap(said, WIDTH - HEADED, break_on_hyphens=False)
    yield (Piece(f"{'drill':<{HEADED}}", Tone.HEADING), Piece(first, Tone.FAINT))
    yield from ((Piece(f"{' ' * HEADED}{line}", Tone.FAINT),) for line in more)
    if drill is None:
        return
    yield from _done("in place of the steps", drill.stand_ins)
    yield from _done("besides", drill.besides)
    if drill.left_out:
        yield (Piece("  left out", Tone.FAINT),)
    for step, why in drill.left_out.items():
        first, *more = wrap(why, WIDTH - _INDENT, break_on_hyphens=False)
        yield (Piece(f"    {step:<{NAME_COLUMN}}  "), Piece(first, Tone.FAINT))
        yield from ((Piece(f"{' ' * _INDENT}{line}", Tone.FAINT),) for line in more)


def when_drilled(drill: ShownDrill | None) -> str:
    """When the next drill begins, how long it may last and what it may cost."""
    if drill is None:
        return "the plan does not say how it is drilled, so it is not"
    ends = f"cleaned up after {say_duration(drill.time_to_live)} at most, for {drill.usd_at_most:.2f} USD at most"
    if drill.begins is None:
        return f"when a person starts one; {ends}"
    begins = f"next at {drill.begins.astimezone(ZoneInfo(drill.zone)):%Y-%m-%d %H:%M} {drill.zone}"
    held = f", which is blocked because of {drill.blocked.because.rstrip('. ')}" if drill.blocked else ""
    return f"{begins}{held}, or when a person starts one; {ends}"


def _done(heading: str, stand_ins: tuple[ShownStandIn, ...]) -> Iterator[Line]:
    if stand_ins:
        yield (Piece(f"  {heading}", Tone.FAINT),)
    for each in stand_ins:
        yield (Piece(f"    {each.step:<{NAME_COLUMN}}  "), Piece(each.title))
        told = ", as the plan declares" if each.declared else ""
        yield (Piece(f"{' ' * _INDENT}{each.kind}{told}", Tone.FAINT),)


def drill_json(drill: ShownDrill | None) -> dict[str, Any] | None:
    """How it is drilled as JSON values; None where the plan does not say."""
    if drill is None:
        return None
    return {
        "stand_ins": [_json(each) for each in drill.stand_ins],
        "besides": [_json(each) for each in drill.besides],
        "left_out": [{"step": step, "because": why} for step, why in drill.left_out.items()],
        "next": drill.begins.isoformat() if drill.begins else None,
        "blocked_because": drill.blocked.because if drill.blocked else None,
        "time_to_live_seconds": drill.time_to_live.total_seconds(),
        "usd_at_most": drill.usd_at_most,
    }


def _json(stand_in: ShownStandIn) -> dict[str, Any]:
    return {
        "step": stand_in.step,
        "kind": stand_in.kind,
        "title": stand_in.title,
        "declared": stand_in.declared,
    }
