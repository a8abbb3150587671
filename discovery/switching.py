"""What starts functions by itself: switched off in the primary before the writer moves, and on in the standby after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from discovery.drafting import Drafting
from discovery.noted import Noted, noted, open_question
from discovery.resource import Kind, Resource

_KINDS = (Kind.MAPPING, Kind.RULE, Kind.SCHEDULE)
_MOST = 20
"""Of each sort in one step (docs/steps.md)."""
NO_ROLE = "the-role-of-the-schedule"


def switch_off(draft: Drafting) -> None:
    """Close what is on in the primary: it writes by itself, without a user."""
    on = [source for kind in _KINDS for source in draft.found.of(kind, draft.found.primary) if source.facts["on"]]
    _put(draft, "fence", "events", "switch-off-events", "fence_event_sources", on)


def switch_on(draft: Drafting) -> None:
    """Start in the standby what waits there switched off."""
    here = [source for kind in _KINDS for source in draft.found.of(kind, draft.found.standby)]
    for source in here:
        if source.facts["on"]:
            draft.open.append(f"{source} is on already, so both regions may do its work; switch it off until a run.")
    off = [source for source in here if not source.facts["on"]]
    _put(draft, "serve", "application", "switch-on-events", "switch_event_sources", off)
    for kind in _KINDS:
        for pair in draft.found.pairs(kind):
            if pair.primary and not pair.standby and pair.primary.facts["on"]:
                draft.open.append(f"nothing in {draft.found.standby} does the work of {pair.primary}.")


def _put(draft: Drafting, stage: str, lane: str, name: str, step_kind: str, sources: Sequence[Resource]) -> None:
    """One step for each bus, and one more for all that is on none."""
    buses = list(dict.fromkeys(source.facts["bus"] for source in sources if source.kind is Kind.RULE)) or [""]
    for number, bus in enumerate(buses):
        chosen = [s for s in sources if s.facts.get("bus", bus if number == 0 else None) == bus]
        if not chosen:
            continue
        step = draft.step(name if number == 0 else f"{name}-{number + 1}", step_kind, _params(draft, bus, chosen))
        draft.put(stage, lane, noted(step, *(f"{source}: {source.because}." for source in chosen)))


def _params(draft: Drafting, bus: str, sources: Sequence[Resource]) -> dict[str, Any]:
    named: dict[str, list[Any]] = {"mappings": [], "rules": [], "schedules": []}
    for source in sources:
        match source.kind:
            case Kind.MAPPING:
                named["mappings"].append(source.name)
            case Kind.RULE:
                named["rules"].append(source.name)
            case _:
                named["schedules"].append(_schedule(source))
    for what, listed in named.items():
        for left in listed[_MOST:]:
            draft.open.append(f"of the {what} a step takes {_MOST}, and {left} is one too many; make a step more.")
    params: dict[str, Any] = {what: listed[:_MOST] for what, listed in named.items() if listed}
    return params | ({"event_bus": bus} if bus not in ("", "default") else {})


def _schedule(source: Resource) -> dict[str, Any] | Noted:
    group = {} if source.facts["group"] == "default" else {"group": source.facts["group"]}
    role = source.facts["role"]
    if role:
        return {"name": source.name, **group, "role": role}
    return open_question({"name": source.name, **group, "role": NO_ROLE}, "the role of its target; it was not seen.")
