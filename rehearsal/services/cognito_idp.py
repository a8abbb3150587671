"""Cognito user pools as steps look at them: pools, clients, providers, users, and replicas that rest or serve.

Nobody signs in here. How soon a replica serves is an estimate (aws-facts section 11). States, answers and errors:
botocore's model of cognito-idp.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pilotlight.domain.step import Standing
from rehearsal.service import Service, Spread, operation
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World

WAKING = Spread(1.0, 5.0, 60.0)


@dataclass(eq=False)
class User:
    """One user; who was made by an administrator has yet to get a password."""

    attributes: dict[str, str]
    status: str = "FORCE_CHANGE_PASSWORD"
    password: str = ""


@dataclass(eq=False)
class Pool:
    """One pool in one region; `says` is what DescribeUserPool answers beside its id."""

    region: str
    id: str
    says: dict[str, Any] = field(default_factory=dict)
    clients: dict[str, dict[str, Any]] = field(default_factory=dict)
    providers: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    replicas: dict[str, str] = field(default_factory=dict)
    """The state of each replica by its region, for a pool that is replicated."""


class CognitoIdp(Service):
    """The user pools of the account."""

    name = "cognito-idp"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.pools: list[Pool] = []

    def furnish(self, standing: Standing) -> None:
        """A pool with a client, or one that Cognito replicates, whose replica rests."""
        facts, region = standing.facts, standing.region
        match standing.what:
            case "pool":
                pool = self.add_pool(region, str(facts["id"]), str(facts["client"]), secret=str(facts["secret"]))
                if facts["copied"]:
                    copier = f"arn:aws:lambda:{region}:{self.world.account}:function:copier"
                    pool.says["LambdaConfig"] = {"PostConfirmation": copier, "PostAuthentication": copier}
            case "replicated_pool":
                self.add_replicated_pool(str(facts["id"]), str(facts["primary"]), str(facts["standby"]))
            case _:
                super().furnish(standing)

    def add_pool(self, region: str, pool: str, client: str, *, secret: str = "") -> Pool:
        """Set the scene: a pool with one client, into which users sign in with a password or with Google."""
        hidden = {"ClientSecret": secret} if secret else {}
        providers = {"SupportedIdentityProviders": ["COGNITO", "Google"]}
        flows = {"AllowedOAuthFlows": ["code"], "CallbackURLs": ["https://portforge.example.com/callback"]}
        google = {
            "ProviderType": "Google",
            "ProviderDetails": {
                "client_id": "google-client",
                "client_secret": "of google",
                "authorize_scopes": "email",
            },
            "AttributeMapping": {"email": "email"},
        }
        domain = pool.rpartition("_")[-1].lower()
        says = {"Domain": f"auth-{domain}", "MfaConfiguration": "OFF", "EstimatedNumberOfUsers": 0}
        made = Pool(region, pool, says, {client: {**providers, **flows, **hidden}}, {"Google": google})
        self.pools.append(made)
        return made

    def add_replicated_pool(
        self, pool: str, primary: str, standby: str, *, status: str = "INACTIVE"
    ) -> tuple[Pool, Pool]:
        """Set the scene: a pool and its replica, which share what is replicated."""
        issuer = {"IssuerConfiguration": {"Type": "UPDATED"}, "UserPoolTier": "ESSENTIALS"}
        replicas = {primary: "ACTIVE", standby: status}
        one, other = (Pool(region, pool, dict(issuer), replicas=replicas) for region in (primary, standby))
        self.pools += [one, other]
        return one, other

    @operation("ListUserPools")
    def list_pools(self, call: Call) -> Mapping[str, Any]:
        """The pools of the region, by id and name."""
        here = [pool for pool in self.pools if pool.region == call.region]
        return {"UserPools": [{"Id": pool.id, "Name": pool.says.get("Name", pool.id)} for pool in here]}

    @operation("ListUserPoolClients")
    def list_clients(self, call: Call) -> Mapping[str, Any]:
        """The clients of a pool, by id and name."""
        pool = self._find(call)
        named = [(identity, client.get("ClientName", identity)) for identity, client in pool.clients.items()]
        return {"UserPoolClients": [{"UserPoolId": pool.id, "ClientId": c, "ClientName": n} for c, n in named]}

    @operation("DescribeUserPool")
    def describe_pool(self, call: Call) -> Mapping[str, Any]:
        """One pool."""
        pool = self._find(call)
        return {"UserPool": {"Id": pool.id, **pool.says}}

    @operation("DescribeUserPoolClient")
    def describe_client(self, call: Call) -> Mapping[str, Any]:
        """One client, with its secret."""
        pool, client = self._find(call), str(call.parameters["ClientId"])
        if client not in pool.clients:
            raise ServiceError("ResourceNotFoundException", f"User pool client {client} does not exist.")
        return {"UserPoolClient": {"UserPoolId": pool.id, "ClientId": client, **pool.clients[client]}}

    @operation("ListIdentityProviders")
    def list_providers(self, call: Call) -> Mapping[str, Any]:
        """All providers of a pool."""
        providers = self._find(call).providers.items()
        return {"Providers": [{"ProviderName": n, "ProviderType": p["ProviderType"]} for n, p in providers]}

    @operation("DescribeIdentityProvider")
    def describe_provider(self, call: Call) -> Mapping[str, Any]:
        """One provider, with its secret."""
        pool, name = self._find(call), str(call.parameters["ProviderName"])
        if name not in pool.providers:
            raise ServiceError("ResourceNotFoundException", f"Identity provider {name} does not exist.")
        return {"IdentityProvider": {"UserPoolId": pool.id, "ProviderName": name, **pool.providers[name]}}

    @operation("ListUserPoolReplicas")
    def list_replicas(self, call: Call) -> Mapping[str, Any]:
        """All replicas of a pool, that of the primary included."""
        pool = self._find(call)
        role = {region: "PRIMARY" if pool.id.startswith(region) else "SECONDARY" for region in pool.replicas}
        found = [{"RegionName": r, "Status": status, "Role": role[r]} for r, status in pool.replicas.items()]
        return {"UserPoolReplicas": found}

    @operation("UpdateUserPoolReplica")
    def update_replica(self, call: Call) -> Mapping[str, Any]:
        """Let a replica serve or rest, some seconds later."""
        pool, region, wanted = self._find(call), call.parameters["RegionName"], call.parameters["Status"]
        if pool.replicas.get(region) not in ("ACTIVE", "INACTIVE"):
            raise ServiceError("InvalidParameterException", f"The replica in {region} cannot be updated.")
        seconds = WAKING.draw(self.random)
        self.world.begin_effect(f"{pool.id}/{region}", seconds)
        self.world.time.spawn(
            lambda: pool.replicas.update({region: wanted}), name=f"replica of {pool.id}", delay_seconds=seconds
        )
        return {"UserPoolReplica": {"RegionName": region, "Status": pool.replicas[region]}}

    @operation("AdminCreateUser")
    def create_user(self, call: Call) -> Mapping[str, Any]:
        """A user; a name that is taken is refused."""
        pool, name = self._find(call), str(call.parameters["Username"])
        if name in pool.users:
            raise ServiceError("UsernameExistsException", "User account already exists")
        attributes = {a["Name"]: a.get("Value", "") for a in call.parameters.get("UserAttributes", ())}
        user = pool.users[name] = User(attributes)
        return {"User": {"Username": name, "UserStatus": user.status, "Enabled": True}}

    @operation("AdminGetUser")
    def get_user(self, call: Call) -> Mapping[str, Any]:
        """A user by name."""
        return {"Username": call.parameters["Username"], "UserStatus": self._user(call).status, "Enabled": True}

    @operation("AdminSetUserPassword")
    def set_password(self, call: Call) -> Mapping[str, Any]:
        """A password; one that is permanent confirms the user."""
        user = self._user(call)
        user.password = str(call.parameters["Password"])
        user.status = "CONFIRMED" if call.parameters.get("Permanent") else "FORCE_CHANGE_PASSWORD"
        return {}

    def _user(self, call: Call) -> User:
        found = self._find(call).users.get(str(call.parameters["Username"]))
        if found is None:
            raise ServiceError("UserNotFoundException", "User does not exist.")
        return found

    @operation("DescribeUserPoolDomain")
    def describe_domain(self, call: Call) -> Mapping[str, Any]:
        """An empty description, which is Cognito's answer for a domain that nobody made: no pool has one here."""
        return {"DomainDescription": {}}

    def _find(self, call: Call) -> Pool:
        wanted = call.parameters["UserPoolId"]
        found = next((p for p in self.pools if (p.region, p.id) == (call.region, wanted)), None)
        if found is None:
            raise ServiceError("ResourceNotFoundException", f"User pool {wanted} does not exist.")
        return found
