"""CloudWatch: metrics, alarms that watch them, and the event that each change of an alarm's state sends.

A datapoint becomes visible some time after its minute; an alarm evaluates when a new one is there. The event has the
documented shape, with `reasonData` as a JSON string and moments written as `+0000`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from deployment.resources import MetricAlarm
from rehearsal.service import Service, Spread, operation
from rehearsal.services.alarm_changes import WatchedAlarm, event_of, history_item, stamp
from rehearsal.wire import Call, ServiceError

if TYPE_CHECKING:
    from rehearsal.world import World

MinuteSample = Callable[[], float | None]
MetricKey = tuple[str, str, str, tuple[tuple[str, str], ...]]

# Facts: a health check's metric, its alarm and the event together take 60 to 150 seconds and more after the check
# flipped; half a minute of that is the minute itself.
VISIBLE_AFTER_MINUTE = Spread(5.0, 25.0, 60.0)
EVALUATED_AFTER = Spread(1.0, 8.0, 25.0)
VISIBLE_AFTER_PUT = Spread(1.0, 5.0, 20.0)
"""From an accepted PutMetricData to a datapoint that can be read, in seconds: an estimate."""

LONGEST_PAGE = 100
"""The most that DescribeAlarmHistory answers at once (CloudWatch API Reference, MaxRecords)."""


class CloudWatch(Service):
    """The metrics and alarms of the account, by region."""

    name = "cloudwatch"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.alarms: dict[tuple[str, str], WatchedAlarm] = {}
        self.metrics: dict[MetricKey, dict[datetime, float]] = {}
        self.silent: set[str] = set()
        """Regions whose metrics nobody can write or read at the moment; the rest of the region is well."""
        self.send: Callable[[str, str, dict[str, Any]], None] | None = None
        self.on_change: list[Callable[[WatchedAlarm], None]] = []

    def deploy(self, alarm: MetricAlarm, region: str) -> WatchedAlarm:
        """Create an alarm, with no data yet."""
        watched = WatchedAlarm(alarm, region, self.world.time.now(), updated=self.world.time.now())
        self.alarms[region, alarm.name] = watched
        return watched

    def settle(self, age: timedelta) -> None:
        """Make every alarm one that was made long ago and has been OK since."""
        for watched in self.alarms.values():
            watched.changed = watched.updated = self.world.time.now() - age
            watched.state, watched.reason = "OK", "Threshold Crossed: the datapoint was within the threshold."

    def sample_each_minute(
        self, region: str, namespace: str, metric: str, dimensions: Mapping[str, str], sample: MinuteSample
    ) -> None:
        """Publish a metric: one datapoint for each minute, None for a minute without one."""
        key = _key(region, namespace, metric, dimensions)

        def minute() -> None:
            started = self.world.time.now() - timedelta(seconds=60)
            value = sample()
            self.world.time.sleep(VISIBLE_AFTER_MINUTE.draw(self.random))
            if value is not None:
                self.put_metric(region, namespace, metric, dimensions, started, value)
            self._evaluate_soon(key)

        self.world.time.every(60.0, minute, name=f"metric {metric}")

    def put_metric(
        self,
        region: str,
        namespace: str,
        metric: str,
        dimensions: Mapping[str, str],
        time: datetime,
        value: float,
    ) -> None:
        """One datapoint, visible at once."""
        self.metrics.setdefault(_key(region, namespace, metric, dimensions), {})[time] = value

    @operation("PutMetricData")
    def put_metric_data(self, call: Call) -> Mapping[str, Any]:
        """Datapoints, each kept under its minute by the largest of them; visible, and looked at by alarms, later."""
        if call.region in self.silent:
            raise ServiceError("InternalServiceError", "The request processing has failed.", 500)
        for datum in call.parameters["MetricData"]:
            dimensions = {d["Name"]: d["Value"] for d in datum.get("Dimensions", ())}
            key = _key(call.region, call.parameters["Namespace"], datum["MetricName"], dimensions)
            minute = _aware(datum.get("Timestamp") or self.world.time.now()).replace(second=0, microsecond=0)
            arrive = partial(self._arrive, key, minute, float(datum["Value"]))
            delay = VISIBLE_AFTER_PUT.draw(self.random)
            self.world.time.spawn(arrive, name=f"metric {datum['MetricName']}", delay_seconds=delay)
            self.world.begin_effect(f"metric {datum['MetricName']}", delay)
        return {}

    def _arrive(self, key: MetricKey, minute: datetime, value: float) -> None:
        points = self.metrics.setdefault(key, {})
        points[minute] = max(value, points.get(minute, value))
        self._evaluate_soon(key)

    def breaching(self, region: str, name: str) -> bool | None:
        """Whether an alarm's newest data breaches its threshold; None without enough of it. This is what a health
        check of Route 53 looks at: the data, whatever state the alarm is in."""
        watched = self.alarms.get((region, name))
        if watched is None or region in self.silent or self.world.is_dark(region):
            return None
        alarm = watched.alarm
        points = self.metrics.get(_key(region, alarm.namespace, alarm.metric, alarm.dimensions), {})
        window = self._window(alarm, points)
        if len(window) < alarm.periods:
            return None
        return all(_breaches(points[t], alarm.threshold, alarm.comparison) for t in window)

    @operation("DescribeAlarms")
    def describe_alarms(self, call: Call) -> Mapping[str, Any]:
        """The alarms of the given names."""
        names = call.parameters.get("AlarmNames") or [name for region, name in self.alarms if region == call.region]
        found = [self.alarms[call.region, name] for name in names if (call.region, name) in self.alarms]
        return {"MetricAlarms": [self._describe(watched) for watched in found], "CompositeAlarms": []}

    @operation("DescribeAlarmHistory")
    def describe_alarm_history(self, call: Call) -> Mapping[str, Any]:
        """The changes of an alarm's state, newest first, 100 a page unless less is asked for."""
        asked = call.parameters
        watched = self.alarms.get((call.region, asked["AlarmName"]))
        start, end = _aware(asked["StartDate"]), _aware(asked["EndDate"])
        kept = [item for item in (watched.history if watched else ()) if start <= item["Timestamp"] <= end]
        first, size = int(asked.get("NextToken", 0)), int(asked.get("MaxRecords", LONGEST_PAGE))
        after = first + size
        more = {"NextToken": str(after)} if after < len(kept) else {}
        return {"AlarmHistoryItems": kept[::-1][first:after], **more}

    @operation("GetMetricData")
    def get_metric_data(self, call: Call) -> Mapping[str, Any]:
        """Datapoints of single metrics, newest first."""
        if call.region in self.silent:
            raise ServiceError("InternalServiceError", "The request processing has failed.", 500)
        results = []
        for query in call.parameters["MetricDataQueries"]:
            stat = query.get("MetricStat")
            assert stat, "The embedded CloudWatch models queries of single metrics, not metric math."
            metric = stat["Metric"]
            dimensions = {d["Name"]: d["Value"] for d in metric.get("Dimensions", ())}
            points = self.metrics.get(_key(call.region, metric["Namespace"], metric["MetricName"], dimensions), {})
            start, end = _aware(call.parameters["StartTime"]), _aware(call.parameters["EndTime"])
            chosen = sorted((t for t in points if start <= t < end), reverse=True)
            results.append(
                {
                    "Id": query["Id"],
                    "Label": metric["MetricName"],
                    "Timestamps": chosen,
                    "Values": [points[t] for t in chosen],
                    "StatusCode": "Complete",
                }
            )
        return {"MetricDataResults": results}

    def _describe(self, watched: WatchedAlarm) -> dict[str, Any]:
        alarm = watched.alarm
        return {
            "AlarmName": alarm.name,
            "AlarmArn": watched.arn(self.world.account),
            "AlarmConfigurationUpdatedTimestamp": watched.changed,
            "StateValue": watched.state,
            "StateReason": watched.reason,
            "StateReasonData": watched.reason_data,
            "StateUpdatedTimestamp": watched.updated,
            "MetricName": alarm.metric,
            "Namespace": alarm.namespace,
            "Dimensions": [{"Name": name, "Value": value} for name, value in alarm.dimensions.items()],
        }

    def _evaluate_soon(self, key: MetricKey) -> None:
        metric, dimensions = key[:3], dict(key[3])
        for watched in list(self.alarms.values()):
            alarm = watched.alarm
            if (watched.region, alarm.namespace, alarm.metric) == metric and alarm.dimensions == dimensions:
                self.world.time.sleep(EVALUATED_AFTER.draw(self.random))
                self._evaluate(watched, key)

    def _evaluate(self, watched: WatchedAlarm, key: MetricKey) -> None:
        alarm = watched.alarm
        points = self.metrics.get(key, {})
        window = self._window(alarm, points)
        if len(window) < alarm.periods:
            # `missing` keeps the state while no datapoint is there, once there was one.
            return
        breaching = all(_breaches(points[t], alarm.threshold, alarm.comparison) for t in window)
        state = "ALARM" if breaching else "OK"
        if state != watched.state and not self.world.is_dark(watched.region):
            self._change(watched, state, window, [points[t] for t in window])

    def _window(self, alarm: MetricAlarm, points: Mapping[datetime, float]) -> list[datetime]:
        """The newest datapoints that an evaluation takes: CloudWatch looks back a few periods more than it needs."""
        oldest = self.world.time.now() - alarm.period * (alarm.periods + 3)
        return sorted(t for t in points if t > oldest)[-alarm.periods :]

    def _change(self, watched: WatchedAlarm, state: str, window: list[datetime], values: list[float]) -> None:
        alarm, now = watched.alarm, self.world.time.now()
        previous = {
            "value": watched.state,
            "reason": watched.reason,
            "timestamp": stamp(watched.updated or now),
        }
        watched.state, watched.updated = state, now
        watched.reason = (
            f"Threshold Crossed: {len(values)} datapoint {values} was {'' if state == 'ALARM' else 'not '}beyond "
            f"the threshold ({alarm.threshold})."
        )
        watched.reason_data = json.dumps({
            "version": "1.0", "queryDate": stamp(now), "startDate": stamp(window[0]), "statistic": alarm.statistic,
            "period": int(alarm.period.total_seconds()), "recentDatapoints": values, "threshold": alarm.threshold,
        })  # fmt: skip
        watched.history.append(history_item(watched, previous["value"]))
        for listener in self.on_change:
            listener(watched)
        assert self.send is not None
        identity = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        self.send(watched.region, "default", event_of(watched, previous, self.world.account, identity, now))


def _key(region: str, namespace: str, metric: str, dimensions: Mapping[str, str]) -> MetricKey:
    return (region, namespace, metric, tuple(sorted(dimensions.items())))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _breaches(value: float, threshold: float, comparison: str) -> bool:
    match comparison:
        case "LessThanThreshold":
            return value < threshold
        case "GreaterThanThreshold":
            return value > threshold
        case other:
            raise AssertionError(f"The embedded CloudWatch does not model the comparison {other}.")
