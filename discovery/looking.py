"""One look at an account: everything is listed in both regions, and what belongs to the application is looked into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from discovery import aurora, clusters, data, edge, events, identity, serving, settings
from discovery.belonging import Application, claimed, reached
from discovery.pairing import Pair, pairs
from discovery.reading import Reading
from discovery.resource import Kind, Resource
from discovery.terraform import State


@dataclass(frozen=True)
class Found:
    """What belongs to an application, with what could not be read and what was seen and not taken."""

    application: str
    account: str
    primary: str
    standby: str
    state: State
    resources: tuple[Resource, ...]
    not_taken: tuple[Resource, ...] = ()
    checks: tuple[Any, ...] = ()
    certified: frozenset[str] = frozenset()
    gaps: tuple[str, ...] = ()

    def of(self, kind: Kind, region: str | None = None) -> list[Resource]:
        """The resources of a kind, in a region or anywhere."""
        return [r for r in self.resources if r.kind is kind and region in (None, r.region)]

    def fronts(self, region: str) -> list[Resource]:
        """The load balancers of a region: first those that records lead to, then those that listen."""
        led = {target for record in self.of(Kind.RECORD) for target in record.facts["leads"]}
        return sorted(self.of(Kind.BALANCER, region), key=lambda b: (b.facts["host"] not in led, not b.facts["ports"]))

    def pairs(self, kind: Kind) -> list[Pair]:
        """The resources of a kind, each with the one that takes over from it."""
        return pairs(self.of(kind, self.primary), self.of(kind, self.standby), self.state)


def discover(reading: Reading, application: Application, account: str, primary: str, standby: str) -> Found:
    """Look at an application in two regions; what AWS does not show becomes a gap."""
    regions = (primary, standby)
    tagged = {arn: tag for r in regions for arn, tag in settings.tagged(reading, r, application.name).items()}
    listed = claimed(replace(application, tagged=tagged), _everything(reading, account, regions))
    known = reached(_with_what_tasks_are_told(reading, listed))
    known = _without_groups_of_nodes(known)
    mine = [_closer(reading, r, primary, standby) for r in known if r.because]
    mine += [within for r in mine for within in _inside(reading, r, standby)]
    hosts = [r.facts["host"] for r in mine if r.kind is Kind.BALANCER and r.region == primary]
    return Found(
        application.name,
        account,
        primary,
        standby,
        application.state,
        tuple(mine),
        tuple(_not_taken(known, primary, standby)),
        tuple(serving.checks_of(reading, hosts)),
        frozenset(settings.certified(reading, standby)),
        tuple(reading.gaps),
    )


def _everything(reading: Reading, account: str, regions: Sequence[str]) -> Iterator[Resource]:
    for region in regions:
        yield from data.databases(reading, region)
        yield from data.tables(reading, region, account)
        yield from aurora.clusters(reading, region)
        yield from data.caches(reading, region)
        yield from serving.services(reading, region)
        yield from serving.groups(reading, region)
        yield from serving.balancers(reading, region)
        yield from serving.target_groups(reading, region)
        yield from settings.parameters(reading, region)
        yield from settings.secrets(reading, region)
        yield from clusters.clusters(reading, region)
        yield from identity.pools(reading, region)
        yield from events.mappings(reading, region)
        yield from events.rules(reading, region)
        yield from events.schedules(reading, region)
    yield from data.database_groups(reading, regions[1])
    yield from data.for_caches(reading, regions[1])
    yield from data.buckets(reading)
    yield from serving.records(reading)
    yield from edge.distributions(reading)


def _with_what_tasks_are_told(reading: Reading, listed: Sequence[Resource]) -> list[Resource]:
    """Everything as it was, with what is told to the tasks of each service that belongs, or is reached."""
    serving_it = {r.key for r in reached(listed) if r.kind is Kind.SERVICE and r.because}
    found = []
    for resource in listed:
        if resource.key in serving_it:
            reads, told = serving.told_to_tasks(reading, resource)
            found.append(replace(resource, facts={**resource.facts, "reads": reads, "told": told}))
        else:
            found.append(resource)
    return found


def _closer(reading: Reading, resource: Resource, primary: str, standby: str) -> Resource:
    """A resource with what is asked only of those that belong."""
    at_home = resource.region == primary
    more: dict[str, Any] = {}
    match resource.kind:
        case Kind.TABLE:
            more = {"replicas": data.replicas_of(reading, resource)}
        case Kind.BUCKET if at_home:
            more = {"destination": data.destination_of(reading, resource)}
        case Kind.SCHEDULE:
            more = {"role": events.role_of(reading, resource)}
        case Kind.CLUSTER if not at_home:
            more = {"add_ons": clusters.add_ons_of(reading, resource)}
        case Kind.DISTRIBUTION:
            more = {"seconds": edge.fails_over_to(reading, resource)}
        case Kind.BALANCER:
            more = {"ports": serving.ports_of(reading, resource)}
        case Kind.DATABASE if at_home:
            more = {
                "opening": data.groups_that_open(reading, resource),
                "backups": data.backups_held(reading, standby, resource),
                "snapshots": data.snapshots_held(reading, standby, resource),
            }
        case _:
            pass
    return replace(resource, facts={**resource.facts, **more}) if more else resource


def _without_groups_of_nodes(known: Sequence[Resource]) -> list[Resource]:
    """All but the Auto Scaling groups behind node groups, which EKS alone may scale."""
    of_nodes = {(r.region, name) for r in known if r.kind is Kind.NODES for name in r.facts["scaled_by"]}
    return [r for r in known if r.kind is not Kind.GROUP or (r.region, r.name) not in of_nodes]


def _inside(reading: Reading, resource: Resource, standby: str) -> Iterator[Resource]:
    """What is inside of something that belongs, and belongs with it."""
    if resource.kind is Kind.CLUSTER and resource.region == standby:
        yield from clusters.config_maps(reading, resource)
    if resource.kind is Kind.POOL:
        yield from identity.clients_of(reading, resource)


def _not_taken(known: Sequence[Resource], primary: str, standby: str) -> Iterator[Resource]:
    """Databases with a replica in the standby that nothing ties to the application, which may write to them."""
    arns = {r.arn: r for r in known if r.kind is Kind.DATABASE and r.region == primary and not r.because}
    for replica in known:
        if replica.kind is Kind.DATABASE and replica.region == standby and replica.facts["source"] in arns:
            yield arns[replica.facts["source"]]
