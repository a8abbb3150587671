"""The records of a rehearsal's application, as its plan says they are, and which region their users reach.

A record that looks at the latch alone leads to the standby once the latch is on. One that joins the primary's own
health has a maintenance page behind it: SECONDARY leads to a second pair, whose PRIMARY is the page for as long as the
latch is off, and whose SECONDARY is the standby.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from deployment.latch import KIND, latch_check, metric_check, object_check
from deployment.resources import CalculatedHealthCheck, HealthCheck
from pilotlight.domain.plan import Plan
from pilotlight.domain.step import Standing
from pilotlight.domain.traffic import PrimaryCheck, TrafficRecord
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.route53 import Route53
from rehearsal.services.route53_records import PRIMARY, SECONDARY, Record
from rehearsal.world import World

STANDBY_BALANCER = "the standby's load balancer"
MAINTENANCE_PAGE = "the maintenance page"


def furnish_records(world: World, plan: Plan, standing: list[Standing], checks: list[HealthCheck]) -> None:
    """Make the records of a plan whose traffic a latch holds; `checks` are those of the primary's own health."""
    if plan.traffic is None or KIND not in {step.kind for step in plan.steps().values()}:
        return
    route53, regions = world.model(Route53), plan.regions
    primary = plan.signals.probe.connect_to or urlsplit(plan.signals.probe.url).hostname or ""
    standby = _standby_balancer(plan, standing)
    elbv2 = world.model(Elbv2)
    route53.records.balancers.update(
        {
            primary: lambda: int(not world.is_dark(regions.primary)),
            standby: lambda: sum(g.healthy_count for g in elbv2.target_groups if g.region == regions.standby),
            MAINTENANCE_PAGE: lambda: 1,
        }
    )
    for record in plan.traffic.records:
        for made in _pair(plan.application, record, primary, standby):
            route53.records.put(made)
    if any(record.primary_check is PrimaryCheck.JOINED for record in plan.traffic.records):
        children = (metric_check(plan.application), object_check(plan.application), *(check.name for check in checks))
        route53.calculate(CalculatedHealthCheck(_joined(plan.application), children, "The latch and the primary."))


def region_of_users(world: World, plan: Plan, name: str) -> str:
    """The region that users of a name reach at this moment; the maintenance page is in neither."""
    target = world.model(Route53).records.resolve(name)
    primary = plan.signals.probe.connect_to or urlsplit(plan.signals.probe.url).hostname
    if target == MAINTENANCE_PAGE:
        return MAINTENANCE_PAGE
    return plan.regions.primary if target == primary else plan.regions.standby


def _standby_balancer(plan: Plan, standing: list[Standing]) -> str:
    asked = [s.facts["host"] for s in standing if s.service == "internet" and s.region == plan.regions.standby]
    return str(asked[0]) if asked else STANDBY_BALANCER


def _joined(application: str) -> str:
    return f"{latch_check(application)}-joined"


def _pair(application: str, record: TrafficRecord, primary: str, standby: str) -> list[Record]:
    latch = latch_check(application)
    if record.primary_check is PrimaryCheck.LATCH:
        return [Record(record.name, PRIMARY, primary, latch), Record(record.name, SECONDARY, standby)]
    held = f"held.{record.name}"
    return [
        Record(record.name, PRIMARY, primary, _joined(application)),
        Record(record.name, SECONDARY, held),
        Record(held, PRIMARY, MAINTENANCE_PAGE, latch),
        Record(held, SECONDARY, standby),
    ]
