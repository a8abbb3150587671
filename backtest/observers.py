"""Those who look at a plan's primary, as a history names them and as the detector does."""

from __future__ import annotations

from dataclasses import dataclass

from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.plan import HEALTH_CHECK_REGION, Plan
from pilotlight.domain.signals import BACKBONE, INSIDE, INTERNET, PEERING, Subject, Vantage
from pilotlight.domain.watching import PROBE_INSIDE, VOICE, probe_in, region_look_from

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
    at_checkers, inside = Vantage(HEALTH_CHECK_REGION, INTERNET), Vantage(plan.regions.primary, INSIDE)
    first = (Observer(HEALTH_CHECK, f"Alarm {deciding}", at_checkers, deciding),) if deciding else ()
    alarms = (Observer(f"alarm:{name}", f"Alarm {name}", inside, name, counts=False) for name in own)
    return (*first, *_looking_themselves(plan), *alarms)


def _looking_themselves(plan: Plan) -> tuple[Observer, ...]:
    """The probes, their looks at the primary's region itself, and the region's heartbeat."""
    regions, path = plan.regions, PEERING if plan.network.private else INTERNET
    roles = {"standby": regions.standby} | ({"witness": regions.witness} if regions.witness else {})
    probes = (
        Observer(f"probe_{role}", probe_in(role), Vantage(region, path), first_hand=True)
        for role, region in roles.items()
        if plan.is_asked_from(role)
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
    return (*probes, *looks, heartbeat, *(_inside(plan) if plan.network.private else ()))


def _inside(plan: Plan) -> tuple[Observer, ...]:
    """The probe inside a private application's primary, and that it is heard, which speaks of the region."""
    regions = plan.regions
    heard = Observer("voice", VOICE, Vantage(regions.standby, BACKBONE), subject=Subject.REGION, counts=False)
    return (Observer("probe_inside", PROBE_INSIDE, Vantage(regions.primary, INSIDE), first_hand=True), heard)
