"""Who looks at the primary: the alarm on its health check, a probe from the standby, and the primary's own alarms.

An observer that cannot see says unknown, never dark, and so does a probe that a working primary could have stopped.

A look asks each region once for all its alarms, and the probe once, one after the other. A region away from home gets
one try of 2 s to connect and 2 s to answer (`pilotlight.aws.sdk`), and the probe its own timeout, 2 s unless the plan
says otherwise and 5 s at most. So a primary that cannot be reached costs some 4 s, and at the worst 13 s are lost, if
CloudWatch in us-east-1 does not answer either. Only a home in us-east-1 is asked longer and again, as every home is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

from pilotlight.domain.errors import AwsError
from pilotlight.domain.plan import HEALTH_CHECK_REGION, Plan
from pilotlight.domain.ports import Aws, Silence, Web, WebAnswer, WebRequest
from pilotlight.domain.signals import INSIDE, INTERNET, Sight, Signal, Vantage

Alarms = Mapping[str, Mapping[str, Any]] | AwsError
"""The alarms of a region by name, or why they cannot be read."""


def look(plan: Plan, aws: Aws, web: Web, now: datetime) -> tuple[Signal, ...]:
    """What all observers of a plan's primary report at this moment."""
    primary, deciding = plan.regions.primary, plan.health_check_alarm
    wanted = {HEALTH_CHECK_REGION: [deciding]}
    for alarm in plan.signals.alarms:
        wanted.setdefault(primary, []).append(alarm.name)
    found = {region: _alarms(aws, region, names) for region, names in wanted.items()}
    first = _report(found[HEALTH_CHECK_REGION], HEALTH_CHECK_REGION, deciding, now, counts=True)
    own = [_report(found[primary], primary, alarm.name, now, counts=False) for alarm in plan.signals.alarms]
    return (first, _probe(plan, web, now), *own)


def _probe(plan: Plan, web: Web, now: datetime) -> Signal:
    probe = plan.signals.probe
    answer = web.ask(WebRequest("GET", probe.url, probe.connect_to, timeout_seconds=probe.timeout.total_seconds()))
    name, vantage = "The probe in the standby", Vantage(plan.regions.standby, INTERNET)
    if answer.status is None:
        sight, seen = _silence(answer, probe.url)
    elif answer.status >= 500:
        sight, seen = Sight.DARK, f"gets status {answer.status} from {probe.url}"
    elif answer.status == probe.expect_status and (probe.expect_body or "") in answer.body:
        sight, seen = Sight.WELL, f"gets a good answer from {probe.url}"
    else:
        sight = Sight.UNKNOWN
        seen = f"gets status {answer.status} from {probe.url}, which is neither a good answer nor silence"
    return Signal(name, vantage, sight, now, f"{name} {seen}.", first_hand=True)


def _silence(answer: WebAnswer, url: str) -> tuple[Sight, str]:
    """What it means that no answer came. What a working primary can show too is not darkness."""
    match answer.silence:
        case Silence.REFUSED | Silence.TIMED_OUT | Silence.UNREACHABLE | Silence.BROKEN_OFF:
            return Sight.DARK, f"gets no answer from {url} ({answer.trouble})"
        case Silence.CERTIFICATE:
            way_out = "renew it, or let the probe ask for a name that it is good for"
        case Silence.NO_SUCH_NAME:
            way_out = "put the load balancer's own name into signals.probe"
        case Silence.TLS:
            way_out = "see that its listener speaks TLS"
        case Silence.MALFORMED:
            way_out = "correct the url in signals.probe"
        case Silence.UNREADABLE:
            way_out = "see what listens there"
        case Silence.OTHER | None:
            way_out = "see that the controller's function may reach it"
        case _:
            assert_never(answer.silence)
    return Sight.UNKNOWN, f"cannot tell about {url}: {answer.trouble}, which is not darkness; {way_out}"


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
