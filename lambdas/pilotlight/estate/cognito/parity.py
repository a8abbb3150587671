"""Whether users can sign in to the standby's pool as they do to the primary's: what of the two differs.

What would keep somebody out is an error: a way to sign in, an address that users come back to, an attribute that the
application reads. What only behaves otherwise is a warning. A secret that differs is named and never quoted.

Sources: botocore's model of Cognito user pools; Cognito developer guide, "Adding social identity providers to a user
pool" (the address `/oauth2/idpresponse` of the pool's own domain must be known to the provider).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pilotlight.domain.step import Finding, Severity
from pilotlight.estate.cognito.pool import Pool

Says = Mapping[str, Any]
_Aspect = tuple[str, Severity, Callable[[Says], Any]]
_ENOUGH_USERS = 0.95
"""The share of users below which it is worth a word; Cognito's own number is an estimate."""


def _of(*path: str) -> Callable[[Says], Any]:
    def read(says: Says) -> Any:
        found: Any = says
        for name in path:
            found = (found or {}).get(name)
        return sorted(found) if isinstance(found, list) and all(isinstance(i, str) for i in found) else found

    return read


def _schema(says: Says) -> Any:
    return sorted((a["Name"], a.get("AttributeDataType"), a.get("Required")) for a in says.get("SchemaAttributes", ()))


_POOL: tuple[_Aspect, ...] = (
    ("password policy", Severity.WARNING, _of("Policies", "PasswordPolicy")),
    ("sign-in policy", Severity.WARNING, _of("Policies", "SignInPolicy")),
    ("MFA", Severity.WARNING, lambda says: says.get("MfaConfiguration", "OFF")),
    (
        "self-registration",
        Severity.WARNING,
        lambda says: not _of("AdminCreateUserConfig", "AllowAdminCreateUserOnly")(says),
    ),
    ("account recovery", Severity.WARNING, _of("AccountRecoverySetting", "RecoveryMechanisms")),
    (
        "names to sign in with",
        Severity.ERROR,
        lambda says: (_of("UsernameAttributes")(says), _of("AliasAttributes")(says)),
    ),
    ("case of names", Severity.ERROR, _of("UsernameConfiguration", "CaseSensitive")),
    ("attributes of users", Severity.ERROR, _schema),
)
_CLIENT: tuple[_Aspect, ...] = (
    ("callback URLs", Severity.ERROR, _of("CallbackURLs")),
    ("logout URLs", Severity.WARNING, _of("LogoutURLs")),
    ("OAuth flows", Severity.ERROR, _of("AllowedOAuthFlows")),
    ("OAuth scopes", Severity.ERROR, _of("AllowedOAuthScopes")),
    ("authentication flows", Severity.ERROR, _of("ExplicitAuthFlows")),
    ("identity providers", Severity.ERROR, _of("SupportedIdentityProviders")),
    ("having a secret", Severity.ERROR, lambda client: bool(client.get("ClientSecret"))),
    (
        "validity of tokens",
        Severity.WARNING,
        lambda client: [client.get(f"{kind}TokenValidity") for kind in ("Access", "Id", "Refresh")],
    ),
)


def compare(
    primary: Pool, standby: Pool, primary_providers: Mapping[str, Says], standby_providers: Mapping[str, Says]
) -> tuple[Finding, ...]:
    """What of the two pools differs; one finding that all is well where nothing does."""
    found = (
        *_differing(_POOL, primary.says, standby.says, standby.said, primary.id),
        *_differing(_CLIENT, primary.client, standby.client, f"The client of {standby.id}", primary.id),
        *_providers(primary_providers, standby_providers, standby, primary),
        *_domain(primary, standby),
        *_users(primary, standby),
    )
    return found or (Finding(Severity.FINE, "pool-parity", f"{standby.said} lets users in as {primary.id} does."),)


def _differing(aspects: tuple[_Aspect, ...], one: Says, other: Says, said: str, primary: str) -> Iterator[Finding]:
    for name, severity, read in aspects:
        if read(one) != read(other):
            sentence = f"{said} differs from {primary} in its {name}."
            yield Finding(severity, "pool-parity", sentence, f"Give it the {name} of the primary's.")


def _providers(primary: Mapping[str, Says], standby: Mapping[str, Says], pool: Pool, other: Pool) -> Iterator[Finding]:
    for name, says in primary.items():
        if name not in standby:
            sentence = f"{pool.said} lacks the identity provider {name} of {other.id}, so its users cannot sign in."
            yield Finding(Severity.ERROR, "pool-provider", sentence, f"Add {name} with the same client id and secret.")
            continue
        details, others = says.get("ProviderDetails", {}), standby[name].get("ProviderDetails", {})
        parts = [part for part in sorted({*details, *others}) if details.get(part) != others.get(part)]
        parts += ["attribute mapping"] if says.get("AttributeMapping") != standby[name].get("AttributeMapping") else []
        if parts:
            sentence = f"{pool.said} knows {name} with another {', '.join(parts)} than {other.id}."
            yield Finding(Severity.ERROR, "pool-provider", sentence, f"Give its {name} what the primary's has.")


def _domain(primary: Pool, standby: Pool) -> Iterator[Finding]:
    own = standby.says.get("CustomDomain") or standby.says.get("Domain")
    if (primary.says.get("CustomDomain") or primary.says.get("Domain")) and not own:
        sentence = f"{standby.said} has no domain, so nobody can sign in through its pages or another provider."
        yield Finding(Severity.ERROR, "pool-domain", sentence, "Give it a domain of its own.")
    elif own and standby.providers:
        host = own if standby.says.get("CustomDomain") else f"{own}.auth.{standby.region}.amazoncognito.com"
        named = " and ".join(standby.providers)
        sentence = f"Whether {named} sends users back to https://{host}/oauth2/idpresponse cannot be seen from AWS."
        yield Finding(Severity.WARNING, "pool-redirect", sentence, f"Sign in there once with {named}, in a drill.")


def _users(primary: Pool, standby: Pool) -> Iterator[Finding]:
    here, there = (int(pool.says.get("EstimatedNumberOfUsers", 0)) for pool in (standby, primary))
    if here < there * _ENOUGH_USERS:
        sentence = (
            f"{standby.said} has about {here} users and {primary.id} about {there}; the others must sign up again."
        )
        fix = "Copy those who are missing, and let `copy_users_by` add each who signs up."
        yield Finding(Severity.WARNING, "pool-users", sentence, fix)
