"""The standby of MegaTicket for the tests of `scale_auto_scaling_group`: a group without instances, two target groups.

The second target group stands for what `/api/*` leads to: an instance has to answer at both ports.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pilotlight.domain.life import StepState
from pilotlight.domain.step import CannotUndo, Failed, Pending, Receipt, Settled, Undone
from pilotlight.steps.scale_auto_scaling_group import KIND, ScaleAutoScalingGroupParams
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.autoscaling import AutoScaling
from rehearsal.services.autoscaling_groups import AutoScalingGroup
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ec2_images import Image
from rehearsal.services.ec2_launching import LaunchTemplate
from rehearsal.services.elbv2 import Elbv2, HealthChecks, TargetGroup
from rehearsal.virtual_time import VirtualTime
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World
from tests.steps.conftest import PLACE, Bench

TOKYO = PLACE.standby
NAME, WEB, API = "MegaTicket-DR-Web-ASG", "MegaTicket-DR-Web-TG", "MegaTicket-DR-Api-TG"
KEY = "megaticket-tokyo-keypair"
UPDATE, RESUME, SUSPEND = (
    f"autoscaling:{o}" for o in ("UpdateAutoScalingGroup", "ResumeProcesses", "SuspendProcesses")
)
MEGATICKET = {"group": NAME, "minimum": 2, "maximum": 3, "desired": 2}


def params(**differences: Any) -> ScaleAutoScalingGroupParams:
    return ScaleAutoScalingGroupParams.model_validate({**MEGATICKET, **differences})


@dataclass
class Standby:
    """The standby of MegaTicket on the bench."""

    bench: Bench
    ec2: Ec2
    balancing: Elbv2
    group: AutoScalingGroup
    image: Image
    template: LaunchTemplate

    @property
    def web(self) -> TargetGroup:
        return self.group.groups[0]

    @property
    def sizes(self) -> tuple[int, int, int]:
        return (self.group.minimum, self.group.maximum, self.group.desired)

    def live(self, **differences: Any) -> StepState:
        return self.bench.live(KIND, params(**differences))

    def execute(self, **differences: Any) -> Receipt:
        done = self.bench.inside(lambda: KIND.execute(params(**differences), self.bench.context()))
        assert isinstance(done, Receipt)
        return done

    def verify(self, receipt: Receipt, **differences: Any) -> Settled | Pending | Failed:
        return self.bench.inside(lambda: KIND.verify(params(**differences), receipt, self.bench.context()))

    def undo(self, receipt: Receipt | None, **differences: Any) -> Undone | CannotUndo:
        assert receipt is not None
        return self.bench.inside(lambda: KIND.undo(params(**differences), receipt, self.bench.context()))

    def reasons(self) -> list[str]:
        return list(dict.fromkeys(state.reason for state in self.bench.states))

    def suspend(self, *processes: str) -> None:
        self.group.suspended |= dict.fromkeys(processes, "User suspended at 2026-11-01T00:00:00Z")

    def later(self, seconds: float, work: Any) -> None:
        self.bench.world.time.spawn(work, name="somebody", delay_seconds=seconds)

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


def stand(
    bench: Bench, *, sizes: tuple[int, int, int] = (0, 3, 0), target_groups: tuple[str, ...] = (WEB, API)
) -> Standby:
    ec2, balancing = bench.aws.service(Ec2), bench.aws.service(Elbv2)
    balancer = balancing.add_load_balancer(TOKYO, "MegaTicket-DR-ALB")
    behind = [
        balancing.add_target_group(
            TOKYO, name, balancer, port=port, target_type="instance", checks=HealthChecks(30, 2, 5)
        )
        for name, port in zip(target_groups, (3000, 3001), strict=False)
    ]
    ec2.add_key_pair(TOKYO, KEY)
    image = ec2.add_image(TOKYO)
    made_of = {"key_name": KEY, "user_data": "#!/bin/bash\nexport DR_RECOVERY_MODE=true\n"}
    template = ec2.add_template(TOKYO, "MegaTicket-DR-Web-LT", image, **made_of)
    subnets = tuple(ec2.add_subnet(TOKYO, f"{TOKYO}{zone}") for zone in "ac")
    group = bench.aws.service(AutoScaling).add_group(TOKYO, NAME, template, subnets, *behind, sizes=sizes)
    bench.world.time.sleep(3600)
    return Standby(bench, ec2, balancing, group, image, template)


def took(state: StepState) -> timedelta:
    assert state.started is not None
    assert state.finished is not None
    return state.finished - state.started
