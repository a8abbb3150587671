"""An overview of a plan as lines of text, as a Mermaid graph and as JSON values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from textwrap import wrap
from typing import Any, NamedTuple

from pilotlight.domain.durations import say_duration, say_elapsed
from pilotlight.domain.plan import Plan
from pilotlight.domain.runbook import Runbook
from pilotlight.domain.stages import StageName
from planfile import run_book
from planfile.overview import Overview, Role, ShownEntry, ShownObjective, Span

WIDTH = 80
COLUMN = 28
NAME_COLUMN = 22
HEADED = 9


class Tone(StrEnum):
    """What a piece of text is, so that a terminal can set it off."""

    PLAIN = "plain"
    HEADING = "heading"
    FAINT = "faint"
    CRITICAL = "critical"
    HARMLESS = "harmless"
    DISRUPTIVE = "disruptive"
    IRREVERSIBLE = "irreversible"
    MET = "met"
    MISSED = "missed"


class Piece(NamedTuple):
    """A piece of a line."""

    text: str
    tone: Tone = Tone.PLAIN


Line = tuple[Piece, ...]


def lines_of(seen: Overview) -> Iterator[Line]:
    """The overview to be read on a terminal or in a pipe, at most 80 columns wide where names allow it."""
    plan = seen.plan
    of_what = " of a private application" if isinstance(plan, Plan) and plan.network.private else ""
    where = plan.region if isinstance(plan, Runbook) else f"{plan.regions.primary} to {plan.regions.standby}"
    what = "runbook" if isinstance(plan, Runbook) else f"failover plan{of_what}"
    yield (Piece(plan.name, Tone.HEADING), Piece(f": {what}, {where}, armed '{plan.arming.value}'"))
    if plan.description:
        yield from ((Piece(line, Tone.FAINT),) for line in wrap(plan.description, WIDTH))
    if isinstance(plan, Plan):
        yield ()
        yield from _said("when", run_book.when(plan))
        yield from _said("who", run_book.who(plan))
    before: StageName | None = None
    for stage, lanes in seen.stages.items():
        if stage is StageName.FENCE:
            yield from _gate(seen)
        if lanes:
            yield ()
            yield from _said(stage.value, run_book.moment(stage, before, seen.begins[stage]))
            before = stage
        if lanes and stage is StageName.FENCE and isinstance(plan, Plan):
            yield from _said("", run_book.closing(plan))
        for lane, entries in lanes.items():
            yield (Piece(f"  {lane}", Tone.FAINT),)
            for entry in entries:
                yield from _entry(entry)
    yield from _requirements(seen)
    yield ()
    path = f"critical path: {', then '.join(seen.critical)}"
    yield from (
        (Piece(line, Tone.CRITICAL),) for line in wrap(path, WIDTH, initial_indent="* ", subsequent_indent="  ")
    )
    yield from _times(seen)
    yield from _objectives(seen)


def _said(heading: str, words: str) -> Iterator[Line]:
    """A heading with what it is about, folded beside it."""
    first, *more = wrap(words, WIDTH - HEADED, break_on_hyphens=False)
    yield (Piece(f"{heading:<{HEADED}}", Tone.HEADING), Piece(first, Tone.FAINT))
    yield from ((Piece(f"{' ' * HEADED}{line}", Tone.FAINT),) for line in more)


def _requirements(seen: Overview) -> Iterator[Line]:
    if seen.requirements:
        yield ()
        yield (Piece("requirements", Tone.HEADING), Piece("  no step acts on them; readiness looks", Tone.FAINT))
    for requirement in seen.requirements:
        yield (Piece(f"    {requirement.name:<{NAME_COLUMN}}  "), Piece(requirement.title))
        yield (Piece(f"{' ' * (NAME_COLUMN + 6)}{requirement.kind}", Tone.FAINT),)


def _gate(seen: Overview) -> Iterator[Line]:
    gates = seen.plan.gates
    approval = "a person must approve" if gates.approval else "nobody has to approve"
    veto = f"people may stop it for {say_duration(gates.veto_window)}" if gates.veto_window else "no veto window"
    yield ()
    if isinstance(seen.plan, Runbook):
        yield from _said("gate", f"{approval}; {veto}")
    else:
        limit = f"data loss up to {_accepted_loss(seen.plan)}; more, or an unknown loss, blocks the run"
        yield from _said("gate", f"{limit}; {approval}; {veto}")
    yield from _said("failed", run_book.failing(seen.plan))


def _accepted_loss(plan: Plan) -> str:
    accepted = plan.gates.max_data_loss
    return say_duration(plan.objectives.rpo if accepted is None else accepted)


def _entry(entry: ShownEntry) -> Iterator[Line]:
    mark = "*" if entry.critical else " "
    tone = Tone.CRITICAL if entry.critical else Tone.PLAIN
    role = "" if entry.role is Role.RUN else f"{entry.role.value} "
    yield (Piece(f"  {mark} {role + entry.step:<{NAME_COLUMN}}  ", tone), Piece(entry.title))
    indent = " " * (NAME_COLUMN + 6)
    if entry.role is not Role.AWAIT:
        timing = entry.timing
        span = f"{say_duration(timing.typical)} ({say_duration(timing.shortest)} to {say_duration(timing.longest)})"
        yield (
            Piece(f"{indent}{entry.kind}, ", Tone.FAINT),
            Piece(entry.harm.value, Tone(entry.harm.value)),
            Piece(f", {span}", Tone.FAINT),
        )
        if entry.asks:
            yield (Piece(f"{indent}waits for a person's word", Tone.CRITICAL),)
        if entry.skippable:
            yield (Piece(f"{indent}may be skipped if it fails", Tone.FAINT),)
        for line in wrap(run_book.needed(entry.needs), WIDTH - len(indent), break_on_hyphens=False):
            yield (Piece(f"{indent}{line}", Tone.FAINT),)


def _times(seen: Overview) -> Iterator[Line]:
    yield ()
    header = f"{'expected recovery':<{COLUMN}}{'shortest':>14}{'typical':>14}{'longest':>14}"
    yield (Piece(header, Tone.HEADING),)
    for clock, span in seen.expected.items():
        yield (Piece(f"{'  since ' + clock.value:<{COLUMN}}{_three(span)}"),)
    if seen.detection:
        yield (Piece(f"{'  of which detection':<{COLUMN}}{_three(seen.detection)}", Tone.FAINT),)


def _three(span: Span) -> str:
    return "".join(f"{_elapsed(time):>14}" for time in (span.shortest, span.typical, span.longest))


def _elapsed(time: timedelta) -> str:
    return say_elapsed(time.total_seconds())


def _objectives(seen: Overview) -> Iterator[Line]:
    yield ()
    header = f"{'objectives':<{COLUMN}}{'RTO':>14}{'typical':>14}{'RPO':>14}"
    yield (Piece(header, Tone.HEADING),)
    for objective in (seen.overall, *seen.resources):
        yield _objective(objective)
    span = seen.plan.objectives.expected_rto if isinstance(seen.plan, Plan) else None
    if span is not None:
        shortest, longest = (say_duration(time) for time in span)
        yield (Piece(f"  the plan itself expects {shortest} to {longest} since onset", Tone.FAINT),)


def _objective(objective: ShownObjective) -> Line:
    name = Piece(f"{'  ' + objective.resource:<{COLUMN}}{say_duration(objective.rto):>14}")
    rpo = say_duration(objective.rpo) if objective.rpo is not None else "-"
    if objective.expected is None:
        return (name, Piece(f"{'-':>14}{rpo:>14}  since {objective.since}"))
    tone = Tone.MET if objective.met else Tone.MISSED
    missed = "" if objective.met else ": missed"
    typical = Piece(f"{_elapsed(objective.expected.typical):>14}", tone)
    return (name, typical, Piece(f"{rpo:>14}  since {objective.since}{missed}"))


def mermaid_of(seen: Overview) -> str:
    """The overview as a Mermaid flowchart: stages from top to bottom, thick borders on the critical path."""
    said = ["flowchart TD"]
    boxes: list[str] = []
    for stage, lanes in seen.stages.items():
        if stage is StageName.FENCE:
            said.append('    gate{{"gate"}}')
            boxes.append("gate")
        if not lanes:
            continue
        boxes.append(stage.value)
        said.append(f'    subgraph {stage.value}["{stage.value}"]')
        for lane, entries in lanes.items():
            said += [f"        {line}" for line in _mermaid_lane(stage, lane, entries)]
        said.append("    end")
    said += [f"    {one} --> {next_one}" for one, next_one in pairwise(boxes)]
    said += [f"    {line}" for line in _mermaid_awaits(seen)]
    said += [
        "    classDef harmless fill:#e6f4ea,stroke:#5f6368,color:#202124",
        "    classDef disruptive fill:#fef7e0,stroke:#5f6368,color:#202124",
        "    classDef irreversible fill:#fce8e6,stroke:#5f6368,color:#202124",
        "    classDef critical stroke-width:4px",
    ]
    return "\n".join(said) + "\n"


def _mermaid_lane(stage: StageName, lane: str, entries: tuple[ShownEntry, ...]) -> Iterator[str]:
    ids = [_mermaid_id(stage, lane, index) for index in range(len(entries))]
    for node, entry in zip(ids, entries, strict=True):
        title = entry.title.replace('"', "#quot;")
        role = "" if entry.role is Role.RUN else f"{entry.role.value}: "
        time = "" if entry.role is Role.AWAIT else f"<br/>{say_duration(entry.timing.typical)}"
        yield f'{node}["{role}{title}{time}"]:::{entry.harm.value}'
        if entry.critical:
            yield f"class {node} critical"
    yield from (f"{one} --> {next_one}" for one, next_one in pairwise(ids))


def _mermaid_awaits(seen: Overview) -> Iterator[str]:
    started: dict[str, str] = {}
    for stage, lanes in seen.stages.items():
        for lane, entries in lanes.items():
            for index, entry in enumerate(entries):
                node = _mermaid_id(stage, lane, index)
                if entry.role is Role.START:
                    started[entry.step] = node
                elif entry.role is Role.AWAIT:
                    yield f"{started[entry.step]} -.-> {node}"


def _mermaid_id(stage: StageName, lane: str, index: int) -> str:
    return f"{stage.value}_{lane.replace('-', '_')}_{index}"


def json_of(seen: Overview) -> dict[str, Any]:
    """The overview as JSON values; all times in seconds."""
    plan = seen.plan
    return {
        "application": plan.application,
        "name": plan.name,
        "kind": plan.kind.value,
        "arming": plan.arming.value,
        "regions": [plan.region] if isinstance(plan, Runbook) else plan.regions.model_dump(mode="json"),
        "digest": plan.digest(),
        "stages": [
            {"stage": stage.value, "lanes": [_json_lane(lane, entries) for lane, entries in lanes.items()]}
            for stage, lanes in seen.stages.items()
            if lanes
        ],
        "requirements": [
            {"requirement": each.name, "kind": each.kind, "title": each.title} for each in seen.requirements
        ],
        "critical_path": list(seen.critical),
        "detection": _json_span(seen.detection) if seen.detection else None,
        "expected_rto": {clock.value: _json_span(span) for clock, span in seen.expected.items()},
        "objectives": [_json_objective(objective) for objective in (seen.overall, *seen.resources)],
    }


def _json_lane(lane: str, entries: tuple[ShownEntry, ...]) -> dict[str, Any]:
    return {
        "lane": lane,
        "entries": [
            {
                "step": entry.step,
                "role": entry.role.value,
                "kind": entry.kind,
                "title": entry.title,
                "harm": entry.harm.value,
                "critical": entry.critical,
                "skippable": entry.skippable,
                **_json_span(Span(entry.timing.shortest, entry.timing.typical, entry.timing.longest)),
            }
            for entry in entries
        ],
    }


def _json_objective(objective: ShownObjective) -> dict[str, Any]:
    return {
        "resource": objective.resource,
        "since": objective.since,
        "step": objective.step,
        "rto_seconds": objective.rto.total_seconds(),
        "rpo_seconds": objective.rpo.total_seconds() if objective.rpo is not None else None,
        "expected": _json_span(objective.expected) if objective.expected else None,
        "met": objective.met,
    }


def _json_span(span: Span) -> dict[str, float]:
    return {
        "shortest_seconds": span.shortest.total_seconds(),
        "typical_seconds": span.typical.total_seconds(),
        "longest_seconds": span.longest.total_seconds(),
    }
