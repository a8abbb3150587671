"""What a look of this moment reports: the alarms, each region asked once, and a look for oneself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.config import Config

from pilotlight.aws.observers import look_at_alarms, look_for_oneself
from pilotlight.aws.probing import look_at_region, question
from pilotlight.aws.sdk import Clients
from pilotlight.domain.errors import AccessDenied, AwsError, Unavailable
from pilotlight.domain.plan import Plan
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest
from pilotlight.domain.signals import Sight, Signal, Vantage
from pilotlight.domain.watching import Seen
from tests.builders import ALARM, PRIMARY, PRIMARY_HOST, STANDBY, a_plan

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
URL = f"https://{PRIMARY_HOST}/health"
HEALTH_CHECK = {"id": "00000000-0000-4000-8000-000000000001", "host": PRIMARY_HOST}


@dataclass
class CloudWatch:
    """The alarms of some regions by name, each with its state; a region that is dark does not answer."""

    states: dict[str, dict[str, str]]
    dark: tuple[str, ...] = ()
    asked: list[tuple[str, list[str]]] = field(default_factory=list)

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        self.asked.append((region, parameters["AlarmNames"]))
        if region in self.dark:
            raise Unavailable(service, operation, region, "ConnectTimeoutError", "no connection could be made")
        there = self.states.get(region, {})
        found = [self._describe(name, there[name]) for name in parameters["AlarmNames"] if name in there]
        # A composite alarm comes in a list of its own; its answer's order is not that of the question.
        return {
            "MetricAlarms": [each for each in reversed(found) if "composite" not in each["AlarmName"]],
            "CompositeAlarms": [each for each in found if "composite" in each["AlarmName"]],
        }

    def _describe(self, name: str, state: str) -> dict[str, Any]:
        return {"AlarmName": name, "StateValue": state, "StateUpdatedTimestamp": NOON - timedelta(minutes=1)}


def a_watched_plan(*alarms: str, **differences: Any) -> Plan:
    signals = {"health_check": HEALTH_CHECK, "probe": {"url": URL}, "alarms": [{"name": name} for name in alarms]}
    return a_plan(**{"signals": signals, **differences})


def seen(plan: Plan, *, alarms: CloudWatch) -> tuple[Signal, ...]:
    return look_at_alarms(plan, alarms, NOON)


def silent(silence: Silence | None, trouble: str = "it is so") -> WebAnswer:
    return WebAnswer(None, "", trouble, silence=silence)


class TestALookForOneself:
    def report(self, answer: WebAnswer) -> Signal:
        return look_for_oneself(a_plan(), answer, NOON)

    def test_it_looks_first_hand_from_the_standby(self) -> None:
        signal = self.report(WebAnswer(200, "UP"))

        assert (signal.vantage, signal.first_hand, signal.counts) == (Vantage(STANDBY, "the internet"), True, True)

    def test_it_asks_with_the_timeout_of_the_plan(self) -> None:
        assert question(a_plan().signals.probe) == WebRequest("GET", URL, timeout_seconds=2.0)

    @pytest.mark.parametrize("silence", [Silence.REFUSED, Silence.TIMED_OUT, Silence.UNREACHABLE, Silence.BROKEN_OFF])
    def test_a_silence_of_the_network_is_darkness(self, silence: Silence) -> None:
        signal = self.report(silent(silence, "the connection failed: Connection refused"))

        assert signal.sight is Sight.DARK
        assert signal.sentence == (
            f"The probe in the standby gets no answer from {URL} (the connection failed: Connection refused)."
        )

    @pytest.mark.parametrize(
        ("silence", "way_out"),
        [
            (Silence.CERTIFICATE, "renew it, or let the probe ask for a name that it is good for"),
            (Silence.NO_SUCH_NAME, "put the load balancer's own name into signals.probe"),
            (Silence.TLS, "see that its listener speaks TLS"),
            (Silence.MALFORMED, "correct the url in signals.probe"),
            (Silence.UNREADABLE, "see what listens there"),
            (Silence.OTHER, "see that the controller's function may reach it"),
            (None, "see that the controller's function may reach it"),
        ],
    )
    def test_any_other_silence_is_unknown_with_the_reason_and_the_way_out(
        self, silence: Silence | None, way_out: str
    ) -> None:
        signal = self.report(silent(silence))

        assert signal.sight is Sight.UNKNOWN
        assert signal.sentence == (
            f"The probe in the standby cannot tell about {URL}: it is so, which is not darkness; {way_out}."
        )

    @pytest.mark.parametrize("silence", list(Silence))
    def test_every_silence_is_judged_and_none_is_well(self, silence: Silence) -> None:
        assert self.report(silent(silence)).sight in (Sight.DARK, Sight.UNKNOWN)

    @pytest.mark.parametrize(
        ("status", "sight"),
        [(200, Sight.WELL), (301, Sight.UNKNOWN), (404, Sight.UNKNOWN), (500, Sight.DARK), (503, Sight.DARK)],
    )
    def test_a_status_of_the_servers_own_trouble_is_darkness(self, status: int, sight: Sight) -> None:
        assert self.report(WebAnswer(status, "")).sight is sight


class TestTheAlarms:
    def test_the_order_is_health_check_and_then_its_own(self) -> None:
        alarms = CloudWatch(
            {"us-east-1": {ALARM: "ALARM"}, PRIMARY: {"errors": "OK", "composite-all": "ALARM", "lag": "ALARM"}}
        )

        signals = seen(a_watched_plan("lag", "composite-all", "errors", "gone"), alarms=alarms)

        assert [(s.observer, s.sight, s.counts) for s in signals] == [
            (f"Alarm {ALARM}", Sight.DARK, True),
            ("Alarm lag", Sight.DARK, False),
            ("Alarm composite-all", Sight.DARK, False),
            ("Alarm errors", Sight.WELL, False),
            ("Alarm gone", Sight.UNKNOWN, False),
        ]
        assert signals[-1].sentence == f"Alarm gone is not there in {PRIMARY}."
        assert signals[1].sentence == f"Alarm lag in {PRIMARY} is in state ALARM."

    def test_a_dark_primary_costs_one_call_whatever_the_number_of_its_alarms(self) -> None:
        alarms = CloudWatch({"us-east-1": {ALARM: "ALARM"}}, dark=(PRIMARY,))

        signals = seen(a_watched_plan("lag", "errors", "latency"), alarms=alarms)

        assert alarms.asked == [("us-east-1", [ALARM]), (PRIMARY, ["lag", "errors", "latency"])]
        assert [s.sight for s in signals[1:]] == [Sight.UNKNOWN] * 3
        assert signals[1].sentence == (
            f"Alarm lag cannot be read: cloudwatch DescribeAlarms in {PRIMARY} answered ConnectTimeoutError: "
            "no connection could be made."
        )

    def test_a_plan_without_alarms_of_its_own_does_not_ask_the_primary(self) -> None:
        alarms = CloudWatch({"us-east-1": {ALARM: "OK"}})

        seen(a_plan(), alarms=alarms)

        assert alarms.asked == [("us-east-1", [ALARM])]

    def test_a_primary_in_us_east_1_is_asked_once_for_all(self) -> None:
        alarms = CloudWatch({"us-east-1": {ALARM: "OK", "lag": "ALARM"}})
        plan = a_watched_plan("lag", "lag", regions={"primary": "us-east-1", "standby": STANDBY})

        signals = seen(plan, alarms=alarms)

        assert alarms.asked == [("us-east-1", [ALARM, "lag"])]
        assert [s.sight for s in signals] == [Sight.WELL, Sight.DARK, Sight.DARK]


@dataclass
class RegionalApi:
    """The API of a region, which answers or raises."""

    trouble: AwsError | None = None

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        assert (service, operation, region) == ("sts", "GetCallerIdentity", PRIMARY)
        if self.trouble:
            raise self.trouble
        return {"Account": "123456789012"}


class TestALookAtARegion:
    @pytest.mark.parametrize(
        ("trouble", "sight", "words"),
        [
            (None, Sight.WELL, "gets an answer from its API"),
            (
                Unavailable("sts", "GetCallerIdentity", PRIMARY, "ConnectTimeoutError", "no connection"),
                Sight.DARK,
                "gets no answer from its API (ConnectTimeoutError)",
            ),
            (
                AccessDenied("sts", "GetCallerIdentity", PRIMARY, "ExpiredToken", "the token is old"),
                Sight.UNKNOWN,
                "cannot tell, because its API answers ExpiredToken",
            ),
        ],
    )
    def test_only_silence_is_darkness(self, trouble: AwsError | None, sight: Sight, words: str) -> None:
        assert look_at_region(RegionalApi(trouble), PRIMARY) == Seen(sight, words)

    def test_sts_is_asked_at_the_regions_own_endpoint(self) -> None:
        client = Clients().client("sts", PRIMARY, Config(retries={"total_max_attempts": 1}, read_timeout=2))

        assert client.meta.endpoint_url == f"https://sts.{PRIMARY}.amazonaws.com"
