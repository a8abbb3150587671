"""What a drill's own load balancer and target group take of IAM: by the copy's name, and only with the drill's mark.

Source: the Service Authorization Reference of Elastic Load Balancing V2; ELB user guide on tagging at creation.
"""

from __future__ import annotations

from pilotlight.domain.place import Place
from pilotlight.domain.step import Access, Statement
from pilotlight.estate.marking import asked_and_borne

_BALANCING = "elasticloadbalancing"

READS = (
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    f"{_BALANCING}:DescribeListeners",
    f"{_BALANCING}:DescribeLoadBalancers",
    f"{_BALANCING}:DescribeTags",
    f"{_BALANCING}:DescribeTargetGroups",
    f"{_BALANCING}:DescribeTargetHealth",
)
"""What looks at them and at the walls; none of these names a resource."""


def permissions(copy_as: str, place: Place) -> tuple[Statement, ...]:
    """Making a load balancer and a target group of that name, and deleting them."""
    balancer = place.arn(_BALANCING, f"loadbalancer/app/{copy_as}/*")
    group = place.arn(_BALANCING, f"targetgroup/{copy_as}/*")
    asked, borne = asked_and_borne(place)
    created = {"StringEquals": {f"{_BALANCING}:CreateAction": ["CreateLoadBalancer", "CreateTargetGroup"]}}
    return (
        Statement(Access.WRITE, (f"{_BALANCING}:CreateLoadBalancer",), (balancer,), asked),
        Statement(Access.WRITE, (f"{_BALANCING}:CreateTargetGroup",), (group,), asked),
        Statement(Access.WRITE, (f"{_BALANCING}:AddTags",), (balancer, group), created),
        Statement(
            Access.WRITE, (f"{_BALANCING}:CreateListener", f"{_BALANCING}:DeleteLoadBalancer"), (balancer,), borne
        ),
        Statement(Access.WRITE, (f"{_BALANCING}:DeleteTargetGroup",), (group,), borne),
    )
