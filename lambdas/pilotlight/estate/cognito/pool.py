"""A user pool, its app client and its identity providers, as Cognito shows them in one region.

A description of a client holds the client's secret, and that of a provider the provider's: they are compared where that
is needed, and no sentence, receipt or output holds them.

Source: botocore's model of Cognito user pools (cognito-idp).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Access, Operation, StepContext

PoolId = Annotated[
    str, Field(pattern=r"^[a-z0-9-]+_[0-9A-Za-z]+$", max_length=55, examples=["ap-northeast-1_AbCdEfGhI"])
]
ClientId = Annotated[str, Field(pattern=r"^\w{1,128}$", examples=["1h57kf5cpq17m0eml12example"])]

OWN_DIRECTORY = "COGNITO"
"""How a client's list of providers names the pool's own users, who have passwords."""

_cognito = partial(Operation, "cognito-idp")
_AGAIN = {"InternalErrorException": "asked again", "TooManyRequestsException": "asked again"}
_MISSING = {**_AGAIN, "ResourceNotFoundException": "said as missing"}
_FATAL = ("InvalidParameterException", "NotAuthorizedException")

OPERATIONS = (
    _cognito(
        "DescribeUserPool", Access.READ, _MISSING, (*_FATAL, "UserPoolTaggingException", "OperationNotEnabledException")
    ),
    _cognito("DescribeUserPoolClient", Access.READ, _MISSING, (*_FATAL, "OperationNotEnabledException")),
    _cognito("ListIdentityProviders", Access.READ, _AGAIN, (*_FATAL, "ResourceNotFoundException")),
    _cognito("DescribeIdentityProvider", Access.READ, _AGAIN, (*_FATAL, "ResourceNotFoundException")),
)


@dataclass(frozen=True)
class Pool:
    """A pool with one of its clients; what Cognito says of both stands in `says` and `client`, in its own spelling."""

    id: str
    region: str
    says: Mapping[str, Any] = field(repr=False)
    client: Mapping[str, Any] = field(repr=False)

    @property
    def said(self) -> str:
        """The pool, for a sentence."""
        return f"User pool {self.id}"

    @property
    def issuer(self) -> str:
        """Who issues its tokens, as long as its issuer was not changed for replication (aws-facts section 6)."""
        return f"https://cognito-idp.{self.region}.amazonaws.com/{self.id}"

    @property
    def providers(self) -> tuple[str, ...]:
        """With what users of the client sign in, their own password apart."""
        return tuple(p for p in self.client.get("SupportedIdentityProviders", ()) if p != OWN_DIRECTORY)

    @property
    def has_passwords(self) -> bool:
        """Whether users of the client may have a password in the pool; one that names no provider has no others."""
        return OWN_DIRECTORY in self.client.get("SupportedIdentityProviders", (OWN_DIRECTORY,))


def look(context: StepContext, pool: str, region: str) -> Mapping[str, Any] | None:
    """What Cognito says of a pool; None where there is none."""
    try:
        found: Mapping[str, Any] = context.aws.call("cognito-idp", "DescribeUserPool", region, UserPoolId=pool)
    except NotFound:
        return None
    says: Mapping[str, Any] = found["UserPool"]
    return says


def look_with_client(context: StepContext, pool: str, client: str, region: str) -> Pool | str:
    """A pool with its client; or which of the two is missing, for a sentence."""
    says = look(context, pool, region)
    if says is None:
        return f"User pool {pool} is missing in {region}."
    try:
        found = context.aws.call("cognito-idp", "DescribeUserPoolClient", region, UserPoolId=pool, ClientId=client)
    except NotFound:
        return f"User pool {pool} has no app client {client}."
    return Pool(pool, region, says, found["UserPoolClient"])


def read_providers(context: StepContext, pool: Pool) -> dict[str, Mapping[str, Any]]:
    """The identity providers of a pool by name, each as Cognito describes it, with its secrets."""
    found: dict[str, Mapping[str, Any]] = {}
    page: dict[str, str] = {}
    while True:
        answer = context.aws.call("cognito-idp", "ListIdentityProviders", pool.region, UserPoolId=pool.id, **page)
        for provider in answer.get("Providers", ()):
            named = {"UserPoolId": pool.id, "ProviderName": provider["ProviderName"]}
            said = context.aws.call("cognito-idp", "DescribeIdentityProvider", pool.region, **named)
            found[provider["ProviderName"]] = said["IdentityProvider"]
        if not answer.get("NextToken"):
            return found
        page = {"NextToken": answer["NextToken"]}
