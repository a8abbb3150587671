"""Those who look at a plan's primary, as a history names them and as the detector does."""

from __future__ import annotations

from dataclasses import dataclass

from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.plan import HEALTH_CHECK_REGION, Plan
from pilotlight.domain.signals import BACKBONE, INSIDE, INTERNET, Subject, Vantage
from pilotlight.domain.watching import probe_in, region_look_from

HEALTH_CHECK = "health_check"
"""The observer that is an alarm on a metric of Route 53, so that a history may hold either of the two."""


@dataclass(frozen=True)
class Observer:
    """One who looks. `id` is its name in a history, `name` in the sentences of the detector.

    `alarm` is the alarm whose state it is, empty for one that looks itself.
    """

    id: str
    name: str
    vantage: Vantage
    alarm: str = ""
    subject: Subject = Subject.APPLICATION
    counts: bool = True
    first_hand: bool = False


def observers_of(plan: Plan) -> tuple[Observer, ...]:
    """Everybody who looks at a plan's primary; raises `PlanRefused` where two alarms have one name."""
    deciding, own = plan.health_check_alarm, [alarm.name for alarm in plan.signals.alarms]
    if deciding in own:
        raise PlanRefused(
            f"Alarm {deciding} decides in {HEALTH_CHECK_REGION} and stands in {plan.regions.primary} too, and the "
            "history of alarms names no region; give one of the two another name."
        )
    first = Observer(HEALTH_CHECK, f"Alarm {deciding}", Vantage(HEALTH_CHECK_REGION, INTERNET), deciding)
    inside = Vantage(plan.regions.primary, INSIDE)
    alarms = (Observer(f"alarm:{name}", f"Alarm {name}", inside, name, counts=False) for name in own)
    return (first, *_looking_themselves(plan), *alarms)


def _looking_themselves(plan: Plan) -> tuple[Observer, ...]:
    """The probes, their looks at the primary's region itself, and the region's heartbeat."""
    regions = plan.regions
    roles = {"standby": regions.standby} | ({"witness": regions.witness} if regions.witness else {})
    probes = (
        Observer(f"probe_{role}", probe_in(role), Vantage(region, INTERNET), first_hand=True)
        for role, region in roles.items()
    )
    looks = (
        Observer(
            f"region_{role}",
            region_look_from(role, regions.primary),
            Vantage(region, BACKBONE),
            subject=Subject.REGION,
            counts=False,
            first_hand=True,
        )
        for role, region in roles.items()
    )
    heartbeat = Observer(
        "heartbeat",
        f"The heartbeat of {regions.primary}",
        Vantage(regions.standby, BACKBONE),
        subject=Subject.REGION,
        counts=False,
    )
    return (*probes, *looks, heartbeat)
