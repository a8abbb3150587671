"""The load balancer that a drill's copy stands behind, as a plan asks for it, and the name that all of a copy bears."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pilotlight.estate.ec2.egress import Port

SecurityGroup = Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]
Subnet = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")]

_TLS = "ELBSecurityPolicy-TLS13-1-2-2021-06"


def _names_a_balancer(name: str) -> str:
    if name.startswith("internal-") or "--" in name:
        raise ValueError("copy_as names a load balancer too, which may not begin with `internal-` or hold `--`")
    return name


# What load balancing takes for a name, which is less than any other service takes.
CopyName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$"), AfterValidator(_names_a_balancer)
]


class Scheme(StrEnum):
    """From where a load balancer is reached."""

    INTERNAL = "internal"
    INTERNET_FACING = "internet-facing"


class CopiedBalancer(BaseModel):
    """The load balancer of a copy, with one listener; a certificate makes it HTTPS."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scheme: Scheme
    port: Port
    certificate: str | None = Field(None, pattern=r"^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]+$")
    security_groups: tuple[SecurityGroup, ...] = Field(min_length=1, max_length=5)

    def listener(self, balancer: str, group: str) -> dict[str, Any]:
        """What is asked of load balancing for its listener."""
        secure = {"SslPolicy": _TLS, "Certificates": [{"CertificateArn": self.certificate}]}
        return {
            "LoadBalancerArn": balancer,
            "Port": self.port,
            "Protocol": "HTTPS" if self.certificate else "HTTP",
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": group}],
            **(secure if self.certificate else {}),
        }
