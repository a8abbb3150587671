"""The part of the signed list that only drills need: what their roles may hold that names more than one resource."""

from __future__ import annotations

from stacks.signed import SignedWildcard

OF_DRILLS = (
    SignedWildcard(
        "objects of a drilled application",
        ("s3:GetObject",),
        "arn:aws:s3:::BUCKET/*",
        "A plan says that its application may read the objects of one bucket while it is drilled; it writes none.",
    ),
    SignedWildcard(
        "revisions of a drill's task",
        ("ecs:DeleteTaskDefinitions", "ecs:RegisterTaskDefinition", "ecs:TagResource"),
        "arn:aws:ecs:REGION:ACCOUNT:task-definition/FAMILY:*",
        "ECS numbers each revision anew; the family is the drill's own, and conditions ask for the drill's tag.",
    ),
    SignedWildcard(
        "end of a drill's task definition",
        ("ecs:DeregisterTaskDefinition",),
        "*",
        "ECS gives this action no resource and no tag to ask for; a condition narrows it to the standby, and a service "
        "whose revision is deregistered goes on and scales as before.",
    ),
    SignedWildcard(
        "load balancing of a drill",
        (
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:CreateListener",
            "elasticloadbalancing:CreateLoadBalancer",
            "elasticloadbalancing:CreateTargetGroup",
            "elasticloadbalancing:DeleteLoadBalancer",
            "elasticloadbalancing:DeleteTargetGroup",
        ),
        "arn:aws:elasticloadbalancing:REGION:ACCOUNT:KIND/COPY/*",
        "Load balancing makes the ids in these ARNs; the copy is named, and conditions ask for the tag of its drill.",
    ),
    SignedWildcard(
        "images of a drill",
        ("ec2:RunInstances",),
        "arn:aws:ec2:REGION::KIND/*",
        "Which image the standby launches now is known in the run; only the drill's launch template launches it.",
    ),
)
