"""Who looks at the primary: the alarm on its health check, a probe from the standby, and the primary's own alarms.

Each look takes two seconds or so at most, whatever has failed. An observer that cannot see says unknown, never dark.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pilotlight.domain.decision import Sight, Signal
from pilotlight.domain.errors import AwsError
from pilotlight.domain.plan import HEALTH_CHECK_REGION, Plan
from pilotlight.domain.ports import Aws, Web, WebRequest


def look(plan: Plan, aws: Aws, web: Web, now: datetime) -> tuple[Signal, ...]:
    """What all observers of a plan's primary report at this moment."""
    alarm = _alarm(aws, HEALTH_CHECK_REGION, plan.health_check_alarm, now, decisive=True)
    own = [_alarm(aws, plan.regions.primary, alarm.name, now, decisive=False) for alarm in plan.signals.alarms]
    return (alarm, _probe(plan, web, now), *own)


def _probe(plan: Plan, web: Web, now: datetime) -> Signal:
    probe = plan.signals.probe
    answer = web.ask(WebRequest("GET", probe.url, probe.connect_to, timeout_seconds=probe.timeout.total_seconds()))
    name, vantage = "The probe in the standby", plan.regions.standby
    if answer.status is None:
        sight, sentence = Sight.DARK, f"{name} gets no answer from {probe.url} ({answer.trouble})."
    elif answer.status >= 500:
        sight, sentence = Sight.DARK, f"{name} gets status {answer.status} from {probe.url}."
    elif answer.status == probe.expect_status and (probe.expect_body or "") in answer.body:
        sight, sentence = Sight.WELL, f"{name} gets a good answer from {probe.url}."
    else:
        sight = Sight.UNKNOWN
        sentence = f"{name} gets status {answer.status} from {probe.url}, which is neither a good answer nor silence."
    return Signal(name, vantage, sight, now, sentence, first_hand=True)


def _alarm(aws: Aws, region: str, name: str, now: datetime, *, decisive: bool) -> Signal:
    observer = f"Alarm {name}"
    try:
        found = aws.call(
            "cloudwatch",
            "DescribeAlarms",
            region,
            AlarmNames=[name],
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        )
    except AwsError as error:
        return Signal(
            observer,
            region,
            Sight.UNKNOWN,
            now,
            f"{observer} cannot be read: {error.sentence}.",
            decisive=decisive,
        )
    alarms = [*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ())]
    if not alarms:
        return Signal(observer, region, Sight.UNKNOWN, now, f"{observer} is not there in {region}.", decisive=decisive)
    alarm = alarms[0]
    state = str(alarm.get("StateValue", ""))
    sight = {"ALARM": Sight.DARK, "OK": Sight.WELL}.get(state, Sight.UNKNOWN)
    return Signal(
        observer, region, sight, now, f"{observer} in {region} is in state {state}.",
        since=_since(alarm), alarm_changed=alarm.get("AlarmConfigurationUpdatedTimestamp"), decisive=decisive,
    )  # fmt: skip


def _since(alarm: Mapping[str, Any]) -> datetime | None:
    """The first bad datapoint that the alarm's state rests on; the moment of the transition where it names none."""
    try:
        started = json.loads(alarm.get("StateReasonData") or "{}").get("startDate")
        # CloudWatch writes moments as 2026-11-21T01:04:40.989+0000.
        return datetime.fromisoformat(started) if started else alarm.get("StateUpdatedTimestamp")
    except (ValueError, AttributeError):
        return alarm.get("StateUpdatedTimestamp")
