"""Histories as JSON: our own shape, and what `aws cloudwatch` prints, as it is.

One document may hold any of these, and several documents are read as one:

* `metrics`: `{"observer": "probe_standby", "region": "ap-northeast-1", "points": [["2026-10-01T00:00:00Z", 1.0], ...]}`
* `alarms`: `{"name": "...", "changes": [["2026-10-01T00:00:00Z", "OK"], ...]}`
* `MetricDataResults`: `get-metric-data`; the `Id` of each result is the observer's id, or its label HealthCheckStatus
* `AlarmHistoryItems`: `describe-alarm-history`
* `MetricAlarms`, `CompositeAlarms`: `describe-alarms`, for those whose state did not change in the period

A point is 1 where the primary was seen well, and less where it was seen dark. `from` and `to` say what the history
covers, where that is more than from its first moment to its last. Raises `HistoryRefused` naming what is wrong.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from backtest.history import BEFORE_ALL, AlarmPast, Change, Looks, Past
from backtest.observers import HEALTH_CHECK, Observer, observers_of
from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.first_fault import first_fault
from pilotlight.domain.plan import Plan
from pilotlight.domain.signals import Sight

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Points = Iterable[tuple[datetime, float]]
HEALTH_CHECK_METRIC = "HealthCheckStatus"
_STATE_UPDATE, _CONFIGURATION_UPDATE = "StateUpdate", "ConfigurationUpdate"


class HistoryRefused(PlanRefused):
    """A history cannot be read; the sentence says where and why."""


class _Ours(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _OfAws(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Series(_Ours):
    observer: str
    region: str | None = None
    points: tuple[tuple[AwareDatetime, float], ...]


class _States(_Ours):
    name: str
    changes: tuple[tuple[AwareDatetime, State], ...]
    changed: tuple[AwareDatetime, ...] = ()


class _Result(_OfAws):
    id: str = Field(alias="Id")
    label: str = Field("", alias="Label")
    timestamps: tuple[AwareDatetime, ...] = Field(alias="Timestamps")
    values: tuple[float, ...] = Field(alias="Values")


class _Item(_OfAws):
    alarm: str = Field(alias="AlarmName")
    at: AwareDatetime = Field(alias="Timestamp")
    kind: str = Field(alias="HistoryItemType")
    data: str = Field("{}", alias="HistoryData")


class _Described(_OfAws):
    alarm: str = Field(alias="AlarmName")
    state: State = Field(alias="StateValue")
    updated: AwareDatetime = Field(alias="StateUpdatedTimestamp")
    reason: str = Field("", alias="StateReasonData")
    changed: AwareDatetime | None = Field(None, alias="AlarmConfigurationUpdatedTimestamp")


class _Document(_OfAws):
    start: AwareDatetime | None = Field(None, alias="from")
    end: AwareDatetime | None = Field(None, alias="to")
    metrics: tuple[_Series, ...] = ()
    alarms: tuple[_States, ...] = ()
    results: tuple[_Result, ...] = Field((), alias="MetricDataResults")
    items: tuple[_Item, ...] = Field((), alias="AlarmHistoryItems")
    metric_alarms: tuple[_Described, ...] = Field((), alias="MetricAlarms")
    composite_alarms: tuple[_Described, ...] = Field((), alias="CompositeAlarms")
    next_token: str | None = Field(None, alias="NextToken")


SECTIONS = ("metrics", "alarms", "MetricDataResults", "AlarmHistoryItems", "MetricAlarms", "CompositeAlarms")


def read_history(plan: Plan, documents: Mapping[str, Any]) -> Past:
    """Read documents, by the name that stands for each in what is said."""
    read = [_read(name, value) for name, value in documents.items()]
    known = observers_of(plan)
    points: dict[str, list[tuple[datetime, float]]] = defaultdict(list)
    for document in read:
        for observer, more in _points(known, document):
            points[observer].extend(more)
    looks = {
        observer: Looks((at, Sight.WELL if value >= 1 else Sight.DARK) for at, value in found)
        for observer, found in points.items()
    }
    starts, ends = [d.start for d in read if d.start], [d.end for d in read if d.end]
    return Past(looks, _alarms(known, read), min(starts, default=None), max(ends, default=None))


def _read(name: str, value: Any) -> _Document:
    if not isinstance(value, dict) or not set(SECTIONS) & set(value):
        raise HistoryRefused(f"{name} is no history: it holds none of {', '.join(SECTIONS)}.")
    try:
        document = _Document.model_validate(value)
    except ValidationError as error:
        where, what = first_fault(error, "the document")
        raise HistoryRefused(f"{name} cannot be read as a history: {where}: {what}.") from error
    if document.next_token:
        raise HistoryRefused(
            f"{name} holds a part only, because there is a NextToken in it; fetch all of it (without --max-items)."
        )
    return document


def _points(known: Sequence[Observer], document: _Document) -> Iterator[tuple[str, Points]]:
    for series in document.metrics:
        yield _observer(known, series.observer, series.region).id, series.points
    for result in document.results:
        named = HEALTH_CHECK if HEALTH_CHECK_METRIC in (result.id, result.label) else result.id
        yield _observer(known, named, None).id, zip(result.timestamps, result.values, strict=True)


def _observer(known: Sequence[Observer], named: str, region: str | None) -> Observer:
    found = next((o for o in known if named in (o.id, o.name)), None)
    # The state of an alarm of the application's own stands in the history of alarms alone.
    looking = [o for o in known if not o.alarm or o.id == HEALTH_CHECK]
    if found is None or found not in looking:
        raise HistoryRefused(
            f"Nobody of the name '{named}' looks at the primary; there are {', '.join(o.id for o in looking)}."
        )
    if region not in (None, found.vantage.region):
        raise HistoryRefused(f"Observer '{named}' looks from {found.vantage.region} in this plan, not from {region}.")
    return found


def _alarms(known: Sequence[Observer], read: Sequence[_Document]) -> dict[str, AlarmPast]:
    """The pasts of the alarms that the plan listens to; a region's history may hold many others."""
    wanted = {o.alarm for o in known if o.alarm}
    changes: dict[str, list[Change]] = defaultdict(list)
    changed: dict[str, list[datetime]] = defaultdict(list)
    for document in read:
        for past in document.alarms:
            changes[past.name] += [Change(at, state, at) for at, state in past.changes]
            changed[past.name] += past.changed
    for item in sorted((item for document in read for item in document.items), key=lambda item: item.at):
        if item.kind == _STATE_UPDATE:
            changes[item.alarm] += _changes(item, is_first=not changes[item.alarm])
        elif item.kind == _CONFIGURATION_UPDATE:
            changed[item.alarm].append(item.at)
    for described in (d for document in read for d in (*document.metric_alarms, *document.composite_alarms)):
        # What is described is the present, which says nothing of the states before the last change.
        if not changes[described.alarm]:
            since = _started(described.reason) or described.updated
            changes[described.alarm].append(Change(described.updated, described.state, since))
        changed[described.alarm] += [described.changed] if described.changed else []
    return {name: AlarmPast(changes[name], changed[name]) for name in wanted if changes[name]}


def _changes(item: _Item, *, is_first: bool) -> list[Change]:
    """What a state update tells: the new state, and, of the first one that is known, the state before."""
    try:
        data = json.loads(item.data)
        old, new = data["oldState"]["stateValue"], data["newState"]
        change = Change(item.at, new["stateValue"], _started(new.get("stateReasonData")) or item.at)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HistoryRefused(
            f"The history of alarm {item.alarm} at {item.at:%Y-%m-%d %H:%M} UTC holds no old and new state; "
            "feed what describe-alarm-history printed, unchanged."
        ) from error
    return [*([Change(BEFORE_ALL, old, BEFORE_ALL)] if is_first else []), change]


def _started(reason: Any) -> datetime | None:
    """The first datapoint that a state rests on, where its reason names one: as text, or as text of JSON."""
    try:
        data = json.loads(reason) if isinstance(reason, str) else reason
        return datetime.fromisoformat(data["startDate"])
    except (ValueError, KeyError, TypeError):
        return None
