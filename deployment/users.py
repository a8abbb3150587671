"""The stack of an application's users, in its primary region: who signs up there is copied to the standby's pool.

It is there for plans that ask for it (`copy_users_by` of `swap_user_pool`). The function stands whatever the arming,
because a pool whose trigger is gone lets nobody in; under `observe` it holds no permission to write, and copies nobody.
"""

from __future__ import annotations

from datetime import timedelta

from deployment import names
from deployment.resources import Function, Stack
from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.step import Access, Statement
from pilotlight.steps import kind_and_params
from pilotlight.steps.swap_user_pool import SwapUserPoolParams


def users(plan: Plan) -> tuple[Stack, ...]:
    """The stack; none for a plan that copies nobody. Raises `PlanRefused` for one that copies from several pools."""
    wanted = [params for _, params in map(kind_and_params, plan.steps().values())]
    pools = [params for params in wanted if isinstance(params, SwapUserPoolParams) and params.copy_users_by]
    if not pools:
        return ()
    if len(pools) > 1:
        raise PlanRefused(
            f"{plan.application} copies the users of {len(pools)} pools, and one function serves one of them; leave "
            "copy_users_by out of all but one step."
        )
    resources = (_function(plan, pools[0]),)
    return (Stack(names.users_stack(plan.application), plan.regions.primary, plan.account, resources),)


def _function(plan: Plan, params: SwapUserPoolParams) -> Function:
    pool = plan.place.arn("cognito-idp", f"userpool/{params.pool}")
    writes = Statement(Access.WRITE, ("cognito-idp:AdminCreateUser", "cognito-idp:AdminSetUserPassword"), (pool,))
    return Function(
        name=names.sync_user_function(plan.application),
        description=f"Copies who signs up for {plan.application} to the user pool of the standby.",
        handler="pilotlight.handlers.sync_user",
        statements=(
            Statement(Access.READ, ("cognito-idp:AdminGetUser",), (pool,)),
            *((writes,) if plan.arming is not Arming.OBSERVE else ()),
        ),
        environment={
            "PILOTLIGHT_APPLICATION": plan.application,
            "PILOTLIGHT_ARMING": plan.arming.value,
            "PILOTLIGHT_STANDBY": plan.regions.standby,
            "PILOTLIGHT_STANDBY_POOL": params.pool,
            "PILOTLIGHT_NAMED_BY": str(params.copy_users_by),
        },
        # Cognito waits for so long.
        timeout=timedelta(seconds=5),
        memory_megabytes=1024,
        trigger_of=plan.place.arn("cognito-idp", f"userpool/{params.primary.pool}", region=plan.regions.primary),
    )
