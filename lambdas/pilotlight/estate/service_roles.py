"""The roles of AWS's own services in an account: a service that lacks its role makes it for a caller who may have it
made, and no role of Pilotlight's may. Each is made once in an account, for all regions.

Source: the IAM User Guide, "AWS services that work with IAM", and each service's page on its service-linked role.
"""

from __future__ import annotations

from pilotlight.domain.kind import Access, Statement
from pilotlight.domain.place import Place

GLOBAL = "us-east-1"

SERVICE_ROLES = {
    "rds": ("rds.amazonaws.com", "AWSServiceRoleForRDS"),
    "ecs": ("ecs.amazonaws.com", "AWSServiceRoleForECS"),
    "elasticache": ("elasticache.amazonaws.com", "AWSServiceRoleForElastiCache"),
    "application-autoscaling": (
        "ecs.application-autoscaling.amazonaws.com",
        "AWSServiceRoleForApplicationAutoScaling_ECSService",
    ),
    "autoscaling": ("autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling"),
}
"""The principal and the name of each service's role, by the service as botocore names it."""


def statement(place: Place, services: tuple[str, ...]) -> Statement:
    """The permission to see whether the roles of these services are there."""
    roles = (SERVICE_ROLES[service] for service in services)
    arns = tuple(f"arn:aws:iam::{place.account}:role/aws-service-role/{who}/{name}" for who, name in roles)
    return Statement(Access.READ, ("iam:GetRole",), arns)
