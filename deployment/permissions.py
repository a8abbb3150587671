"""What each deployed role may do at each arming level, and what a level adds to the one before it.

Read from the description that is deployed, and from nowhere else. What the renderer adds so that logs, traces, queues
and streams work is the same at every level, and stands in docs/security.md under "wiring".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from deployment.application import application
from deployment.drill import drill
from deployment.foundation import foundation
from deployment.guard import guard
from deployment.observing import observers
from deployment.resources import (
    ApplicationRole,
    BusTarget,
    Function,
    MachineSchedule,
    Resource,
    Rule,
    Stack,
    StateMachine,
)
from deployment.runbook import runbook
from deployment.signals import signals
from deployment.slack import hears_slack
from deployment.users import users
from pilotlight.domain.canonical import canonical
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.runbook import Runbook
from pilotlight.domain.step import Access, Statement

Permission = tuple[str, str, str]
"""One action on one resource, under conditions (as canonical JSON)."""


@dataclass(frozen=True)
class Role:
    """What a function, a machine or a rule that forwards may do."""

    name: str
    of: str
    region: str
    stack: str
    statements: tuple[Statement, ...]

    def permissions(self) -> frozenset[Permission]:
        """Its permissions one by one."""
        return frozenset(
            (action, resource, canonical(dict(s.conditions)))
            for s in self.statements
            for action in s.actions
            for resource in s.resources
        )


@dataclass(frozen=True)
class Level:
    """An arming level: all its roles, and what of it the level before does not have, or had and loses."""

    arming: Arming
    roles: tuple[Role, ...]
    adds: tuple[Role, ...]
    takes: tuple[Role, ...]


def levels(plan: Plan | Runbook) -> tuple[Level, ...]:
    """The levels of a plan, from the one that only looks to the one that goes on by itself, which no run-book has."""
    found: list[Level] = []
    before: tuple[Role, ...] = ()
    for arming in (Arming.OBSERVE, Arming.MANUAL) if isinstance(plan, Runbook) else Arming:
        roles = tuple(roles_of(plan.model_copy(update={"arming": arming})))
        found.append(Level(arming, roles, tuple(_beyond(roles, before)), tuple(_beyond(before, roles))))
        before = roles
    return tuple(found)


def roles_of(plan: Plan | Runbook) -> Iterator[Role]:
    """Every role that is deployed for a plan as it is armed, those that it shares with other plans included."""
    shared = foundation(plan.account, plan.place.standby, hears=hears_slack(plan))
    own = (
        (shared, runbook(plan))
        if isinstance(plan, Runbook)
        else (*observers([plan]), shared, application(plan), *signals(plan), *guard(plan), *users(plan), *drill(plan))
    )
    for stack in own:
        for resource in stack.resources:
            yield from _role(stack, resource)


def _role(stack: Stack, resource: Resource) -> Iterator[Role]:
    match resource:
        case Function():
            yield Role(resource.name, "function", stack.region, stack.name, resource.statements)
        case ApplicationRole():
            yield Role(resource.name, "role of drilled tasks", stack.region, stack.name, resource.statements)
        case MachineSchedule():
            yield Role(resource.name, "schedule", stack.region, stack.name, resource.statements)
        case StateMachine():
            yield Role(resource.name, "state machine", stack.region, stack.name, resource.statements)
        case Rule(target=BusTarget() as target):
            yield Role(target.role_name, "forwarding role", stack.region, stack.name, target.statements)
        case _:
            pass


def _beyond(roles: Iterable[Role], before: Iterable[Role]) -> Iterator[Role]:
    """Of some roles what they hold beyond themselves before; a function of one name may stand in several regions."""
    held = {(role.region, role.name): role.permissions() for role in before}
    for role in roles:
        more = tuple(
            s for each in role.statements for s in _parts_beyond(each, held.get((role.region, role.name), frozenset()))
        )
        if more:
            yield replace(role, statements=more)


def _parts_beyond(statement: Statement, held: frozenset[Permission]) -> Iterator[Statement]:
    """The part of a statement that is not held, with actions on the same resources together."""
    conditions = canonical(dict(statement.conditions))
    by_resources: dict[tuple[str, ...], list[str]] = {}
    for action in statement.actions:
        new = tuple(r for r in statement.resources if (action, r, conditions) not in held)
        if new:
            by_resources.setdefault(new, []).append(action)
    for resources, actions in by_resources.items():
        yield replace(statement, actions=tuple(actions), resources=resources)


def changes_something(statement: Statement) -> bool:
    """Whether a statement is more than a look."""
    return statement.access is not Access.READ
