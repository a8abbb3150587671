"""What a drilled application tries that it must not: everything of production that its plan names, and third parties.

It runs the application's own code, which knows production's names. So each write is tried under its task role, and each
connection from where its tasks stand; one that goes through breaks the promise that a drill cannot touch production.
"""

from __future__ import annotations

from collections.abc import Iterator

from pilotlight import requirements
from pilotlight.domain.plan import Plan
from pilotlight.requirements.bucket_replicated import BucketParams
from pilotlight.steps import kind_and_params
from pilotlight.steps.copy_ecs_service import CopyEcsServiceParams
from pilotlight.steps.fence_security_group import FenceSecurityGroupParams
from pilotlight.steps.promote_replica import PromoteReplicaParams
from pilotlight.steps.scale_ecs_service import ScaleEcsServiceParams
from pilotlight.steps.swap_configuration import SwapConfigurationParams
from pilotlight.steps.take_over_tables import TakeOverTablesParams
from rehearsal.drilled_application import Attempt, Connection, let_application_act
from rehearsal.invariants import InvariantBroken
from rehearsal.scene import AnyScene, Scene
from rehearsal.services.ecs import Ecs
from rehearsal.services.ecs_tasks import TaskStatus

_DENIED = ("AccessDenied", "AccessDeniedException", "blocked")
_LOOKS_EVERY_SECONDS = 5.0
_SOMEBODY_ELSE = "203.0.113.7"


def let_it_try(whole: Scene, drill: AnyScene, tried: list[str]) -> None:
    """As soon as a task of a copy runs, let its application try all of it, once; what was tried is noted by name.

    Raises `InvariantBroken` at the first attempt that goes through.
    """
    copies = [
        params.copy_as
        for _, params in map(kind_and_params, drill.plan.steps().values())
        if isinstance(params, CopyEcsServiceParams)
    ]

    def look() -> None:
        for service in whole.account.aws.service(Ecs).ecs_services:
            if tried or service.name not in copies or not service.count(TaskStatus.RUNNING):
                continue
            tries = tuple(forbidden(whole.plan))
            tried.extend(str(each) for each in tries)
            for outcome in let_application_act(whole.account.aws, service, tries, whole.account.roles):
                if outcome.refusal not in _DENIED:
                    raise InvariantBroken(
                        f"The drilled application could do {outcome.tried}: it was not denied, but answered "
                        f"'{outcome.refusal or 'yes'}'."
                    )

    whole.world.time.every(_LOOKS_EVERY_SECONDS, look, name="the drilled application tries")


def forbidden(plan: Plan) -> Iterator[Attempt | Connection]:
    """What an application of this plan must not do while it is drilled."""
    primary, standby = plan.regions.primary, plan.regions.standby
    for _, params in map(kind_and_params, plan.steps().values()):
        match params:
            case PromoteReplicaParams():
                yield Attempt("rds", "DeleteDBInstance", standby, _instance(params.replica))
                yield Attempt("rds", "DeleteDBInstance", primary, _instance(params.source))
            case ScaleEcsServiceParams():
                wanted = {"cluster": params.cluster, "service": params.service, "desiredCount": 9}
                yield Attempt("ecs", "UpdateService", standby, wanted)
            case SwapConfigurationParams():
                for name in params.parameters:
                    yield Attempt("ssm", "PutParameter", standby, {"Name": name, "Value": "x", "Overwrite": True})
            case TakeOverTablesParams():
                for table in params.tables:
                    item = {"TableName": table, "Item": {"id": {"S": "drill"}}}
                    yield from (Attempt("dynamodb", "PutItem", region, item) for region in (primary, standby))
            case FenceSecurityGroupParams():
                yield from (Connection("10.0.0.9", 3306, (group,)) for group in params.security_groups)
            case _:
                pass
    yield from _into_buckets(plan)
    yield Connection(_SOMEBODY_ELSE, 443)


def _into_buckets(plan: Plan) -> Iterator[Attempt]:
    primary, standby = plan.regions.primary, plan.regions.standby
    for requirement in plan.requirements:
        _, asked = requirements.kind_and_params(requirement)
        if isinstance(asked, BucketParams):
            yield Attempt("s3", "PutObject", primary, {"Bucket": asked.bucket, "Key": "drill", "Body": b"x"})
            yield Attempt("s3", "PutObject", standby, {"Bucket": asked.destination, "Key": "drill", "Body": b"x"})


def _instance(name: str) -> dict[str, object]:
    return {"DBInstanceIdentifier": name, "SkipFinalSnapshot": True}
