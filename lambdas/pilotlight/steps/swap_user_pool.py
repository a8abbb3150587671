"""Let the standby's own user pool stand in for the primary's: look that it can, and give its values to the next steps.

For two pools that share nothing but their settings. The step changes nothing itself: it reads the pool and its app
client in the standby, sees that the client's secret is the one that the application will be given, and outputs what
`swap_config_map` or `swap_configuration` write. No secret is among them: only where it stands.

What users notice is told when it settles, because it cannot be helped: tokens of the other pool are not accepted here
(another issuer, other keys), Cognito gives no password away, and a user has another `sub` in each pool. Who signs in
with another provider goes on at once; who has a password must reset it, and must be there to do so.

Readiness compares the two pools in everything that lets people in. A pool that is replicated between the regions is
another thing: `activate_user_pool_replica`.

Sources: botocore's model of cognito-idp; aws-facts section 6.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from pilotlight.domain.errors import Unavailable
from pilotlight.domain.handwork import Command, Handwork, aws, quoted
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, StandIn
from pilotlight.domain.step import (
    Access,
    Failed,
    Finding,
    Harm,
    Operation,
    Params,
    Receipt,
    Settled,
    Severity,
    Standing,
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)
from pilotlight.estate import secrets
from pilotlight.estate.cognito import parity
from pilotlight.estate.cognito.pool import OPERATIONS, ClientId, Pool, PoolId, look, look_with_client, read_providers
from pilotlight.estate.secrets import SecretValue, read_secrets

_CLIENT_SECRET = "the client's secret"


class PoolAndClient(BaseModel):
    """A pool and the client that the application uses of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pool: PoolId
    client: ClientId


class SwapUserPoolParams(PoolAndClient, Params):
    """The standby's pool and client, where the client's secret stands, and what they stand in for.

    ```yaml
    step: user-pool
    kind: swap_user_pool
    params:
      pool: ap-northeast-1_AbCdEfGhI
      client: 1h57kf5cpq17m0eml12example
      client_secret: { secret: portforge/dr/cognito-client, key: client_secret }
      primary: { pool: ap-northeast-2_ZyXwVuTsR, client: 6tvk4m2o8u1q9s3w5yexample }
      copy_users_by: email
    ```
    """

    client_secret: SecretValue | None = None
    primary: PoolAndClient
    copy_users_by: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9:_]{1,32}$",
        description="The attribute that names a user in the standby's pool; given, who signs up is copied there.",
    )

    @property
    def secrets(self) -> tuple[SecretValue, ...]:
        """Where the client's secret stands, if it has one."""
        return (self.client_secret,) if self.client_secret else ()


class SwapUserPool(StepKind[SwapUserPoolParams]):
    """The step kind `swap_user_pool`."""

    name: ClassVar[str] = "swap_user_pool"
    params = SwapUserPoolParams
    harm: ClassVar[Harm] = Harm.HARMLESS
    leaves_nothing: ClassVar[str] = "it only looks"
    timing: ClassVar[Timing] = Timing(
        shortest=timedelta(seconds=1),
        typical=timedelta(seconds=2),
        longest=timedelta(seconds=30),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=5),
    )
    outputs: ClassVar[tuple[str, ...]] = ("region", "pool_id", "client_id", "client_secret_ref", "issuer")
    operations: ClassVar[tuple[Operation, ...]] = (
        *OPERATIONS,
        *secrets.OPERATIONS,
    )

    def title(self, params: SwapUserPoolParams) -> str:
        """The pool that is used from then on."""
        return f"Use user pool {params.pool}" if len(params.pool) <= 40 else "Use the standby's user pool"

    def statements(self, params: SwapUserPoolParams, place: Place) -> tuple[Statement, ...]:
        """Both pools; what describes a secret stands apart, so that who only looks ahead need not hold it."""
        pools = (_arn(params.pool, place.standby, place), _arn(params.primary.pool, place.primary, place))
        hiding = ("cognito-idp:DescribeUserPoolClient", "cognito-idp:DescribeIdentityProvider")
        return (
            Statement(Access.READ, ("cognito-idp:DescribeUserPool", "cognito-idp:ListIdentityProviders"), pools),
            Statement(Access.READ, hiding, pools),
            *secrets.statements(params.secrets, place),
        )

    def standing(self, params: SwapUserPoolParams, place: Place) -> tuple[Standing, ...]:
        """Both pools, and the secret."""
        sides = ((params, place.standby), (params.primary, place.primary))
        why = "Users sign in to it; the two are alike in all that lets them in."
        hidden = secrets.FURNISHED if params.client_secret else ""
        told = params.primary.pool if params.copy_users_by else ""
        pools = (
            Standing(
                "cognito-idp",
                "pool",
                region,
                {"id": side.pool, "client": side.client, "secret": hidden, "copied": side.pool == told},
                why,
            )
            for side, region in sides
        )
        return (*pools, *secrets.standing(params.secrets, place))

    def prerequisites(self, params: SwapUserPoolParams, place: Place) -> tuple[Standing, ...]:
        """The same, and the trigger that copies users."""
        if not params.copy_users_by:
            return self.standing(params, place)
        why = "It calls the function sync-user of the application's users stack after each confirmation and sign-in."
        trigger = Standing("cognito-idp", "trigger", place.primary, {"id": params.primary.pool}, why)
        return (*self.standing(params, place), trigger)

    def readiness(self, params: SwapUserPoolParams, context: StepContext) -> tuple[Finding, ...]:
        """The pool and the client are there and have the secret, and the two pools are alike."""
        pool = _usable(params, context)
        if isinstance(pool, Failed):
            return (pool.foreseen("pool"),)
        fine = Finding(Severity.FINE, "pool", f"{pool.said} and its client are there.")
        try:
            other = look_with_client(context, params.primary.pool, params.primary.client, context.place.primary)
            if isinstance(other, str):
                fix = "Correct the plan's `primary`."
                return (fine, Finding(Severity.ERROR, "pool-parity", f"Nothing can be compared: {other}", fix))
            alike = parity.compare(other, pool, read_providers(context, other), read_providers(context, pool))
            return (fine, *alike, *_copying(params, other))
        except Unavailable as silent:
            sentence = f"{pool.said} could not be compared with {params.primary.pool}: {silent.sentence}."
            return (fine, Finding(Severity.WARNING, "pool-parity", sentence, "Look again."))

    def preflight(self, params: SwapUserPoolParams, context: StepContext) -> tuple[Finding, ...]:
        """One look at the pool, which opens no secret."""
        if look(context, params.pool, context.place.standby) is None:
            sentence = f"User pool {params.pool} is missing in {context.place.standby}."
            return (Finding(Severity.IMPOSSIBLE, "pool", sentence, "Correct its id in the plan."),)
        return (Finding(Severity.FINE, "pool", f"User pool {params.pool} is there."),)

    def execute(self, params: SwapUserPoolParams, context: StepContext) -> Receipt | Failed:
        """Look; there is nothing to change."""
        pool = _usable(params, context)
        return pool if isinstance(pool, Failed) else Receipt(f"{pool.said} stands in.", acted=False)

    def verify(self, params: SwapUserPoolParams, receipt: Receipt, context: StepContext) -> Settled | Failed:
        """Look, and give the values."""
        pool = _usable(params, context)
        if isinstance(pool, Failed):
            return pool
        outputs = {
            "region": pool.region,
            "pool_id": pool.id,
            "client_id": params.client,
            "client_secret_ref": params.client_secret.ref if params.client_secret else "",
            "issuer": pool.issuer,
        }
        given: Mapping[str, str] = {name: value for name, value in outputs.items() if value}
        return Settled(f"{pool.said} stands in for {params.primary.pool}. {_notice(pool)}", given)

    def undo(self, params: SwapUserPoolParams, receipt: Receipt, context: StepContext) -> Undone:
        """Nothing was changed."""
        return Undone(f"Nothing is taken back, because looking at user pool {params.pool} changed nothing.")

    def stand_in(self, params: SwapUserPoolParams, isolation: Isolation) -> StandIn:
        # It only looks.
        return StandIn(self.name, params)

    def by_hand(self, params: SwapUserPoolParams, place: Place) -> Handwork:
        here, pool = place.standby, params.pool
        named = {"UserPoolId": pool, "ClientId": params.client}
        query = "UserPoolClient.[ClientId,ClientName]"
        client = aws("cognito-idp", "DescribeUserPoolClient", here, query=query, **named)
        given = {
            "region": here,
            "pool_id": pool,
            "client_id": params.client,
            "client_secret_ref": params.client_secret.ref if params.client_secret else "",
            "issuer": f"https://cognito-idp.{here}.amazonaws.com/{pool}",
        }
        return Handwork(
            do=(),
            check=(Command("See that pool and client stand in the standby.", client, params.client),),
            stop_if="pool or client is missing. Every user has to sign in again; who has a password has to reset it.",
            stays="looking changed nothing.",
            gives={name: f"echo {quoted(value)}" for name, value in given.items()},
        )


def _usable(params: SwapUserPoolParams, context: StepContext) -> Pool | Failed:
    pool = look_with_client(context, params.pool, params.client, context.place.standby)
    fix = "Create it with the rest of the standby, or correct its id in the plan; then retry."
    if isinstance(pool, str):
        return Failed(pool, fix)
    if params.client_secret is None:
        return pool
    known = read_secrets(context, {_CLIENT_SECRET: params.client_secret})
    if isinstance(known, Failed):
        return known
    if known[_CLIENT_SECRET] != pool.client.get("ClientSecret", ""):
        reason = f"Secret {params.client_secret.ref} does not hold the secret of client {params.client} of {pool.id}."
        return Failed(reason, "Put the client's secret there (aws cognito-idp describe-user-pool-client), then retry.")
    return pool


def _copying(params: SwapUserPoolParams, primary: Pool) -> tuple[Finding, ...]:
    if not params.copy_users_by or "PostConfirmation" in primary.says.get("LambdaConfig", {}):
        return ()
    sentence = f"{primary.said} calls nothing after a confirmation, so who signs up is not copied to {params.pool}."
    fix = "Set the function sync-user as its trigger, for post confirmation and for post authentication."
    return (Finding(Severity.ERROR, "pool-trigger", sentence, fix),)


def _notice(pool: Pool) -> str:
    """What users must know."""
    said = "Every user has to sign in again, because tokens of the other pool are not accepted here"
    if pool.providers:
        said += f"; who uses {' or '.join(pool.providers)} can do so at once"
    if pool.has_passwords:
        said += "; who has a password has to reset it first, because Cognito gives none away: tell your users"
    return f"{said}."


def _arn(pool: str, region: str, place: Place) -> str:
    return place.arn("cognito-idp", f"userpool/{pool}", region=region)


KIND = SwapUserPool()
