"""The standby's load balancer listens, routes and presents certificates as the primary's does.

What listens in the primary has been found out by its users over the years: HTTPS, a redirect to it, paths that lead to
a target group of their own. The standby's front is asked by the same users, and by the application itself where it
calls its own public name. Each listener of the primary is looked for by its port, with its protocol, its default action
and its rules by what they meet, in their order; and each name that its certificates cover has to be covered by one that
is issued in the standby. What the standby has beyond that is its own affair.

Not compared: which target groups these are (only whether a rule has one of its own), security policies of TLS, mutual
TLS, and certificates of IAM, whose names ACM does not know.

Source: botocore's models of ELBv2 and ACM.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from pilotlight.domain.place import Place
from pilotlight.domain.requirement import (
    Access,
    Finding,
    Operation,
    Params,
    RequirementKind,
    Severity,
    Standing,
    Statement,
    StepContext,
)
from pilotlight.estate.acm.certificates import DESCRIBE, PRESENTED
from pilotlight.estate.elbv2.fronts import FrontListener, look_at_front

BalancerName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$")]
_GONE = {"LoadBalancerNotFound": "says that the load balancer is not there"}
_READS = ("DescribeLoadBalancers", "DescribeListeners", "DescribeRules", "DescribeListenerCertificates")


class ListenerParityParams(Params):
    """The two load balancers, by their names.

    ```yaml
    requirement: same-front-in-tokyo
    kind: listener_parity
    params:
      primary: MegaTicket-ALB
      standby: MegaTicket-DR-ALB
    ```
    """

    primary: BalancerName = Field(description="The load balancer that users reach in the primary.")
    standby: BalancerName = Field(description="The one that they reach in the standby.")


class ListenerParity(RequirementKind[ListenerParityParams]):
    """Holds the two fronts beside each other."""

    name = "listener_parity"
    params = ListenerParityParams
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation("elbv2", "DescribeLoadBalancers", Access.READ, _GONE),
        Operation("elbv2", "DescribeListeners", Access.READ, _GONE, ("ListenerNotFound", "UnsupportedProtocol")),
        Operation(
            "elbv2", "DescribeRules", Access.READ, {}, ("ListenerNotFound", "RuleNotFound", "UnsupportedProtocol")
        ),
        PRESENTED,
        DESCRIBE,
    )

    def title(self, params: ListenerParityParams) -> str:
        """Which two are alike."""
        return f"{params.standby} listens as {params.primary} does"

    def statements(self, params: ListenerParityParams, place: Place) -> tuple[Statement, ...]:
        """Descriptions of load balancers name no resource; a certificate's id is ACM's own."""
        certificates = tuple(place.arn("acm", "certificate/*", region=r) for r in (place.primary, place.standby))
        return (
            Statement(Access.READ, tuple(f"elasticloadbalancing:{name}" for name in _READS), ("*",)),
            Statement(Access.READ, ("acm:DescribeCertificate",), certificates),
        )

    def standing(self, params: ListenerParityParams, place: Place) -> tuple[Standing, ...]:
        """The standby's front, made after the primary's."""
        facts = {"name": params.standby, "like": params.primary, "primary": place.primary}
        why = f"Its listeners, rules and certificates are those of {params.primary}: the same users and tasks ask it."
        return (Standing("acm", "front", place.standby, facts, why),)

    def readiness(self, params: ListenerParityParams, context: StepContext) -> tuple[Finding, ...]:
        """What the primary's front has and the standby's has not."""
        place = context.place
        theirs = look_at_front(context, place.primary, params.primary)
        ours = look_at_front(context, place.standby, params.standby)
        if theirs is None or ours is None:
            name, region = (params.primary, place.primary) if theirs is None else (params.standby, place.standby)
            said = f"There is no load balancer {name} in {region}."
            return (Finding.error("load-balancer", said, "Create it, or correct the plan."),)
        if not theirs:
            said = f"{params.primary} listens on no port, so there is nothing to compare {params.standby} with."
            return (Finding.error("nothing-listens", said, "Name the load balancer that users reach in the primary."),)
        found = [finding for listener in theirs for finding in _of_listener(listener, ours, params)]
        ports = ", ".join(listener.said for listener in theirs)
        alike = f"{params.standby} listens on {ports} as {params.primary} does, with the same rules."
        return tuple(found) or (Finding(Severity.FINE, "listeners", alike),)


def _of_listener(
    theirs: FrontListener, others: tuple[FrontListener, ...], params: ListenerParityParams
) -> Iterator[Finding]:
    ours = next((each for each in others if each.port == theirs.port), None)
    if ours is None:
        has = ", ".join(each.said for each in others) or "no port"
        said = (
            f"{params.primary} listens on {theirs.said} and {params.standby} on {has} alone, so whoever asks the "
            f"standby at port {theirs.port} gets no answer."
        )
        certificate = " with a certificate for the same names" if theirs.certificates or theirs.unknown else ""
        fix = f"Add a listener on {theirs.said} to {params.standby}{certificate} and the same rules."
        yield Finding.error("listener-missing", said, fix)
        return
    at = f"at port {theirs.port}"
    if ours.protocol != theirs.protocol:
        said = f"{params.standby} speaks {ours.protocol} {at}, where {params.primary} speaks {theirs.protocol}."
        yield Finding.error("protocol", said, f"Let the listener speak {theirs.protocol}.")
        return
    if not ours.default.does_as(theirs.default):
        said = (
            f"What no rule of {params.standby} meets {at} it {ours.default.said}, where {params.primary} "
            f"{theirs.default.said}."
        )
        yield Finding.warning("default-action", said, "Give both listeners the same default action.")
    yield from _of_rules(theirs, ours, params)
    yield from _of_certificates(theirs, ours, params)


def _of_rules(theirs: FrontListener, ours: FrontListener, params: ListenerParityParams) -> Iterator[Finding]:
    at, here = f"at port {theirs.port}", {rule.conditions: rule for rule in ours.rules}
    for rule in theirs.rules:
        own = here.get(rule.conditions)
        if own is None:
            said = (
                f"{params.primary} has a rule for {rule.said} {at} and {params.standby} has none, so what it is for "
                "goes where the default leads."
            )
            yield Finding.error("rule-missing", said, f"Add the rule to the listener of {params.standby}.")
        elif not own.answer.does_as(rule.answer):
            said = (
                f"The rule for {rule.said} {at} {own.answer.said} at {params.standby}, and {rule.answer.said} at "
                f"{params.primary}."
            )
            yield Finding.error("rule-differs", said, "Give both rules the same action.")
        elif theirs.has_own_group.get(rule.conditions) and not ours.has_own_group[rule.conditions]:
            said = (
                f"The rule for {rule.said} {at} has a target group of its own at {params.primary}, and at "
                f"{params.standby} it leads where the default does."
            )
            yield Finding.error("rule-group", said, "Forward it to the target group that is meant for it.")
    wanted = [rule.conditions for rule in theirs.rules if rule.conditions in here]
    order = [rule.conditions for rule in ours.rules if rule.conditions in wanted]
    if order != wanted:
        said = f"The rules of {params.standby} {at} stand in another order than those of {params.primary}."
        yield Finding.warning(
            "rule-order", said, "Give them priorities in the same order, because the first that fits counts."
        )


def _of_certificates(theirs: FrontListener, ours: FrontListener, params: ListenerParityParams) -> Iterator[Finding]:
    if theirs.unknown:
        said = (
            f"{params.primary} presents a certificate of IAM at port {theirs.port} ({theirs.unknown[0]}), whose names "
            "ACM does not know."
        )
        yield Finding.warning("certificate-unknown", said, "See to it yourself, or import it into ACM.")
    names = dict.fromkeys(name for certificate in theirs.certificates for name in certificate.names)
    missing = [name for name in names if not ours.covers(name)]
    if missing:
        which = ", ".join(missing)
        if ours.unknown:
            said = f"Whether {params.standby} has a certificate for {which} is not known to ACM ({ours.unknown[0]})."
            yield Finding.warning("certificate-unknown", said, "See to it yourself, or import it into ACM.")
            return
        said = (
            f"{params.primary} presents a certificate for {which} at port {theirs.port} and {params.standby} none "
            "that is issued, so who asks for that name in the standby gets an error of TLS."
        )
        fix = "Have one issued by ACM in the standby, and give it to the listener."
        yield Finding.error("certificate-missing", said, fix)


KIND = ListenerParity()
