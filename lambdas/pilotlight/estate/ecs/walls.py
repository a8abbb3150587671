"""Whether the copy of a service is still what the run made: each refusal in words."""

from __future__ import annotations

from pilotlight.domain.step import Failed, StepContext
from pilotlight.estate.ecs.copies import read_definition
from pilotlight.estate.ecs.copy_specification import CopySpecification
from pilotlight.estate.ecs.service import EcsService
from pilotlight.estate.elbv2.copies import Balancer
from pilotlight.estate.elbv2.fronted import another_s, not_set_up
from pilotlight.estate.marking import Thing


def changed(wanted: CopySpecification, service: EcsService, balancer: Balancer, context: StepContext) -> Failed | None:
    """Why what stands is no longer what this run made: another's, under another role, or broken."""
    foreign = another_s(wanted, (Thing(f"service {service.name}", service.tags), balancer.thing), context)
    if foreign:
        return foreign
    role = read_definition(context, service.definition).task_role
    if role != wanted.task_role:
        reason = f"Copy {wanted.copy_as} runs by {role or 'no role'} and not by {wanted.task_role}."
        return Failed(reason, "Find out who deployed it, then start the drill again.")
    return not_set_up(wanted, balancer)
