"""Who looks at the primary at this moment: the alarms, and the run that looks for itself.

What others saw and kept is read by `pilotlight.aws.listening`. An observer that cannot see says unknown, never dark.

A look asks each region once for all its alarms, one after the other, while the primary itself is asked beside. A region
away from home gets one try of 2 s to connect and 2 s to answer (`pilotlight.aws.sdk`), and a look for oneself the
probe's own timeout, 2 s unless the plan says otherwise and 5 s at most. So a primary that cannot be reached costs some
2 s, 4 s where alarms of its own are asked, and at the worst 8 s are lost, if CloudWatch in us-east-1 does not answer
either. Only a home in us-east-1 is asked longer and again, as every home is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pilotlight.aws.listening import vantage_of
from pilotlight.aws.probing import judge
from pilotlight.domain.errors import AwsError
from pilotlight.domain.plan import HEALTH_CHECK_REGION, Plan
from pilotlight.domain.ports import Aws, WebAnswer
from pilotlight.domain.signals import INSIDE, INTERNET, Sight, Signal, Vantage
from pilotlight.domain.watching import probe_in

Alarms = Mapping[str, Mapping[str, Any]] | AwsError
"""The alarms of a region by name, or why they cannot be read."""


def look_at_alarms(plan: Plan, aws: Aws, now: datetime) -> tuple[Signal, ...]:
    """What the alarm on the health check reports, where there is one, and after it the primary's own alarms."""
    deciding = [(HEALTH_CHECK_REGION, plan.health_check_alarm, True)] if plan.health_check_alarm else []
    wanted = [*deciding, *((plan.regions.primary, alarm.name, False) for alarm in plan.signals.alarms)]
    regions = dict.fromkeys(region for region, _, _ in wanted)
    found = {at: _alarms(aws, at, [name for region, name, _ in wanted if region == at]) for at in regions}
    return tuple(_report(found[region], region, name, now, counts=counts) for region, name, counts in wanted)


def look_for_oneself(plan: Plan, answer: WebAnswer, now: datetime) -> Signal:
    """What a look from the standby saw that began at that moment, by the answer to it."""
    seen = judge(plan.signals.probe, answer)
    observer, vantage = probe_in("standby"), vantage_of(plan, plan.regions.standby)
    return Signal(observer, vantage, seen.sight, now, f"{observer} {seen.words}.", first_hand=True)


def _alarms(aws: Aws, region: str, names: Sequence[str]) -> Alarms:
    """All of a region's alarms in one call: a call for each would wait for each when the region is dark.

    One answer holds 50 alarms unless more are asked for (CloudWatch API Reference, DescribeAlarms); a plan names fewer.
    """
    try:
        answer = aws.call(
            "cloudwatch",
            "DescribeAlarms",
            region,
            AlarmNames=list(dict.fromkeys(names)),
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        )
    except AwsError as error:
        return error
    found = [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]
    return {str(alarm.get("AlarmName", "")): alarm for alarm in found}


def _report(alarms: Alarms, region: str, name: str, now: datetime, *, counts: bool) -> Signal:
    observer, vantage = f"Alarm {name}", Vantage(region, INTERNET if counts else INSIDE)
    if isinstance(alarms, AwsError):
        sentence = f"{observer} cannot be read: {alarms.sentence}."
        return Signal(observer, vantage, Sight.UNKNOWN, now, sentence, counts=counts)
    alarm = alarms.get(name)
    if alarm is None:
        return Signal(observer, vantage, Sight.UNKNOWN, now, f"{observer} is not there in {region}.", counts=counts)
    state = str(alarm.get("StateValue", ""))
    sight = {"ALARM": Sight.DARK, "OK": Sight.WELL}.get(state, Sight.UNKNOWN)
    return Signal(
        observer, vantage, sight, now, f"{observer} in {region} is in state {state}.",
        since=_since(alarm), alarm_changed=alarm.get("AlarmConfigurationUpdatedTimestamp"), counts=counts,
    )  # fmt: skip


def _since(alarm: Mapping[str, Any]) -> datetime | None:
    """The first bad datapoint that the alarm's state rests on; the moment of the transition where it names none."""
    try:
        started = json.loads(alarm.get("StateReasonData") or "{}").get("startDate")
        # CloudWatch writes moments as 2026-11-21T01:04:40.989+0000.
        return datetime.fromisoformat(started) if started else alarm.get("StateUpdatedTimestamp")
    except (ValueError, AttributeError):
        return alarm.get("StateUpdatedTimestamp")
