"""What a person sees of a drill's copy of a service; nobody makes one by hand, because that is a drill's."""

from __future__ import annotations

from pilotlight.domain.handwork import Command, Handwork, aws
from pilotlight.domain.place import Place
from pilotlight.estate.ecs.copy_specification import CopySpecification


def looking_at_copy(wanted: CopySpecification, place: Place) -> Handwork:
    """See whether a copy stands, and delete it."""
    name, cluster, here = wanted.copy_as, wanted.cluster, place.standby

    def ask(query: str) -> str:
        said = f"services[0].{query}"
        return aws("ecs", "DescribeServices", here, query=said, cluster=cluster, services=[name])

    host = aws("elbv2", "DescribeLoadBalancers", here, query="LoadBalancers[0].DNSName", Names=[name])
    delete = aws("ecs", "DeleteService", here, cluster=cluster, service=name, force=True)
    return Handwork(
        do=(Command("A copy is made by a drill alone. See whether one was left.", ask("status"), "None"),),
        check=(Command("Repeat until none is left.", ask("[status,runningCount]"), "INACTIVE and 0, or None"),),
        stop_if="it is ACTIVE and a drill is at work: the drill deletes it.",
        undo=(Command("If no drill is at work: delete it, then its load balancer and its target group.", delete),),
        gives={"host": host, "running": ask("runningCount")},
    )
