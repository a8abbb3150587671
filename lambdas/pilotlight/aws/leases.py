"""Leases: who may act for an application, and for each writer that it moves.

A lease names its holder, a run, and an epoch that every grant raises and nothing lowers. Whoever reads a higher epoch
than its own knows that it was replaced. All leases that a run needs are granted in one transaction, or none is: two
plans that share a writer never hold half of it each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pilotlight.domain.errors import Changed
from pilotlight.domain.lease import partition_of
from pilotlight.domain.ports import Put, Table

_SORT = "lease"


@dataclass(frozen=True)
class Lease:
    """Who may act for a subject: `holder` is a run, or empty; `epoch` rises with every grant."""

    subject: str
    holder: str
    execution_arn: str
    epoch: int
    granted: str
    version: int


class Leases:
    """The leases in the control table, by subject: the name of an application, or the ARN of a writer."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, subject: str) -> Lease:
        """The lease of a subject; an epoch of 0 was never granted."""
        item = self._table.read(partition_of(subject), _SORT)
        if item is None:
            return Lease(subject, "", "", 0, "", 0)
        return Lease(subject, item["holder"], item["execution_arn"], item["epoch"], item["granted"], item["version"])

    def seen(self, subjects: Iterable[str]) -> tuple[Lease, ...]:
        """The leases of some subjects, in the order of their names."""
        return tuple(self.of(subject) for subject in sorted(set(subjects)))

    def grant(self, seen: Iterable[Lease], holder: str, execution_arn: str, now: datetime) -> Mapping[str, int]:
        """Give all these leases to a run, each in its next epoch; the epochs by subject.

        Raises `Changed`, and grants none, if somebody else got one of them since it was seen.
        """
        wanted = sorted(seen, key=lambda lease: lease.subject)
        puts = [
            Put(
                partition_of(lease.subject),
                _SORT,
                _item(holder, execution_arn, lease.epoch + 1, now.isoformat()),
                lease.version,
            )
            for lease in wanted
        ]
        self._table.put_all(puts)
        return {lease.subject: lease.epoch + 1 for lease in wanted}

    def release(self, subjects: Iterable[str], holder: str) -> None:
        """Give up those of these leases that this run still holds; the epochs stay.

        Another copy may do the same at this moment. Raises `Changed` where one is still held after that.
        """
        for lease in self.seen(subjects):
            if lease.holder == holder:
                self._release(lease)

    def _release(self, lease: Lease) -> None:
        item = _item("", "", lease.epoch, lease.granted)
        try:
            self._table.replace(partition_of(lease.subject), _SORT, item, version=lease.version)
        except Changed:
            if self.of(lease.subject).holder == lease.holder:
                raise

    def lost_by(self, holder: str, epochs: Mapping[str, int]) -> Lease | None:
        """The first lease that a run does not hold in its own epoch any more; None while it holds them all."""
        for lease in self.seen(epochs):
            if lease.holder != holder or lease.epoch != epochs[lease.subject]:
                return lease
        return None


def _item(holder: str, execution_arn: str, epoch: int, granted: str) -> dict[str, object]:
    return {"holder": holder, "execution_arn": execution_arn, "epoch": epoch, "granted": granted}
