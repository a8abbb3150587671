"""A plan's history as CloudWatch holds it, in the shapes that CloudWatch answers with; it only reads.

The states of alarms are kept for 30 days, and points of one minute for 15 (CloudWatch User Guide, "Alarm history" and
"Metrics retention"). What the probes and the heartbeat reported is there from the day on which the detector was
deployed: it publishes it each minute as the metric Sight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from backtest.observers import HEALTH_CHECK, Observer, observers_of
from backtest.reading import HEALTH_CHECK_METRIC
from pilotlight.domain.plan import HEALTH_CHECK_REGION, Plan
from pilotlight.domain.ports import Aws
from pilotlight.domain.signals import SIGHT_METRIC, SIGHT_NAMESPACE

MINUTES_KEPT = timedelta(days=15)
LONGEST_DAYS = 30
"""For so long CloudWatch keeps the history of alarms."""

Document = dict[str, Any]


def fetch(plan: Plan, aws: Aws, start: datetime, end: datetime) -> dict[str, Document]:
    """Everything that CloudWatch holds of a plan's observers, by where it was read; raises `AwsError`."""
    known = observers_of(plan)
    documents: dict[str, Document] = {"the period": {"alarms": [], "from": start, "to": end}}
    by_region: dict[str, list[str]] = {}
    for observer in known:
        if observer.alarm:
            by_region.setdefault(observer.vantage.region, []).append(observer.alarm)
    present: list[Document] = []
    for region, names in by_region.items():
        documents[f"the alarms in {region}"] = described = _described(aws, region, names)
        present += described["MetricAlarms"]
        items = [item for name in names for item in _changes(aws, region, name, start, end)]
        documents[f"the history of alarms in {region}"] = {"AlarmHistoryItems": items}
    since = max(start, end - MINUTES_KEPT)
    check, alarm = plan.signals.health_check, plan.health_check_alarm
    health_check = check.id or _watched(present, alarm or "") if check else ""
    if health_check:
        asked = _query(HEALTH_CHECK, "AWS/Route53", HEALTH_CHECK_METRIC, {"HealthCheckId": health_check})
        documents["the health check"] = _metrics(aws, HEALTH_CHECK_REGION, [asked], since, end)
    queries = [_sights(plan, observer) for observer in known if not observer.alarm]
    documents["what was seen"] = _metrics(aws, plan.regions.standby, queries, since, end)
    return documents


def _described(aws: Aws, region: str, names: Sequence[str]) -> Document:
    answer = aws.call(
        "cloudwatch", "DescribeAlarms", region, AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    return {kind: list(answer.get(kind, ())) for kind in ("MetricAlarms", "CompositeAlarms")}


def _changes(aws: Aws, region: str, name: str, start: datetime, end: datetime) -> Iterator[Any]:
    asked = {"AlarmName": name, "AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "StartDate": start, "EndDate": end}
    for page in _pages(aws, "DescribeAlarmHistory", region, asked):
        yield from page.get("AlarmHistoryItems", ())


def _watched(alarms: Iterable[Document], name: str) -> str:
    """The health check that an alarm watches; empty where the alarm is not there or watches something else."""
    alarm = next((a for a in alarms if a.get("AlarmName") == name), {})
    dimensions = {d["Name"]: d["Value"] for d in alarm.get("Dimensions", ())}
    return str(dimensions.get("HealthCheckId", ""))


def _sights(plan: Plan, observer: Observer) -> Document:
    dimensions = {"application": plan.application, "observer": observer.name}
    return _query(observer.id, SIGHT_NAMESPACE, SIGHT_METRIC, dimensions)


def _query(identity: str, namespace: str, metric: str, dimensions: dict[str, str]) -> Document:
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    watched = {"Namespace": namespace, "MetricName": metric, "Dimensions": named}
    # The worst of a minute, as the alarm on a health check takes it.
    return {"Id": identity, "MetricStat": {"Metric": watched, "Period": 60, "Stat": "Minimum"}}


def _metrics(aws: Aws, region: str, queries: list[Document], start: datetime, end: datetime) -> Document:
    asked = {"MetricDataQueries": queries, "StartTime": start, "EndTime": end}
    results = [result for page in _pages(aws, "GetMetricData", region, asked) for result in page["MetricDataResults"]]
    return {"MetricDataResults": results}


def _pages(aws: Aws, operation: str, region: str, asked: Document) -> Iterator[Document]:
    token: dict[str, str] = {}
    while True:
        page = aws.call("cloudwatch", operation, region, **asked, **token)
        yield page
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}
