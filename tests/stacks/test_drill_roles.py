"""What the roles of a drill may do: nothing of what the failover changes, and they are denied it besides."""

from __future__ import annotations

import pytest

from deployment.drill import drill
from deployment.resources import ApplicationRole, Function, MachineSchedule, Stack, StateMachine
from pilotlight.domain.kind import Access
from pilotlight.domain.plan import Plan
from planfile.drill import production
from planfile.reading import InstalledKinds
from rehearsal.access import Role
from tests.stacks.described import plans

DRILLED = [plan for plan in plans() if plan.drill]
EVERY_DRILL = pytest.mark.parametrize("plan", DRILLED, ids=lambda plan: plan.application)


def of_production(plan: Plan) -> list[tuple[str, str]]:
    """Every change that the failover may make, with a name in the place of each wildcard."""
    statements = production(plan, InstalledKinds())
    return [(a, r.replace("*", "x")) for s in statements for a in s.actions for r in s.resources]


def roles(stack: Stack) -> list[Role]:
    found: list[Role] = []
    for resource in stack.resources:
        match resource:
            case Function() | ApplicationRole():
                found.append(Role(resource.name, resource.statements, resource.denied))
            case StateMachine() | MachineSchedule():
                found.append(Role(resource.name, resource.statements))
            case _:
                pass
    return found


@EVERY_DRILL
def test_no_role_of_a_drill_may_change_what_the_failover_changes(plan: Plan) -> None:
    (stack,) = drill(plan)

    allowed = [(role.name, a, r) for role in roles(stack) for a, r in of_production(plan) if role.allows(a, r)]

    assert of_production(plan), "nothing is compared"
    assert allowed == []


@EVERY_DRILL
def test_iam_denies_it_even_where_something_allows_everything(plan: Plan) -> None:
    """A statement that somebody adds by mistake changes nothing of that."""
    (stack,) = drill(plan)
    acting = [r for r in stack.resources if isinstance(r, Function) and r.denied] + [
        r for r in stack.resources if isinstance(r, ApplicationRole)
    ]

    assert len(acting) >= 3
    for resource in acting:
        denied = {(a, r.replace("*", "x")) for s in resource.denied for a in s.actions for r in s.resources}
        services = {a.partition(":")[0] for s in resource.statements for a in s.actions if s.access is not Access.READ}
        everything = isinstance(resource, ApplicationRole)
        due = {(a, r) for a, r in of_production(plan) if everything or a.partition(":")[0] in services}
        assert due, f"{resource.name} changes nothing of a service that the failover uses"
        assert denied >= due, resource.name


def test_the_drills_of_this_repository_are_tested_here() -> None:
    assert "fileflow" in [plan.application for plan in DRILLED]
