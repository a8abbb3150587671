"""A certificate as ACM describes it, and which ones a listener presents.

A wildcard covers one label: `*.example.com` covers `a.example.com`, and neither `example.com` nor `a.b.example.com`.

Sources: botocore's models of ACM and ELBv2 (DescribeListenerCertificates answers with the default certificate and the
list); RFC 6125 on wildcards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pilotlight.domain.errors import NotFound
from pilotlight.domain.kind import Access, Operation, StepContext

ISSUED = "ISSUED"
DESCRIBE = Operation(
    "acm",
    "DescribeCertificate",
    Access.READ,
    {"ResourceNotFoundException": "was deleted since it was listed, and counts as not there"},
    ("InvalidArnException", "ValidationException"),
)
PRESENTED = Operation(
    "elbv2",
    "DescribeListenerCertificates",
    Access.READ,
    {"ListenerNotFound": "says that nothing listens on the port"},
)


@dataclass(frozen=True)
class Certificate:
    """A certificate as ACM describes it."""

    arn: str
    status: str
    names: tuple[str, ...]
    until: datetime | None
    renews: bool

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Certificate:
        """Read the answer of DescribeCertificate."""
        names = found.get("SubjectAlternativeNames") or [found.get("DomainName", "")]
        renews = found.get("RenewalEligibility") == "ELIGIBLE"
        return cls(found["CertificateArn"], found["Status"], tuple(names), found.get("NotAfter"), renews)

    def covers(self, name: str) -> bool:
        """Whether it is a certificate for that name."""
        asked = name.lower().rstrip(".")
        wildcard = f"*.{asked.partition('.')[2]}"
        return any(own.lower() in (asked, wildcard) for own in self.names)


def presented_by(listener: str, region: str, context: StepContext) -> Iterator[str]:
    """The ARNs of the certificates of a listener, each once; raises `NotFound` where nothing listens."""
    more: dict[str, str] = {}
    while True:
        answer = context.aws.call("elbv2", "DescribeListenerCertificates", region, ListenerArn=listener, **more)
        yield from dict.fromkeys(each["CertificateArn"] for each in answer.get("Certificates", ()))
        if not answer.get("NextMarker"):
            return
        more = {"Marker": answer["NextMarker"]}


def describe(arn: str, region: str, context: StepContext) -> Certificate | None:
    """A certificate of ACM; None where it is gone."""
    try:
        answer = context.aws.call("acm", "DescribeCertificate", region, CertificateArn=arn)
    except NotFound:
        return None
    return Certificate.read(answer["Certificate"])


def is_of_acm(arn: str) -> bool:
    """Whether ACM knows it; the names and the end of a certificate of IAM it does not."""
    return ":acm:" in arn
