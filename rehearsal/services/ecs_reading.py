"""What ECS reads before it starts a task: images, secrets and parameters, and what it says of what it cannot read.

Parameters are looked up where SSM keeps them; of images and secrets a scene says which are missing. The sentence of a
missing parameter is ECS's for a task on Fargate, as people quote it.
"""

from __future__ import annotations

from moto.ssm.models import ssm_backends

from rehearsal.services.ecs_tasks import TaskDefinition, Troubles

_PARAMETER = ":parameter/"


def why_unreadable(definition: TaskDefinition, troubles: Troubles) -> str:
    """Why a task of that definition cannot start, as ECS words it; empty where it can."""
    missing = sorted(definition.needs & troubles.unreadable.keys())
    if missing:
        return troubles.unreadable[missing[0]]
    kept = ssm_backends[definition.account][definition.region]
    for needed in sorted(definition.needs):
        name = f"/{needed.partition(_PARAMETER)[2]}" if _PARAMETER in needed else needed
        if name.startswith("/") and kept.get_parameter(name) is None:
            return (
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
                "failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): "
                f"invalid parameters: {name}"
            )
    return ""
