"""A planned failover: the primary is well, a person wants to leave it, and nothing may be lost."""

from __future__ import annotations

from pilotlight.domain.run import Outcome
from rehearsal.operators import heeding, start_planned
from rehearsal.scenarios.scenario import Scenario, steps_of
from rehearsal.scene import Scene
from rehearsal.services.rds import Rds
from rehearsal.wire import Call


def _lag_lost_behind_the_fence(scene: Scene) -> None:
    """Each replica stops reporting its lag in the moment in which the primary's database is closed."""
    steps_of(scene, "fence_security_group")

    def lose(call: Call, _: str) -> None:
        if call.operation == "RevokeSecurityGroupIngress":
            for step in steps_of(scene, "promote_replica"):
                scene.account.aws.service(Rds).lose_lag(scene.plan.regions.standby, str(step["replica"]))

    scene.account.aws.before_call.append(lose)
    start_planned(scene)


SCENARIOS = (
    Scenario(
        "planned",
        "Nothing is wrong: a person asks for a planned failover, which drains the standby and loses nothing.",
        Outcome.RECOVERED,
        start_planned,
        company=lambda plan: (heeding(plan),),
    ),
    Scenario(
        "planned-not-drained",
        "A planned failover closes the primary, and the replica's lag is not reported: the primary is given back.",
        Outcome.BLOCKED,
        _lag_lost_behind_the_fence,
        company=lambda plan: (heeding(plan),),
    ),
)
