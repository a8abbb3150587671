"""What of a plan is private, and how it is asked: through the function in the VPC, and all else over the internet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from pilotlight.aws.beside import side_by_side
from pilotlight.domain.plan import AnyPlan, Plan
from pilotlight.domain.ports import Web, WebAnswer, WebRequest
from pilotlight.handlers.runtime import Outside, Runtime
from pilotlight.steps import kind_and_params

Asked = tuple[str, str | None]
"""A URL, and the load balancer that it is asked of."""


def private_questions(plan: AnyPlan) -> frozenset[Asked]:
    """What is asked inside the VPCs of a private plan: the primary's application, and the standby's by its steps."""
    if not isinstance(plan, Plan) or not plan.network.private:
        return frozenset()
    probe = plan.signals.probe
    found: set[Asked] = {(probe.url, probe.connect_to)}
    for step in plan.steps().values():
        its_kind, params = kind_and_params(step)
        standing = its_kind.standing(params, plan.place)
        found |= {(s.facts["url"], s.facts["host"]) for s in standing if s.service == "internet"}
    return frozenset(found)


def asked_by(request: WebRequest) -> Asked:
    """What a request asks, and of whom."""
    return request.url, request.connect_to


def web_of(runtime: Runtime, plan: AnyPlan) -> Web:
    """The way to ask for what a plan names: the internet, and the VPC for what only that reaches."""
    private = private_questions(plan)
    if not private:
        return runtime.outside.web
    return _Divided(private, runtime.inside(runtime.variable("PILOTLIGHT_INSIDE_FUNCTION")), runtime.outside)


class _Divided:
    """The web port that sends each question the way that leads to its answer."""

    def __init__(self, private: frozenset[Asked], inside: Web, outside: Outside) -> None:
        self._private = private
        self._inside = inside
        self._outside = outside

    def ask(self, request: WebRequest) -> WebAnswer:
        way = self._inside if asked_by(request) in self._private else self._outside.web
        return way.ask(request)

    def ask_all(self, requests: Sequence[WebRequest]) -> Sequence[WebAnswer]:
        return side_by_side(self._outside.beside, [partial(self.ask, request) for request in requests])
