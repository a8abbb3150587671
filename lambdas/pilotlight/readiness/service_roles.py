"""Whether the services that a plan's steps act in have the roles that they act under."""

from __future__ import annotations

from collections.abc import Iterator

from pilotlight.domain.errors import NotFound
from pilotlight.domain.kind import Access, Finding, Severity, StepContext
from pilotlight.domain.plan import Plan
from pilotlight.estate.service_roles import GLOBAL, SERVICE_ROLES
from pilotlight.steps import kind


def services_acted_in(plan: Plan) -> tuple[str, ...]:
    """The services that steps of the plan change something in, and that have a role of their own."""
    kinds = dict.fromkeys(step.kind for step in plan.steps().values())
    acted = {o.service for name in kinds for o in kind(name).operations if o.access is not Access.READ}
    # The step that creates a cache looks at the role of ElastiCache itself, because it cannot do without.
    return tuple(service for service in SERVICE_ROLES if service in acted and service != "elasticache")


def of_services(plan: Plan, context: StepContext) -> Iterator[Finding]:
    """One finding for each role."""
    for service in services_acted_in(plan):
        principal, name = SERVICE_ROLES[service]
        try:
            context.aws.call("iam", "GetRole", GLOBAL, RoleName=name)
        except NotFound:
            said = f"Role {name} is missing, and no step may make it, so the first call that needs it would fail."
            fix = f"Run: aws iam create-service-linked-role --aws-service-name {principal}"
            yield Finding(Severity.ERROR, "service-role", said, fix)
        else:
            yield Finding(Severity.FINE, "service-role", f"Role {name} is there.")
