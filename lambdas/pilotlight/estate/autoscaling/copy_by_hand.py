"""What a person sees of a drill's copy of a group; nobody makes one by hand, because that is a drill's."""

from __future__ import annotations

from pilotlight.domain.handwork import Command, Handwork, aws
from pilotlight.domain.place import Place
from pilotlight.estate.autoscaling.copy_specification import CopySpecification


def looking_at_copy(wanted: CopySpecification, place: Place) -> Handwork:
    """See whether a copy stands, and delete it."""
    name, here = wanted.copy_as, place.standby

    def ask(query: str) -> str:
        return aws("autoscaling", "DescribeAutoScalingGroups", here, query=query, AutoScalingGroupNames=[name])

    host = aws("elbv2", "DescribeLoadBalancers", here, query="LoadBalancers[0].DNSName", Names=[name])
    delete = aws("autoscaling", "DeleteAutoScalingGroup", here, AutoScalingGroupName=name, ForceDelete=True)
    forget = aws("ec2", "DeleteLaunchTemplate", here, LaunchTemplateName=name)
    standing = ask("AutoScalingGroups[].[Status,length(Instances)]")
    return Handwork(
        do=(Command("A copy is made by a drill alone. See whether one was left.", standing, "nothing"),),
        check=(Command("Repeat until none is left; it takes some minutes.", standing, "nothing"),),
        stop_if="it stands and a drill is at work: the drill deletes it.",
        undo=(
            Command("If no drill is at work: delete it with its instances, then its load balancer and its target "
                    "group.", delete),
            Command("Delete its launch template.", forget),
        ),
        gives={
            "host": host,
            "in_service": ask("length(AutoScalingGroups[0].Instances[?LifecycleState=='InService'])"),
        },
    )  # fmt: skip
