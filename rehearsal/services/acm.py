"""ACM: certificates by region, as a look at them sees them. None is requested, validated or renewed here.

Answers and errors: botocore's model of ACM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from pilotlight.domain.step import Standing
from rehearsal.service import Service, operation
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.elbv2_listeners import HTTPS_PORT, Listener
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World

RSA_2048 = "RSA_2048"
_SHOWN_UNASKED = ("RSA_1024", RSA_2048)
_SOME_NAME = "www.example.com"
_LASTS = timedelta(days=300)


@dataclass(eq=False)
class Certificate:
    """One certificate; the first name is its domain."""

    arn: str
    region: str
    names: tuple[str, ...]
    until: datetime
    status: str = "ISSUED"
    key: str = RSA_2048
    renews: bool = True


class Acm(Service):
    """The certificates of the account."""

    name = "acm"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.certificates: list[Certificate] = []

    def furnish(self, standing: Standing) -> None:
        """An issued certificate, presented by the listener of a load balancer if one is named; or the same front."""
        if standing.what == "front":
            self._same_front(standing)
            return
        if standing.what != "certificate":
            super().furnish(standing)
        certificate = self.add(standing.region, *standing.facts["names"])
        if standing.facts["load_balancer"]:
            elb = self.world.model(Elbv2)
            listener = elb.listener_of(standing.region, standing.facts["load_balancer"], standing.facts["port"])
            listener.certificates.append(certificate.arn)

    def _same_front(self, standing: Standing) -> None:
        """A load balancer that listens as another one does, which has HTTPS with a certificate at least."""
        elb, facts = self.world.model(Elbv2), standing.facts
        if not elb.listeners_of(facts["primary"], facts["like"]):
            elb.listener_of(facts["primary"], facts["like"], HTTPS_PORT)
        for theirs in elb.listeners_of(facts["primary"], facts["like"]):
            ours = elb.listen_as(standing.region, facts["name"], theirs)
            if theirs.protocol != "HTTPS":
                continue
            names = self._names(ours) or self._names(theirs) or (_SOME_NAME,)
            for listener in (theirs, ours):
                if not set(names) <= set(self._names(listener)):
                    listener.certificates.append(self.add(listener.balancer.region, *names).arn)

    def _names(self, listener: Listener) -> tuple[str, ...]:
        """All names of the certificates that a listener presents."""
        return tuple(name for each in self.certificates if each.arn in listener.certificates for name in each.names)

    def add(self, region: str, *names: str) -> Certificate:
        """Set the scene: a certificate for those names, issued and not in use."""
        code = sha256("/".join((region, str(len(self.certificates)), *names)).encode()).hexdigest()[:32]
        arn = f"arn:aws:acm:{region}:{self.world.account}:certificate/{code}"
        self.certificates.append(Certificate(arn, region, names, self.world.time.now() + _LASTS))
        return self.certificates[-1]

    @operation("ListCertificates")
    def list_certificates(self, call: Call) -> Mapping[str, Any]:
        """Those of the asked states and key types; long RSA keys and elliptic curves only where they are asked for."""
        states = call.parameters.get("CertificateStatuses")
        keys = (call.parameters.get("Includes") or {}).get("keyTypes") or _SHOWN_UNASKED
        here = [c for c in self.certificates if c.region == call.region and c.key in keys]
        found = [c for c in here if not states or c.status in states]
        return {
            "CertificateSummaryList": [
                {"CertificateArn": c.arn, "DomainName": c.names[0], "Status": c.status} for c in found
            ]
        }

    @operation("DescribeCertificate")
    def describe_certificate(self, call: Call) -> Mapping[str, Any]:
        """One certificate."""
        arn = call.parameters["CertificateArn"]
        found = next((c for c in self.certificates if c.arn == arn and c.region == call.region), None)
        if found is None:
            raise ServiceError("ResourceNotFoundException", f"Could not find certificate {arn}.")
        return {
            "Certificate": {
                "CertificateArn": found.arn,
                "DomainName": found.names[0],
                "SubjectAlternativeNames": list(found.names),
                "Status": found.status,
                "KeyAlgorithm": found.key,
                "NotAfter": found.until,
                "RenewalEligibility": "ELIGIBLE" if found.renews else "INELIGIBLE",
            }
        }
