"""Let the standby's replica of a user pool serve: for a pool that Cognito itself replicates between the regions.

Such a pool has one id, one set of clients and the same keys in both regions, so tokens, passwords and clients stay
good and nobody signs in again. A replica that is INACTIVE serves no users; the step makes it ACTIVE, from the standby,
and reads that back. It is best ACTIVE long before: then there is nothing to do in an incident.

What a replica cannot do is told when it settles: nobody signs up, resets a password or changes a profile until the
primary is back; a user of another provider must have signed in before. Lambda triggers, mail, WAF and tags are not
replicated: readiness compares the triggers. A custom domain that follows a health check goes back by itself when that
check recovers, so it has to be the latch's (aws-facts section 6.1; `latch_traffic` looks at it).

Sources: botocore's model of cognito-idp (Create/Update/List UserPoolReplicas, IssuerConfiguration); aws-facts section
6.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from pilotlight.domain.errors import Ambiguous, Unavailable
from pilotlight.domain.handwork import Command, Handwork, aws
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, LeftOut
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    Params,
    Pending,
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
from pilotlight.estate.cognito.pool import PoolId, look

ACTIVE, INACTIVE, CREATING = "ACTIVE", "INACTIVE", "CREATING"
_AGAIN = {"InternalErrorException": "asked again", "TooManyRequestsException": "asked again"}
_FATAL = ("InvalidParameterException", "NotAuthorizedException", "OperationNotEnabledException")
_UPDATES_ISSUER = "UPDATED"


class ActivateUserPoolReplicaParams(Params):
    """The pool, by the one id that it has in both regions.

    ```yaml
    step: user-pool
    kind: activate_user_pool_replica
    params:
      pool: ap-northeast-2_ZyXwVuTsR
    ```
    """

    pool: PoolId


class ActivateUserPoolReplica(StepKind[ActivateUserPoolReplicaParams]):
    """The step kind `activate_user_pool_replica`."""

    name: ClassVar[str] = "activate_user_pool_replica"
    params = ActivateUserPoolReplicaParams
    waits_for_the_runtime = True
    harm: ClassVar[Harm] = Harm.DISRUPTIVE
    stands_in_for_nothing: ClassVar[str] = "lets the application's own pool serve in two regions"
    # Section 11 of aws-facts: 1 s to 60 s, an estimate.
    timing: ClassVar[Timing] = Timing(
        shortest=timedelta(seconds=1),
        typical=timedelta(seconds=5),
        longest=timedelta(seconds=60),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=10),
    )
    outputs: ClassVar[tuple[str, ...]] = ("region", "pool_id")
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation(
            "cognito-idp",
            "DescribeUserPool",
            Access.READ,
            {**_AGAIN, "ResourceNotFoundException": "said as missing"},
            (*_FATAL, "UserPoolTaggingException"),
        ),
        Operation("cognito-idp", "ListUserPoolReplicas", Access.READ, _AGAIN, (*_FATAL, "ResourceNotFoundException")),
        Operation(
            "cognito-idp",
            "UpdateUserPoolReplica",
            Access.WRITE,
            {"InternalErrorException": "read before it is repeated", "TooManyRequestsException": "asked again"},
            (*_FATAL, "ResourceNotFoundException"),
        ),
    )

    def title(self, params: ActivateUserPoolReplicaParams) -> str:
        """A verb and the pool."""
        title = f"Activate the replica of {params.pool}"
        return title if len(title) <= 60 else "Activate the replica of the user pool"

    def statements(self, params: ActivateUserPoolReplicaParams, place: Place) -> tuple[Statement, ...]:
        """The pool in the standby, and to compare it, in the primary."""
        here, there = (_arn(params, place, region) for region in (place.standby, place.primary))
        return (
            Statement(Access.WRITE, ("cognito-idp:UpdateUserPoolReplica",), (here,)),
            Statement(Access.READ, ("cognito-idp:ListUserPoolReplicas",), (here,)),
            Statement(Access.READ, ("cognito-idp:DescribeUserPool",), (here, there)),
        )

    def standing(self, params: ActivateUserPoolReplicaParams, place: Place) -> tuple[Standing, ...]:
        """A replica in the standby."""
        facts = {"id": params.pool, "primary": place.primary, "standby": place.standby}
        why = "Cognito replicates it: tier Essentials or Plus, a multi-Region key, and the issuer of replicated pools."
        return (Standing("cognito-idp", "replicated_pool", place.standby, facts, why),)

    def readiness(self, params: ActivateUserPoolReplicaParams, context: StepContext) -> tuple[Finding, ...]:
        """There is a replica, it is ACTIVE already, and it has the triggers and the issuer of the primary."""
        found = _replica(params, context)
        if isinstance(found, Failed):
            return (found.foreseen("replica"),)
        return (_finding(params, context, found), *_parity(params, context))

    def preflight(self, params: ActivateUserPoolReplicaParams, context: StepContext) -> tuple[Finding, ...]:
        """One look at the replica."""
        found = _replica(params, context)
        if isinstance(found, Failed):
            return (found.foreseen("replica"),)
        return (_finding(params, context, found),)

    def execute(self, params: ActivateUserPoolReplicaParams, context: StepContext) -> Receipt | NotYet | Failed:
        """Activate it, unless it is active."""
        found, region = _replica(params, context), context.place.standby
        if isinstance(found, Failed):
            return found
        if found["Status"] == ACTIVE:
            return Receipt(f"The replica of {params.pool} in {region} is active.", acted=False)
        if found["Status"] != INACTIVE:
            return NotYet(f"The replica of {params.pool} in {region} cannot be activated yet: it is {found['Status']}.")
        _set(params, context, ACTIVE)
        return Receipt(f"The replica of {params.pool} in {region} is being activated.", acted=True)

    def verify(
        self, params: ActivateUserPoolReplicaParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        """Read its state."""
        found, region = _replica(params, context), context.place.standby
        if isinstance(found, Failed):
            return found
        if found["Status"] != ACTIVE:
            return Pending(f"The replica of {params.pool} in {region} is {found['Status']}.")
        return Settled(
            f"The replica of {params.pool} in {region} serves: tokens and passwords stay good. Until the primary is "
            "back nobody can sign up, reset a password or change a profile.",
            {"region": region, "pool_id": params.pool},
        )

    def undo(
        self, params: ActivateUserPoolReplicaParams, receipt: Receipt, context: StepContext
    ) -> Undone | CannotUndo:
        """Let it rest again, if this run woke it."""
        region = context.place.standby
        if not receipt.acted:
            return Undone(f"The replica of {params.pool} in {region} was active before this run, and stays so.")
        found = _replica(params, context)
        if isinstance(found, Failed):
            return CannotUndo(found.reason)
        if found["Status"] == ACTIVE:
            _set(params, context, INACTIVE)
        return Undone(f"The replica of {params.pool} in {region} is inactive again, as before this run.")

    def stand_in(self, params: ActivateUserPoolReplicaParams, isolation: Isolation) -> LeftOut:
        """A drill must not let the application's own pool serve in two regions."""
        return LeftOut(
            f"The replica of {params.pool} cannot be activated in a drill because it is the application's own; a drill "
            "needs a pool of its own, named here instead."
        )

    def by_hand(self, params: ActivateUserPoolReplicaParams, place: Place) -> Handwork:
        here, named = place.standby, {"UserPoolId": params.pool}
        state = f"UserPoolReplicas[?RegionName=='{here}'].Status|[0]"
        look = aws("cognito-idp", "ListUserPoolReplicas", here, query=state, **named)

        def told(status: str) -> str:
            return aws("cognito-idp", "UpdateUserPoolReplica", here, **named, RegionName=here, Status=status)

        return Handwork(
            do=(
                Command("See how it stands.", look, f"{ACTIVE} or {INACTIVE}"),
                Command("Activate it, unless it is active.", told(ACTIVE)),
            ),
            check=(Command("Repeat until it serves.", look, ACTIVE),),
            stop_if="it shows None: there is no replica, and users need another pool.",
            undo=(Command("Let it rest again, if it rested before.", told(INACTIVE)),),
            gives={"region": f"echo {here}", "pool_id": f"echo {params.pool}"},
        )


def _replica(params: ActivateUserPoolReplicaParams, context: StepContext) -> Mapping[str, Any] | Failed:
    region, page = context.place.standby, dict[str, str]()
    if look(context, params.pool, region) is None:
        return _no_replica(params, region)
    while True:
        answer = context.aws.call("cognito-idp", "ListUserPoolReplicas", region, UserPoolId=params.pool, **page)
        for replica in answer.get("UserPoolReplicas", ()):
            if replica["RegionName"] == region:
                return _must_serve(params, replica)
        if not answer.get("NextToken"):
            return _no_replica(params, region)
        page = {"NextToken": answer["NextToken"]}


def _must_serve(params: ActivateUserPoolReplicaParams, replica: Mapping[str, Any]) -> Mapping[str, Any] | Failed:
    if replica["Status"] in (ACTIVE, INACTIVE, CREATING):
        return replica
    reason = f"The replica of {params.pool} in {replica['RegionName']} is {replica['Status']}."
    return Failed(reason, "Use another pool (`swap_user_pool`), and correct the plan.")


def _no_replica(params: ActivateUserPoolReplicaParams, region: str) -> Failed:
    fix = "Create it (aws cognito-idp create-user-pool-replica), or correct the id in the plan."
    return Failed(f"User pool {params.pool} has no replica in {region}.", fix)


def _set(params: ActivateUserPoolReplicaParams, context: StepContext, status: str) -> None:
    region = context.place.standby
    named = {"UserPoolId": params.pool, "RegionName": region}
    try:
        context.aws.call("cognito-idp", "UpdateUserPoolReplica", region, **named, Status=status)
    except Ambiguous:
        seen = _replica(params, context)
        if isinstance(seen, Failed) or seen["Status"] != status:
            raise


def _finding(params: ActivateUserPoolReplicaParams, context: StepContext, replica: Mapping[str, Any]) -> Finding:
    where = f"The replica of {params.pool} in {context.place.standby}"
    if replica["Status"] == ACTIVE:
        return Finding(Severity.FINE, "replica", f"{where} is active.")
    sentence = f"{where} is {replica['Status']}, and is activated in the run."
    return Finding(Severity.WARNING, "replica", sentence, "Activate it now, so that nothing is left to do.")


def _parity(params: ActivateUserPoolReplicaParams, context: StepContext) -> tuple[Finding, ...]:
    here = look(context, params.pool, context.place.standby) or {}
    try:
        there = look(context, params.pool, context.place.primary)
    except Unavailable as silent:
        sentence = f"The replica of {params.pool} could not be compared with its primary: {silent.sentence}."
        return (Finding(Severity.WARNING, "replica-parity", sentence, "Look again."),)
    findings: list[Finding] = []
    missing = sorted({*(there or {}).get("LambdaConfig", {})} - {*here.get("LambdaConfig", {})})
    if missing:
        sentence = f"The replica of {params.pool} lacks the triggers {', '.join(missing)}, which are not replicated."
        findings.append(Finding(Severity.ERROR, "replica-triggers", sentence, "Set them in the standby."))
    if ((there or {}).get("IssuerConfiguration") or {}).get("Type") != _UPDATES_ISSUER:
        sentence = f"User pool {params.pool} issues tokens under its region's own name, so they are not good elsewhere."
        fix = "Change its issuer to UPDATED well ahead, and let applications accept the new one first."
        findings.append(Finding(Severity.ERROR, "replica-issuer", sentence, fix))
    return tuple(findings)


def _arn(params: ActivateUserPoolReplicaParams, place: Place, region: str) -> str:
    return place.arn("cognito-idp", f"userpool/{params.pool}", region=region)


KIND = ActivateUserPoolReplica()
