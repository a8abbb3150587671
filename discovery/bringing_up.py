"""What serves: closed in the primary, scaled, told, asked and given the traffic in the standby."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from discovery.drafting import Drafting
from discovery.noted import TODO, noted, open_question
from discovery.pairing import Pair
from discovery.resource import Kind, Resource

_DATABASE = re.compile(r"rds|db|database|mysql|postgres|maria|sql", re.IGNORECASE)
CACHE = re.compile(r"redis|valkey|cache", re.IGNORECASE)
"""How what is of a cache is named."""

_ENDPOINT = re.compile(r"endpoint|host|address|port$", re.IGNORECASE)
_GUESSED_TASKS = 2
NO_HOST = "example.com"
NO_BALANCER = "no-load-balancer-found-0.{region}.elb.amazonaws.com"


def close_primary(draft: Drafting) -> None:
    """Close what leads to the application."""
    balancers = [b for b in draft.found.of(Kind.BALANCER, draft.found.primary) if b.facts["ports"]]
    for balancer in balancers:
        if balancer.facts["type"] != "application":
            draft.open.append(f"{balancer} is of type {balancer.facts['type']}, and no step closes one of those.")
            continue
        params = {"load_balancer": balancer.name, "ports": balancer.facts["ports"]}
        step = draft.step(draft.named("close-traffic", balancer, len(balancers)), "fence_listener", params)
        draft.put("fence", "traffic", noted(step, f"{balancer.name}: {balancer.because}."))


def stop_primary(draft: Drafting) -> None:
    """Stop what writes to tables that change hands, because nothing closes a table."""
    if not draft.takes_tables:
        return
    why = "It writes to tables, which no security group closes, so it is stopped"
    services = draft.found.of(Kind.SERVICE, draft.found.primary)
    for service in services:
        params = {"cluster": service.facts["cluster"], "service": service.name}
        step = draft.step(draft.named("stop-service", service, len(services)), "fence_ecs_service", params)
        draft.put("fence", "service", noted(step, f"{why}; {service.because}."))
    groups = draft.found.of(Kind.GROUP, draft.found.primary)
    for group in groups:
        step = draft.step(
            draft.named("stop-group", group, len(groups)), "fence_auto_scaling_group", {"group": group.name}
        )
        draft.put("fence", "group", noted(step, f"{why}; {group.because}."))


def swap_endpoints(draft: Drafting, *, told: bool) -> None:
    """Write what steps give into the standby's parameters that are named like endpoints; pods may be told already."""
    values: dict[str, Any] = {}
    for parameter in draft.found.of(Kind.PARAMETER, draft.found.standby):
        if not _ENDPOINT.search(parameter.name):
            continue
        giver = giver_of(draft, parameter.name)
        if giver is None:
            draft.open.append(f"if a run must change {parameter}, add it to swap_configuration.")
            continue
        value = _value(parameter, giver)
        say = f"whether this is the value that it holds; {parameter.because}."
        values[parameter.name] = open_question(value, say)
    if values:
        step = draft.step("swap-endpoints", "swap_configuration", {"parameters": values})
        draft.put("serve", "application", noted(step, "Tasks read these when they start, so they are written first."))
    elif draft.gives and not told:
        draft.open.append(
            f"no parameter of {draft.found.standby} is named like an endpoint, so nobody tells the application where "
            "its new database and cache are; if they are not found by a name of their own, add swap_configuration."
        )


def giver_of(draft: Drafting, name: str) -> str | None:
    """The step that gives what is named so, if it is named like an endpoint of a cache or a database."""
    if not _ENDPOINT.search(name):
        return None
    return draft.gives.get("cache" if CACHE.search(name) else "database" if _DATABASE.search(name) else "")


def output_for(name: str) -> str:
    """Which of a step's outputs is meant by a name."""
    return "port" if name.lower().endswith("port") else "endpoint" if "endpoint" in name.lower() else "address"


def _value(parameter: Resource, step: str) -> dict[str, Any]:
    given = {"step": step, "output": output_for(parameter.name)}
    if parameter.facts["type"] == "String":
        return given
    key = {"key": parameter.facts["key"]} if parameter.facts["key"] else {}
    return {"value": given, "type": parameter.facts["type"], **key}


def scale(draft: Drafting) -> None:
    """Bring the standby's services and groups up, as far as the primary's are now."""
    services = [pair for pair in draft.found.pairs(Kind.SERVICE) if has_a_standby(draft, pair)]
    for pair in services:
        _scale_service(draft, pair, len(services))
    groups = [pair for pair in draft.found.pairs(Kind.GROUP) if has_a_standby(draft, pair)]
    for pair in groups:
        _scale_group(draft, pair, len(groups))


def has_a_standby(draft: Drafting, pair: Pair) -> bool:
    """Whether there is something to bring up; where there is not, a person is told to build it."""
    if pair.standby is None:
        draft.open.append(f"nothing in {draft.found.standby} takes over from {pair.primary}; build that first.")
    return pair.standby is not None


def _scale_service(draft: Drafting, pair: Pair, among: int) -> None:
    old, new = pair.primary, pair.standby
    assert new is not None
    name = draft.named("scale-service", new, among)
    tasks = old.facts["desired"] if old else 0
    said = f"As {old.name} has now." if old and tasks else ""
    params: dict[str, Any] = {
        "cluster": new.facts["cluster"],
        "service": new.name,
        "tasks": noted(tasks, said)
        if tasks
        else open_question(_GUESSED_TASKS, "how many; none runs in the primary now."),
    }
    if new.facts["bounds"]:
        known = old.facts["bounds"] if old else None
        least, most = known or (tasks or _GUESSED_TASKS, 2 * (tasks or _GUESSED_TASKS))
        bounds = {"minimum": least, "maximum": max(most, tasks)}
        params["autoscaling"] = (
            noted(bounds, f"As {old.name} has them; those of the standby keep it at {new.facts['bounds'][1]} at most.")
            if old and known
            else open_question(bounds, "the bounds of Application Auto Scaling; those of the primary are not known.")
        )
    step = draft.step(name, "scale_ecs_service", params)
    draft.put("serve", "application", noted(step, *_said(pair)))
    draft.objective("Application (ECS)" if among == 1 else f"Application (ECS): {new.name}", "15 min", name, "0 s")


def _scale_group(draft: Drafting, pair: Pair, among: int) -> None:
    old, new = pair.primary, pair.standby
    assert new is not None
    name = draft.named("scale-group", new, among)
    known = old if old and old.facts["desired"] else None
    sizes: dict[str, Any] = {
        key: known.facts[key] if known else _GUESSED_TASKS for key in ("minimum", "maximum", "desired")
    }
    sizes["minimum"] = (
        noted(sizes["minimum"], f"The sizes are those that {known.name} has now.")
        if known
        else open_question(_GUESSED_TASKS, "the sizes; nothing runs in the primary now.")
    )
    ports = {
        group.name: group.facts["port"]
        for group in draft.found.of(Kind.TARGET_GROUP, draft.found.standby)
        if group.arn in new.facts["target_groups"]
    }
    params = {"group": new.name, **sizes, **({"target_groups": ports} if ports else {})}
    draft.put("serve", "application", noted(draft.step(name, "scale_auto_scaling_group", params), *_said(pair)))
    draft.objective("Application (EC2)" if among == 1 else f"Application (EC2): {new.name}", "15 min", name, "0 s")


def _said(pair: Pair) -> Iterator[str]:
    assert pair.standby is not None
    yield f"{pair.standby.name}: {pair.standby.because}."
    if pair.primary:
        yield f"It takes over from {pair.primary.name}: {pair.because}."
    else:
        yield f"{TODO}from what it takes over; nothing of the primary fits it."


def check_and_latch(draft: Drafting, names: list[str], path: str) -> None:
    """Ask the standby whether it answers under the public name, then let users come."""
    _check(draft, names[0] if names else f"{draft.found.application}.{NO_HOST}", path)
    if names:
        params = {
            **({"databases": draft.databases} if draft.databases else {}),
            **({"clusters": draft.clusters} if draft.clusters else {}),
        }
        draft.put("serve", "application", draft.step("latch-traffic", "latch_traffic", params))
    else:
        draft.open.append(
            f"no record leads to a load balancer in {draft.found.primary}, so traffic is not moved: add the section "
            "traffic and a step latch_traffic, or move it by hand."
        )


def _check(draft: Drafting, host: str, path: str) -> None:
    """One load balancer is asked under a public name; where there are several, a person knows which answers to it."""
    found = draft.found
    if not found.fronts(found.standby):
        draft.open.append(f"no load balancer of {found.standby} belongs, so nothing is asked before users come.")
        return
    first, *others = found.fronts(found.standby)
    pair = next(pair for pair in found.pairs(Kind.BALANCER) if pair.standby == first)
    params: dict[str, Any] = {"url": f"https://{host}{path}", "connect_to": first.facts["dns"], "expect_status": 200}
    if others:
        names = ", ".join(other.name for other in others)
        params["connect_to"] = open_question(first.facts["dns"], f"whether this is the one to ask, and not {names}.")
    asked = f"{TODO}what only a standby that can read and write answers; a status alone says little."
    draft.put("serve", "application", noted(draft.step("check-health", "check_http", params), *_said(pair), asked))


def hold_the_place(draft: Drafting) -> None:
    """A plan has a step in move or serve; where nothing was found for either, one that can only fail stands there."""
    if draft.stages["move"] or draft.stages["serve"]:
        return
    host = NO_BALANCER.format(region=draft.found.standby)
    params = {"url": f"https://{draft.found.application}.{NO_HOST}/", "connect_to": host}
    step = draft.step("check-health", "check_http", params)
    draft.put("serve", "application", open_question(step, "the steps that bring the standby up, in place of this one."))
