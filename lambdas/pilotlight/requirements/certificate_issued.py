"""The standby has a certificate for the names that users ask.

A certificate of ACM stands in one region, so the primary's is of no use to the standby. For each name one of those that
the standby's listener presents has to be issued, cover it, and stay valid for long enough; without a load balancer, one
of those of the region. A wildcard covers one label: `*.example.com` covers `a.example.com`, and neither `example.com`
nor `a.b.example.com`.

Sources: botocore's models of ACM and ELBv2 (ListCertificates leaves key types other than RSA up to 2048 bits out unless
they are asked for; DescribeListenerCertificates answers with the default certificate and the list); RFC 6125 on
wildcards.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

from pydantic import Field

from pilotlight.domain.durations import Duration, say_duration
from pilotlight.domain.errors import NotFound
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
from pilotlight.estate.acm.certificates import (
    DESCRIBE,
    ISSUED,
    PRESENTED,
    Certificate,
    describe,
    is_of_acm,
    presented_by,
)

_KEY_TYPES = ("RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1")


class CertificateParams(Params):
    """What the certificate has to cover, and who presents it.

    ```yaml
    requirement: certificate-in-tokyo
    kind: certificate_issued
    params:
      names: [fileflow.example.com]
      load_balancer: fileflow-dr-alb
      valid_for: 30 d
    ```

    Without a load balancer, any certificate of the region will do:

    ```yaml
    requirement: certificate-in-tokyo
    kind: certificate_issued
    params:
      names: [fileflow.example.com]
    ```
    """

    names: tuple[str, ...] = Field(min_length=1, description="The names that users ask, each of which is covered.")
    load_balancer: str | None = Field(
        None, description="The standby's load balancer that presents it; left out, it only has to be there."
    )
    port: int = Field(443, ge=1, le=65535, description="The port of the listener that presents it.")
    valid_for: Duration = Field(timedelta(days=30), description="For how long from now it has to stay valid.")


class CertificateIssued(RequirementKind[CertificateParams]):
    """Looks at what the listener presents, or at all of the region."""

    name = "certificate_issued"
    params = CertificateParams
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation("acm", "ListCertificates", Access.READ, {}, ("InvalidArgsException", "ValidationException")),
        DESCRIBE,
        Operation(
            "elbv2",
            "DescribeLoadBalancers",
            Access.READ,
            {"LoadBalancerNotFound": "says that the load balancer is not there"},
        ),
        Operation(
            "elbv2",
            "DescribeListeners",
            Access.READ,
            {"LoadBalancerNotFound": "says that the load balancer is not there"},
            ("ListenerNotFound", "UnsupportedProtocol"),
        ),
        PRESENTED,
    )

    def title(self, params: CertificateParams) -> str:
        """What has to be issued."""
        return f"Certificate for {', '.join(params.names)}"

    def statements(self, params: CertificateParams, place: Place) -> tuple[Statement, ...]:
        """Descriptions of load balancers and lists of certificates name no resource."""
        described = Statement(Access.READ, ("acm:DescribeCertificate",), (place.arn("acm", "certificate/*"),))
        if params.load_balancer is None:
            return (described, Statement(Access.READ, ("acm:ListCertificates",), ("*",)))
        names = ("DescribeLoadBalancers", "DescribeListeners", "DescribeListenerCertificates")
        return (described, Statement(Access.READ, tuple(f"elasticloadbalancing:{name}" for name in names), ("*",)))

    def standing(self, params: CertificateParams, place: Place) -> tuple[Standing, ...]:
        """An issued certificate, at its listener."""
        names = ", ".join(params.names)
        why = f"Users ask the standby for {names}, and the primary's certificate is of no use in another region."
        facts = {
            "name": params.names[0],
            "names": params.names,
            "load_balancer": params.load_balancer,
            "port": params.port,
        }
        return (Standing("acm", "certificate", place.standby, facts, why),)

    def readiness(self, params: CertificateParams, context: StepContext) -> tuple[Finding, ...]:
        """One finding for each name."""
        where, arns = f"in {context.place.standby}", list[str]()
        if params.load_balancer is None:
            arns = list(_all_issued(context))
        else:
            where = f"at port {params.port} of {params.load_balancer}"
            presented = _presented(params.load_balancer, params.port, context)
            if isinstance(presented, Finding):
                return (presented,)
            arns = presented
        elsewhere = [arn for arn in arns if not is_of_acm(arn)]
        found = [
            seen for arn in arns if arn not in elsewhere and (seen := describe(arn, context.place.standby, context))
        ]
        if elsewhere and not found:
            said = f"The certificate {where} is one of IAM ({elsewhere[0]}), whose names and end ACM does not know."
            return (Finding(Severity.WARNING, "certificate", said, "Import it into ACM, or see to its end yourself."),)
        return tuple(_of_name(name, found, where, params, context) for name in params.names)


def _presented(load_balancer: str, port: int, context: StepContext) -> list[str] | Finding:
    """The ARNs of the certificates that a listener presents."""
    region = context.place.standby
    try:
        named = context.aws.call("elbv2", "DescribeLoadBalancers", region, Names=[load_balancer])["LoadBalancers"]
        arn = named[0]["LoadBalancerArn"]
        listeners = context.aws.call("elbv2", "DescribeListeners", region, LoadBalancerArn=arn)["Listeners"]
    except (NotFound, IndexError):
        said = f"There is no load balancer {load_balancer} in {region}."
        return Finding(Severity.ERROR, "load-balancer", said, "Create it, or correct load_balancer in the plan.")
    listener = next((each for each in listeners if each.get("Port") == port), None)
    if listener is None:
        said = f"Nothing listens on port {port} of {load_balancer}, so nobody reaches the standby there."
        return Finding(Severity.ERROR, "listener", said, f"Add a listener on port {port} with a certificate.")
    return list(presented_by(listener["ListenerArn"], region, context))


def _all_issued(context: StepContext) -> Iterator[str]:
    asked: dict[str, Any] = {"CertificateStatuses": [ISSUED], "Includes": {"keyTypes": list(_KEY_TYPES)}}
    while True:
        answer = context.aws.call("acm", "ListCertificates", context.place.standby, **asked)
        yield from (each["CertificateArn"] for each in answer.get("CertificateSummaryList", ()))
        if not answer.get("NextToken"):
            return
        asked["NextToken"] = answer["NextToken"]


def _of_name(
    name: str, found: list[Certificate], where: str, params: CertificateParams, context: StepContext
) -> Finding:
    covering = [each for each in found if each.covers(name)]
    if not covering:
        said = f"No certificate {where} covers {name}, so users of the standby get an error of TLS."
        fix = f"Have one for {name} issued by ACM in {context.place.standby} and give it to the listener."
        return Finding(Severity.ERROR, "certificate", said, fix)
    issued = [each for each in covering if each.status == ISSUED]
    if not issued:
        said = f"The certificate for {name} {where} is {covering[0].status} and not ISSUED."
        return Finding(Severity.ERROR, "certificate", said, "Complete its validation in ACM, or request it anew.")
    best = max(issued, key=lambda each: each.until.timestamp() if each.until else 0.0)
    if best.until is None or best.until < context.now + params.valid_for:
        end = f"ends on {best.until:%Y-%m-%d}" if best.until else "has no known end"
        said = f"The certificate for {name} {where} {end}, within the {say_duration(params.valid_for)} it has to last."
        fix = "See in ACM why it was not renewed." if best.renews else "ACM does not renew it: import its successor."
        return Finding(Severity.ERROR, "certificate-end", said, fix)
    said = f"The certificate for {name} {where} is issued and valid until {best.until:%Y-%m-%d}."
    return Finding(Severity.FINE, "certificate", said)


KIND = CertificateIssued()
