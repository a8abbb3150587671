"""The function that stands in a VPC and asks what only that VPC reaches, for those of its application outside.

It asks nothing but what its plan names, so whoever may call it learns no more of the network. It calls no AWS API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pilotlight.aws.private_web import read_request
from pilotlight.domain.errors import InputRefused
from pilotlight.handlers.private import asked_by, private_questions
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The function, from its environment and the ways out."""
    runtime = Runtime(environ, outside, "inside")
    known = private_questions(runtime.plan)

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        request = read_request(event)
        if asked_by(request) not in known:
            raise InputRefused(
                f"{request.url} is not asked inside the VPCs of {runtime.plan.application}, because its plan does not "
                "name it; put it there and deploy again."
            )
        return asdict(runtime.outside.web.ask(request))

    return handle


handler = entry(build)
