"""Setting the sizes of a node group, and judging how far it is on its way to them.

A lost answer is not a failure: the sizes are read before anything is repeated. A health issue may pass by itself,
because Auto Scaling goes on trying; one that stays ends the wait, in the words of EKS.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from pilotlight.domain.errors import Ambiguous, InvalidState
from pilotlight.domain.step import Failed, NotYet, Pending, Settled, StepContext
from pilotlight.estate.eks.node_group import (
    NodeGroup,
    Sizes,
    count_instances,
    failed_launch_since,
    look,
    say_nodes,
)

PATIENCE = timedelta(minutes=5)
"""For so long after the request a health issue may pass by itself."""
SHOWS_AFTER = timedelta(seconds=60)
"""For so long EKS may still show the sizes from before."""
_NO_NODES = ("NodeCreationFailure", "ClusterUnreachable")
_BUSY = "ResourceInUseException"


def resize(context: StepContext, group: NodeGroup, sizes: Sizes, direction: str) -> str | NotYet | None:
    """Ask for the sizes; gives the id of the update, or None where its answer was lost and the sizes are seen."""
    region = context.place.standby
    # One token for each attempt at a step: a call that comes twice is one update, a later attempt is another.
    token = f"{context.run_id}-{context.step}-{direction}-{context.started:%Y%m%dT%H%M%S}"
    scaling = {"minSize": sizes.minimum, "maxSize": sizes.maximum, "desiredSize": sizes.desired}
    named = {"clusterName": group.cluster, "nodegroupName": group.name}
    try:
        answer = context.aws.call(
            "eks", "UpdateNodegroupConfig", region, **named, scalingConfig=scaling, clientRequestToken=token
        )
    except Ambiguous:
        seen = look(context, group.cluster, group.name)
        if seen is None or seen.sizes != sizes:
            raise
        return None
    except InvalidState as busy:
        if busy.code != _BUSY:
            raise
        return NotYet(f"{group.said} cannot be scaled yet because EKS is busy with another update: {busy.message}.")
    return str(answer["update"]["id"])


def pulled_back(group: NodeGroup, nodes: int, waited: timedelta) -> Pending | Failed:
    """What to say of a group that is not to have the nodes, so long after they were asked for."""
    if waited < SHOWS_AFTER:
        return Pending(f"{group.said} does not show the count of {nodes} yet.")
    return Failed(
        f"{group.said} is to have {say_nodes(group.sizes.desired)} and not {nodes} because something took the count "
        "back after this step set it.",
        fix="Find the autoscaler or deployment that sets the count, then retry the step.",
    )


def count_progress(context: StepContext, group: NodeGroup, nodes: int, waited: timedelta) -> Settled | Pending | Failed:
    """Count the instances that serve; ask for the reasons only while some are missing."""
    instances = count_instances(context, group)
    if instances.serving >= nodes and not _do_not_join(group):
        still = f"; EKS still names {quoted(group.issues)}" if group.issues else ""
        said = f"{group.said} has {instances.serving} instances in service{still}."
        return Settled(f"{said} Pods that start on them show that they are Ready.", {"nodes": str(instances.serving)})
    has = f"{group.said} has {instances.serving} of {nodes} instances in service"
    if group.issues and waited >= PATIENCE and not instances.coming:
        return Failed(f"{has} because EKS names {quoted(group.issues)}.", way_out(group.issues))
    if group.issues:
        return Pending(f"{has}; EKS names {quoted(group.issues)}, and it may pass.")
    failed = failed_launch_since(context, group, context.now - waited)
    if failed:
        return Pending(f"{has}; a launch failed with '{failed}' and Auto Scaling tries again.")
    return Pending(f"{has}, and of the others {instances.say_others}.")


def _do_not_join(group: NodeGroup) -> bool:
    """Whether instances serve that are no nodes: then their number says nothing."""
    return any(issue.startswith(_NO_NODES) for issue in group.issues)


_WAYS_OUT: Mapping[str, str] = {
    "AsgInstanceLaunchFailures": "Name instance types or zones with capacity and quota, then retry the step.",
    "InstanceLimitExceeded": "Ask for a higher quota of instances in the standby, then retry the step.",
    "InsufficientFreeAddresses": "Free addresses in the group's subnets or name others, then retry the step.",
    "NodeCreationFailure": "See why nodes do not join (role, access entry, way to the API), then retry the step.",
}


def way_out(issues: tuple[str, ...]) -> str:
    """What a person can do about the first of some issues."""
    code = issues[0].split(":", maxsplit=1)[0]
    return _WAYS_OUT.get(code, "Mend what EKS names, then retry the step.")


def parenthesised(issues: tuple[str, ...]) -> str:
    """The issues behind a state; nothing where there are none."""
    return f" ({quoted(issues)})" if issues else ""


def quoted(issues: tuple[str, ...]) -> str:
    """The issues in the words of EKS."""
    return " and ".join(f"'{issue}'" for issue in issues)
