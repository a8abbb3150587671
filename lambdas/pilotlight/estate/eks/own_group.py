"""A node group that is a drill's own: its taint keeps all other pods off its nodes, its tags say what the drill found.

EKS tells nobody how many nodes a group had before, so the tags are written before it is resized, and taken away when
the last node that was added has gone: until then they say what still stands, and what to go back to. A group without
the taint is not touched, because pods of the application that wait for nodes would start on them.

Sources: botocore's model of EKS (TagResource, UntagResource, Taint); Kubernetes documentation, "Taints and
Tolerations".
"""

from __future__ import annotations

from pilotlight.domain.standing_in import Remains
from pilotlight.domain.step import Access, CannotUndo, Failed, NotYet, Operation, StepContext, Undone
from pilotlight.estate.eks.node_group import NodeGroup, Sizes, count_instances
from pilotlight.estate.eks.scaling import resize
from pilotlight.estate.marking import APPLICATION_TAG, RUN_TAG, Thing, marks, remains_of

FOUND_TAG = "pilotlight:found"
"""The sizes that the drill found: minimum, maximum and desired."""
ACTIONS = ("eks:TagResource", "eks:UntagResource")
_WRONG = ("BadRequestException", "NotFoundException")
OPERATIONS = (
    Operation("eks", "TagResource", Access.WRITE, {}, _WRONG),
    Operation("eks", "UntagResource", Access.WRITE, {}, _WRONG),
)


def open_to_others(group: NodeGroup, taint: str | None) -> Failed | None:
    """Why the group is not the drill's own: it does not bear the taint; None where it does, or needs none."""
    if taint is None or taint in group.taints:
        return None
    return Failed(
        f"{group.said} does not bear the taint {taint}, so pods that are not the drill's would start on its nodes.",
        f"Give it that taint with the effect NO_SCHEDULE, and the drill's deployments a toleration of {taint}.",
    )


def note(context: StepContext, group: NodeGroup) -> None:
    """Write down what the group has, unless this drill has done so."""
    if not _thing(group).is_of_this_run(context):
        sizes = group.sizes
        tags = {**marks(context), FOUND_TAG: f"{sizes.minimum} {sizes.maximum} {sizes.desired}"}
        context.aws.call("eks", "TagResource", context.place.standby, resourceArn=group.arn, tags=tags)


def take_back(context: StepContext, group: NodeGroup | None) -> Undone | CannotUndo:
    """Give the group the sizes back that this drill found; the note goes when the nodes have gone."""
    if group is None or not _thing(group).is_of_this_run(context):
        return Undone("No node group of this drill is to be taken back.")
    found = _found(group)
    if group.sizes != found:
        busy = resize(context, group, found, "back")
        if isinstance(busy, NotYet):
            return CannotUndo(f"{busy.reason[:-1]}; it is asked again.")
        return Undone(f"{group.said} is to have {found}, as before this drill.")
    if count_instances(context, group).there > found.desired:
        return Undone(f"{group.said} is to have {found}, as before this drill.")
    keys = [APPLICATION_TAG, RUN_TAG, FOUND_TAG]
    context.aws.call("eks", "UntagResource", context.place.standby, resourceArn=group.arn, tagKeys=keys)
    return Undone(f"{group.said} has {found}, as before this drill.")


def remains(context: StepContext, group: NodeGroup | None) -> Remains | None:
    """The group, as long as it bears the note of a drill."""
    if group is None or FOUND_TAG not in group.tags:
        return None
    return remains_of((_thing(group),), context)


def _thing(group: NodeGroup) -> Thing:
    found = f", and {_found(group)} were found" if FOUND_TAG in group.tags else ""
    return Thing(f"node group {group.name} of {group.cluster} with {group.sizes}{found}", group.tags)


def _found(group: NodeGroup) -> Sizes:
    minimum, maximum, desired = map(int, group.tags[FOUND_TAG].split())
    return Sizes(minimum, maximum, desired)
