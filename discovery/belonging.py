"""What belongs to an application: by its name, by a tag, by a Terraform state, or reached from what belongs.

A name is never compared letter by letter: case and separators are left out, so `MegaTicket-Web-ASG` belongs to
`megaticket`. What is reached is reached by what AWS itself says of two resources, and never by chance: a load balancer
that was only reached does not bring in whatever else stands behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from discovery.resource import Kind, Resource
from discovery.settings import TAG_KEYS
from discovery.terraform import State

_OUR_OWN = re.compile(r"^/?pilotlight[-/]")


@dataclass(frozen=True)
class Application:
    """How an application is known: its name, further names that belong to it, its state, what bears its tag."""

    name: str
    also: tuple[str, ...] = ()
    state: State = field(default_factory=State)
    tagged: Mapping[str, str] = field(default_factory=dict)

    def claims(self, resource: Resource) -> str:
        """Why a resource belongs by itself; nothing if it does not."""
        if is_our_own(resource):
            return ""
        called = self.state.name_of(resource.arn, resource.name)
        if called:
            return f"Terraform holds it as {called}"
        for known in (self.name, *self.also):
            # The name of a mapping is a UUID, which may spell any word by chance.
            if resource.kind is not Kind.MAPPING and squeezed(known) in squeezed(resource.name):
                return f"its name contains {known}"
            called = next((c for c in resource.facts.get("called", ()) if squeezed(known) in squeezed(c)), "")
            if called:
                return f"it goes with {called}"
        tag = self.tagged.get(resource.arn) or next(
            (f"{k}={self.name}" for k in TAG_KEYS if resource.tags.get(k) == self.name), ""
        )
        return f"it bears the tag {tag}" if tag else ""


def is_our_own(resource: Resource) -> bool:
    """Whether Pilotlight made it. It makes no records, and an application may well have a domain of such a name."""
    return resource.kind is not Kind.RECORD and bool(_OUR_OWN.match(resource.name))


def squeezed(name: str) -> str:
    """A name without what people separate words with."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def claimed(application: Application, everything: Iterable[Resource]) -> list[Resource]:
    """Everything, with the reason on what belongs by itself."""
    return [replace(resource, because=application.claims(resource)) for resource in everything]


def reached(everything: Sequence[Resource]) -> list[Resource]:
    """Everything, with the reason on what is reached from something that belongs, however far."""
    by_themselves = {r.key for r in everything if r.because}
    known = list(everything)
    while True:
        belonging = [r for r in known if r.because]
        more = {
            r.key: why
            for r in known
            if not r.because and (why := next(_ways(r, belonging, by_themselves), "")) and not is_our_own(r)
        }
        if not more:
            return known
        known = [replace(r, because=more[r.key]) if r.key in more else r for r in known]


def _ways(it: Resource, belonging: Sequence[Resource], by_themselves: set[tuple[Kind, str, str]]) -> Iterator[str]:
    """The ways that lead to a resource, as sentences about it."""
    for other in belonging:
        if it.kind in (Kind.DATABASE, Kind.AURORA):
            yield from _to_database(it, other)
        elif it.kind in (Kind.CLUSTER, Kind.NODES) and _is_of(it, other):
            yield f"{other.name} is part of it" if it.kind is Kind.CLUSTER else f"it is part of {other.name}"
        elif it.kind is Kind.DISTRIBUTION and _is_origin(other, it):
            yield f"{other.name} is an origin of it"
        elif _is_joined(it, other) or (other.key in by_themselves and _is_joined(other, it)):
            yield f"{other.name} leads to it"
        elif it.kind is Kind.RECORD and other.facts.get("host", other.name) in it.facts["leads"]:
            yield f"it leads to {other.name}"
        elif it.kind in (Kind.PARAMETER, Kind.SECRET) and it.region == other.region and _is_told(it, other):
            yield f"tasks of {other.name} read it"


def _to_database(it: Resource, other: Resource) -> Iterator[str]:
    if it.kind is other.kind is Kind.AURORA and it.facts["global"] == other.facts["global"] != "":
        yield f"global database {it.facts['global']} joins it with {other.name}"
    if it.kind is other.kind is Kind.DATABASE and is_source(it, other):
        yield f"{other.name} is its replica"
    if it.kind is other.kind is Kind.DATABASE and is_source(other, it):
        yield f"it is a replica of {other.name}"
    address = it.facts["address"]
    if address and any(address in value for value in other.facts.get("told", ())):
        yield f"tasks of {other.name} are told its endpoint"


def is_source(source: Resource, replica: Resource) -> bool:
    """Whether a database replicates another one: RDS says an ARN abroad and an identifier at home."""
    said = replica.facts["source"]
    return bool(said) and (said == source.arn or (said == source.name and source.region == replica.region))


def _is_of(one: Resource, other: Resource) -> bool:
    """Whether one of the two is a cluster and the other a node group of it."""
    group, cluster = (one, other) if one.kind is Kind.NODES else (other, one)
    here = (group.kind, cluster.kind, group.region) == (Kind.NODES, Kind.CLUSTER, cluster.region)
    return here and group.facts["cluster"] == cluster.name


def _is_origin(it: Resource, distribution: Resource) -> bool:
    """Whether a distribution asks a load balancer, or a bucket by one of its names."""
    hosts = distribution.facts["origins"].values()
    if it.kind is Kind.BUCKET:
        return any(host.startswith((f"{it.name}.s3.", f"{it.name}.s3-")) for host in hosts)
    return it.kind is Kind.BALANCER and it.facts["host"] in hosts


def _is_joined(it: Resource, other: Resource) -> bool:
    """Whether a target group is used by what serves, or a load balancer stands before a target group."""
    if it.kind is Kind.TARGET_GROUP:
        return it.arn in other.facts.get("target_groups", ())
    return it.kind is Kind.BALANCER and other.kind is Kind.TARGET_GROUP and it.arn in other.facts["balancers"]


def _is_told(it: Resource, service: Resource) -> bool:
    """Whether a task definition names it: a secret by its ARN, with what follows; a parameter by ARN or by name."""
    names = service.facts.get("reads", ())
    if it.kind is Kind.SECRET:
        return any(name.startswith(it.arn) for name in names)
    return any(name == it.name or name.endswith(f":parameter/{it.name.lstrip('/')}") for name in names)
