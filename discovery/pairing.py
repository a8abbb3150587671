"""Which resource of the standby takes over from which of the primary, and why.

First what AWS itself says (a replica names its source), then Terraform (one resource written once for both regions),
then names without their marks of place and purpose (`-dr`, `tokyo`, `ap-northeast-1`, `prod`), then tags that say what
a resource is for, then what is left alone on both sides. Nothing is paired by a likeness that fits two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from discovery.belonging import is_source
from discovery.resource import Kind, Resource
from discovery.terraform import State

_CITIES = (
    "seoul", "tokyo", "osaka", "singapore", "sydney", "mumbai", "virginia", "ohio", "oregon", "california", "ireland",
    "london", "paris", "frankfurt", "stockholm", "milan", "zurich", "spain", "canada", "jakarta", "hongkong",
)  # fmt: skip
_MARKS = {
    "dr", "standby", "secondary", "backup", "failover", "replica", "primary", "main", "prod", "production", "prd",
    "live", *_CITIES,
}  # fmt: skip
_REGION = re.compile(
    r"(?<![a-z])[a-z]{2}(-gov)?-(north|south|east|west|central){1,2}-\d(?!\d)|\b(ap|us|eu|ca|sa|me|af|il)[nsewc]{1,2}\d\b"
)
_FOR = ("component", "Component", "role", "Role", "tier", "Tier", "service", "Service")
_ALIKE = 0.8
"""How alike two names without their marks must be: `orders-api` and `order-api` are."""


@dataclass(frozen=True)
class Pair:
    """Two resources, or one that has no other."""

    primary: Resource | None
    standby: Resource | None
    because: str = ""


def without_marks(name: str) -> str:
    """A name without what says only where it stands."""
    parts = re.split(r"[^a-z0-9]+", _REGION.sub("", name.lower()))
    return "-".join(part for part in parts if part and part not in _MARKS)


def pairs(primaries: Sequence[Resource], standbys: Sequence[Resource], state: State) -> list[Pair]:
    """Every resource of both sides, each once."""
    left, right, found = list(primaries), list(standbys), []
    for way in (_by_source, _by_terraform(state), _by_equal_names, _by_names, _by_tags, _by_being_alone):
        for one, other, because in list(way(left, right)):
            if one in left and other in right:
                found.append(Pair(one, other, because))
                left.remove(one)
                right.remove(other)
    return [*found, *(Pair(one, None) for one in left), *(Pair(None, other) for other in right)]


Match = tuple[Resource, Resource, str]
Way = Callable[[Sequence[Resource], Sequence[Resource]], Iterator[Match]]


def _by_source(left: Sequence[Resource], right: Sequence[Resource]) -> Iterator[Match]:
    for one in left:
        for other in right:
            if one.kind is Kind.DATABASE and is_source(one, other):
                yield one, other, f"RDS says that {other.name} replicates {one.name}"
            elif one.kind is Kind.TABLE and one.name == other.name and other.region in one.facts["replicas"]:
                yield one, other, f"DynamoDB lists {other.region} among the replicas of {one.name}"
            elif one.kind is Kind.AURORA and one.facts["global"] == other.facts["global"] != "":
                yield one, other, f"global database {one.facts['global']} joins the two"


def _by_terraform(state: State) -> Way:
    def match(left: Sequence[Resource], right: Sequence[Resource]) -> Iterator[Match]:
        def called(resource: Resource) -> str:
            return state.called.get(resource.arn, "")

        yield from _unique(left, right, called, lambda name: f"both are {name} in Terraform")

    return match


def _by_equal_names(left: Sequence[Resource], right: Sequence[Resource]) -> Iterator[Match]:
    yield from _unique(
        left, right, lambda r: without_marks(r.name), lambda name: f"both are {name}, marks of place aside"
    )


def _by_names(left: Sequence[Resource], right: Sequence[Resource]) -> Iterator[Match]:
    for one in left:
        alike = [other for other in right if _likeness(one, other) >= _ALIKE]
        if len(alike) == 1 and sum(_likeness(each, alike[0]) >= _ALIKE for each in left) == 1:
            yield one, alike[0], f"{one.name} and {alike[0].name} are named alike"


def _likeness(one: Resource, other: Resource) -> float:
    return SequenceMatcher(None, without_marks(one.name), without_marks(other.name)).ratio()


def _by_tags(left: Sequence[Resource], right: Sequence[Resource]) -> Iterator[Match]:
    for key in _FOR:
        yield from _unique(left, right, lambda r: r.tags.get(key, ""), lambda value: f"both bear the tag {key}={value}")  # noqa: B023  # consumed before the key changes


def _by_being_alone(left: Sequence[Resource], right: Sequence[Resource]) -> Iterator[Match]:
    if len(left) == len(right) == 1:
        yield left[0], right[0], f"each region has only one {left[0].kind} left"


def _unique(
    left: Sequence[Resource],
    right: Sequence[Resource],
    trait: Callable[[Resource], str],
    because: Callable[[str], str],
) -> Iterator[Match]:
    """Those that share a trait which nothing else on their side has."""
    for value in dict.fromkeys(trait(one) for one in left):
        ones, others = [r for r in left if trait(r) == value], [r for r in right if trait(r) == value]
        if value and len(ones) == len(others) == 1:
            yield ones[0], others[0], because(value)
