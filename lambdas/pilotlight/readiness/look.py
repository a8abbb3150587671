"""What there is to look at in a plan, and what comes of looking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from pilotlight import requirements, steps
from pilotlight.domain.errors import AccessDenied, Ambiguous, AwsError, Throttled, Unavailable
from pilotlight.domain.iam_actions import action_of
from pilotlight.domain.kind import Finding, Kind, Params, Severity, StepContext
from pilotlight.domain.plan import AnyPlan, Plan
from pilotlight.domain.ports import Aws, Web
from pilotlight.domain.read_only import ReadOnlyAws
from pilotlight.estate.traffic.readiness import paths
from pilotlight.readiness.service_roles import of_services
from pilotlight.readiness.writers import of_writers

Findings = Iterable[Finding]


@dataclass(frozen=True)
class Look:
    """One thing to look at: `about` is the step, the requirement or the part of the plan, `title` what it is called."""

    about: str
    title: str
    find: Callable[[], Findings]


@dataclass(frozen=True)
class Found:
    """A finding, and what it is about."""

    about: str
    finding: Finding


def looks(plan: Plan, now: datetime, aws: Aws, web: Web) -> Iterator[Look]:
    """Everything of a plan that readiness looks at, in its order; nothing is asked before a look is taken.

    `aws` is only read.
    """
    only = ReadOnlyAws(aws)
    context = partial(StepContext.of_no_run, plan.place, now=now, aws=only, web=web, traffic=plan.traffic)
    yield Look("writers", "Who writes to what this plan moves", partial(of_writers, plan))
    yield from looks_at_steps(plan, context)
    for requirement in plan.requirements:
        required, asked = requirements.kind_and_params(requirement)
        yield _of(requirement.requirement, required, asked, context(step=requirement.requirement))
    if plan.traffic is None:
        # Where there is a section traffic, a step latches it, and looks at the paths itself.
        yield Look("traffic", "How users reach the application", partial(paths, context(step="traffic")))
    roles = partial(of_services, plan, context(step="service-roles"))
    yield Look("service-roles", "The roles that AWS's own services need", roles)


def looks_at_steps(plan: AnyPlan, context: partial[StepContext]) -> Iterator[Look]:
    """What each step of a plan needs; `context` lacks nothing but the name of the step."""
    for step in plan.steps().values():
        kind, params = steps.kind_and_params(step)
        yield _of(step.name, kind, params, context(step=step.name))


def _of(name: str, kind: Kind[Any], params: Params, context: StepContext) -> Look:
    return Look(name, kind.title(params), partial(kind.readiness, params, context))


def take(look: Look) -> tuple[Found, ...]:
    """Look; what could not be read is a finding too."""
    try:
        return tuple(Found(look.about, finding) for finding in look.find())
    except AwsError as error:
        return (Found(look.about, unread(look.title, error)),)


def unread(what: str, error: AwsError) -> Finding:
    """What could not be looked at, and why: unknown is never yes. A service that is busy is only a warning."""
    action = action_of(error.service, error.operation)
    if isinstance(error, AccessDenied):
        said = f"Not looked at: {what}. {action} in {error.region} is not allowed to who looks ({error.code})."
        return Finding(Severity.ERROR, "not-permitted", said, f"Allow {action} in {error.region}, and look again.")
    said = f"Not looked at: {what}. {error.sentence}."
    busy = isinstance(error, Throttled | Unavailable | Ambiguous)
    severity = Severity.WARNING if busy else Severity.ERROR
    return Finding(severity, "not-read", said, "Look again." if busy else "See what the answer says, and look again.")


def worst_first(found: Iterable[Found]) -> list[Found]:
    """The findings that weigh most first; those of one weight stay in the order in which they were looked at."""
    weight = {severity: index for index, severity in enumerate(Severity)}
    return sorted(found, key=lambda each: -weight[each.finding.severity])
