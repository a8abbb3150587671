"""The snapshots that the standby holds to fill a cache from: one by its name, or the newest of a series.

How far a snapshot reaches stands in its node snapshots (`SnapshotCreateTime` in botocore's model of NodeSnapshot): the
oldest of them counts. Snapshots are regional; what the primary takes each day is of use only once it was copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pilotlight.domain.durations import say_duration, say_elapsed
from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Finding, Severity, StepContext
from pilotlight.estate.snapshots import NewestSnapshot

AVAILABLE = "available"
_CODE = "cache-snapshot"


@dataclass(frozen=True)
class CacheSnapshot:
    """One snapshot, with the moment to which it reaches; None where that is unknown."""

    name: str
    status: str
    taken: datetime | None


def find_snapshot(context: StepContext, wanted: str | NewestSnapshot | None) -> str | None:
    """The name of the snapshot that a cache is to be filled from; None for an empty one.

    One that is named is given as it is: if it is missing, ElastiCache says so. Of a series the newest that is available
    is taken; where there is none the cache begins empty, since a cache without its data is better than none.
    """
    if not isinstance(wanted, NewestSnapshot):
        return wanted
    newest = _newest(context, wanted)
    return newest.name if newest else None


def snapshot_finding(context: StepContext, cache: str, wanted: str | NewestSnapshot) -> Finding:
    """Whether the snapshot is there, and not too old."""
    where = context.place.standby
    if isinstance(wanted, NewestSnapshot):
        return _of_series(context, cache, wanted)
    found = next((s for s in _read(context, SnapshotName=wanted) if s.name == wanted), None)
    if found and found.status == AVAILABLE:
        return Finding(Severity.FINE, _CODE, f"Snapshot {wanted} is available in {where}.")
    status = found.status if found else "missing"
    sentence = f"Cache {cache} cannot be created, because snapshot {wanted} is {status} in {where}."
    fix = "Copy the snapshot to the standby (they are regional), or leave snapshot out of the plan."
    return Finding(Severity.IMPOSSIBLE, _CODE, sentence, fix)


def _of_series(context: StepContext, cache: str, wanted: NewestSnapshot) -> Finding:
    where, newest = context.place.standby, _newest(context, wanted)
    fix = "See why no newer one is copied there (snapshots are regional)."
    if newest is None:
        sentence = f"Cache {cache} would begin empty, because {where} has no available snapshot {wanted.named}*."
        return Finding(Severity.WARNING, _CODE, sentence, fix)
    if newest.taken is None:
        sentence = f"How old snapshot {newest.name} in {where} is, is unknown."
        return Finding(Severity.WARNING, _CODE, sentence, fix)
    age = context.now - newest.taken
    said = f"Snapshot {newest.name}, the newest of its series in {where}, is {say_elapsed(age.total_seconds())} old"
    if age > wanted.no_older_than:
        return Finding(Severity.WARNING, _CODE, f"{said}, more than {say_duration(wanted.no_older_than)}.", fix)
    return Finding(Severity.FINE, _CODE, f"{said}.")


def _newest(context: StepContext, wanted: NewestSnapshot) -> CacheSnapshot | None:
    """The newest of a series that is available; one of unknown age only where there is no other."""
    fitting = [s for s in _read(context) if s.name.startswith(wanted.named) and s.status == AVAILABLE]
    dated = [(s.taken, s) for s in fitting if s.taken]
    if dated:
        return max(dated, key=lambda pair: pair[0])[1]
    return fitting[0] if fitting else None


def _read(context: StepContext, **filters: str) -> Iterator[CacheSnapshot]:
    """Snapshots page by page; none where ElastiCache knows none."""
    page: dict[str, Any] = dict(filters)
    while True:
        try:
            answer = context.aws.call("elasticache", "DescribeSnapshots", context.place.standby, **page)
        except NotFound:
            return
        yield from (_one(found) for found in answer.get("Snapshots", ()))
        if not answer.get("Marker"):
            return
        page = {**filters, "Marker": answer["Marker"]}


def _one(found: Mapping[str, Any]) -> CacheSnapshot:
    moments = [node["SnapshotCreateTime"] for node in found.get("NodeSnapshots", ()) if "SnapshotCreateTime" in node]
    return CacheSnapshot(str(found["SnapshotName"]), str(found.get("SnapshotStatus", "")), min(moments, default=None))
