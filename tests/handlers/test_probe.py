"""The shared probe: what it looks at, what it keeps of it, when it tells, and what does not stop it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from deployment import names
from deployment.application import application
from deployment.resources import Parameter
from pilotlight.aws.listening import PROBE
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest
from pilotlight.domain.records import RecordKind
from pilotlight.domain.watching import HEARD_AGAIN_WITHIN, shelf_of
from pilotlight.handlers.probe import LIST_EVERY
from rehearsal.services.lambda_functions import LambdaFunctions
from tests.builders import PRIMARY, PRIMARY_HOST, STANDBY, a_plan
from tests.handlers.conftest import TICK, Desk, a_desk

WITNESS = "ap-southeast-1"
REGIONS = {"primary": PRIMARY, "standby": STANDBY, "witness": WITNESS}
SILENT = WebAnswer(None, "", "no connection came about in time", silence=Silence.TIMED_OUT)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk(a_plan(regions=REGIONS)) as made:
        yield made


def probe_in(desk: Desk, region: str) -> dict[str, Any]:
    functions = desk.account.aws.service(LambdaFunctions)
    answer: dict[str, Any] = desk.inside(lambda: functions.run(region, names.PROBE_FUNCTION, TICK))
    return answer


def kept_in(desk: Desk, region: str, of: str = "fileflow") -> Any:
    table = DynamoTable(desk.account.sdk(region), region, names.SIGNALS_TABLE)
    return desk.inside(lambda: table.read(shelf_of(of), PROBE))


def register(desk: Desk, count: int) -> None:
    """Applications beside the first, each with a load balancer of its own that answers."""
    for number in range(1, count + 1):
        host = f"app-{number}.example.com"
        desk.account.internet.put(host, lambda request: WebAnswer(200, "UP"))
        signals = {**a_plan().signals.model_dump(), "probe": {"url": f"https://{host}/"}}
        plan = a_plan(application=f"app-{number}", signals=signals)
        (told,) = [r for r in application(plan).resources if isinstance(r, Parameter)]
        put_parameter(desk, told.name, told.value)
    # The list is read again every few minutes.
    wait(desk, LIST_EVERY)


def put_parameter(desk: Desk, name: str, value: str) -> None:
    sdk = desk.account.sdk(STANDBY)
    desk.inside(lambda: sdk.call("ssm", "PutParameter", STANDBY, Name=name, Value=value, Type="String"))


def wait(desk: Desk, span: timedelta) -> None:
    desk.inside(lambda: desk.world.time.sleep(span.total_seconds()))


def events_put(desk: Desk) -> int:
    return sum(line.operation == "PutEvents" for line in desk.world.trace)


class TestALook:
    def test_it_asks_the_load_balancer_four_times_a_minute_with_the_public_name(self, desk: Desk) -> None:
        asked: list[tuple[Any, WebRequest]] = []

        def answer(request: WebRequest) -> WebAnswer:
            asked.append((desk.now, request))
            return WebAnswer(200, "UP")

        desk.account.internet.put(PRIMARY_HOST, answer)
        probe_in(desk, STANDBY)

        pauses = [(later - earlier).total_seconds() for (earlier, _), (later, _) in pairwise(asked)]
        assert len(asked) == 4
        assert pauses == pytest.approx([15.0, 15.0, 15.0], abs=0.5)
        assert asked[0][1] == WebRequest("GET", f"https://{PRIMARY_HOST}/health", timeout_seconds=2.0)

    def test_what_was_seen_is_kept_by_region_with_its_sentence(self, desk: Desk) -> None:
        probe_in(desk, WITNESS)

        kept = kept_in(desk, WITNESS)
        assert kept["application"] == {
            "sight": "well",
            "sentence": f"The probe in the witness gets a good answer from https://{PRIMARY_HOST}/health.",
            "dark_since": None,
            "dark_for_seconds": None,
        }
        assert (
            kept["region"]["sentence"] == f"The look from the witness at AWS in {PRIMARY} gets an answer from its API."
        )

    def test_a_well_application_is_written_down_once_a_minute(self, desk: Desk) -> None:
        probe_in(desk, STANDBY)
        before = kept_in(desk, STANDBY)["version"]

        probe_in(desk, STANDBY)

        assert kept_in(desk, STANDBY)["version"] == before + 1

    def test_a_region_that_is_dark_is_told_from_an_application_that_is(self, desk: Desk) -> None:
        desk.account.internet.put(PRIMARY_HOST, lambda request: SILENT)
        probe_in(desk, STANDBY)
        alone = kept_in(desk, STANDBY)

        desk.world.darken(PRIMARY)
        probe_in(desk, STANDBY)
        together = kept_in(desk, STANDBY)

        assert (alone["application"]["sight"], alone["region"]["sight"]) == ("dark", "well")
        assert (together["application"]["sight"], together["region"]["sight"]) == ("dark", "dark")

    def test_a_broken_path_between_two_regions_is_dark_from_one_and_well_from_the_other(self, desk: Desk) -> None:
        desk.account.internet.put_in_region(PRIMARY_HOST, PRIMARY, lambda request: WebAnswer(200, "UP"))
        desk.world.cut(STANDBY, PRIMARY)

        probe_in(desk, STANDBY)
        probe_in(desk, WITNESS)

        near, far = kept_in(desk, STANDBY), kept_in(desk, WITNESS)
        assert [near[subject]["sight"] for subject in ("application", "region")] == ["dark", "dark"]
        assert [far[subject]["sight"] for subject in ("application", "region")] == ["well", "well"]


class TestADarkness:
    def test_it_lasts_from_the_first_of_an_unbroken_row_of_dark_looks(self, desk: Desk) -> None:
        desk.account.internet.put(PRIMARY_HOST, lambda request: SILENT)
        began = desk.now
        probe_in(desk, STANDBY)
        first = kept_in(desk, STANDBY)["application"]
        probe_in(desk, STANDBY)

        second = kept_in(desk, STANDBY)["application"]
        assert second["dark_since"] == first["dark_since"]
        assert second["dark_for_seconds"] == pytest.approx((desk.now - began).total_seconds(), abs=3.0)

    def test_a_probe_that_was_away_does_not_say_that_it_was_dark_all_the_time(self, desk: Desk) -> None:
        desk.account.internet.put(PRIMARY_HOST, lambda request: SILENT)
        probe_in(desk, STANDBY)
        wait(desk, HEARD_AGAIN_WITHIN)

        probe_in(desk, STANDBY)

        assert kept_in(desk, STANDBY)["application"]["dark_for_seconds"] < 60.0

    def test_a_cold_instance_goes_on_with_the_row_that_is_kept(self, desk: Desk) -> None:
        desk.account.internet.put(PRIMARY_HOST, lambda request: SILENT)
        probe_in(desk, STANDBY)
        first = kept_in(desk, STANDBY)["application"]
        desk.account.aws.service(LambdaFunctions).deployed[STANDBY, names.PROBE_FUNCTION].warm.clear()

        probe_in(desk, STANDBY)

        assert kept_in(desk, STANDBY)["application"]["dark_since"] == first["dark_since"]


class TestTelling:
    def test_a_sight_that_changes_is_one_event_and_one_that_stays_is_none(self, desk: Desk) -> None:
        before = events_put(desk)
        probe_in(desk, STANDBY)
        well = events_put(desk)
        desk.account.internet.put(PRIMARY_HOST, lambda request: SILENT)
        probe_in(desk, STANDBY)
        dark = events_put(desk)
        probe_in(desk, STANDBY)

        assert (well - before, dark - well, events_put(desk) - dark) == (0, 1, 0)

    def test_what_changed_is_written_down_before_it_is_told(self, desk: Desk) -> None:
        desk.account.internet.put(PRIMARY_HOST, lambda request: SILENT)
        start = len(desk.world.trace)

        probe_in(desk, STANDBY)

        called = [line.operation for line in desk.world.trace[start:] if line.mutating]
        assert called[:2] == ["PutItem", "PutEvents"]

    def test_a_standby_that_cannot_be_told_is_no_trouble_of_the_look(self, desk: Desk) -> None:
        desk.account.internet.put(PRIMARY_HOST, lambda request: SILENT)
        desk.world.cut(WITNESS, STANDBY)

        assert probe_in(desk, WITNESS) == {"watched": 1}

        assert kept_in(desk, WITNESS)["application"]["sight"] == "dark"
        assert f"The detectors in {STANDBY} look at their next tick only" in desk.account.log.getvalue()


class TestManyApplications:
    def test_two_hundred_are_looked_at_side_by_side_and_told_ten_at_a_time(self, desk: Desk) -> None:
        register(desk, 200)
        before, began = events_put(desk), desk.now

        answer = probe_in(desk, STANDBY)

        assert answer == {"watched": 201}
        assert desk.now - began < timedelta(seconds=70)
        assert kept_in(desk, STANDBY, "app-200")["application"]["sight"] == "well"
        assert events_put(desk) - before == 20

    def test_a_parameter_that_makes_no_sense_stops_no_other_look(self, desk: Desk) -> None:
        name = names.probe_parameter("odd")
        put_parameter(desk, name, "{}")
        wait(desk, LIST_EVERY)
        before = kept_in(desk, STANDBY)["version"]

        assert probe_in(desk, STANDBY) == {"watched": 1}

        assert kept_in(desk, STANDBY)["version"] == before + 1
        assert f"The parameter {name} says of no application how to look at it" in desk.account.log.getvalue()


class TestTheDetector:
    def test_it_looks_at_once_when_a_probe_saw_something_else(self, desk: Desk) -> None:
        desk.darken()
        event = {"detail-type": "Pilotlight Sight Changed", "source": "pilotlight", "id": "1", "detail": {}}

        answer = desk.detect(event)

        assert answer["verdict"] in ("hold", "start")
        assert "The probe in the standby gets no answer" in answer["sentence"]

    def test_a_broken_path_to_the_primary_starts_nothing_even_if_the_alarm_agrees(self, desk: Desk) -> None:
        """Given Tokyo cut off from Seoul and a stuck alarm, then Singapore sees Seoul well and nothing starts."""
        desk.account.internet.put_in_region(PRIMARY_HOST, PRIMARY, lambda request: WebAnswer(200, "UP"))
        desk.world.cut(STANDBY, PRIMARY)
        desk.alarm.state, desk.alarm.updated = "ALARM", desk.now
        for _ in range(2):
            probe_in(desk, WITNESS)
            probe_in(desk, STANDBY)
            answer = desk.detect(TICK)

        assert answer["verdict"] == "hold"
        assert "The probe in the standby gets no answer" in answer["sentence"]
        assert "The probe in the witness gets a good answer" in answer["sentence"]
        assert desk.executions() == []

    def test_a_witness_that_cannot_be_reached_is_unknown_and_two_others_are_enough(self, desk: Desk) -> None:
        desk.darken()
        desk.world.cut(STANDBY, WITNESS)

        answer = desk.detect(TICK)

        said = " ".join(record.entry.sentence for record in desk.records(RecordKind.SIGNAL))
        assert answer["verdict"] == "start"
        assert f"The probe in the witness cannot be read: dynamodb GetItem in {WITNESS}" in said

    def test_the_rule_of_an_application_hears_its_own_events_alone(self, desk: Desk) -> None:
        (rule,) = [r for r in application(desk.plan).resources if r.name == "pilotlight-fileflow-sights"]  # type: ignore[union-attr]  # a resource without a name is no rule

        assert rule.pattern == {  # type: ignore[union-attr]  # it is a rule
            "source": ["pilotlight"],
            "detail-type": ["Pilotlight Sight Changed"],
            "detail": {"application": ["fileflow"]},
        }
