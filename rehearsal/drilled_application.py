"""What an application does while a drill runs it: calls of AWS under its task role, and connections that it opens.

The model of ECS runs no code, so a scene says what the application tries; what comes of it is decided as in AWS, by the
policies of the role in the task definition of the tasks that run, and by the egress rules of the security groups in
which they stand. A connection needs one rule of one group; an answer needs none, because security groups keep state.
What is on the way beyond them (routes, network ACLs, endpoints and their policies) is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import AwsError
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ecs_scheduler import EcsService
from rehearsal.services.ecs_tasks import TaskStatus

_OF_DOCUMENTATION = ip_network("203.0.113.0/24")
NO_CREDENTIALS = "NoCredentials"
"""What a task without a task role is answered: it has nothing to sign with."""


@dataclass(frozen=True)
class Attempt:
    """One call that the application tries, as botocore names it."""

    service: str
    operation: str
    region: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Connection:
    """One TCP connection that the application opens to an address, and to the security groups that stand there."""

    address: str
    port: int
    security_groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt: `refusal` is the code of AWS's error, or `blocked`; empty where it went through."""

    tried: Attempt | Connection
    refusal: str = ""

    @property
    def went_through(self) -> bool:
        """Whether it had its effect."""
        return not self.refusal


def let_application_act(
    aws: EmbeddedAws,
    service: EcsService,
    tries: Sequence[Attempt | Connection],
    roles: Mapping[str, Role],
) -> tuple[Outcome, ...]:
    """Let a running task of the service try these in order; raises AssertionError where none runs, or its role is in
    no mapping: a scene must say what its roles may do.

    Parameters: `roles` are the task roles of the world by ARN, with what they may do and what they are denied.
    """
    assert service.count(TaskStatus.RUNNING), f"No task of {service.name} runs, so its application does nothing."
    return tuple(
        Outcome(each, _call(aws, service, each, roles) if isinstance(each, Attempt) else _connect(aws, service, each))
        for each in tries
    )


def _call(aws: EmbeddedAws, service: EcsService, attempt: Attempt, roles: Mapping[str, Role]) -> str:
    held = service.definition.task_role
    if not held:
        return NO_CREDENTIALS
    assert held in roles, f"The tasks of {service.name} run by {held}, of which the scene does not say what it may do."
    token = CURRENT_ROLE.set(roles[held])
    try:
        sdk = Sdk(aws.clients, service.region)
        sdk.call(attempt.service, attempt.operation, attempt.region, **attempt.parameters)
    except AwsError as refused:
        return refused.code
    finally:
        CURRENT_ROLE.reset(token)
    return ""


def _connect(aws: EmbeddedAws, service: EcsService, connection: Connection) -> str:
    ec2 = aws.service(Ec2)
    groups = service.network["awsvpcConfiguration"]["securityGroups"]
    rules = [rule for group in groups for rule in ec2.group(service.region, group).egress]
    through = any(rule.lets_in(connection.port) and _leads_to(rule.source, connection) for rule in rules)
    return "" if through else "blocked"


def _leads_to(source: tuple[str, str], connection: Connection) -> bool:
    kind, value = source
    match kind:
        case "CidrIpv4" | "CidrIpv6":
            return ip_address(connection.address) in ip_network(value)
        case "GroupId":
            return value in connection.security_groups
        case _:
            # Which of its addresses AWS puts into a list is not modelled: they are let through, so nothing is hidden.
            # Addresses for documentation are nobody's, and so in none (RFC 5737).
            return ip_address(connection.address) not in _OF_DOCUMENTATION
