"""Close the old primary at its load balancer: every request to the named listeners is answered 503. The quickest fence.

A rule at priority 1 answers whatever path is asked; changing the default action would not do, because rules come
before it and would go on forwarding. The rule is an addition, so undo only deletes it, by its tags. Priority 1 has to
be free in each listener: readiness says so where it is not, and the step does not renumber the rules of others.

Bounded by it: every new request, within seconds. Not bounded: a request or a WebSocket that is under way already, what
asks the tasks past the load balancer, and listeners that the plan does not name (readiness warns of those that
forward).

Sources: botocore's model of ELBv2; ELB user guide, "Listener rules" (evaluated from the lowest priority up, the default
rule last).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from pilotlight.domain.errors import InvalidRequest
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    NotYet,
    Operation,
    Params,
    Pending,
    Receipt,
    Settled,
    Severity,
    Standing,
    Statement,
    StepContext,
    Timing,
    Undone,
)
from pilotlight.estate import fencing
from pilotlight.estate.elbv2.by_hand import closing
from pilotlight.estate.elbv2.listeners import Listener, add_rule, find_balancer, is_ours, look, remove_rule
from pilotlight.estate.elbv2.operations import OPERATIONS


def _each_once(ports: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(ports)) < len(ports):
        raise ValueError("name each port once")
    return ports


Port = Annotated[int, Field(ge=1, le=65535)]


class FenceListenerParams(Params):
    """Which listeners of which Application Load Balancer of the primary answer 503.

    ```yaml
    step: close-traffic
    kind: fence_listener
    params:
      load_balancer: fileflow-prod-alb
      ports: [443]
    ```
    """

    load_balancer: str = Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$", description="Its name.")
    ports: Annotated[tuple[Port, ...], AfterValidator(_each_once)] = Field(
        min_length=1, max_length=10, description="Of the listeners that lead to the application."
    )


class FenceListener(fencing.Fence[FenceListenerParams]):
    """The step kind `fence_listener`."""

    name: ClassVar[str] = "fence_listener"
    params = FenceListenerParams
    timing: ClassVar[Timing] = Timing(
        shortest=fencing.POLL,
        typical=timedelta(seconds=4),
        longest=timedelta(seconds=20),
        poll=fencing.POLL,
        give_up=timedelta(seconds=60),
    )
    operations: ClassVar[tuple[Operation, ...]] = OPERATIONS

    def title(self, params: FenceListenerParams) -> str:
        """A verb and the load balancer."""
        return f"Answer 503 at {params.load_balancer}"

    def subject(self, params: FenceListenerParams) -> str:
        """The load balancer."""
        return f"Load balancer {params.load_balancer}"

    def statements(self, params: FenceListenerParams, place: Place) -> tuple[Statement, ...]:
        """Rules of this load balancer; ELB makes the ids in their ARNs, so only its name is in them."""

        def under(what: str) -> tuple[str, ...]:
            resource = f"{what}/app/{params.load_balancer}/*"
            return (place.arn("elasticloadbalancing", resource, region=place.primary),)

        mark = fencing.write_mark(place.application)
        return (
            Statement(
                Access.WRITE,
                ("elasticloadbalancing:CreateRule",),
                under("listener"),
                {"StringEquals": {f"aws:RequestTag/{fencing.MARK_TAG}": mark}},
            ),
            # A rule that is created with tags is authorised for them as well.
            Statement(
                Access.WRITE,
                ("elasticloadbalancing:AddTags",),
                under("listener-rule"),
                {"StringEquals": {"elasticloadbalancing:CreateAction": "CreateRule"}},
            ),
            Statement(
                Access.WRITE,
                ("elasticloadbalancing:DeleteRule",),
                under("listener-rule"),
                {"StringEquals": {f"aws:ResourceTag/{fencing.MARK_TAG}": mark}},
            ),
            Statement(
                Access.READ,
                tuple(f"elasticloadbalancing:{o.name}" for o in OPERATIONS if o.access is Access.READ),
                ("*",),
            ),
        )

    def standing(self, params: FenceListenerParams, place: Place) -> tuple[Standing, ...]:
        """A load balancer whose listeners forward."""
        facts = {"load_balancer": params.load_balancer, "ports": params.ports}
        why = "They answer 503 before the writer moves, so priority 1 of their rules has to be free."
        return (Standing("elbv2", "listeners", place.primary, facts, why),)

    def readiness(self, params: FenceListenerParams, context: StepContext) -> tuple[Finding, ...]:
        """Each listener is there with priority 1 free, something forwards, and nothing else does."""
        listeners = _closable(params, context)
        if isinstance(listeners, Finding):
            return (listeners,)
        closed = [listener.port for listener in listeners if listener.closed]
        if closed:
            sentence = f"{self.subject(params)} answers an error to every request on {_say_ports(closed)} already."
            return (Finding.warning("closed-already", sentence, "Delete the rule at priority 1 if it is to serve."),)
        others = [listener.port for listener in _others(params, context) if listener.forwards]
        if others:
            sentence = f"{self.subject(params)} forwards on {_say_ports(others)} too, which the fence leaves open."
            return (
                Finding.warning("left-open", sentence, "Name these ports in the plan, unless nothing writes there."),
            )
        if not any(listener.forwards for listener in listeners):
            sentence = f"{self.subject(params)} forwards nothing on {_say_ports(params.ports)}, so nothing is closed."
            return (Finding.warning("nothing-to-close", sentence, "Name the ports that lead to the application."),)
        fine = f"{self.subject(params)} can be closed on {_say_ports(params.ports)}."
        return (Finding(Severity.FINE, "listeners-can-be-closed", fine),)

    def close(self, params: FenceListenerParams, context: StepContext) -> Receipt | NotYet | Failed:
        """Put the rule in front of the others, in each listener that lacks it."""
        listeners = _closable(params, context)
        if isinstance(listeners, Finding):
            return fencing.failed(listeners)
        still_open = [listener for listener in listeners if not listener.closed]
        try:
            for listener in still_open:
                add_rule(context, listener)
        except InvalidRequest as error:
            if error.code != "PriorityInUse":
                raise
            return NotYet(f"{self.subject(params)} got a rule at priority 1 just now, and is looked at again.")
        if not still_open:
            said = f"{self.subject(params)} answers an error on {_say_ports(params.ports)} already."
        else:
            ports = [listener.port for listener in still_open]
            said = f"{self.subject(params)} was told to answer 503 to every request on {_say_ports(ports)}."
        return fencing.receipt(said, acted=bool(still_open), before={"ports": [li.port for li in still_open]})

    def read_closed(
        self, params: FenceListenerParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        """The rule stands first in each listener."""
        listeners = _closable(params, context)
        if isinstance(listeners, Finding):
            return fencing.failed(listeners)
        still_open = [listener.port for listener in listeners if not listener.closed]
        if still_open:
            return Pending(f"{self.subject(params)} does not show its rule on {_say_ports(still_open)} yet.")
        said = f"{self.subject(params)} answers an error to every request on {_say_ports(params.ports)}."
        return Settled(said, fencing.CLOSED)

    def reopen(self, params: FenceListenerParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """Delete the rules that a fence of this application made, and no others."""
        balancer = find_balancer(context, params.load_balancer)
        if balancer is None:
            return CannotUndo(f"{self.subject(params)} is gone from {context.place.primary}, and its rules with it.")
        for listener in look(context, balancer, params.ports):
            if listener.first is not None and listener.closed and is_ours(context, listener.first):
                remove_rule(context, listener.first)
        still = [listener.port for listener in look(context, balancer, params.ports) if listener.closed]
        if still:
            return CannotUndo(
                f"{self.subject(params)} still answers an error on {_say_ports(still)} by a rule that is not of "
                f"{context.place.application}'s fence; delete the rule at priority 1 by hand if it is to serve."
            )
        return Undone(f"{self.subject(params)} serves on {_say_ports(params.ports)} as before.")

    def by_hand(self, params: FenceListenerParams, place: Place) -> Handwork:
        return closing(params.load_balancer, params.ports, place)


def _closable(params: FenceListenerParams, context: StepContext) -> list[Listener] | Finding:
    """The named listeners, or why they cannot be closed."""
    subject, region = f"Load balancer {params.load_balancer}", context.place.primary
    balancer = find_balancer(context, params.load_balancer)
    if balancer is None:
        return fencing.missing(subject, region)
    if balancer["Type"] != "application":
        sentence = f"{subject} cannot answer 503 because it is a {balancer['Type']} load balancer."
        fix = "Close the primary by its security group or its service, and correct the plan."
        return Finding.impossible("not-application", sentence, fix)
    listeners = look(context, balancer, params.ports)
    gone = sorted(set(params.ports) - {listener.port for listener in listeners})
    if gone:
        sentence = f"{subject} has no listener on {_say_ports(gone)}, so it cannot be closed there."
        return Finding.impossible("no-listener", sentence, "Correct the ports in the plan and deploy.")
    taken = [listener.port for listener in listeners if listener.taken]
    if taken:
        sentence = f"{subject} cannot be closed on {_say_ports(taken)} because another rule has priority 1 there."
        fix = "Give its rules higher numbers (aws elbv2 set-rule-priorities), and leave priority 1 to the fence."
        return Finding.impossible("priority-taken", sentence, fix)
    return listeners


def _others(params: FenceListenerParams, context: StepContext) -> list[Listener]:
    balancer = find_balancer(context, params.load_balancer)
    everything = look(context, balancer) if balancer else []
    return [listener for listener in everything if listener.port not in params.ports]


def _say_ports(ports: list[int] | tuple[int, ...]) -> str:
    return f"port {ports[0]}" if len(ports) == 1 else f"ports {', '.join(map(str, ports))}"


KIND = FenceListener()
