"""What drills, and what is theirs, are called after their application."""

from __future__ import annotations

_ENDING = "-drill"


def drill_name(application: str) -> str:
    """What the drills of an application go by."""
    return f"{application}{_ENDING}"


def drilled_application(drill: str) -> str:
    """The application whose drills go by this name."""
    return drill.removesuffix(_ENDING)


def drill_task_role(application: str) -> str:
    """The role of the drilled application, by name, which plans name as well."""
    return f"pilotlight-{drill_name(application)}-task"
