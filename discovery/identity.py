"""Who signs users in: user pools of Cognito, and the clients that applications sign them in with.

Of a client it is looked at whether it has a secret, which goes nowhere. Operations and shapes: botocore's model of
Cognito.
"""

from __future__ import annotations

from collections.abc import Iterator

from discovery.reading import Listing, Reading
from discovery.resource import Kind, Resource

_POOLS = Listing("cognito-idp", "ListUserPools", "UserPools", "NextToken", "NextToken")
_CLIENTS = Listing("cognito-idp", "ListUserPoolClients", "UserPoolClients", "NextToken", "NextToken")
_PAGE = 60


def pools(reading: Reading, region: str) -> Iterator[Resource]:
    """The pools of a region, by name; a plan knows them by id."""
    for shown in reading.every(_POOLS, region, MaxResults=_PAGE):
        yield Resource(Kind.POOL, region, str(shown["Name"]), facts={"id": str(shown["Id"])})


def clients_of(reading: Reading, pool: Resource) -> Iterator[Resource]:
    """The clients of a pool."""
    asked = {"UserPoolId": pool.facts["id"]}
    for shown in reading.every(_CLIENTS, pool.region, MaxResults=_PAGE, **asked):
        named = {**asked, "ClientId": str(shown["ClientId"])}
        client = reading.ask("cognito-idp", "DescribeUserPoolClient", pool.region, **named) or {"UserPoolClient": {}}
        hides = "ClientSecret" in client["UserPoolClient"]
        facts = {"id": str(shown["ClientId"]), "pool": pool.facts["id"], "secret": hides}
        yield Resource(Kind.CLIENT, pool.region, str(shown["ClientName"]), facts=facts)
