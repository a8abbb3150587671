"""Whether the copy of a service is still what the run made: each refusal in words."""

from __future__ import annotations

from pilotlight.domain.step import Failed, StepContext
from pilotlight.estate.ecs.copies import read_definition
from pilotlight.estate.ecs.copy_specification import CopySpecification
from pilotlight.estate.ecs.service import EcsService
from pilotlight.estate.elbv2.copies import FAILED, Balancer
from pilotlight.estate.marking import Thing


def changed(wanted: CopySpecification, service: EcsService, balancer: Balancer, context: StepContext) -> Failed | None:
    """Why what stands is no longer what this run made: another's, under another role, or broken."""
    for thing in (Thing(f"service {service.name}", service.tags), balancer.thing):
        if not thing.is_of_this_run(context):
            reason = f"Copy {wanted.copy_as} is not this run's, because {thing.what} {thing.owner}."
            return Failed(reason, "Find out whose it is, then start the drill again.")
    role = read_definition(context, service.definition).task_role
    if role != wanted.task_role:
        reason = f"Copy {wanted.copy_as} runs by {role or 'no role'} and not by {wanted.task_role}."
        return Failed(reason, "Find out who deployed it, then start the drill again.")
    if balancer.state == FAILED:
        reason = f"Load balancer {wanted.copy_as} could not be set up."
        return Failed(reason, "Read why in its state (describe-load-balancers), then start the drill again.")
    return None
