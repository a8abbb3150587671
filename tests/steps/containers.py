"""The standby of FileFlow for the tests of `scale_ecs_service`: a service without tasks behind a load balancer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pilotlight.domain.life import StepState
from pilotlight.domain.step import CannotUndo, Receipt, Undone
from pilotlight.steps.scale_ecs_service import KIND, ScaleEcsServiceParams
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.application_autoscaling import ApplicationAutoScaling
from rehearsal.services.ecs import Ecs
from rehearsal.services.ecs_scheduler import EcsService
from rehearsal.services.elbv2 import Elbv2, HealthChecks, TargetGroup
from rehearsal.virtual_time import VirtualTime
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World
from tests.steps.conftest import PLACE, Bench

TOKYO = PLACE.standby
IMAGE = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/fileflow:prod"
SECRET = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:fileflow-db"
REGISTER, UPDATE = "application-autoscaling:RegisterScalableTarget", "ecs:UpdateService"
FILEFLOW = {"cluster": "fileflow-dr-cluster", "service": "fileflow-dr-service", "tasks": 4}


def params(**differences: Any) -> ScaleEcsServiceParams:
    return ScaleEcsServiceParams.model_validate({**FILEFLOW, **differences})


@dataclass
class Standby:
    """The standby of FileFlow on the bench."""

    bench: Bench
    ecs: Ecs
    balancing: Elbv2
    autoscaling: ApplicationAutoScaling
    service: EcsService

    @property
    def group(self) -> TargetGroup:
        return self.service.groups[0]

    def bounds(self) -> list[tuple[int, int]]:
        return [(t.minimum, t.maximum) for t in self.autoscaling.targets]

    def live(self, **differences: Any) -> StepState:
        return self.bench.live(KIND, params(**differences))

    def execute(self, **differences: Any) -> Receipt:
        done = self.bench.inside(lambda: KIND.execute(params(**differences), self.bench.context()))
        assert isinstance(done, Receipt)
        return done

    def undo(self, receipt: Receipt | None) -> Undone | CannotUndo:
        assert receipt is not None
        return self.bench.inside(lambda: KIND.undo(params(), receipt, self.bench.context()))

    def reasons(self) -> list[str]:
        return list(dict.fromkeys(state.reason for state in self.bench.states))

    def refuse(self, service: str, operation: str, code: str, *, status: int = 400, times: int = 1) -> None:
        """AWS answers the next calls of an operation with an error."""
        model, left = self.bench.aws.services[service], [times]
        answer = model.answer

        def refuse_or_answer(call: Call) -> Any:
            if call.operation == operation and left[0]:
                left[0] -= 1
                raise ServiceError(code, "as the test wants it", status)
            return answer(call)

        model.answer = refuse_or_answer  # type: ignore[method-assign]


@contextmanager
def bench_of(seed: int) -> Iterator[Bench]:
    """A bench in a world of its own, whose durations are others than those of the fixture."""
    world = World(VirtualTime(datetime(2026, 11, 21, 1, 0, tzinfo=UTC)), seed=seed, account=PLACE.account)
    with EmbeddedAws(world) as aws:
        yield Bench(world, aws)


def stand(bench: Bench, *, desired: int = 0, groups: int = 1, drain: float = 30) -> Standby:
    ecs, balancing = bench.aws.service(Ecs), bench.aws.service(Elbv2)
    autoscaling = bench.aws.service(ApplicationAutoScaling)
    balancer = balancing.add_load_balancer(TOKYO, "fileflow-dr")
    named = [
        balancing.add_target_group(
            TOKYO, name, balancer, checks=HealthChecks(10, 2, 2), deregistration_delay_seconds=drain
        )
        for name in ("fileflow-dr-tg", "fileflow-dr-internal")[:groups]
    ]
    definition = ecs.add_task_definition(TOKYO, "fileflow", IMAGE, secrets={"DB_PASSWORD": SECRET})
    service = ecs.add_service(TOKYO, "fileflow-dr-cluster", "fileflow-dr-service", definition, *named, desired=desired)
    bench.world.time.sleep(3600)
    return Standby(bench, ecs, balancing, autoscaling, service)


def took(state: StepState) -> timedelta:
    assert state.started is not None
    assert state.finished is not None
    return state.finished - state.started
