"""The records of a hosted zone, as Route 53 answers them.

A record is healthy unless its health check or, where it evaluates its target, its load balancer says otherwise. Of a
pair of failover records the PRIMARY is answered while it is healthy, else the SECONDARY while that is; where none is
healthy, the PRIMARY. A load balancer without registered targets is unhealthy (Route 53 Developer Guide, "How Route 53
chooses records when health checking is configured" and "Values specific for failover alias records").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

PRIMARY, SECONDARY, SIMPLE = "PRIMARY", "SECONDARY", ""


@dataclass(frozen=True)
class Record:
    """One record set that leads to a load balancer, or to another record, by its name.

    `failover` is PRIMARY, SECONDARY or empty; `check` is the name of a health check, or none.
    """

    name: str
    failover: str
    target: str
    check: str | None = None
    evaluates_target: bool = False


@dataclass
class Records:
    """The records of the account, and the load balancers that they lead to.

    Parameters: `is_healthy` gives the status of a health check by its name.
    """

    is_healthy: Callable[[str], bool]
    sets: list[Record] = field(default_factory=list)
    balancers: dict[str, Callable[[], int]] = field(default_factory=dict)
    """For each load balancer by its name, how many of its registered targets are healthy."""

    def put(self, record: Record) -> None:
        """Make a record, in place of the one of the same name and role."""
        self.sets = [r for r in self.sets if (r.name, r.failover) != (record.name, record.failover)]
        self.sets.append(record)

    def resolve(self, name: str) -> str:
        """The load balancer that a name leads to at this moment; raises AssertionError for a name that nobody made."""
        named = {record.failover: record for record in self.sets if record.name == name}
        if not named:
            assert name in self.balancers, f"There is no record {name} and no load balancer of that name."
            return name
        return self.resolve(self._answered(named).target)

    def _answered(self, named: dict[str, Record]) -> Record:
        if SIMPLE in named:
            return named[SIMPLE]
        for role in (PRIMARY, SECONDARY):
            if role in named and self._is_well(named[role]):
                return named[role]
        return named.get(PRIMARY) or named[SECONDARY]

    def _is_well(self, record: Record) -> bool:
        if record.check is not None and not self.is_healthy(record.check):
            return False
        return not record.evaluates_target or self._target_is_well(record.target)

    def _target_is_well(self, target: str) -> bool:
        named = {record.failover: record for record in self.sets if record.name == target}
        if named:
            # An alias of records is healthy as long as one of them is.
            return any(self._is_well(record) for record in named.values())
        return self.balancers[target]() > 0
